import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RunningStack, startStack } from '../../../stack/index.ts';
import { sequence } from '../../contract/row-source.server.ts';
import { eventually, notYet, there } from '../../support/e2e/eventually.ts';
import { expectInvariants } from '../../support/faults/invariants.ts';
import { bringInFleet, expectCounts, type Fleet, nodeWrites, sizes } from '../../support/faults/row-fleet.ts';
import { isSlice } from '../../support/faults/seed.ts';
import { openStage, type Stage } from '../../support/faults/stage.ts';

/** How many rows are active; LYNQ_FAULTS_NODES for more on a machine that has the time. */
const count = Number(process.env['LYNQ_FAULTS_NODES'] ?? 1_000);
const tableRows = 20_000;
const valueBytes = 5_000;
/** Tenths of Temporal's own limits (2,000 children, 51,200 events, 50 MB), or what reliability.md says where that is less. */
const limits = { children: 500, events: 4_000, historyBytes: 2_000_000, payloadBytes: 128 * 1_024 };
/**
 * Events by which a run has gone on in a fresh one. A sync does so after each page of 200 births, of which each is two events and at most one task of three, a node
 * after 500 and the step that it is in.
 */
const eventsBeforeFresh = 2_000;
const patienceMs = 900_000;

/** A stack of its own, whose Temporal keeps its database in a file. */
describe.skipIf(isSlice())('faults/hub/thousand', () => {
  const names = Array.from({ length: count }, (_, index) => `row-${index + 1}`);
  const figures: Record<string, number> = { rows: tableRows, nodes: count };
  let dataDir: string;
  let stack: RunningStack;
  let stage: Stage;
  let fleet: Fleet;
  let begun = 0;
  let sampler: NodeJS.Timeout | undefined;

  beforeAll(async () => {
    dataDir = mkdtempSync(join(tmpdir(), 'lynqflow-thousand-'));
    stack = await startStack({ dataDir, temporalStore: 'file' });
    stage = await openStage(stack.endpoints, 'thousand');
    begun = stage.audit.now();
  }, 600_000);
  afterAll(async () => {
    clearInterval(sampler);
    await stage?.close();
    await stack?.stop();
    rmSync(dataDir, { recursive: true, force: true });
  });

  const most = (name: string, value: number): void => {
    figures[name] = Math.max(figures[name] ?? 0, value);
  };

  /** Pending children and activities of each sync that runs; how often there were children to count. While Temporal is down nobody answers. */
  async function sample(): Promise<void> {
    for (const { workflowId, runId } of await stage.engine.runs(
      'WorkflowType = "hubSync" AND ExecutionStatus = "Running"',
    )) {
      const { raw } = await stage.engine.client.workflow.getHandle(workflowId, runId).describe();
      const children = raw.pendingChildren?.length ?? 0;
      most('pendingChildren', children);
      if (children > 0) figures['samples'] = (figures['samples'] ?? 0) + 1;
      most('pendingActivities', raw.pendingActivities?.length ?? 0);
    }
  }

  const untilCount = (what: string, wanted: number, look: () => Promise<number>) =>
    eventually(
      `${wanted} ${what}`,
      async () => {
        const found = await look();
        return found >= wanted ? there(found) : notYet(found);
      },
      { withinMs: 300_000, everyMs: 200 },
    );

  const countNodes = async () => (await fleet.nodes()).size;
  const countReady = async () =>
    [...(await fleet.nodes()).values()].filter(({ status }) => status?.readyResources === 1).length;
  const countRuns = async () =>
    (await stage.engine.client.workflow.count('WorkflowType = "lynqNode" AND ExecutionStatus = "Running"')).count;

  test(`T8 T10 a table of 20,000 rows of 5 KB, ${count} of them active, is provisioned though worker and Temporal are killed meanwhile`, async () => {
    await stage.kill();
    fleet = await bringInFleet(stage, { name: 'many', rows: {}, wide: 'TEXT' });
    await fleet.sql(
      `INSERT INTO many (id, active, size, wide) SELECT CONCAT('row-', seq), seq <= ${count}, 1, REPEAT('x', ${valueBytes}) FROM ${sequence} WHERE seq <= ${tableRows}`,
    );
    sampler = setInterval(() => void sample().catch(() => undefined), 300);
    const started = performance.now();
    stage.start();
    await untilCount('LynqNodes', Math.floor(count * 0.15), countNodes);
    await stage.kill();
    stage.start();
    await untilCount('node runs', Math.floor(count * 0.4), countRuns);
    await stack.stopServer('temporal', { how: 'kill' });
    await stack.startServer('temporal');
    await untilCount('Ready LynqNodes', Math.floor(count * 0.6), countReady);
    await stage.kill();
    stage.start();

    await fleet.untilSettled(sizes(names), patienceMs);
    figures['seconds'] = Math.round((performance.now() - started) / 1_000);
    const writes = nodeWrites(fleet, begun);
    const made = writes.filter((write) => write.startsWith('create'));
    expect(made).toHaveLength(count);
    expect(new Set(made).size).toBe(count);
    expect(writes.filter((write) => write.startsWith('delete'))).toEqual([]);
    await eventually('the hub has counted', async () => {
      const { status } = await fleet.hub();
      return status?.ready === count && status?.rows?.seen === tableRows ? there(true) : notYet(status);
    });
    expectCounts(await fleet.hub(), count);
    await untilCount('node runs', count, countRuns);
    expect(figures['samples'] ?? 0).toBeGreaterThan(0);
    expect(figures['pendingChildren']).toBeLessThanOrEqual(limits.children);
    expect(figures['pendingActivities']).toBeLessThanOrEqual(limits.children);
  }, 1_500_000);

  test(`T7 T8 of 20,000 changed rows the ${count} active ones reach their nodes, the others nothing, and no history comes near a limit`, async () => {
    const place = stage.audit.now();
    await fleet.sql('UPDATE many SET size = 2');
    await fleet.sync();
    await fleet.untilSettled(sizes(names, 2), patienceMs);
    const writes = nodeWrites(fleet, place);
    expect(writes.filter((write) => !write.startsWith('patch'))).toEqual([]);
    expect(new Set(writes).size).toBe(count);
    expect((await fleet.nodes()).size).toBe(count);

    const syncs = await stage.engine.runs('WorkflowType = "hubSync"');
    const nodes = (await stage.engine.runs('WorkflowType = "lynqNode"')).slice(0, 50);
    for (const { workflowId, runId, status } of [...syncs, ...nodes]) {
      const history = await stage.engine.client.workflow.getHandle(workflowId, runId).fetchHistory();
      const text = historyToJSON(history);
      const events = history.events?.length ?? 0;
      most('events', events);
      if (status === 'CONTINUED_AS_NEW') expect(events, workflowId).toBeLessThan(eventsBeforeFresh);
      most('historyBytes', text.length);
      most(
        'payloadBytes',
        Math.max(0, ...[...text.matchAll(/"data": "([^"]*)"/g)].map(([, data = '']) => data.length)),
      );
      expect(text).not.toContain(Buffer.from('x'.repeat(30)).toString('base64'));
    }
    process.stdout.write(`figures: ${JSON.stringify(figures)}\n`);
    expect(figures['events']).toBeLessThan(limits.events);
    expect(figures['historyBytes']).toBeLessThan(limits.historyBytes);
    expect(figures['payloadBytes']).toBeLessThanOrEqual(limits.payloadBytes);
    // What Temporal itself says of payloads and histories that are too long, from the length on at which it warns.
    const said = readFileSync(join(dataDir, 'logs', 'temporal.log'), 'utf8');
    expect(
      said.split('\n').filter((line) => /BlobSize|blob (?:data )?size|history (?:size|count) exceeds/i.test(line)),
    ).toEqual([]);
    if (count > 400) expect(syncs.some(({ status }) => status === 'CONTINUED_AS_NEW')).toBe(true);
  }, 1_200_000);

  test('M1 M4 a database server that is killed in the middle of a read loses no node, and the next sync takes over what was changed', async () => {
    const before = await fleet.nodes();
    const place = stage.audit.now();
    await fleet.sql("UPDATE many SET size = 3 WHERE id = 'row-1'; DELETE FROM many WHERE id = 'row-2'");
    await fleet.sync();
    await eventually(
      'the rows are being read',
      async () => {
        const reading = await fleet.sql(
          "SELECT id AS id FROM information_schema.processlist WHERE info LIKE 'SELECT `id`%' AND info NOT LIKE '%processlist%'",
        );
        return reading.length > 0 ? there(true) : notYet('not yet');
      },
      { everyMs: 2 },
    );
    await stack.stopServer('mariadb', { how: 'kill' });
    await fleet.until('Ready', 'False');
    expect(nodeWrites(fleet, place)).toEqual([]);
    await stack.startServer('mariadb');
    await fleet.sync();
    await fleet.untilSettled({ ...sizes(names.slice(2), 2), 'row-1': 3 }, patienceMs);
    const after = await fleet.nodes();
    for (const [uid, { metadata }] of after) expect(metadata.uid).toBe(before.get(uid)?.metadata.uid);
    await fleet.until('Ready', 'True');
  }, 600_000);

  test('afterwards all is at rest, nothing shows a secret, and nothing in the log of the API server breaks a rule', async () => {
    await expectInvariants(stage, begun);
  }, 300_000);
});
