import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../../domain/api/json.ts';
import { textAt } from '../../../../domain/api/json.ts';
import { seenOn } from '../../../support/cli/terminal.ts';
import { createFakeCluster, type FakeCluster } from '../../../support/fake-cluster.ts';
import type { NodeRunState } from '../../../../client/engine.ts';
import { aNode, type FakeEngine, fakeEngine, run } from '../run.ts';

interface Orphan {
  readonly kind: string;
  readonly name: string;
  readonly from: string;
  readonly of?: string;
  readonly namespace?: string;
}

function seedOrphan(
  cluster: FakeCluster,
  { kind, name, from, of = 'lynq-system', namespace = 'node-acme' }: Orphan,
): void {
  const marks = {
    labels: { 'lynq.sh/orphaned': 'true' },
    annotations: {
      'lynq.sh/orphaned-from': from,
      'lynq.sh/orphaned-namespace': of,
      'lynq.sh/orphaned-reason': 'LynqNodeDeleted',
      'lynq.sh/orphaned-at': '2026-11-22T11:00:00Z',
    },
  };
  const metadata = kind === 'Namespace' ? { name, ...marks } : { name, namespace, ...marks };
  cluster.seed({ apiVersion: 'v1', kind, metadata });
}

function aCluster(): FakeCluster {
  const cluster = createFakeCluster();
  cluster.addKind({ apiVersion: 'operator.lynq.sh/v1', kind: 'LynqNode' });
  const seed = (kind: string, name: string, from: string, of?: string): void =>
    seedOrphan(cluster, { kind, name, from, ...(of === undefined ? {} : { of }) });
  seed('Namespace', 'node-acme', 'shop/data/acme');
  seed('Secret', 'acme-db', 'shop/data/acme');
  seed('Secret', 'beta-db', 'shop/data/beta');
  seed('Secret', 'other', 'elsewhere/data/acme');
  seed('Secret', 'of-staging', 'shop/data/beta', 'staging');
  return cluster;
}

/** A row with a Namespace of its own. */
function ofGamma(cluster: FakeCluster): void {
  const from = 'shop/data/gamma';
  seedOrphan(cluster, { kind: 'Namespace', name: 'node-gamma', from });
  seedOrphan(cluster, { kind: 'Secret', name: 'gamma-db', from, namespace: 'node-gamma' });
}

const secretRef = { apiVersion: 'v1', kind: 'Secret', namespace: 'node-acme' };

const uidOf = (cluster: FakeCluster, name: string): string =>
  cluster
    .objects()
    .map(({ metadata }) => metadata as { name: string; uid: string })
    .find((metadata) => metadata.name === name)?.uid ?? '';

/** Its nodes make a pass for each message. */
function passingEngine(known: readonly string[]): FakeEngine {
  const engine = fakeEngine(known);
  const nodeRun: FakeEngine['nodeRun'] = async () => ({
    runId: 'run',
    status: 'RUNNING',
    busy: false,
    retries: [],
    view: { passes: 1 + engine.sent.length } as NodeRunState['view'],
  });
  return { ...engine, nodeRun };
}

const names = (cluster: FakeCluster): readonly unknown[] =>
  [...cluster.objects('Secret'), ...cluster.objects('Namespace')]
    .map((object) => (object['metadata'] as { name: string }).name)
    .filter((name) => !['default', 'kube-system'].includes(name));

