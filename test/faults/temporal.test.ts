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
import { expectInvariants } from '../support/faults/invariants.ts';
import { bringInFleet, type Fleet, sizes } from '../support/faults/row-fleet.ts';
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

/** R of the list of faults for a hub with an interval of 2 s: two of those and 30 s. */
const settledWithinMs = 34_000;
const mostKills = 8;

/** A stack of its own, whose Temporal keeps its database in a file. */
describe.skipIf(isSlice())('faults/temporal', () => {
  /** What servers were killed for, each in the middle of its provisioning. */
  const tenants: Tenant[] = [];
  let dataDir: string;
  let stack: RunningStack;
  let proxy: GrpcProxy;
  let stage: Stage;
  let begun = 0;

  /** A hub that is synced all the time, too, so that there is something to catch up with. */
  let ticking: Fleet;
  const rows = sizes(['one', 'two', 'three']);

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
    ticking = await bringInFleet(stage, { name: 'temporal-ticking', rows, syncInterval: '2s' });
    await ticking.untilSettled(rows);
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

  /** Syncs of the hub with an interval that began after a time for a moment before it and after another. */
  async function caughtUp(downAt: Date, upAt: Date): Promise<readonly string[]> {
    const query = `TemporalScheduledById = "${workflowIds.schedule(ticking.namespace, 'hub')}"`;
    const late: string[] = [];
    for await (const { workflowId, startTime, raw } of stage.engine.client.workflow.list({ query })) {
      const payload = raw.searchAttributes?.indexedFields?.['TemporalScheduledStartTime']?.data;
      if (payload === undefined || payload === null) throw new Error(`${workflowId} does not say for when it was due`);
      const due = new Date(JSON.parse(Buffer.from(payload).toString('utf8')) as string);
      if (due > downAt && due < upAt && startTime > upAt) late.push(workflowId);
    }
    return late;
  }

  /** The server is there again: no more than one sync is caught up with, whatever came in between. */
  async function expectOneCaughtUp(downAt: Date, upAt: Date): Promise<number> {
    const { namespace } = ticking;
    await eventually(
      'the schedule goes on',
      async () => {
        const query = `TemporalScheduledById = "${workflowIds.schedule(namespace, 'hub')}" AND ExecutionStatus = "Completed"`;
        const { count } = await stage.engine.client.workflow.count(`${query} AND StartTime > "${upAt.toISOString()}"`);
        return count >= 2 ? there(count) : notYet(count);
      },
      { withinMs: 120_000, everyMs: 500 },
    );
    const late = await caughtUp(downAt, upAt);
    expect(late.length).toBeLessThanOrEqual(1);
    return late.length;
  }

  test('T2 a server that is killed while it writes, in the middle of provisioning, and comes back with its database loses nothing that it acknowledged', async () => {
    const seen: Readonly<Record<'made' | 'acknowledged' | 'cut' | 'settledMs' | 'late', number>>[] = [];
    const count = (what: 'made' | 'cut') => seen.filter((one) => one[what] > 0).length;
    // Whether something is on its way is a matter of milliseconds: three kills, and more until two have cut something off.
    for (let index = 0; index < mostKills && (index < 3 || count('cut') < 2); index += 1) {
      const tenant = tenantNamed(`temporal-${index}`);
      tenants.push(tenant);
      const { acknowledged, cut } = await killInTheMiddle(tenant, (index % 3) + 1, index % 3 === 2 ? 4 : 0);
      const downAt = new Date();
      // Half made: something is there, and what comes last is not.
      const node = await nodeOf(stage, tenant);
      const made = stage.audit.ofWorker(begun).filter((entry) => created(entry) && isIn(tenant.space, entry));
      expect([tenant.name, node !== undefined, isReady(node)]).toEqual([tenant.name, true, false]);
      expect((await liveOf(stage, recordOf(node))).has('policy')).toBe(false);
      await window(4_500);
      const place = stage.audit.now();
      await window(5_000);
      expect(stage.audit.ofWorker(place).filter(isAboutTenants).map(describeRequest)).toEqual([]);
      const [upAt, restart] = [new Date(), performance.now()];
      await stack.startServer('temporal');
      await ready(stage, tenant, settledWithinMs);
      const settledMs = Math.round(performance.now() - restart);
      const late = await expectOneCaughtUp(downAt, upAt);
      const completions = await completionsOf(tenant);
      expect({ acknowledged, completions }).toSatisfy(() => completions >= acknowledged);
      seen.push({ made: made.length, acknowledged, cut, settledMs, late });
    }
    process.stdout.write(`faults/temporal T2: ${JSON.stringify(seen)}\n`);
    expect(count('cut')).toBeGreaterThanOrEqual(2);
    expect(count('made')).toBeGreaterThanOrEqual(2);
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
    const restart = performance.now();

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
    await ticking.untilSettled(rows);
    const settledMs = Math.round(performance.now() - restart);
    process.stdout.write(`faults/temporal T3: settled after ${settledMs} ms\n`);
    expect(settledMs).toBeLessThanOrEqual(settledWithinMs);
    for (const namespace of [...tenants, ticking].map((one) => one.namespace)) {
      const schedule = stage.engine.client.schedule.getHandle(workflowIds.schedule(namespace, 'hub'));
      expect((await schedule.describe()).action.workflowType).toBe('hubSync');
    }
    const writes = stage.audit.ofWorker(place);
    expect(writes.filter(({ verb }) => verb.startsWith('delete')).map(describeRequest)).toEqual([]);
    expect(writes.filter(created).map(describeRequest)).toEqual([]);
    // What is made once is not written again at all.
    const once = writes.filter(
      ({ objectRef }) => objectRef?.resource === 'secrets' && objectRef.name?.endsWith('-password') === true,
    );
    expect(once.map(describeRequest)).toEqual([]);
    expect(await uids()).toEqual(before);
    expect((await ticking.nodes()).size).toBe(3);
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

  test('afterwards all is at rest, nothing shows a secret, and nothing in the log of the API server breaks a rule', async () => {
    await expectInvariants(stage, begun, { least: { deletes: 0 } });
  }, 300_000);
});
