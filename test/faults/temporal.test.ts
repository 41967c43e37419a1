import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RunningStack, startStack } from '../../stack/index.ts';
import { describeRequest } from '../support/e2e/audit.ts';
import { eventually, notYet, there, window } from '../support/e2e/eventually.ts';
import { expectRulesKept } from '../support/faults/rules-kept.ts';
import { isSlice } from '../support/faults/seed.ts';
import { openStage, type Stage } from '../support/faults/stage.ts';
import {
  bringIn,
  expectSettled,
  hubIsReady,
  liveOf,
  nodeOf,
  ready,
  recordOf,
  setReplicas,
  tenantNamed,
} from '../support/faults/tenant.ts';

/** A stack of its own, whose Temporal keeps its database in a file. */
describe.skipIf(isSlice())('faults/temporal', () => {
  const tenants = ['first', 'second', 'third'].map((name) => tenantNamed(`temporal-${name}`));
  let dataDir: string;
  let stack: RunningStack;
  let stage: Stage;
  let begun = 0;

  const madeChildren = () =>
    stage.audit.ofWorker(begun).filter(({ objectRef, responseStatus }) => {
      return responseStatus?.code === 201 && objectRef?.namespace?.startsWith('node-temporal-') === true;
    });
  const uids = async () => {
    const nodes = await Promise.all(tenants.map((tenant) => nodeOf(stage, tenant)));
    const live = await Promise.all(nodes.map((node) => liveOf(stage, recordOf(node))));
    return live.map((objects) =>
      [...objects.values()].map(({ kind, metadata }) => `${kind} ${metadata.uid}`).toSorted(),
    );
  };

  beforeAll(async () => {
    dataDir = mkdtempSync(join(tmpdir(), 'lynqflow-temporal-'));
    stack = await startStack({ dataDir, temporalStore: 'file' });
    stage = await openStage(stack.endpoints, 'temporal');
    begun = stage.audit.now();
  });
  afterAll(async () => {
    await stage?.close();
    await stack?.stop();
    rmSync(dataDir, { recursive: true, force: true });
  });

  test('T2 a server that is killed in the middle of provisioning and comes back with its database loses nothing', async () => {
    for (const tenant of tenants) await bringIn(stage, tenant, {});
    await eventually(
      'some children have been made',
      () => {
        const count = madeChildren().length;
        return count >= 2 ? there(count) : notYet(count);
      },
      { everyMs: 20 },
    );
    await stack.stopServer('temporal', { how: 'kill' });
    const unfinished = (await Promise.all(tenants.map((tenant) => nodeOf(stage, tenant)))).length;
    expect(unfinished).toBe(tenants.length);
    await window(2_000);
    await stack.startServer('temporal');

    for (const tenant of tenants) await ready(stage, tenant, 180_000);
    for (const tenant of tenants) await expectSettled(stage, tenant, { place: begun, live: new Map() });
  }, 400_000);

  test('T3 a server that comes back with an empty database costs no delete and no UID', async () => {
    for (const tenant of tenants) await hubIsReady(stage, tenant);
    const before = await uids();
    const place = stage.audit.now();
    await stack.stopServer('temporal', { how: 'kill' });
    const folder = join(dataDir, 'temporal');
    const files = readdirSync(folder).filter((name) => name.startsWith('temporal.db'));
    expect(files).not.toEqual([]);
    for (const file of files) rmSync(join(folder, file));
    await stack.startServer('temporal');

    await eventually(
      'all runs are back',
      async () => {
        const running = await stage.engine.runs('ExecutionStatus = "Running"');
        const ids = running.map(({ workflowId }) => workflowId);
        const missing = tenants.filter(({ namespace, nodeName }) => !ids.includes(`node/${namespace}/${nodeName}`));
        return missing.length === 0 ? there(true) : notYet(missing.map(({ name }) => name));
      },
      { withinMs: 240_000, everyMs: 500 },
    );
    for (const tenant of tenants) await ready(stage, tenant);
    const deletes = stage.audit.ofWorker(place).filter(({ verb }) => verb.startsWith('delete'));
    expect(deletes.map(describeRequest)).toEqual([]);
    expect(await uids()).toEqual(before);
  }, 400_000);

  test('the rebuilt runs do their work', async () => {
    const tenant = tenants[0]!;
    await setReplicas(stage, tenant, 2);
    await eventually('two replicas', async () => {
      const node = await nodeOf(stage, tenant);
      const app = (await liveOf(stage, recordOf(node))).get('app');
      return app?.spec.replicas === 2 ? there(2) : notYet(app?.spec);
    });
    await ready(stage, tenant);
  });

  test('nothing in the log of the API server breaks a rule, and what is not ours is what it was', async () => {
    await expectRulesKept(stage, begun, { least: { deletes: 0 } });
  });
});
