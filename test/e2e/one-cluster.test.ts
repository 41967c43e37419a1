import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { eventually, notYet, there } from '../support/e2e/eventually.ts';
import { configMap, openSmallWorld, type SmallWorld } from '../support/e2e/forms.ts';
import { type GrpcProxy, openGrpcProxy } from '../support/faults/grpc-proxy.ts';

/** One Temporal namespace per cluster (decisions.md section 6). */
describe('e2e/one-cluster', () => {
  const stack = inject('stack');
  const key = 'lynq.sh/cluster';
  const other = '00000000-0000-4000-8000-000000000000';
  let world: SmallWorld;
  let proxy: GrpcProxy;
  let cluster: string;

  const service = () => world.engine.client.workflowService;
  const dataOf = async (namespace: string) =>
    (await service().describeNamespace({ namespace })).namespaceInfo?.data ?? {};
  async function registered(namespace: string, data: Readonly<Record<string, string>>): Promise<void> {
    const { config } = await service().describeNamespace({ namespace: 'default' });
    const retention = config?.workflowExecutionRetentionTtl ?? null;
    await service().registerNamespace({ namespace, data: { ...data }, workflowExecutionRetentionPeriod: retention });
    await eventually(`${namespace} is there`, async () =>
      dataOf(namespace).then(there, (error: unknown) => notYet(String(error))),
    );
  }
  /** A worker is started, and ended as soon as it has said one of two things. */
  async function outcome(settings: Readonly<Record<string, string>>): Promise<{ kind: string; output: string }> {
    const worker = world.shifted({ ...settings, LYNQ_TASK_QUEUE: 'e2e-one-cluster-other' });
    await worker.start();
    const kind = await eventually('the worker has decided', async () => {
      const output = worker.output();
      if (output.includes('worker ready')) return there('ready');
      return /^Error: /m.test(output) ? there('ended') : notYet(output);
    });
    await worker.stop();
    return { kind, output: worker.output() };
  }

  beforeAll(async () => {
    world = await openSmallWorld(stack, 'one-cluster');
    proxy = await openGrpcProxy(stack.temporalAddress);
    await world.putForm('plain', { configMaps: [configMap('map')] });
    await world.addRow('acme');
    await world.ready(['acme-plain']);
    cluster = (await world.cluster.get('/api/v1/namespaces/kube-system')).metadata.uid;
  });
  afterAll(async () => {
    await world?.close();
    await proxy?.close();
  });

  test('a worker marks the Temporal namespace with the id of its cluster, and starts again in it', async () => {
    expect(await dataOf('default')).toMatchObject({ [key]: cluster });
    expect(await world.worker.stop()).toBe(0);
    await world.worker.start();
    await world.addRow('beta');
    await world.ready(['beta-plain']);
  });

  test("a worker refuses one that bears another cluster's id, names both, and changes nothing", async () => {
    await registered('of-another', { [key]: other, team: 'platform' });
    const place = world.audit.now();
    const { kind, output } = await outcome({ TEMPORAL_NAMESPACE: 'of-another' });
    expect(kind).toBe('ended');
    expect(output).toContain(
      `Error: Temporal namespace of-another belongs to cluster ${other}, and this is cluster ${cluster}: `,
    );
    expect(output).toContain(`set LYNQ_TAKE_OVER_CLUSTER=${other}`);
    expect(await dataOf('of-another')).toEqual({ [key]: other, team: 'platform' });
    const written = world.audit
      .ofWorker(place)
      .filter(({ objectRef }) => objectRef?.resource === 'customresourcedefinitions');
    expect(written).toEqual([]);
  });

  test('the command line sends nothing to it either, and something to its own', async () => {
    const refused = await world.lynq(['scale', 'acme', 'plain', '--clear', '--temporal-namespace', 'of-another']);
    expect(refused).toMatchObject({ code: 1, stdout: '' });
    expect(refused.stderr).toContain(`is of cluster ${other}, and the context is cluster ${cluster}`);
    expect(await world.lynq(['scale', 'acme', 'plain', '--clear'])).toMatchObject({ code: 0, stderr: '' });
  });

  test('a cluster that takes the place of that one has it, and other data of it stays', async () => {
    const settings = { TEMPORAL_NAMESPACE: 'of-another', LYNQ_TAKE_OVER_CLUSTER: other };
    expect(await outcome(settings)).toMatchObject({ kind: 'ready' });
    expect(await dataOf('of-another')).toEqual({ [key]: cluster, team: 'platform' });
    expect(await outcome(settings)).toMatchObject({ kind: 'ready' });
  });

  test('a worker whose account may not mark the namespace says so, and works', async () => {
    await registered('unmarked', {});
    const rule = proxy.add({ methods: ['UpdateNamespace'], fault: 'deny' });
    const { kind, output } = await outcome({ TEMPORAL_ADDRESS: proxy.address, TEMPORAL_NAMESPACE: 'unmarked' });
    expect(kind).toBe('ready');
    expect(rule.met()).toBe(1);
    expect(output).toContain('let no other cluster use it');
    expect(await dataOf('unmarked')).toEqual({});
  });
});
