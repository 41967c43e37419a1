import { beforeEach, describe, expect, it } from 'vitest';
import type { AuditEntry } from '../../support/e2e/audit.ts';
import type { WatchEvent } from '../../support/e2e/cluster.ts';
import { check, type Evidence } from '../../support/faults/checker.ts';

const space = 'node-a';
let clock = 0;
beforeEach(() => {
  clock = 0;
});

/** Each request takes one second and begins when the one before has ended. */
function request(verb: string, resource: string, name: string, more: Partial<AuditEntry> = {}): AuditEntry {
  const at = (second: number): string => `2026-01-01T00:00:${String(second).padStart(2, '0')}.000000Z`;
  clock += 1;
  const isSpace = resource === 'namespaces';
  return {
    auditID: `request-${clock}`,
    verb,
    stage: 'ResponseComplete',
    userAgent: 'lynqflow/0.1.0',
    user: { username: 'worker' },
    objectRef: { resource, namespace: isSpace ? name : space, name },
    responseStatus: { code: 200 },
    requestReceivedTimestamp: at(clock - 1),
    stageTimestamp: at(clock),
    ...more,
  };
}

const made = (resource: string, name: string) => request('patch', resource, name, { responseStatus: { code: 201 } });

const deleted = (resource: string, name: string, uid = `uid-${name}`) =>
  request('delete', resource, name, { requestObject: { preconditions: { uid } } });

const child = (kind: string, name: string, more: object = {}) => ({
  id: name,
  apiVersion: 'v1',
  kind,
  name,
  policy: 'Delete',
  ...(kind === 'Namespace' ? {} : { namespace: space }),
  ...more,
});

const node = { apiGroup: 'operator.lynq.sh', resource: 'lynqnodes', namespace: 'lynq-system', name: 'a' };

const recorded = (...inventory: readonly object[]) =>
  request('patch', 'lynqnodes', 'a', {
    objectRef: { ...node, subresource: 'status' },
    requestObject: { status: { inventory } },
  });

const released = () =>
  request('patch', 'lynqnodes', 'a', { objectRef: node, requestObject: { metadata: { finalizers: [] } } });

const address = (manager: string) => `/api/v1/any?fieldManager=${manager}&force=true`;

const marked = (resource: string, name: string, manager = 'lynq-operator-markers') =>
  request('patch', resource, name, {
    requestURI: address(manager),
    ...(resource === 'secrets' ? {} : { requestObject: { metadata: { labels: { 'lynq.sh/orphaned': 'true' } } } }),
  });

/** Its node is to go. */
const asked = () => request('delete', 'lynqnodes', 'a', { objectRef: node });

const seen = (name: string) => ({ uid: `uid-${name}` });

/** Names of the broken rules; these lives are parts of one, without a create or a delete. */
function broken(entries: readonly AuditEntry[], more: Omit<Evidence, 'entries'> = {}): readonly string[] {
  return check({ entries, least: { creates: 0, deletes: 0 }, ...more }).map(({ rule }) => rule);
}

