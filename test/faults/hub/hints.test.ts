import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request as httpRequest, Agent } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually, notYet, there } from '../../support/e2e/eventually.ts';
import { type FaultWorld, openFaultWorld } from '../database/support.ts';

/** Hints that rows have changed, over HTTP, to a worker as a process of its own. */
describe('faults/hub/hints', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lynqflow-hints-'));
  const tokenFile = join(folder, 'token');
  const token = 'a token is at least sixteen'.replaceAll(' ', '-');
  const agent = new Agent({ keepAlive: true, maxSockets: 16 });
  let faults: FaultWorld;
  let port = 0;

  beforeAll(async () => {
    writeFileSync(tokenFile, token);
    faults = await openFaultWorld('hints', { LYNQ_NOTIFY_PORT: '0', LYNQ_NOTIFY_TOKEN_FILE: tokenFile });
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
});
