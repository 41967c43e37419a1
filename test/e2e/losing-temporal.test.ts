import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RunningStack, startStack } from '../../stack/index.ts';
import { describeRequest } from '../support/e2e/audit.ts';
import { childPath, everythingIn } from '../support/e2e/cluster.ts';
import { openEngine } from '../support/e2e/engine.ts';
import { eventually, notYet, there, window } from '../support/e2e/eventually.ts';
import { nodesOf, openWorld, seedForms, type World } from '../support/e2e/world.ts';

/** A stack of its own: the others' runs must not be lost with this one's. */
describe('e2e/losing-temporal', () => {
  const uids = ['lost-a', 'lost-b'];
  const nodes = uids.flatMap(nodesOf);
  let dataDir: string;
  let stack: RunningStack;
  let world: World;

  const objects = async () =>
    [
      ...(await world.nodes()),
      ...(await Promise.all(uids.map((uid) => everythingIn(world.cluster, `node-${uid}`)))).flat(),
    ]
      .map(({ kind, metadata }) => `${kind} ${metadata.name} ${metadata.uid}`)
      .toSorted();

  beforeAll(async () => {
    dataDir = mkdtempSync(join(tmpdir(), 'lynqflow-lost-'));
    stack = await startStack({ dataDir, temporalStore: 'memory' });
    world = await openWorld(stack.endpoints, { name: 'lost' });
    await world.database.sql(`INSERT INTO nodes (node_id) VALUES ${uids.map((uid) => `('${uid}')`).join(', ')}`);
    await world.applyAll(world.hubText('3s'), ...seedForms.map((form) => world.formText(form)));
    await world.ready(nodes);
  }, 240_000);
  afterAll(async () => {
    await world?.close().catch(() => world.worker.kill());
    await stack?.stop();
    rmSync(dataDir, { recursive: true, force: true });
  }, 240_000);

  test('when Temporal comes back empty, schedules and runs are rebuilt, with no delete and no changed UID', async () => {
    const before = await objects();
    const place = world.audit.now();
    await stack.stopServer('temporal', { how: 'kill' });
    await window(3_000);
    await stack.startServer('temporal');
    const engine = await openEngine(stack.endpoints.temporalAddress);
    try {
      await eventually(
        'all runs are back',
        async () => {
          const running = await engine.runs('ExecutionStatus = "Running"');
          const ids = running.map(({ workflowId }) => workflowId);
          const missing = nodes.filter((node) => !ids.includes(`node/${world.namespace}/${node}`));
          return missing.length === 0 ? there(ids) : notYet(missing);
        },
        { withinMs: 150_000, everyMs: 500 },
      );
      await engine.client.schedule.getHandle(`hub/${world.namespace}/multi-tier-nodes`).describe();
    } finally {
      await engine.close();
    }
    await world.ready(nodes);
    const deletes = world.audit.ofWorker(place).filter(({ verb }) => verb.startsWith('delete'));
    expect(deletes.map(describeRequest)).toEqual([]);
    expect(await objects()).toEqual(before);
  }, 240_000);

  test('the rebuilt runs do their work: a changed row, an override, a removed row', async () => {
    await world.database.sql("UPDATE nodes SET api_replicas = 5 WHERE node_id = 'lost-a'");
    await eventually('five replicas', async () => {
      const { spec } = await world.cluster.get(childPath('Deployment', 'node-lost-a', 'lost-a-api'));
      return spec.replicas === 5 ? there(5) : notYet(spec.replicas);
    });
    expect(await world.lynq(['scale', 'lost-a', 'web-tier', '--set', 'webReplicas=4'])).toMatchObject({ code: 0 });
    await eventually('four replicas', async () => {
      const { spec } = await world.cluster.get(childPath('Deployment', 'node-lost-a', 'lost-a-web'));
      return spec.replicas === 4 ? there(4) : notYet(spec.replicas);
    });
    await world.database.sql("DELETE FROM nodes WHERE node_id = 'lost-b'");
    await world.gone(nodesOf('lost-b'));
    expect(await world.cluster.find(childPath('StatefulSet', 'node-lost-b', 'lost-b-postgres'))).toBeDefined();
    await world.ready(nodesOf('lost-a'));
  });
});
