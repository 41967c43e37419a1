import { describe, expect, it } from 'vitest';
import { at, type JsonObject, textAt } from '../../../../domain/api/json.ts';
import { createFakeCluster, type FakeCluster } from '../../../support/fake-cluster.ts';
import { type FakeEngine, fakeEngine, run } from '../run.ts';

const apiVersion = 'operator.lynq.sh/v1';

const aNode = (name: string, labels: JsonObject = { 'lynq.sh/hub': 'shop' }): JsonObject => ({
  apiVersion,
  kind: 'LynqNode',
  metadata: { name, namespace: 'lynq-system', labels },
  spec: {},
});

const seedNode = (cluster: FakeCluster, name: string, labels?: JsonObject): void =>
  void cluster.seed(aNode(name, labels));

function aCluster(): FakeCluster {
  const cluster = createFakeCluster();
  for (const kind of ['LynqHub', 'LynqForm', 'LynqNode']) cluster.addKind({ apiVersion, kind });
  const seed = (kind: string, name: string, more: JsonObject = {}): void =>
    void cluster.seed({ apiVersion, kind, metadata: { name, namespace: 'lynq-system' }, spec: {}, ...more });
  seed('LynqHub', 'shop');
  seed('LynqForm', 'web');
  const inventory = [{ policy: 'Delete' }, { policy: 'Delete' }, { policy: 'Retain' }];
  cluster.seed({ ...aNode('acme-web'), status: { inventory } });
  return cluster;
}

const writes = ({ calls }: FakeCluster): readonly string[] =>
  calls
    .filter(({ verb }) => verb === 'patch' || verb === 'delete')
    .map(
      ({ verb, ref, body }) => `${verb} ${ref.kind}${verb === 'patch' ? ` ${Object.keys(body ?? {}).join(',')}` : ''}`,
    );

/** Hubs and nodes with what this command writes on them. */
const standing = (cluster: FakeCluster): readonly string[] =>
  [...cluster.objects('LynqHub'), ...cluster.objects('LynqNode')]
    .map((object) => {
      const isMarked = textAt(object, 'metadata', 'annotations', 'lynq.sh/abandon') !== undefined;
      const words = [textAt(object, 'metadata', 'name') ?? '', ...(isMarked ? ['marked'] : [])];
      return [...words, ...(at(object, 'spec', 'paused') === true ? ['paused'] : [])].join(' ');
    })
    .toSorted((a, b) => Number(a.includes('-')) - Number(b.includes('-')) || (a < b ? -1 : 1));

