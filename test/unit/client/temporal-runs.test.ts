import { readFileSync } from 'node:fs';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js';
import { describe, expect, it } from 'vitest';
import { passesOf } from '../../../client/history/passes.ts';
import { factsOf, pageOf, readNodeRuns } from '../../../client/temporal-runs.ts';

/** Histories that a real server recorded (test/replay). */
async function passesIn(name: string) {
  const file = new URL(`../../replay/histories/lynqNode/${name}.json`, import.meta.url);
  const history = historyFromJSON(JSON.parse(readFileSync(file, 'utf8')));
  const facts = await factsOf(history.events ?? [], []);
  return passesOf([{ runId: 'run', status: 'RUNNING', started: new Date(0), facts }]);
}

describe('client/temporal-runs', () => {
  it('asks for no more runs at a time than Temporal gives, however many are wanted', async () => {
    const sizes: (number | undefined)[] = [];
    const list = ({ pageSize }: { readonly pageSize?: number }) => {
      sizes.push(pageSize);
      return [];
    };
    const client = { workflow: { list } } as unknown as Parameters<typeof readNodeRuns>[0];
    await readNodeRuns(client, 'node/a/b', 3);
    await readNodeRuns(client, 'node/a/b', 9_999);
    expect(sizes).toEqual([3, 1_000]);
  });

  it('reads from a recorded history what was done, and why', async () => {
    const passes = await passesIn('0.1.0-resync');

    expect(passes.map(({ causes, result }) => `${causes.join(', ')}: ${result}`)).toMatchInlineSnapshot(`
      [
        "start: settled 3/3",
        "resync: settled 3/3",
        "nodeChanged: settled 3/3",
        "nodeChanged: removed",
      ]
    `);
    expect(passes.map(({ changes }) => changes)).toMatchInlineSnapshot(`
      [
        [
          "web Ready",
          "web-svc Pending → Ready",
          "ingress Waiting → Pending → Ready",
        ],
        [
          "web-svc Ready → Pending → Ready",
          "ingress Ready → Waiting → Ready",
        ],
        [],
        [],
      ]
    `);
  });

  it('reads a scale message and a removal', async () => {
    const passes = await passesIn('0.1.0-scale-and-remove');

    expect(
      passes.map(({ causes, result, steps }) => `${causes.join(', ')}: ${result} in ${steps}`),
    ).toMatchInlineSnapshot(`
      [
        "start: settled 2/2 in 2",
        "scale, nodeChanged: settled 2/2 in 1",
        "nodeChanged: settled 2/2 in 1",
        "nodeChanged: removed in 2",
      ]
    `);
  });

  it('has a time for everything', async () => {
    const passes = await passesIn('0.1.0-four-levels');

    for (const { started, ended } of passes) expect(ended?.getTime()).toBeGreaterThanOrEqual(started.getTime());
    expect(passes[0]?.started.toISOString()).toBe('2026-11-22T22:37:16.364Z');
  });

  it.each`
    ui                          | address                                 | page
    ${'http://127.0.0.1:8080/'} | ${'localhost:7233'}                     | ${'http://127.0.0.1:8080'}
    ${'https://ui.example.com'} | ${'lynq.a1b2c.tmprl.cloud:7233'}        | ${'https://ui.example.com'}
    ${''}                       | ${'localhost:7233'}                     | ${'http://localhost:8233'}
    ${undefined}                | ${'localhost:7233'}                     | ${'http://localhost:8233'}
    ${undefined}                | ${'localhost'}                          | ${'http://localhost:8233'}
    ${undefined}                | ${'127.0.0.1:7233'}                     | ${'http://127.0.0.1:8233'}
    ${undefined}                | ${'[::1]:7233'}                         | ${'http://[::1]:8233'}
    ${undefined}                | ${'localhost:17233'}                    | ${undefined}
    ${undefined}                | ${'temporal.example.com:7233'}          | ${undefined}
    ${undefined}                | ${'localhost.example.com:7233'}         | ${undefined}
    ${undefined}                | ${'lynq.a1b2c.tmprl.cloud:7233'}        | ${'https://cloud.temporal.io'}
    ${undefined}                | ${'eu-west-1.aws.api.temporal.io:7233'} | ${'https://cloud.temporal.io'}
    ${undefined}                | ${'tmprl.cloud.example.com:7233'}       | ${undefined}
  `('takes page $page for a run at $address when the UI is said to be $ui', ({ ui, address, page }) => {
    const path = '/namespaces/lynq/workflows/node%2Fa%2Fb/r/history';

    expect(pageOf({ ui, address, namespace: 'lynq' }, 'node/a/b', 'r')).toBe(page && `${page}${path}`);
  });
});
