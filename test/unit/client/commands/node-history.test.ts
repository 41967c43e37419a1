import { describe, expect, it } from 'vitest';
import { goldenEngine } from '../../../support/cli/golden-engine.ts';
import { run } from '../run.ts';

describe('client/commands/node-history', () => {
  it('says once how to make the runs links where it is not known where the UI is, and prints their ids', async () => {
    const engine = { ...goldenEngine(), pageOf: () => undefined };

    const { out, err, exitCode } = await run('history globex-api-tier', { engine });

    expect(exitCode).toBe(0);
    expect(out).toMatch(/CONTINUED_AS_NEW +01a20567-0001$/m);
    expect(err).toBe('the runs are no links: set LYNQ_TEMPORAL_UI to the address of the Temporal UI\n');
  });

  it('says nothing of it where the runs are links', async () => {
    expect(await run('history globex-api-tier', { engine: goldenEngine() })).toMatchObject({ err: '' });
  });
});
