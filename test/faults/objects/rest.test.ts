import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { describeRequest } from '../../support/e2e/audit.ts';
import { childPath, lynqPath } from '../../support/e2e/cluster.ts';
import { eventually, notYet, there, window } from '../../support/e2e/eventually.ts';
import { nodesOf, openWorld, seedForms, type World } from '../../support/e2e/world.ts';
import { deployment } from '../../support/parity/entries.ts';
import { isSlice } from '../../support/faults/seed.ts';

const tenMinutes = 600_000;
const scaled = deployment('scaled', {}, { nameTemplate: '{{ .uid }}-scaled', ignoreFields: ['$.spec.replicas'] });

/** Ten minutes as the list of faults says them: a full comparison of each node, at the default interval, lies within. */
describe.skipIf(isSlice())('faults/objects/rest', () => {
  const nodes = [...nodesOf('rest'), 'rest-scaled'];
  let world: World;
  let autoscaled: string;

  beforeAll(async () => {
    world = await openWorld(inject('stack'), { name: 'rest' });
    autoscaled = childPath('Deployment', world.namespace, 'rest-scaled');
    await world.database.sql("INSERT INTO nodes (node_id) VALUES ('rest')");
    await world.applyAll(world.hubText('5s'), ...seedForms.map((form) => world.formText(form)));
    await world.cluster.create(lynqPath(world.namespace, 'lynqforms'), {
      apiVersion: 'operator.lynq.sh/v1',
      kind: 'LynqForm',
      metadata: { name: 'scaled', namespace: world.namespace },
      spec: { hubId: 'multi-tier-nodes', deployments: [scaled] },
    });
    await world.ready(nodes);
  }, 240_000);
  afterAll(() => world?.close());

  test('O3 an autoscaler is not fought over for ten minutes, in which nothing at all is written to a seed node and its objects', async () => {
    await world.cluster.merge(`${autoscaled}/scale`, { spec: { replicas: 4 } });
    await eventually('four replicas are ready', async () => {
      const { status } = await world.cluster.get(autoscaled);
      return status?.readyReplicas === 4 ? there(true) : notYet(status);
    });
    await world.ready(nodes);
    // The status of the node follows within two seconds.
    await window(5_000);
    const place = world.audit.now();
    const before = (await world.nodes()).map(({ metadata }) => metadata.resourceVersion);
    await window(tenMinutes);

    const writes = world.audit
      .ofWorker(place)
      .filter(({ verb }) => ['create', 'update', 'patch', 'delete', 'deletecollection'].includes(verb));
    // A hub says when it was read last, a worker that it leads; nothing else is anybody's to write.
    const others = writes.filter(({ objectRef }) => !['lynqhubs', 'leases'].includes(objectRef?.resource ?? ''));
    expect(others.map(describeRequest)).toEqual([]);
    expect(writes.some(({ objectRef }) => objectRef?.resource === 'lynqhubs')).toBe(true);
    expect((await world.nodes()).map(({ metadata }) => metadata.resourceVersion)).toEqual(before);
    expect((await world.cluster.get(autoscaled)).spec.replicas).toBe(4);
  }, 900_000);
});
