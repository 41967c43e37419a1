import { beforeEach, describe, expect, it } from 'vitest';
import type { AuditEntry } from '../../support/e2e/audit.ts';
import { check } from '../../support/faults/checker.ts';

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

const marked = (resource: string, name: string) =>
  request('patch', resource, name, { requestObject: { metadata: { labels: { 'lynq.sh/orphaned': 'true' } } } });

const seen = (name: string) => ({ uid: `uid-${name}` });

/** Names of the broken rules. */
function broken(entries: readonly AuditEntry[], foreign: readonly string[] = []): readonly string[] {
  return check({ entries, foreign }).map(({ rule }) => rule);
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

  it('notices an object that was deleted before what depends on it', () => {
    const [first, second] = [seen('first'), { ...seen('second'), dependIds: ['first'] }];
    const life = [
      recorded(child('ConfigMap', 'first', first), child('ConfigMap', 'second', second)),
      deleted('configmaps', 'first'),
      deleted('configmaps', 'second'),
    ];

    expect(broken(life)).toEqual(['reverse-order']);
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

    expect(broken(life, [`/configmaps/${space}/theirs`])).toEqual(['foreign-untouched']);
  });

  it.each([
    ['still there', 'Delete'],
    ['not marked as kept', 'Retain'],
  ])('notices a finalizer that goes while an object is %s', (_, policy) => {
    const life = [recorded(child('ConfigMap', 'first', { ...seen('first'), policy })), released()];

    expect(broken(life)).toEqual(['finalizer-last']);
  });

  it('says nothing of what others do', () => {
    const others = { userAgent: 'kubectl' };
    const life = [
      request('create', 'configmaps', 'first', { ...others, responseStatus: { code: 201 } }),
      request('delete', 'configmaps', 'first', others),
    ];

    expect(broken(life)).toEqual([]);
  });
});
