import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { workflowIds } from '../../domain/identity.ts';
import { describeRequest, inNamespaces } from '../support/e2e/audit.ts';
import { childPath, conditionOf, everythingIn, lynqPath } from '../support/e2e/cluster.ts';
import { eventually, notYet, there, window } from '../support/e2e/eventually.ts';
import { workerProcess } from '../support/e2e/programs.ts';
import { nodesOf, openWorld, seedForms, type World } from '../support/e2e/world.ts';

describe('e2e/release', () => {
  const uid = 'given';
  const space = `node-${uid}`;
  let world: World;

  /** Writes of the worker for this hub; its Lease is its own. */
  const writesSince = (place: number): readonly string[] =>
    inNamespaces(world.audit.ofWorker(place), [world.namespace, space])
      .filter(({ verb, objectRef }) => !/^(get|list|watch)$/.test(verb) && objectRef?.resource !== 'leases')
      .map(describeRequest);
  const identities = async (): Promise<readonly string[]> =>
    [...(await everythingIn(world.cluster, space)), ...(await world.nodes())]
      .filter(({ kind }) => !['Pod', 'Endpoints', 'EndpointSlice', 'Event', 'ReplicaSet'].includes(kind))
      .map(({ kind, metadata }) => `${kind}/${metadata.name} ${metadata.uid}`)
      .toSorted();
  const web = () => childPath('Deployment', space, `${uid}-web`);
  const scaleTo = (replicas: number) => world.cluster.merge(web(), { spec: { replicas } });
  const lease = (name: string) => `/apis/coordination.k8s.io/v1/namespaces/${world.namespace}/leases/${name}`;
  const renewLease = (name: string, seconds: number) =>
    world.cluster.merge(lease(name), {
      spec: {
        holderIdentity: 'peer-0_1',
        leaseDurationSeconds: seconds,
        renewTime: `${new Date().toISOString().slice(0, -1)}000Z`,
      },
    });

  beforeAll(async () => {
    world = await openWorld(inject('stack'), { name: 'release' });
    await world.database.sql(`INSERT INTO nodes (node_id) VALUES ('${uid}')`);
    await world.applyAll(world.hubText('2s'), ...seedForms.map((form) => world.formText(form)));
    await world.ready(nodesOf(uid));
  });
  afterAll(async () => {
    await world?.lynq(['adopt', 'multi-tier-nodes']);
    // A Lease that is left when a test fails would keep every later one from writing anything.
    await world?.cluster.remove(lease('f2130106.lynq.sh')).catch(() => undefined);
    await world?.close();
  });

  test('while the Go operator is alive nothing is written but the condition that says so, and then all goes on', async () => {
    await world.cluster.create(lease('').slice(0, -1), {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { name: 'f2130106.lynq.sh' },
      spec: {},
    });
    await renewLease('f2130106.lynq.sh', 60);
    const condition = await eventually('the hub says so', async () => {
      const found = conditionOf(await world.hub(), 'OtherOperator');
      return found?.status === 'True' ? there(found) : notYet(found ?? 'none');
    });
    expect(condition.message).toContain('peer-0_1');
    const place = world.audit.now();
    await world.database.sql('UPDATE nodes SET web_replicas = 3');
    await scaleTo(5);
    await window(6_000);
    expect(writesSince(place)).toEqual([]);
    expect((await world.cluster.get(web())).spec.replicas).toBe(5);

    await renewLease('f2130106.lynq.sh', 1);
    await eventually('the row is followed again', async () => {
      const { spec } = await world.cluster.get(web());
      return spec.replicas === 3 ? there(true) : notYet(spec.replicas);
    });
    await eventually('the condition is gone', async () => {
      const found = conditionOf(await world.hub(), 'OtherOperator');
      return found?.status === 'True' ? notYet(found) : there(true);
    });
    await world.cluster.remove(lease('f2130106.lynq.sh'));
    await world.ready(nodesOf(uid));
  }, 180_000);

  test('a second installation of ours leaves a hub alone that the first one holds', async () => {
    const before = await identities();
    const second = workerProcess(world.stack, { LYNQ_TASK_QUEUE: 'e2e-release-second' });
    const holder = (await world.hub()).metadata.annotations?.['lynq.sh/controller-id'];
    expect(holder).toBeDefined();
    await second.start();
    await eventually('the second one leads', () =>
      second.output().includes('"msg":"leading"') ? there(true) : notYet(second.output().slice(-300)),
    );
    await world.database.sql('UPDATE nodes SET web_replicas = 2');
    await eventually('the row is followed', async () => {
      const { spec } = await world.cluster.get(web());
      return spec.replicas === 2 ? there(true) : notYet(spec.replicas);
    });
    expect((await world.hub()).metadata.annotations?.['lynq.sh/controller-id']).toBe(holder);
    expect(await identities()).toEqual(before);
    await second.stop();
  }, 180_000);

  test('a released hub is as the Go operator stores it, and nothing is written for it any more', async () => {
    const before = await identities();
    expect((await world.lynq(['release', 'multi-tier-nodes'])).code).toBe(1);
    expect((await world.hub()).metadata.annotations?.['lynq.sh/released']).toBeUndefined();

    const place = world.audit.now();
    const ended = await world.lynq(['release', 'multi-tier-nodes', '--yes']);
    expect(ended).toMatchObject({ code: 0 });
    expect(ended.stderr).toContain('4/4 nodes released');
    expect(await identities()).toEqual(before);
    expect(writesSince(place).filter((text) => text.startsWith('delete'))).toEqual([]);

    const node = await world.node(`${uid}-data-tier`);
    const secret = node?.spec.secrets[0];
    expect(secret).toMatchObject({
      id: 'db-credentials',
      nameTemplate: `${uid}-db-credentials`,
      targetNamespace: 'node-{{ .uid }}',
      creationPolicy: 'Once',
      dependIds: ['ns'],
    });
    expect(secret.spec.stringData.password).toBe('{{ randAlphaNum 32 }}');
    expect(node?.spec.namespaces[0].nameTemplate).toBe(space);
    expect(node?.spec.uid).toBe(uid);
    expect(node?.metadata.finalizers).toEqual(['lynqnode.operator.lynq.sh/finalizer']);
    expect(node?.status.appliedResources).toContain(`Secret/node-{{ .uid }}/${uid}-db-credentials@db-credentials`);
    const form = await world.cluster.get(lynqPath(world.namespace, 'lynqforms', 'data-tier'));
    expect(node?.metadata.annotations?.['lynq.sh/template-generation']).toBe(String(form.metadata.generation));

    const rest = world.audit.now();
    await scaleTo(7);
    await world.database.sql('UPDATE nodes SET web_replicas = 1');
    await world.database.sql("INSERT INTO nodes (node_id) VALUES ('newcomer')");
    const asked = await world.lynq(['resync', 'hub/multi-tier-nodes']);
    expect(asked).toMatchObject({ code: 1 });
    expect(asked.stderr).toContain('released');
    const schedule = workflowIds.schedule(world.namespace, 'multi-tier-nodes');
    await world.engine.client.schedule.getHandle(schedule).trigger();
    await window(6_000);
    await world.worker.kill();
    await world.worker.start();
    await window(8_000);
    expect(writesSince(rest)).toEqual([]);
    expect((await world.cluster.get(web())).spec.replicas).toBe(7);
  }, 180_000);

  test('releasing again changes nothing', async () => {
    const place = world.audit.now();
    expect(await world.lynq(['release', 'multi-tier-nodes', '--yes'])).toMatchObject({ code: 0 });
    await window(3_000);
    expect(writesSince(place)).toEqual([]);
  });

  test('an adopted hub is ours again: the arrays go, nothing is replaced, and rows are followed', async () => {
    const before = await identities();
    const place = world.audit.now();
    expect(await world.lynq(['adopt', 'multi-tier-nodes'])).toMatchObject({ code: 0 });
    await eventually('the row is followed', async () => {
      const { spec } = await world.cluster.get(web());
      return spec.replicas === 1 ? there(true) : notYet(spec.replicas);
    });
    await world.ready([...nodesOf(uid), ...nodesOf('newcomer')]);
    const after = await identities();
    expect(before.filter((one) => !after.includes(one))).toEqual([]);
    expect((await world.node(`${uid}-data-tier`))?.spec.secrets).toBeUndefined();
    expect(writesSince(place).filter((text) => text.startsWith('delete'))).toEqual([]);
  }, 180_000);
});
