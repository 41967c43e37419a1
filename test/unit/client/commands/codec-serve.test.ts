import { describe, expect, it } from 'vitest';
import { run } from '../run.ts';

describe('client/commands/codec-serve', () => {
  const codec = { url: 'http://127.0.0.1:8234', close: async () => undefined };
  const world = { codec, stop: AbortSignal.abort() };

  it('says that no page may ask where no origin is given', async () => {
    expect(await run('codec-server', world)).toMatchObject({
      out: 'decoding at http://127.0.0.1:8234\n',
      err: 'no Temporal UI may ask: give its origin with --ui\n',
      exitCode: 0,
    });
  });

  it('says nothing of pages where one is given', async () => {
    expect(await run('codec-server --ui http://localhost:8233', world)).toMatchObject({
      out: 'decoding at http://127.0.0.1:8234\n',
      err: '',
      exitCode: 0,
    });
  });
});
