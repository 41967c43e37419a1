import { describe, expect, it } from 'vitest';
import { leftBehind, runEach } from '../../../../tools/demo/cleanup.ts';
import { failureText, ToolError } from '../../../../tools/demo/failure.ts';

describe('tools/demo/cleanup', () => {
  it('runs every step in order, whatever failed before it, and names what failed', async () => {
    const run: string[] = [];
    const step = (what: string, fails = false) => ({
      what,
      run: async () => {
        run.push(what);
        if (fails) throw new Error(`${what} does not go`);
      },
    });

    const failed = await runEach([step('hub', true), step('worker'), step('namespaces', true), step('account')]);

    expect(run).toEqual(['hub', 'worker', 'namespaces', 'account']);
    expect(failed).toEqual(['hub: hub does not go', 'namespaces: namespaces does not go']);
  });

  it('says what stayed and does not lose what it began with', () => {
    const before = new ToolError('the nodes are Ready: not within 180 s', { details: ['| log'], fix: 'read it' });
    const text = failureText(leftBehind(['worker, process 7: still there'], before));
    expect(text).toContain('not everything could be taken away again\n  worker, process 7: still there\n');
    expect(text).toContain('it began with: the nodes are Ready: not within 180 s\n  | log\n');
    expect(text).toContain('What to do: take away by hand what is named above');
  });
});