describe('client/commands/fleet-uninstall', () => {
  it('shows what goes and what stays, and removes nothing without a yes', async () => {
    const cluster = aCluster();

    const { err, questions, exitCode } = await run('uninstall', { cluster, answer: false });

    expect(err).toContain(
      '- LynqHub lynq-system/shop\n- LynqForm lynq-system/web\n- 1 LynqNode\n- 2 objects made for rows\n',
    );
    expect(err).toContain('  1 object stays, with orphan markers');
    expect(questions).toEqual(['Remove 1 hub, 1 form, 1 node? Their objects go, but for those that are retained.']);
    expect(exitCode).toBe(1);
    expect(writes(cluster)).toEqual([]);
    expect((await run('uninstall', { cluster })).err).toContain('confirm with --yes');
  });

  it('deletes hubs, then forms, then nodes that no hub owned', async () => {
    const cluster = aCluster();

    const { out, err, exitCode } = await run('uninstall --yes', { cluster });

    expect(writes(cluster)).toEqual(['delete LynqHub', 'delete LynqForm', 'delete LynqNode']);
    expect(out).toContain('1 hub, 1 form, 1 node removed\n');
    expect(err).toContain('What is left');
    expect(exitCode).toBe(0);
  });

  it('has every node let go of its objects first with --keep-objects, while no hub makes another', async () => {
    const cluster = aCluster();

    const { err, exitCode } = await run('uninstall --keep-objects --yes', { cluster });

    expect(writes(cluster)).toEqual([
      'patch LynqHub spec,metadata',
      'patch LynqNode metadata',
      'delete LynqHub',
      'delete LynqForm',
      'delete LynqNode',
    ]);
    expect(err).toContain('3 objects stay, with orphan markers');
    expect(exitCode).toBe(0);
  });

  it('tells the nodes, too, that a sync under way still makes, before any hub is deleted', async () => {
    const cluster = aCluster();
    let asked = 0;
    const hubSchedule: FakeEngine['hubSchedule'] = async () => {
      asked += 1;
      if (asked <= 3) seedNode(cluster, `late-${asked}`);
      return { paused: true, note: '', running: asked > 1 && asked <= 3 };
    };

    const { err, exitCode } = await run('uninstall --keep-objects --yes', {
      cluster,
      engine: { ...fakeEngine(), hubSchedule },
    });

    const all = writes(cluster);
    expect(all.slice(0, all.indexOf('delete LynqHub'))).toEqual([
      'patch LynqHub spec,metadata',
      ...Array.from({ length: 4 }, () => 'patch LynqNode metadata'),
    ]);
    expect(err).toContain('a sync of lynq-system/shop is still under way');
    expect(err).toContain('4 nodes told to keep what it made');
    expect(exitCode).toBe(0);
  });

  it('changes nothing where Temporal does not know the hub, of which a sync may be under way', async () => {
    const cluster = aCluster();
    const metadata = { name: 'synced', namespace: 'lynq-system', finalizers: ['lynq.sh/hub-finalizer'] };
    cluster.seed({ apiVersion, kind: 'LynqHub', metadata, spec: {} });
    const engine: FakeEngine = { ...fakeEngine(), hubSchedule: async () => undefined };

    const { err, exitCode } = await run('uninstall --keep-objects --yes', { cluster, engine });

    expect(err).toContain('LynqHub lynq-system/synced has no schedule in Temporal at temporal.test:7233');
    expect(exitCode).toBe(1);
    expect(writes(cluster)).toEqual([]);
  });

  it('takes back what it has paused and marked when a node cannot be told, and deletes nothing', async () => {
    const cluster = aCluster();
    seedNode(cluster, 'beta-web');
    const answer = { kind: 'refused', reason: 'Forbidden', message: 'no' } as const;
    cluster.intercept(({ verb, ref }) => (verb === 'patch' && ref.name === 'beta-web' ? { answer } : undefined));

    const { err, exitCode } = await run('uninstall --keep-objects --yes', { cluster });

    expect(err).toContain('nothing was deleted\nwhat this run had paused and marked was taken back\n');
    expect(err).toContain('Error: LynqNode lynq-system/beta-web could not be written: no');
    expect(exitCode).toBe(1);
    expect(standing(cluster)).toEqual(['shop', 'acme-web', 'beta-web']);
    expect(writes(cluster).filter((text) => text.startsWith('delete'))).toEqual([]);
  });

  it('takes it back after Ctrl-C, too, and leaves a pause that was there before', async () => {
    const cluster = aCluster();
    cluster.seed({
      apiVersion,
      kind: 'LynqHub',
      metadata: { name: 'resting', namespace: 'lynq-system' },
      spec: { paused: true },
    });
    seedNode(cluster, 'beta-web');
    const controller = new AbortController();
    cluster.intercept(({ verb, ref }) => {
      if (verb === 'patch' && ref.name === 'acme-web') controller.abort();
      return undefined;
    });

    const { err, exitCode } = await run('uninstall --keep-objects --yes', { cluster, interrupted: controller.signal });

    expect(err).toContain('what this run had paused and marked was taken back\nError: interrupted\n');
    expect(exitCode).toBe(130);
    expect(standing(cluster)).toEqual(['resting paused', 'shop', 'acme-web', 'beta-web']);
  });

  it.each([
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)('takes it back after %s, too, and ends with its code', async (signal, code) => {
    const cluster = aCluster();
    const controller = new AbortController();
    cluster.intercept(({ verb, ref }) => {
      if (verb === 'patch' && ref.name === 'acme-web') controller.abort(signal);
      return undefined;
    });

    const { err, exitCode } = await run('uninstall --keep-objects --yes', { cluster, interrupted: controller.signal });

    expect(err).toContain(`what this run had paused and marked was taken back\nError: ended by ${signal}\n`);
    expect(exitCode).toBe(code);
    expect(standing(cluster)).toEqual(['shop', 'acme-web']);
  });

  it('leaves what belongs to a hub that is being deleted when a further one cannot be', async () => {
    const cluster = aCluster();
    const [apart, finalizers] = [{ 'lynq.sh/hub': 'apart' }, ['lynq.sh/hub-finalizer']];
    const metadata = { name: 'apart', namespace: 'lynq-system', finalizers };
    cluster.seed({ apiVersion, kind: 'LynqHub', metadata, spec: { paused: false } });
    seedNode(cluster, 'beta-part', apart);
    const answer = { kind: 'refused', reason: 'Forbidden', message: 'no' } as const;
    cluster.intercept(({ verb, ref }) => (verb === 'delete' && ref.name === 'shop' ? { answer } : undefined));

    const { err, exitCode } = await run('uninstall --keep-objects --yes', { cluster });

    expect(err).not.toContain('nothing was deleted');
    expect(err).toContain('what this run had paused and marked was taken back\nError: LynqHub lynq-system/shop: no\n');
    expect(exitCode).toBe(1);
    expect(standing(cluster)).toEqual(['apart paused', 'shop', 'acme-web', 'beta-part marked']);
  });

  it('says how to take back what could not be', async () => {
    const cluster = aCluster();
    let tries = 0;
    const answer = { kind: 'refused', reason: 'Forbidden', message: 'no' } as const;
    cluster.intercept(({ verb, ref }) => {
      if (verb === 'delete') return { answer };
      if (verb === 'patch' && ref.kind === 'LynqNode') tries += 1;
      return tries > 1 ? { answer } : undefined;
    });

    const { err, exitCode } = await run('uninstall --keep-objects --yes', { cluster });

    expect(err).toContain(
      '  kubectl annotate lynqnodes -n lynq-system -l lynq.sh/hub=shop lynq.sh/abandon-\n  lynq resume hub/shop -n lynq-system\n',
    );
    expect(exitCode).toBe(1);
  });

  it.each(['uninstall --yes', 'uninstall --keep-objects --yes'])(
    'refuses %s at once where a hub is released, which nobody would remove',
    async (line) => {
      const cluster = aCluster();
      const metadata = { name: 'left', namespace: 'lynq-system', annotations: { 'lynq.sh/released': 'x' } };
      cluster.seed({ apiVersion, kind: 'LynqHub', metadata, spec: {} });

      const { err, exitCode } = await run(line, { cluster });

      expect(err).toContain('LynqHub lynq-system/left is released');
      expect(err).toContain('lynq adopt left -n lynq-system');
      expect(exitCode).toBe(1);
      expect(writes(cluster)).toEqual([]);
    },
  );

  it.each([
    ['uninstall --yes', 'hubs and nodes to be gone'],
    ['uninstall --keep-objects --yes', 'hubs and nodes to be gone'],
  ])('says of %s whose time is over that it has to go on: nobody else deletes the forms', async (line, what) => {
    const cluster = aCluster();
    const metadata = { name: 'slow', namespace: 'lynq-system', finalizers: ['lynq.sh/hub-finalizer'] };
    cluster.seed({ apiVersion, kind: 'LynqHub', metadata, spec: {} });

    const { err, exitCode } = await run(`${line} --wait-timeout 1s`, { cluster, timePasses: true });

    expect(err).toContain(`Error: waited 1s for ${what}: 1 hub and no node still there\n`);
    expect(err).toContain(
      '  the forms are still there: check that the worker is running and run the command again, with a longer --wait-timeout\n',
    );
    expect(exitCode).toBe(4);
    expect(cluster.objects('LynqForm')).toHaveLength(1);
  });

  it('has nothing to do where there is nothing', async () => {
    const cluster = createFakeCluster();
    for (const kind of ['LynqHub', 'LynqForm', 'LynqNode']) cluster.addKind({ apiVersion, kind });
    expect(await run('uninstall', { cluster })).toMatchObject({
      exitCode: 0,
      out: 'there is no hub, no form and no node\n',
    });
  });
});
