import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { exitCodes } from '../../client/exit-codes.ts';
import { type Ended, environment, run } from '../support/e2e/programs.ts';
import { openWorld, type World } from '../support/e2e/world.ts';

/** Payloads are encrypted with keys of a folder, as a mounted Secret has them. */
describe('e2e/codec', () => {
  const node = 'vaulted-worker-tier';
  const folder = mkdtempSync(join(tmpdir(), 'lynqflow-codec-e2e-'));
  const keys = join(folder, 'keys');
  const others = join(folder, 'others');
  const addKey = (id: string, to = keys) => writeFileSync(join(to, id), randomBytes(32).toString('base64'));
  let world: World;

  /** All bytes of the payloads in the run's history, as text. Temporal works with search attributes, so they stay readable. */
  function bytesIn(value: unknown): string {
    if (value instanceof Uint8Array) return Buffer.from(value).toString('latin1');
    if (typeof value !== 'object' || value === null) return '';
    const parts = Object.entries(value).filter(([key]) => key !== 'searchAttributes');
    return parts.map(([, part]) => bytesIn(part)).join('\n');
  }
  const historyText = async (): Promise<string> =>
    bytesIn(await world.engine.client.workflow.getHandle(`node/${world.namespace}/${node}`).fetchHistory());

  beforeAll(async () => {
    for (const each of [keys, others]) mkdirSync(each);
    addKey('2026-01');
    addKey('2025-12', others);
    world = await openWorld(inject('stack'), { name: 'codec', settings: { LYNQ_CODEC_KEYS: keys } });
    await world.database.sql("INSERT INTO nodes (node_id) VALUES ('vaulted')");
    await world.applyAll(world.hubText('5s'), world.formText('data-tier'), world.formText('worker-tier'));
    await world.ready([node]);
  });
  afterAll(async () => {
    await world?.close();
    rmSync(folder, { recursive: true });
  });

  test('with keys a history shows neither inputs nor summaries, and names the key', async () => {
    const text = await historyText();
    expect(text).toContain('2026-01');
    expect(text).toContain('AES-256-GCM');
    expect(text).not.toContain('vaulted');
    expect(text).not.toContain('Deployment');
  });

  /** `temporal workflow show`, as a person types it; what it prints of payloads in base64 is put in their text. */
  async function shownBy(...more: readonly string[]): Promise<string> {
    const id = `node/${world.namespace}/${node}`;
    const where = ['--address', world.stack.temporalAddress, '--output', 'json'];
    const args = ['workflow', 'show', '--workflow-id', id, ...where, ...more];
    const ended = await run(world.stack.temporalCli, args, environment(world.stack));
    expect(ended, ended.stderr).toMatchObject({ code: 0 });
    const opened = (_: string, field: string, text: string) => `"${field}": ${Buffer.from(text, 'base64').toString()}`;
    return ended.stdout.replaceAll(/"(data|encryption-cipher)": "([\w+/=]+)"/g, opened);
  }

  test('lynq codec-server lets the temporal CLI read what it cannot read by itself', async () => {
    const sealed = await shownBy();
    expect(sealed).toContain('AES-256-GCM');
    for (const said of ['"settled"', 'Deployment']) expect(sealed).not.toContain(said);

    const child = spawn(process.execPath, ['bin/lynq.mjs', 'codec-server', '--port', '0'], {
      env: { ...environment(world.stack), LYNQ_CODEC_KEYS: keys },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const exit = once(child, 'exit');
    try {
      let printed = '';
      for await (const text of child.stdout.setEncoding('utf8').iterator({ destroyOnReturn: false })) {
        printed += text as string;
        if (printed.includes('\n')) break;
      }
      const [, url = ''] = /^decoding at (http:\/\/127\.0\.0\.1:\d+)\n$/.exec(printed) ?? [];
      const clear = await shownBy('--codec-endpoint', url);
      for (const said of ['"settled"', 'Deployment']) expect(clear).toContain(said);
      expect(clear).not.toContain('AES-256-GCM');
    } finally {
      child.kill('SIGINT');
    }
    expect(await exit).toEqual([exitCodes.interrupted, null]);
  });

  test('lynq reads histories with the keys; without them, or with others, it says what to do and sends nothing', async () => {
    const lynq = (args: readonly string[], more: Readonly<Record<string, string>> = {}): Promise<Ended> =>
      run(process.execPath, ['bin/lynq.mjs', '-n', world.namespace, ...args], { ...environment(world.stack), ...more });
    const read = await lynq(['history', node], { LYNQ_CODEC_KEYS: keys });
    expect(read, read.stderr).toMatchObject({ code: 0 });
    expect(read.stdout).toContain('settled 1/1');

    const fix = '  set LYNQ_CODEC_KEYS to a folder with the keys that the worker has\n';
    const encrypted = `Error: the payloads in Temporal are encrypted\n${fix}`;
    const unknown = `Error: payload key 2026-01 is not among the keys of LYNQ_CODEC_KEYS\n${fix}`;
    const scale = ['scale', 'vaulted', 'worker-tier', '--set', 'workerReplicas=7'];
    for (const command of [['history', node], scale]) {
      expect(await lynq(command)).toEqual({ code: 1, stdout: '', stderr: encrypted });
      expect(await lynq(command, { LYNQ_CODEC_KEYS: others })).toEqual({ code: 1, stdout: '', stderr: unknown });
    }
    expect((await world.node(node))?.metadata.annotations).not.toHaveProperty(['lynq.sh/overrides']);
    const explained = await lynq(['explain', node]);
    expect(explained).toMatchObject({ code: 0 });
    expect(explained.stdout).toContain('the payloads in Temporal are encrypted');
  });

  test('a run goes on when the keys are rotated', async () => {
    addKey('2026-02');
    await world.worker.stop();
    await world.worker.start();
    await world.database.sql("UPDATE nodes SET worker_replicas = 4 WHERE node_id = 'vaulted'");
    await world.ready([node]);
    await expect.poll(historyText, { timeout: 60_000 }).toContain('2026-02');
  });
});