describe('client/commands/hub-retained', () => {
  it('lists what is left of a hub, by row', async () => {
    const { out, exitCode } = await run('retained shop', { cluster: aCluster() });

    expect(out.split('\n').map((line) => line.replaceAll(/ {2,}/g, ' '))).toEqual([
      'ROW FORM KIND NAMESPACE NAME REASON AGE',
      'acme data Namespace node-acme LynqNodeDeleted 60m',
      'acme data Secret node-acme acme-db LynqNodeDeleted 60m',
      'beta data Secret node-acme beta-db LynqNodeDeleted 60m',
      '',
    ]);
    expect(exitCode).toBe(0);
  });

  it('lists what the Go operator has marked, which does not say of which row it is, and leaves it alone', async () => {
    const cluster = aCluster();
    const marks = {
      labels: { 'lynq.sh/orphaned': 'true' },
      annotations: { 'lynq.sh/orphaned-reason': 'LynqNodeDeleted', 'lynq.sh/orphaned-at': '2026-11-22T11:00:00Z' },
    };
    cluster.seed({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'peers', namespace: 'shared', ...marks } });

    const { out, err } = await run('retained shop', { cluster });

    expect(out.split('\n').map((line) => line.replaceAll(/ {2,}/g, ' '))).toEqual([
      'ROW FORM KIND NAMESPACE NAME REASON AGE',
      'acme data Namespace node-acme LynqNodeDeleted 60m',
      'acme data Secret node-acme acme-db LynqNodeDeleted 60m',
      'beta data Secret node-acme beta-db LynqNodeDeleted 60m',
      'unknown unknown Secret shared peers LynqNodeDeleted 60m',
      '',
    ]);
    expect(err).toBe(
      '1 object does not say of which row it is, nor of which hub, as the Go operator marks what it keeps; to give one back to its row:\n' +
        '  kubectl annotate KIND NAME -n NAMESPACE lynq.sh/orphaned-from=shop/FORM/ROW\n',
    );
    expect((await run('retained shop --uid acme', { cluster })).out).not.toContain('peers');
    await run('retained shop --delete --yes', { cluster });
    expect(names(cluster)).toEqual(expect.arrayContaining(['peers']));
  });

  it('does not list what the cluster makes for a retained Service and marks as that is', async () => {
    const cluster = aCluster();
    const metadata = { name: 'acme-api', namespace: 'node-acme', labels: { 'lynq.sh/orphaned': 'true' } };
    cluster.seed({ apiVersion: 'v1', kind: 'Endpoints', metadata });
    cluster.seed({ apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', metadata });

    const { out, err } = await run('retained shop', { cluster });

    expect(out).not.toContain('acme-api');
    expect(err).toBe('');
  });

  it('deletes what was named, namespaces last, and only after a yes', async () => {
    const cluster = aCluster();
    ofGamma(cluster);
    expect(await run('retained shop --uid gamma --delete', { cluster })).toMatchObject({ exitCode: 1, out: '' });
    expect(names(cluster)).toContain('gamma-db');

    const { out, questions, exitCode } = await run('retained shop --uid gamma --delete', { cluster, answer: true });

    expect(questions).toEqual(['Delete 2 objects for good? 1 namespace with everything in it.']);
    expect(out).toBe('Secret node-gamma/gamma-db deleted\nNamespace node-gamma deleted\n');
    expect(exitCode).toBe(0);
    expect(names(cluster)).toEqual(expect.not.arrayContaining(['gamma-db', 'node-gamma']));
  });

  describe('with many objects', () => {
    /** What a terminal gets that shows both outputs, in order. */
    function transcript() {
      let [text, out, err] = ['', '', ''];
      return {
        onOut: (all: string) => void ([text, out] = [text + all.slice(out.length), all]),
        onErr: (all: string) => void ([text, err] = [text + all.slice(err.length), all]),
        text: () => text,
      };
    }

    it('says in a log how far a deletion is', async () => {
      const cluster = aCluster();
      ofGamma(cluster);

      const { err } = await run('retained shop --uid gamma --delete --yes', { cluster });

      expect(err).toMatch(/\n0\/2 objects looked at, 0 deleted\n2\/2 objects looked at, 2 deleted\n$/);
    });

    it.each([
      [
        '--uid gamma --delete --yes',
        '1/2 objects looked at, 1 deleted',
        ['Secret node-gamma/gamma-db deleted', 'Namespace node-gamma deleted'],
      ],
      [
        '--adopt',
        '1/2 nodes asked',
        [
          'lynqnode.operator.lynq.sh/acme-data takes back what its form still names',
          'lynqnode.operator.lynq.sh/beta-data takes back what its form still names',
        ],
      ],
    ])(
      'writes the counts of %s over on a terminal, with the lines of the objects above them',
      async (flags, counts, lines) => {
        const cluster = aCluster();
        if (flags.includes('gamma')) ofGamma(cluster);
        for (const uid of ['acme', 'beta']) cluster.seed(aNode(`${uid}-data`, { uid, form: 'data' }));
        const engine = fakeEngine(['lynq-system/acme-data', 'lynq-system/beta-data']);
        const seen = transcript();

        const { exitCode } = await run(`retained shop ${flags}`, { cluster, engine, errorTerminal: true, ...seen });

        expect(exitCode).toBe(0);
        expect(
          seen
            .text()
            .split('\r\u001B[2K')
            .map((frame) => frame.slice(2)),
        ).toContain(counts);
        expect(seenOn(50, seen.text()).screen.slice(-3)).toEqual([...lines, '']);
      },
    );

    it('says how many have gone while it waits for the rest', async () => {
      const cluster = aCluster();
      const from = 'shop/data/delta';
      for (const name of ['delta-a', 'delta-b']) seedOrphan(cluster, { kind: 'Secret', name, from });
      const held = cluster.objects('Secret').filter(({ metadata }) => textAt(metadata, 'name')?.startsWith('delta-'));
      for (const object of held)
        cluster.seed({ ...object, metadata: { ...(object['metadata'] as JsonObject), finalizers: ['a/b'] } });

      const { err, exitCode } = await run('retained shop --uid delta --delete --yes --wait --wait-timeout 1s', {
        cluster,
        timePasses: true,
      });

      expect(exitCode).toBe(4);
      expect(err).toContain('0/2 objects gone, Secret node-acme/delta-a is still there');
    });
  });

  it('leaves a Namespace in which something of another row, hub or namespace is retained, and names that', async () => {
    const cluster = aCluster();

    const { out, err, questions, exitCode } = await run('retained shop --uid acme --delete', { cluster, answer: true });

    expect(err).toContain(
      'Error: Namespace node-acme is left alone for what else is in it:\n' +
        '  Secret/beta-db, retained of shop/data/beta\n' +
        '  Secret/of-staging, retained of shop/data/beta\n' +
        '  Secret/other, retained of elsewhere/data/acme\n',
    );
    expect(questions).toEqual(['Delete 1 object for good?']);
    expect(out).toBe('Secret node-acme/acme-db deleted\n');
    expect(exitCode).toBe(1);
    expect(names(cluster)).toEqual(expect.arrayContaining(['node-acme', 'beta-db', 'of-staging', 'other']));
  });

  it('asks nothing where nothing is left to delete', async () => {
    const cluster = aCluster();
    await cluster.delete({ ...secretRef, name: 'acme-db' }, uidOf(cluster, 'acme-db'));

    const { questions, exitCode } = await run('retained shop --uid acme --delete', { cluster, answer: true });

    expect({ questions, exitCode }).toEqual({ questions: [], exitCode: 1 });
    expect(names(cluster)).toContain('node-acme');
  });

  it('leaves a Namespace in which a LynqNode of any hub has objects, by its record or by their labels', async () => {
    const cluster = aCluster();
    ofGamma(cluster);
    const inventory = [{ id: 'db', apiVersion: 'v1', kind: 'Secret', namespace: 'node-gamma', name: 'live-db' }];
    cluster.seed({ ...aNode('delta-data'), status: { inventory } });
    cluster.seed(aNode('peer-data'));
    const labels = { 'lynq.sh/node': 'peer-data', 'lynq.sh/node-namespace': 'lynq-system' };
    cluster.seed({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'peer-db', namespace: 'node-gamma', labels },
    });

    const { err, exitCode } = await run('retained shop --uid gamma --delete --yes', { cluster });

    expect(err).toContain('  LynqNode lynq-system/delta-data, which has Secret/live-db in it\n');
    expect(err).toContain('  LynqNode lynq-system/peer-data, which has Secret/peer-db in it\n');
    expect(exitCode).toBe(1);
    expect(names(cluster)).toEqual(expect.arrayContaining(['node-gamma', 'peer-db']));
  });

  it('names what else goes with a Namespace before it asks', async () => {
    const cluster = aCluster();
    ofGamma(cluster);
    cluster.seed({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'notes', namespace: 'node-gamma' } });

    const { err, questions } = await run('retained shop --uid gamma --delete', { cluster, answer: false });

    expect(err).toContain('Namespace node-gamma takes along: ConfigMap/notes\n');
    expect(questions).toEqual([
      'Delete 2 objects for good? 1 namespace with everything in it, also what is not of Lynq: ConfigMap/notes.',
    ]);
  });

  it('leaves a Namespace of which it cannot be told what is in it', async () => {
    const cluster = aCluster();
    ofGamma(cluster);
    const { LynqFailure } = await import('../../../../domain/failures.ts');
    const failure = new LynqFailure('ClusterForbidden', 'you may not', { code: 403 });
    cluster.intercept(({ verb, ref }) => (verb === 'list' && ref.kind === 'CronJob' ? { failure } : undefined));

    const { err, exitCode } = await run('retained shop --uid gamma --delete --yes', { cluster });

    expect(err).toContain('  what there is of CronJob, which cannot be told: you may not\n');
    expect(exitCode).toBe(1);
    expect(names(cluster)).toContain('node-gamma');
  });

  it('leaves a Namespace in which something was retained since the question, or could not be deleted', async () => {
    const cluster = aCluster();
    ofGamma(cluster);
    const answer = { kind: 'refused', reason: 'AdmissionDenied', message: 'not this one' } as const;
    cluster.intercept(({ verb, ref }) => (verb === 'delete' && ref.kind === 'Secret' ? { answer } : undefined));

    const { err, questions, exitCode } = await run('retained shop --uid gamma --delete', { cluster, answer: true });

    expect(questions).toEqual(['Delete 2 objects for good? 1 namespace with everything in it.']);
    expect(err).toContain('Secret node-gamma/gamma-db was not deleted: not this one');
    expect(err).toContain('  Secret/gamma-db, retained of shop/data/gamma\n');
    expect(exitCode).toBe(1);
    expect(names(cluster)).toEqual(expect.arrayContaining(['node-gamma', 'gamma-db']));
  });

  it('has nothing to do with what a hub of the same name in another namespace has left', async () => {
    const cluster = aCluster();
    const { out } = await run('retained shop -n staging', { cluster });
    expect(out.split('\n').slice(1).join('')).toMatch(/^beta +data +Secret +node-acme +of-staging /);

    await run('retained shop --uid beta --delete', { cluster, answer: true });

    expect(names(cluster)).toEqual(expect.arrayContaining(['other', 'of-staging']));
    expect(names(cluster)).not.toContain('beta-db');
  });

  it('says of an object that something still holds that it is being deleted, and waits for it when told to', async () => {
    const cluster = aCluster();
    const claim = { apiVersion: 'v1', kind: 'Secret', namespace: 'node-acme', name: 'beta-db' };
    const hold = (finalizers: readonly string[]) =>
      cluster.patch(claim, 'merge', { metadata: { finalizers } }, { manager: 'storage' });
    await hold(['example.com/held']);

    const told = await run('retained shop --uid beta --delete --yes', { cluster });
    expect(told).toMatchObject({ out: 'Secret node-acme/beta-db is being deleted\n', exitCode: 0 });

    const waited = run('retained shop --uid beta --delete --yes --wait', { cluster, timePasses: true });
    setTimeout(() => void hold([]), 100);
    expect(await waited).toMatchObject({ out: 'Secret node-acme/beta-db deleted\n', exitCode: 0 });
    expect(names(cluster)).not.toContain('beta-db');
  });

  it('waits no longer than it may for what is being deleted', async () => {
    const cluster = aCluster();
    const claim = { apiVersion: 'v1', kind: 'Secret', namespace: 'node-acme', name: 'beta-db' };
    await cluster.patch(claim, 'merge', { metadata: { finalizers: ['example.com/held'] } }, { manager: 'storage' });

    const line = 'retained shop --uid beta --delete --yes --wait --wait-timeout 1s';
    const { err, exitCode } = await run(line, { cluster, timePasses: true });

    expect(err).toContain('waited 1s for 1 object to be gone: Secret node-acme/beta-db is still there');
    expect(exitCode).toBe(4);
  });

  it('waits for the nodes that take their objects back', async () => {
    const cluster = aCluster();
    cluster.seed(aNode('acme-data'));
    const engine = passingEngine(['lynq-system/acme-data']);

    const { err, exitCode } = await run('retained shop --uid acme --adopt --wait', { cluster, engine });

    expect({ err, exitCode }).toEqual({ err: '', exitCode: 0 });
    expect(engine.sent).toEqual(['resync lynq-system/acme-data']);
    expect(await run('retained shop --wait', { cluster })).toMatchObject({ exitCode: 2 });
  });

  it('leaves an object alone that is another one by now', async () => {
    const cluster = aCluster();
    cluster.intercept(({ verb }) => (verb === 'delete' ? { answer: { kind: 'otherUid' } } : undefined));

    const { err, exitCode } = await run('retained shop --uid beta --delete --yes', { cluster });

    expect(err).toContain('Secret node-acme/beta-db is another object now and was left alone');
    expect(exitCode).toBe(1);
  });

  it('leaves an object alone that its row has taken back while the question was open', async () => {
    const cluster = aCluster();
    const ref = { apiVersion: 'v1', kind: 'Secret', namespace: 'node-acme', name: 'beta-db' };
    const unmarked = {
      labels: { 'lynq.sh/orphaned': null, 'lynq.sh/node': 'beta-data' },
      annotations: { 'lynq.sh/orphaned-from': null, 'lynq.sh/orphaned-at': null },
    };
    let taken: Promise<unknown> | undefined;
    const onErr = (err: string): void => {
      if (err.includes('beta-db')) taken ??= cluster.patch(ref, 'merge', { metadata: unmarked }, { manager: 'worker' });
    };

    const { err, out, exitCode } = await run('retained shop --uid beta --delete', { cluster, answer: true, onErr });

    expect(err).toContain('Error: Secret node-acme/beta-db was taken back meanwhile and was left alone\n');
    expect({ out, exitCode }).toEqual({ out: '', exitCode: 1 });
    expect(names(cluster)).toContain('beta-db');
  });

  it('leaves an object alone that is taken back between the last look and the deletion', async () => {
    const cluster = aCluster();
    const ref = { apiVersion: 'v1', kind: 'Secret', namespace: 'node-acme', name: 'beta-db' };
    const takeBack = cluster.intercept(({ verb }) => {
      if (verb !== 'delete') return undefined;
      takeBack();
      const secret = cluster.objects('Secret').find(({ metadata }) => (metadata as JsonObject)['name'] === ref.name);
      cluster.seed({
        ...secret,
        metadata: { ...(secret?.metadata as JsonObject), labels: { 'lynq.sh/node': 'beta-data' } },
      });
      return undefined;
    });

    const { err, exitCode } = await run('retained shop --uid beta --delete --yes', { cluster });

    expect(err).toContain('was taken back meanwhile');
    expect(exitCode).toBe(1);
    expect(names(cluster)).toContain('beta-db');
  });

  it('has nodes that are there take their objects back, and says which are not', async () => {
    const cluster = aCluster();
    cluster.seed({
      apiVersion: 'operator.lynq.sh/v1',
      kind: 'LynqNode',
      metadata: { name: 'acme-data', namespace: 'lynq-system' },
    });
    const engine = fakeEngine(['lynq-system/acme-data']);

    const { out, err, exitCode } = await run('retained shop --adopt', { cluster, engine });

    expect(engine.sent).toEqual(['resync lynq-system/acme-data']);
    expect(out).toContain('acme-data takes back what its form still names');
    expect(err).toContain('row beta has no such LynqNode');
    expect(exitCode).toBe(1);
  });

  it('finds what has no namespace, and deletes it', async () => {
    const cluster = aCluster();
    cluster.seed({
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRole',
      metadata: {
        name: 'acme-reader',
        labels: { 'lynq.sh/orphaned': 'true' },
        annotations: { 'lynq.sh/orphaned-from': 'shop/data/acme', 'lynq.sh/orphaned-namespace': 'lynq-system' },
      },
    });

    expect((await run('retained shop', { cluster })).out).toMatch(/^acme +data +ClusterRole +acme-reader /m);
    const { out } = await run('retained shop --uid acme --delete --yes', { cluster });

    expect(out).toContain('ClusterRole acme-reader deleted\n');
    expect(cluster.objects('ClusterRole')).toEqual([]);
  });

  it('lists the rest where an API group does not answer, and names the group', async () => {
    const cluster = aCluster();
    cluster.breakGroup('metrics.k8s.io');

    const { out, err, exitCode } = await run('retained shop', { cluster });

    expect(err).toBe('not listed, so not looked for: API group metrics.k8s.io\n');
    expect(out).toContain('acme-db');
    expect(exitCode).toBe(0);
  });

  it('lists the rest where the server behind a kind does not answer, and fails where none does', async () => {
    const cluster = aCluster();
    const { LynqFailure } = await import('../../../../domain/failures.ts');
    const failure = new LynqFailure('ClusterUnreachable', 'no answer', { code: '503' });
    const mend = cluster.intercept(({ verb, ref }) =>
      verb === 'list' && ref.kind === 'ConfigMap' ? { failure } : undefined,
    );
    expect(await run('retained shop', { cluster })).toMatchObject({
      err: 'not listed, so not looked for: ConfigMap\n',
      exitCode: 0,
    });
    mend();
    for (const code of ['503', 'ECONNREFUSED']) {
      const down = new LynqFailure('ClusterUnreachable', 'nobody there', { code });
      const mendAll = cluster.intercept(({ verb }) => (verb === 'list' ? { failure: down } : undefined));
      expect(await run('retained shop', { cluster })).toMatchObject({ exitCode: 3, out: '' });
      mendAll();
    }
  });

  it('says what it could not look for', async () => {
    const cluster = aCluster();
    const { LynqFailure } = await import('../../../../domain/failures.ts');
    const failure = new LynqFailure('ClusterForbidden', 'no');
    cluster.intercept(({ verb, ref }) => (verb === 'list' && ref.kind === 'Secret' ? { failure } : undefined));

    const { out, err } = await run('retained shop', { cluster });

    expect(err).toContain('not listed, so not looked for: Secret');
    expect(out).toContain('node-acme');
  });

  it.each([
    ['', 'nothing is retained of row typo of shop\n', 0],
    [' --delete --yes', 'Error: nothing is retained of row typo of shop\n', 1],
    [' --adopt', 'Error: nothing is retained of row typo of shop\n', 1],
    [' --uid none', 'nothing is retained of rows typo, none of shop\n', 0],
    [' --uid beta', 'nothing is retained of row typo of shop\n', 0],
  ])('names the rows of which nothing is retained: --uid typo%s', async (more, err, exitCode) => {
    const ran = await run(`retained shop --uid typo${more}`, { cluster: aCluster() });

    expect({ err: ran.err, exitCode: ran.exitCode }).toEqual({ err, exitCode });
  });
});