describe('test/support/faults/checker', () => {
  it('finds nothing in a life that keeps every rule', () => {
    const before = [
      child('Namespace', space),
      child('ConfigMap', 'first', { dependIds: [space] }),
      child('PersistentVolumeClaim', 'data', { policy: 'Retain', dependIds: ['first'] }),
    ];
    const after = before.map((one) => ({ ...one, ...seen(one.name) }));
    const life = [
      recorded(...before),
      made('namespaces', space),
      made('configmaps', 'first'),
      made('persistentvolumeclaims', 'data'),
      recorded(...after),
      asked(),
      marked('persistentvolumeclaims', 'data'),
      deleted('configmaps', 'first'),
      deleted('namespaces', space),
      released(),
    ];

    expect(check({ entries: life, foreign: [`/configmaps/${space}/theirs`] })).toEqual([]);
  });

  it('notices an object that was made twice', () => {
    const life = [recorded(child('ConfigMap', 'first')), made('configmaps', 'first'), made('configmaps', 'first')];

    expect(broken(life)).toEqual(['created-once']);
  });

  it('takes it that somebody deleted the object in between', () => {
    const life = [
      recorded(child('ConfigMap', 'first')),
      made('configmaps', 'first'),
      request('delete', 'configmaps', 'first', { userAgent: 'kubectl' }),
      made('configmaps', 'first'),
    ];

    expect(broken(life)).toEqual([]);
  });

  it('notices an object that was made before it was on record', () => {
    expect(broken([made('configmaps', 'first'), recorded(child('ConfigMap', 'first'))])).toEqual(['intent-first']);
  });

  it('notices an object that was made before what it depends on', () => {
    const life = [
      recorded(child('ConfigMap', 'first'), child('ConfigMap', 'second', { dependIds: ['first'] })),
      made('configmaps', 'second'),
      made('configmaps', 'first'),
    ];

    expect(broken(life)).toEqual(['order']);
  });

  const dependent = [child('ConfigMap', 'first'), child('ConfigMap', 'second', { dependIds: ['first'] })];

  it('notices an object that was made while what it depends on never was', () => {
    expect(broken([recorded(...dependent), made('configmaps', 'second')])).toEqual(['order']);
  });

  it('takes it that what an object depends on was there before', () => {
    const [first = {}, second = {}] = dependent;

    expect(broken([recorded({ ...first, ...seen('first') }, second), made('configmaps', 'second')])).toEqual([]);
  });

  it.each([
    ['takes it where the form says so', false, []],
    ['notices it where the form does not say so', true, ['order']],
  ])('%s that an object is made although what it depends on failed', (_, skipOnDependencyFailure, found) => {
    const form = request('create', 'lynqforms', 'form', {
      userAgent: 'kubectl',
      objectRef: { apiGroup: 'operator.lynq.sh', resource: 'lynqforms', namespace: 'lynq-system', name: 'form' },
      requestObject: { spec: { hubId: 'hub', configMaps: [{ id: 'second', skipOnDependencyFailure }] } },
    });

    expect(broken([form, recorded(...dependent), made('configmaps', 'second')])).toEqual(found);
  });

  it('notices an object that was deleted before what depends on it', () => {
    const [first, second] = [seen('first'), { ...seen('second'), dependIds: ['first'] }];
    const life = [
      recorded(child('ConfigMap', 'first', first), child('ConfigMap', 'second', second)),
      deleted('configmaps', 'first'),
      deleted('configmaps', 'second'),
    ];

    expect(broken(life)).toEqual(['reverse-order']);
  });

  it.each([
    ['lets go what an entry made under an earlier name, while what depends on the entry has the present one', [], []],
    [
      'notices when the present one goes too before what depends on it',
      ['present'],
      ['reverse-order', 'reverse-order'],
    ],
  ])('%s', (_, further, found) => {
    const life = [
      recorded(
        child('ConfigMap', 'earlier', { ...seen('earlier'), id: 'first' }),
        child('ConfigMap', 'present', { ...seen('present'), id: 'first' }),
        child('ConfigMap', 'second', { ...seen('second'), dependIds: ['first'] }),
      ),
      deleted('configmaps', 'earlier'),
      ...further.map((name) => deleted('configmaps', name)),
      deleted('configmaps', 'second'),
    ];

    expect(broken(life)).toEqual(found);
  });

  it('lets an entry go back to its earlier name while what depends on it stays, which goes at last', () => {
    const second = child('ConfigMap', 'second', { ...seen('second'), dependIds: ['first'] });
    const named = (name: string, uid: string) => child('ConfigMap', name, { id: 'first', uid });
    const life = (...last: readonly string[]) => [
      recorded(named('earlier', 'one'), named('present', 'two'), second),
      deleted('configmaps', 'earlier', 'one'),
      recorded(named('present', 'two'), named('earlier', 'three'), second),
      deleted('configmaps', 'present', 'two'),
      recorded(named('earlier', 'three'), second),
      ...last.map((name) => deleted('configmaps', name, name === 'earlier' ? 'three' : undefined)),
    ];

    expect(broken(life('second', 'earlier'))).toEqual([]);
    expect(broken(life('earlier', 'second'))).toContain('reverse-order');
  });

  it('takes the values of secret columns as something that no record names', () => {
    expect(broken([made('secrets', 'a-values'), made('secrets', 'a-values-next')])).toEqual([]);
    expect(broken([made('secrets', 'a-valuables')])).toEqual(['intent-first']);
  });

  it('notices a delete of what is to be retained', () => {
    const life = [
      recorded(child('ConfigMap', 'first', { ...seen('first'), policy: 'Retain' })),
      deleted('configmaps', 'first'),
    ];

    expect(broken(life)).toEqual(['retain-kept']);
  });

  it.each([
    ['without a precondition', request('delete', 'configmaps', 'first')],
    ['of another object of that name', deleted('configmaps', 'first', 'uid-of-another')],
    ['of an object without a record', deleted('configmaps', 'unknown')],
  ])('notices a delete %s', (_, entry) => {
    const record = recorded(child('ConfigMap', 'first', seen('first')));
    const [from, to] = ['2026-01-01T00:01:00.000000Z', '2026-01-01T00:01:01.000000Z'];
    const late = { ...entry, requestReceivedTimestamp: from, stageTimestamp: to };

    expect(broken([record, late])).toEqual(['preconditions']);
  });

  it('lets an object go that a create made after its node was released, and no other', () => {
    const record = recorded(child('ConfigMap', 'first', seen('first')));
    const again = { ...made('configmaps', 'first'), responseObject: { metadata: { uid: 'uid-late' } } };
    const life = (...middle: readonly ReturnType<typeof made>[]) =>
      [record, deleted('configmaps', 'first'), ...middle, deleted('configmaps', 'first', 'uid-late')].map(
        (entry, index) => ({
          ...entry,
          requestReceivedTimestamp: `2026-01-01T00:00:${10 + index}.000000Z`,
          stageTimestamp: `2026-01-01T00:00:${10 + index}.500000Z`,
        }),
      );

    expect(broken(life(released(), again))).toEqual([]);
    expect(broken(life(again))).toContain('preconditions');
  });

  it('notices a write to an object of somebody else', () => {
    const life = [marked('configmaps', 'theirs')];

    expect(broken(life, { foreign: [`/configmaps/${space}/theirs`] })).toEqual(['foreign-untouched']);
  });

  it('finds fault with a log in which the worker made or deleted nothing, whoever else did', () => {
    const others = { userAgent: 'someone-else' };
    const life = [
      recorded(child('ConfigMap', 'first')),
      { ...made('configmaps', 'first'), ...others },
      { ...deleted('configmaps', 'first'), ...others },
    ];

    expect(check({ entries: [] }).map(({ rule }) => rule)).toEqual(['worker-seen']);
    expect(check({ entries: life }).map(({ rule }) => rule)).toEqual(['worker-seen']);
    expect(broken(life, { least: { creates: 1, deletes: 0 } })).toEqual(['worker-seen']);
    expect(broken(life, { least: { creates: 0, deletes: 1 } })).toEqual(['worker-seen']);
  });

  it.each([
    ['still there', 'Delete'],
    ['not marked as kept', 'Retain'],
  ])('notices a finalizer that goes while an object is %s', (_, policy) => {
    const life = [recorded(child('ConfigMap', 'first', { ...seen('first'), policy })), released()];

    expect(broken(life)).toEqual(['finalizer-last']);
  });

  it('takes it that an object is gone with its kind, and with no other', () => {
    const gizmo = child('Gizmo', 'first', { ...seen('first'), apiVersion: 'k19.example.com/v1' });
    const apiGroup = 'apiextensions.k8s.io';
    const undefine = (name: string) =>
      request('delete', '', name, {
        userAgent: 'kubectl',
        objectRef: { apiGroup, resource: 'customresourcedefinitions', name },
      });

    expect(broken([recorded(gizmo), asked(), undefine('gizmos.k19.example.com'), released()])).toEqual([]);
    expect(broken([recorded(gizmo), asked(), undefine('others.k19.example.com'), released()])).toEqual([
      'finalizer-last',
    ]);
  });

  const secret = child('Secret', 'keys', { ...seen('keys'), policy: 'Retain' });

  it('takes a Secret for marked only by the manager of markers, and since its node was asked to go', () => {
    const life = (manager: string) => [recorded(secret), asked(), marked('secrets', 'keys', manager), released()];

    expect(broken(life('lynq-operator-markers'))).toEqual([]);
    expect(broken(life('lynq-operator'))).toEqual(['finalizer-last']);
    expect(broken([recorded(secret), marked('secrets', 'keys'), asked(), released()])).toEqual(['finalizer-last']);
  });

  it.each([
    ['gone', 'DELETED', {}, 20, []],
    ['marked', 'MODIFIED', { 'lynq.sh/orphaned': 'true' }, 20, []],
    ['there', 'MODIFIED', {}, 20, ['finalizer-last']],
    ['gone too late', 'DELETED', {}, 31, ['finalizer-last']],
    ['marked too late', 'MODIFIED', { 'lynq.sh/orphaned': 'true' }, 31, ['finalizer-last']],
  ] as const)(
    'believes a history more than a request: what was asked to go is %s',
    (_, type, labels, version, found) => {
      const first = { name: 'first', uid: 'uid-first' };
      const at = (resourceVersion: number, more = {}) => ({
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { ...first, resourceVersion: String(resourceVersion), ...more },
      });
      const history = [
        { type: 'ADDED', object: at(10) },
        { type, object: at(version, { labels }) },
        { type: 'DELETED', object: at(30, { name: 'a', uid: 'uid-a' }) },
      ] as readonly WatchEvent[];
      const life = [recorded(child('ConfigMap', 'first', seen('first'))), asked(), deleted('configmaps', 'first')];
      const release = { ...released(), responseObject: { metadata: { uid: 'uid-a', resourceVersion: '5' } } };

      expect(broken([...life, release], { history })).toEqual(found);
    },
  );

  it('says nothing of what others do', () => {
    const others = { userAgent: 'kubectl' };
    const life = [
      request('create', 'configmaps', 'first', { ...others, responseStatus: { code: 201 } }),
      request('delete', 'configmaps', 'first', others),
    ];

    expect(broken(life)).toEqual([]);
  });
});
