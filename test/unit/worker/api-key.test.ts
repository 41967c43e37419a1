import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { followApiKey, readApiKey } from '../../../worker/api-key.ts';

describe('worker/api-key', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lynqflow-api-key-'));
  const path = join(folder, 'api-key');
  afterAll(() => rmSync(folder, { recursive: true }));

  it('reads a key without the end of its line, and names a file that has none', () => {
    writeFileSync(path, 'first\n');
    expect(readApiKey(path)).toBe('first');

    writeFileSync(path, '\n');
    expect(() => readApiKey(path)).toThrow(/api-key has no API key/);
  });

  it('gives a key that was rotated to all that take one, and says once that the file cannot be used meanwhile', async () => {
    const taken: string[] = [];
    const lines: string[] = [];
    const taker = { setApiKey: (key: string) => void taken.push(key) };
    const log = (message: string) => void lines.push(message);
    writeFileSync(path, '');
    const logger = { info: log, warn: log };
    const unfollow = followApiKey({ path, current: 'first', takers: [taker, taker], logger, everyMilliseconds: 10 });
    try {
      await vi.waitFor(() => expect(lines).toEqual(['the API key of Temporal could not be read']));
      await pause(50);
      expect(lines).toHaveLength(1);

      writeFileSync(path, 'second');
      await vi.waitFor(() => expect(taken).toEqual(['second', 'second']));
      expect(lines.at(-1)).toBe('the API key of Temporal was renewed');
    } finally {
      unfollow();
    }
  });
});
