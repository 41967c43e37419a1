import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request as httpRequest, Agent } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { workflowIds } from '../../../domain/identity.ts';
import { wakeSignal } from '../../../workflows/messages.ts';
import { eventually, notYet, there, window } from '../../support/e2e/eventually.ts';
import { foreignPrefix, plantForeign, type Planted } from '../../support/faults/foreign.ts';
import { expectRulesKept } from '../../support/faults/rules-kept.ts';
import { type FaultWorld, openFaultWorld } from '../database/support.ts';

/** Hints that rows have changed, over HTTP, to a worker as a process of its own. */
describe('faults/hub/hints', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lynqflow-hints-'));
  const tokenFile = join(folder, 'token');
  const token = 'a token is at least sixteen'.replaceAll(' ', '-');
  const agent = new Agent({ keepAlive: true, maxSockets: 16 });
  let faults: FaultWorld;
  let port = 0;
  let begun = 0;
  let foreign: readonly Planted[] = [];

  beforeAll(async () => {
    writeFileSync(tokenFile, token);
    faults = await openFaultWorld('hints', { LYNQ_NOTIFY_PORT: '0', LYNQ_NOTIFY_TOKEN_FILE: tokenFile });
    begun = faults.world.audit.now();
    const { cluster, namespace } = faults.world;
    const node = 'row-0-signalled-form';
    // Beside those that the world has planted for a node that is not there.
    const prefix = `${foreignPrefix}-signalled`;
    foreign = await plantForeign(cluster, { namespace, node, nodeNamespace: namespace, prefix });
    port = await eventually('the worker says where it takes hints', () => {
      const found = /"port":(\d+)[^\n]*"hints are taken"/.exec(faults.world.worker.output())?.[1];
      return found === undefined ? notYet(faults.world.worker.output().slice(-500)) : there(Number(found));
    });
  });
  afterAll(async () => {
    agent.destroy();
    await faults?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const hint = (hub: string, given = token): Promise<number> =>
    new Promise((resolve, reject) => {
      const path = `/v1/notify/${faults.world.namespace}/${hub}?uid=row-0`;
      const headers = { authorization: `Bearer ${given}` };
      const sent = httpRequest({ host: '127.0.0.1', port, path, method: 'POST', agent, headers }, (answer) => {
        answer.resume().on('end', () => resolve(answer.statusCode ?? 0));
      });
      sent.on('error', reject).end();
    });

  test('a hint makes a hub without an interval read its table', async () => {
    const hub = await faults.open('hinted', 1, { syncInterval: '0s' });
    await hub.sql("INSERT INTO hinted (id) VALUES ('second')");

    expect(await hint('hinted')).toBe(202);
    expect([...(await hub.untilNodes(2)).keys()]).toContain('second-hinted-form');
  });

  test('a wrong token is refused and a hub that is not there is not known', async () => {
    expect(await hint('hinted', 'b token is at least sixteen'.replaceAll(' ', '-'))).toBe(401);
    expect(await hint('nowhere')).toBe(404);
  });

  /** Syncs that a schedule has started in all. */
  const started = async (hub: string) =>
    (await faults.world.engine.client.schedule.getHandle(workflowIds.schedule(faults.world.namespace, hub)).describe())
      .info.numActionsTaken;

  test('T9 12,000 hints for one hub cost at most two further syncs, and its last row is not missed', async () => {
    const hub = await faults.open('flooded', 1, { syncInterval: '0s' });
    await faults.world.ready(['row-0-flooded-form']);
    await hub.until('Ready', 'True');
    await window(3_000);
    const before = await started('flooded');
    const from = Date.now();
    const codes = new Map<number, number>();
    for (let sent = 0; sent < 12_000; sent += 100) {
      if (sent === 11_900) await hub.sql("INSERT INTO flooded (id) VALUES ('last')");
      for (const code of await Promise.all(Array.from({ length: 100 }, () => hint('flooded'))))
        codes.set(code, (codes.get(code) ?? 0) + 1);
    }

    expect([...codes]).toEqual([[202, 12_000]]);
    await faults.world.ready(['last-flooded-form']);
    await window(3_000);
    // A flood that lasts longer than a minute is answered once in between.
    expect((await started('flooded')) - before).toBeLessThanOrEqual(2 + Math.floor((Date.now() - from) / 60_000));
  });

  test('T9 12,000 signals that somebody sends to one node do not end its run: what is beyond the limit of Temporal is refused to the sender', async () => {
    const hub = await faults.open('signalled', 1);
    const { namespace, engine } = faults.world;
    const handle = engine.client.workflow.getHandle(workflowIds.node(namespace, 'row-0-signalled-form'));
    const first = (await handle.describe()).runId;
    const refused = new Set<string>();
    const signal = () =>
      handle.signal(wakeSignal, { cause: 'resync' }).catch((error: unknown) => {
        refused.add(error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error));
      });
    for (let sent = 0; sent < 12_000; sent += 200) await Promise.all(Array.from({ length: 200 }, signal));
    for (const why of refused) expect(why).toMatch(/limit for signal events|workflow is closing/);
    await hub.sql('UPDATE signalled SET size = 7');

    await eventually(
      'the change arrives',
      async () => {
        const { data } = await faults.world.cluster.get(
          `/api/v1/namespaces/${namespace}/configmaps/row-0-signalled-form-map`,
        );
        return data?.['size'] === '7' ? there(data) : notYet(data);
      },
      { withinMs: 240_000 },
    );
    await eventually('the run goes on in a fresh history', async () => {
      const { runId, status, historyLength } = await handle.describe();
      return status.name === 'RUNNING' && runId !== first && historyLength < 4_000
        ? there(true)
        : notYet({ runId, status: status.name, historyLength });
    });
  }, 600_000);

  test('nothing in the log of the API server breaks a rule', async () => {
    const { audit, cluster, worker } = faults.world;
    expect(worker.output()).not.toMatch(/unhandled|MaxListenersExceeded/i);
    await expectRulesKept({ audit, cluster, foreign }, begun, { least: { creates: 3, deletes: 0 } });
  });
});
