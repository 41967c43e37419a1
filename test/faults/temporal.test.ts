import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RunningStack, startStack } from '../../stack/index.ts';
import { type AuditEntry, created, describeRequest } from '../support/e2e/audit.ts';
import { eventually, notYet, there, window } from '../support/e2e/eventually.ts';
import { isReady } from '../support/e2e/world.ts';
import { workflowIds } from '../../domain/identity.ts';
import { type FollowedCall, type GrpcProxy, openGrpcProxy } from '../support/faults/grpc-proxy.ts';
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
  type Tenant,
  tenantNamed,
} from '../support/faults/tenant.ts';

/** A stack of its own, whose Temporal keeps its database in a file. */
describe.skipIf(isSlice())('faults/temporal', () => {
  const tenants = ['first', 'second', 'third'].map((name) => tenantNamed(`temporal-${name}`));
  let dataDir: string;
  let stack: RunningStack;
  let proxy: GrpcProxy;
  let stage: Stage;
  let begun = 0;

  const isIn = (namespace: string, { objectRef }: AuditEntry): boolean => objectRef?.namespace === namespace;
  const isAboutTenants = ({ objectRef }: AuditEntry): boolean => {
    return objectRef?.resource !== 'events' && /^(fp|node)-temporal-/.test(objectRef?.namespace ?? '');
  };
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
    proxy = await openGrpcProxy(stack.endpoints.temporalAddress);
    stage = await openStage(stack.endpoints, 'temporal', { through: { temporalAddress: proxy.address } });
    begun = stage.audit.now();
  });
  afterAll(async () => {
    await stage?.close();
    await proxy?.close();
    await stack?.stop();
    rmSync(dataDir, { recursive: true, force: true });
  });

  /** Kills the server so long after the n-th activity of a node is on its way to be recorded, and says what it had acknowledged of that node. */
  async function killInTheMiddle(tenant: Tenant, nth: number, afterMs: number) {
    const own = workflowIds.node(tenant.namespace, tenant.nodeName);
    let completed: readonly FollowedCall[] = [];
    const moment = new Promise<void>((resolve) => {
      completed = proxy.follow('RespondActivityTaskCompleted', (call) => {
        if (call.isAbout(own) && completed.filter((one) => one.isAbout(own)).length >= nth)
          setTimeout(resolve, afterMs);
      });
    });
    const decided = proxy.follow('RespondWorkflowTaskCompleted');
    await bringIn(stage, tenant, {});
    await moment;
    await stack.stopServer('temporal', { how: 'kill' });
    await window(500);
    const acknowledged = completed.filter((call) => call.isAbout(own) && call.outcome === 'done').length;
    return { acknowledged, cut: [...completed, ...decided].filter(({ outcome }) => outcome === 'cut').length };
  }

  async function completionsOf({ namespace, nodeName }: Tenant): Promise<number> {
    const handle = stage.engine.client.workflow.getHandle(workflowIds.node(namespace, nodeName));
    const { events } = await handle.fetchHistory();
    return (events ?? []).filter(({ activityTaskCompletedEventAttributes: done }) => done != null).length;
  }

  test('T2 a server that is killed while it writes, in the middle of provisioning, and comes back with its database loses nothing that it acknowledged', async () => {
    const seen = [];
    for (const [index, tenant] of tenants.entries()) {
      const { acknowledged, cut } = await killInTheMiddle(tenant, index + 1, index * 2);
      // Half made: something is there, and what comes last is not.
      const node = await nodeOf(stage, tenant);
      const made = stage.audit.ofWorker(begun).filter((entry) => created(entry) && isIn(tenant.space, entry));
      expect([tenant.name, node !== undefined, isReady(node)]).toEqual([tenant.name, true, false]);
      expect((await liveOf(stage, recordOf(node))).has('policy')).toBe(false);
      await window(4_500);
      const place = stage.audit.now();
      await window(5_000);
      expect(stage.audit.ofWorker(place).filter(isAboutTenants).map(describeRequest)).toEqual([]);
      await stack.startServer('temporal');
      await ready(stage, tenant, 180_000);
      const completions = await completionsOf(tenant);
      expect({ acknowledged, completions }).toSatisfy(() => completions >= acknowledged);
      seen.push({ made: made.length, acknowledged, cut });
    }
    process.stdout.write(`faults/temporal T2: ${JSON.stringify(seen)}\n`);
    expect(seen.filter(({ cut }) => cut > 0).length).toBeGreaterThanOrEqual(2);
    expect(seen.filter(({ made }) => made > 0).length).toBeGreaterThanOrEqual(2);
    for (const tenant of tenants) await expectSettled(stage, tenant, { place: begun, live: new Map() });
  }, 600_000);

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
