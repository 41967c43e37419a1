import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { openTcpProxy, type TcpProxy } from '../../contract/row-source.proxy.ts';
import { sequence } from '../../contract/row-source.server.ts';
import { eventually, notYet, there } from '../../support/e2e/eventually.ts';
import { expectInvariants } from '../../support/faults/invariants.ts';
import { disturbances } from '../../support/faults/disturbances.ts';
import { bringInFleet, nodeWrites, sizes } from '../../support/faults/row-fleet.ts';
import { openStage, type Stage } from '../../support/faults/stage.ts';

/** A worker that lacks what it needs of its machine: names, file descriptors, memory. */
describe('faults/process/limits', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lynqflow-limits-'));
  const noNames = join(folder, 'no-names');
  let stage: Stage;
  let database: TcpProxy;
  let begun = 0;

  beforeAll(async () => {
    const settings = { NODE_OPTIONS: '--max-old-space-size=256', [disturbances.names]: noNames };
    stage = await openStage(inject('stack'), 'process', { settings });
    database = await openTcpProxy(stage.database.host, stage.database.port);
    begun = stage.audit.now();
  });
  afterAll(async () => {
    await stage?.close();
    await database?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test('Z2 a worker with a heap of 256 MiB reads a table of 200 MB and provisions 200 rows', async () => {
    const names = Array.from({ length: 200 }, (_, index) => `row-${index + 1}`);
    const { pid } = stage.worker();
    const fleet = await bringInFleet(stage, { name: 'heap', rows: {}, wide: 'TEXT', syncInterval: '5s' });
    await fleet.sql(
      `INSERT INTO heap (id, active, size, wide) SELECT CONCAT('row-', seq), seq <= 200, 1, REPEAT('x', 5000) FROM ${sequence} WHERE seq <= 40000`,
    );
    await fleet.untilSettled(sizes(names), 240_000);
    const { status } = await eventually('the whole table has been read', async () => {
      const hub = await fleet.hub();
      return hub.status?.rows?.seen === 40_000 ? there(hub) : notYet(hub.status);
    });
    expect(status.rows.active).toBe(200);
    expect(stage.worker().isAlive()).toBe(true);
    expect(stage.worker().pid).toBe(pid);
    await stage.cluster.remove(`/apis/operator.lynq.sh/v1/namespaces/${fleet.namespace}/lynqhubs/hub`);
  }, 400_000);

  test('Z2 a hub whose server has a name that cannot be resolved says so and keeps everything, and goes on when it can', async () => {
    const mysql = { host: 'localhost', port: database.port };
    const fleet = await bringInFleet(stage, { name: 'names', rows: sizes(['one', 'two']), syncInterval: '2s', mysql });
    await fleet.untilSettled(sizes(['one', 'two']));
    const before = [...(await fleet.nodes()).values()].map(({ metadata }) => metadata.uid);
    writeFileSync(noNames, '');
    database.cut();
    await fleet.sql("DELETE FROM names WHERE id = 'one'; INSERT INTO names (id, size) VALUES ('three', 1)");
    await fleet.until('Ready', 'False/DatabaseConnectionFailed');
    expect([...(await fleet.nodes()).values()].map(({ metadata }) => metadata.uid)).toEqual(before);
    rmSync(noNames);

    await fleet.untilSettled(sizes(['two', 'three']));
    await fleet.until('Ready', 'True');
  });

  test('Z2 a worker without file descriptors takes nothing away, and the one that comes after it goes on', async () => {
    const fleet = await bringInFleet(stage, {
      name: 'files',
      rows: sizes(['one', 'two']),
      syncInterval: '2s',
      mysql: { port: database.port },
    });
    await fleet.untilSettled(sizes(['one', 'two']));
    const before = [...(await fleet.nodes()).values()].map(({ metadata }) => metadata.uid);
    const { pid } = stage.worker();
    const fewest = 20;
    expect(readdirSync(`/proc/${pid}/fd`).length).toBeGreaterThan(fewest);
    const place = stage.audit.now();
    execFileSync('prlimit', ['--pid', String(pid), `--nofile=${fewest}:`]);
    database.cut();
    await fleet.sql("DELETE FROM files WHERE id = 'one'; INSERT INTO files (id, size) VALUES ('three', 1)");
    // Node itself needs a descriptor for every step of a workflow and ends the process where there is none: what restarts pods restarts the worker.
    expect((await stage.ended()).signal).toBe('SIGABRT');
    expect(stage.worker().output()).toContain('Failed to initialize uv loop');
    expect([...(await fleet.nodes()).values()].map(({ metadata }) => metadata.uid)).toEqual(before);
    expect(nodeWrites(fleet, place)).toEqual([]);

    stage.start();
    await fleet.untilSettled(sizes(['two', 'three']));
    await fleet.until('Ready', 'True');
  });

  test('afterwards all is at rest, nothing shows a secret, and nothing in the log of the API server breaks a rule', async () => {
    await expectInvariants(stage, begun);
  }, 300_000);
});
