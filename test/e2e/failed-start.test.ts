import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { openSmallWorld, type SmallWorld } from '../support/e2e/forms.ts';
import { environment, run } from '../support/e2e/programs.ts';

describe('e2e/failed-start', () => {
  const stack = inject('stack');
  let world: SmallWorld;
  let server: Server;
  let port: number;

  beforeAll(async () => {
    world = await openSmallWorld(stack, 'failed-start');
    await world.worker.stop();
    server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    ({ port } = server.address() as AddressInfo);
  });
  afterAll(async () => {
    await world?.worker.start();
    await world?.close();
    server?.close();
  });

  test.each([
    ['hints', () => ({ LYNQ_NOTIFY_PORT: `${port}`, LYNQ_NOTIFY_TOKEN: 'a-token-of-the-tests-that-is-long' })],
    ['probes', () => ({ LYNQ_HEALTH_PROBE_BIND_ADDRESS: `127.0.0.1:${port}` })],
    ['metrics', () => ({ LYNQ_METRICS_BIND_ADDRESS: `127.0.0.1:${port}`, LYNQ_METRICS_SECURE: 'false' })],
  ])('a worker whose port of %s is taken ends and says so', async (_, settings) => {
    const place = { ...environment(stack), LYNQ_TASK_QUEUE: 'e2e-failed-start' };
    const ended = await run(process.execPath, ['tools/run.mjs', 'worker/main.ts'], { ...place, ...settings() });
    expect(ended.code).toBe(1);
    expect(ended.stderr).toMatch(/^Error: .*address already in use 127\.0\.0\.1:\d+$/m);
  });
});
