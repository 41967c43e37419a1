import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { openWorld, type World } from '../support/e2e/world.ts';

/** Payloads are encrypted with keys of a folder, as a mounted Secret has them. */
describe('e2e/codec', () => {
  const node = 'sealed-worker-tier';
  const folder = mkdtempSync(join(tmpdir(), 'lynqflow-codec-e2e-'));
  const addKey = (id: string) => writeFileSync(join(folder, id), randomBytes(32).toString('base64'));
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
    addKey('2026-01');
    world = await openWorld(inject('stack'), { name: 'codec', settings: { LYNQ_CODEC_KEYS: folder } });
    await world.database.sql("INSERT INTO nodes (node_id) VALUES ('sealed')");
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
    expect(text).not.toContain('sealed');
    expect(text).not.toContain('Deployment');
  });

  test('a run goes on when the keys are rotated', async () => {
    addKey('2026-02');
    await world.worker.stop();
    await world.worker.start();
    await world.database.sql("UPDATE nodes SET worker_replicas = 4 WHERE node_id = 'sealed'");
    await world.ready([node]);
    await expect.poll(historyText, { timeout: 60_000 }).toContain('2026-02');
  });
});
