import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { workflowIds } from '../../../domain/identity.ts';
import { describeRequest } from '../../support/e2e/audit.ts';
import { lynqPath } from '../../support/e2e/cluster.ts';
import { openEngine } from '../../support/e2e/engine.ts';
import { eventually, notYet, there } from '../../support/e2e/eventually.ts';
import { entryOf, suspendedJob } from '../../support/e2e/forms.ts';
import { type GrpcProxy, openGrpcProxy } from '../../support/faults/grpc-proxy.ts';
import { expectInvariants } from '../../support/faults/invariants.ts';
import { disturbances } from '../../support/faults/disturbances.ts';
import { bringInFleet, type Fleet, nodeWrites, sizes } from '../../support/faults/row-fleet.ts';
import { type ApiProxy, openProxy } from '../../support/faults/proxy.ts';
import { openStage, type Stage } from '../../support/faults/stage.ts';

const hour = 3_600_000;

/** Clocks that go wrong: of the worker's machine, and of the API server and of Temporal as their answers tell them. */
describe('faults/process/clocks', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lynqflow-clocks-'));
  const clock = join(folder, 'clock');
  let proxy: ApiProxy;
  let temporal: GrpcProxy;
  let stage: Stage;
  let begun = 0;

  const waitingForm = { jobs: [suspendedJob('job', { timeoutSeconds: 900 })] };

  beforeAll(async () => {
    const stack = inject('stack');
    proxy = await openProxy(stack.kubeconfig);
    temporal = await openGrpcProxy(stack.temporalAddress);
    stage = await openStage(stack, 'clocks', {
      through: { kubeconfig: proxy.kubeconfig(), temporalAddress: temporal.address },
      settings: { [disturbances.clock]: clock },
    });
    begun = stage.audit.now();
  });
  afterAll(async () => {
    await stage?.close();
    await proxy?.close();
    await temporal?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const deletes = (fleet: Fleet, place: number) =>
    stage.audit
      .ofWorker(place)
      .filter(({ verb, objectRef }) => verb === 'delete' && objectRef?.namespace === fleet.namespace)
      .map(describeRequest);

  const uidsOf = async (fleet: Fleet) =>
    new Map([...(await fleet.nodes())].map(([uid, { metadata }]) => [uid, metadata.uid]));

  /** When the run of a node began, as Temporal says at an address. */
  async function startOf(
    { namespace }: Fleet,
    uid: string,
    address = inject('stack').temporalAddress,
  ): Promise<number> {
    const engine = await openEngine(address);
    try {
      const handle = engine.client.workflow.getHandle(workflowIds.node(namespace, `${uid}-form`));
      return (await handle.describe()).startTime.getTime();
    } finally {
      await engine.close();
    }
  }

  const jobOf = async (fleet: Fleet, uid: string) => {
    const node = (await fleet.nodes()).get(uid);
    return node === undefined ? undefined : entryOf(node, 'job');
  };

  const untilWaiting = (fleet: Fleet, uid: string) =>
    eventually(`the job of ${uid} waits`, async () => {
      const state = await jobOf(fleet, uid);
      return state?.startsWith('Progressing') === true ? there(state) : notYet(state);
    });

  /** A pass of a node looks at its deadline, so one is asked for. */
  async function askForPass(fleet: Fleet, uid: string, value: string): Promise<void> {
    const path = lynqPath(fleet.namespace, 'lynqnodes', `${uid}-form`);
    const place = proxy.calls.length;
    await stage.cluster.merge(path, { metadata: { annotations: { 'lynq.sh/force-reconcile': value } } });
    await eventually('the node has been looked at', () => {
      const seen = proxy.calls.slice(place).filter(({ verb, name }) => verb !== 'watch' && name.startsWith(uid));
      return seen.length > 0 ? there(true) : notYet('not yet');
    });
  }

  test('Z1 a worker whose clock is an hour or a year ahead, or an hour behind, deletes nothing, gives nothing up and goes on', async () => {
    const waiting = await bringInFleet(stage, { name: 'clock-job', rows: sizes(['slow']), form: waitingForm });
    const fleet = await bringInFleet(stage, { name: 'clock', rows: sizes(['one', 'two']), syncInterval: '2s' });
    await fleet.untilSettled(sizes(['one', 'two']));
    await untilWaiting(waiting, 'slow');
    const place = stage.audit.now();
    const rows: Record<string, number> = sizes(['one', 'two']);
    for (const [index, ahead] of [hour, -hour, 365 * 24 * hour, 0].entries()) {
      writeFileSync(clock, String(ahead));
      await fleet.sql(
        `INSERT INTO clock (id, size) VALUES ('ahead-${index}', 1); UPDATE clock SET size = size + 1 WHERE id = 'one'`,
      );
      rows[`ahead-${index}`] = 1;
      rows['one'] = (rows['one'] ?? 0) + 1;
      await fleet.untilSettled(rows);
      await askForPass(waiting, 'slow', `round-${index}`);
      expect(await jobOf(waiting, 'slow')).toMatch(/^Progressing/);
    }
    expect(deletes(fleet, place)).toEqual([]);
    expect(deletes(waiting, place)).toEqual([]);
    expect(nodeWrites(fleet, place).filter((write) => write.startsWith('create'))).toHaveLength(4);
  }, 300_000);

  test('Z1 a worker that is restarted in another time zone and with another clock changes nothing', async () => {
    const fleet = await bringInFleet(stage, { name: 'zones', rows: sizes(['one', 'two']), syncInterval: '2s' });
    await fleet.untilSettled(sizes(['one', 'two']));
    const before = await uidsOf(fleet);
    for (const [zone, ahead] of [
      ['Pacific/Kiritimati', hour],
      ['America/St_Johns', -hour],
    ] as const) {
      await stage.kill();
      writeFileSync(clock, String(ahead));
      const place = stage.audit.now();
      stage.start(undefined, { TZ: zone });
      await fleet.sql('UPDATE zones SET size = size + 1');
      await fleet.untilSettled(sizes(['one', 'two'], zone.startsWith('P') ? 2 : 3));
      expect(deletes(fleet, place)).toEqual([]);
    }
    writeFileSync(clock, '0');
    expect(await uidsOf(fleet)).toEqual(before);
  }, 300_000);

  test('T15 servers whose clocks go an hour ahead and back again lead to no deletion and fail nothing that is fresh', async () => {
    const names = Array.from({ length: 30 }, (_, index) => `row-${index}`);
    const waiting = await bringInFleet(stage, { name: 'server-job', rows: sizes(['early']), form: waitingForm });
    const fleet = await bringInFleet(stage, { name: 'server', rows: sizes(names), syncInterval: '2s' });
    await fleet.untilSettled(sizes(names));
    await untilWaiting(waiting, 'early');
    const uids = await uidsOf(fleet);
    const place = stage.audit.now();
    const now = { kubernetes: () => proxy.ahead(hour), temporal: () => temporal.ahead(hour) };
    let size = 1;
    // Each for itself, both, and back.
    for (const [fresh, set] of [
      ['cluster', now.kubernetes],
      ['both', now.temporal],
      ['engine', () => proxy.ahead(0)],
      ['neither', () => temporal.ahead(0)],
    ] as const) {
      const done = temporal.calls.get('RespondActivityTaskCompleted') ?? 0;
      set();
      size += 1;
      await fleet.sql(`UPDATE server SET size = ${size} WHERE id = 'row-0'`);
      await fleet.untilSettled({ ...sizes(names), 'row-0': size });
      await waiting.sql(`INSERT INTO \`server-job\` (id, size) VALUES ('${fresh}', 1)`);
      await waiting.sync();
      await untilWaiting(waiting, fresh);
      await askForPass(waiting, fresh, fresh);
      expect([fresh, await jobOf(waiting, fresh)]).toEqual([fresh, expect.stringMatching(/^Progressing/)]);
      expect(temporal.calls.get('RespondActivityTaskCompleted')).toBeGreaterThan(done);
      const ahead = (await startOf(fleet, 'row-0', temporal.address)) - (await startOf(fleet, 'row-0'));
      expect([fresh, ahead]).toEqual([fresh, fresh === 'both' || fresh === 'engine' ? hour : 0]);
    }
    await askForPass(waiting, 'both', 'back');
    expect(await jobOf(waiting, 'both')).toMatch(/^Progressing/);
    expect(await uidsOf(fleet)).toEqual(uids);
    expect(deletes(fleet, place)).toEqual([]);
    expect(deletes(waiting, place)).toEqual([]);
  }, 300_000);

  test('afterwards all is at rest, nothing shows a secret, and nothing in the log of the API server breaks a rule', async () => {
    await expectInvariants(stage, begun, { least: { deletes: 0 } });
  }, 300_000);
});
