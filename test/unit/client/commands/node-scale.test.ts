import { describe, expect, it } from 'vitest';
import { fakeEngine, run } from '../run.ts';

const node = 'lynq-system/acme-corp-api-tier';

describe('client/commands/node-scale', () => {
  it('sends the overrides as text to the node of row and form and prints the answer', async () => {
    const engine = fakeEngine();

    const { out, exitCode } = await run('scale acme-corp api-tier --set apiReplicas=4 --set note=a=b --set empty=', {
      engine,
    });

    expect(engine.sent).toEqual([`scale ${node} {"overrides":{"apiReplicas":"4","note":"a=b","empty":""}}`]);
    expect(out).toBe('lynqnode.operator.lynq.sh/acme-corp-api-tier scaled, overridden: apiReplicas, note, empty\n');
    expect(exitCode).toBe(0);
  });

  it('clears', async () => {
    const engine = fakeEngine();

    const { out } = await run('scale acme-corp api-tier --clear', { engine });

    expect(engine.sent).toEqual([`scale ${node} {"overrides":{},"clear":true}`]);
    expect(out).toBe('lynqnode.operator.lynq.sh/acme-corp-api-tier scaled by its row, nothing overridden\n');
  });

  it('refuses with the words of the update', async () => {
    const engine = fakeEngine([], {
      kind: 'refused',
      message: 'the hub declares no variable x; declared: apiReplicas',
    });

    expect(await run('scale acme-corp api-tier --set x=1', { engine })).toMatchObject({
      out: '',
      err: 'Error: scale was refused: the hub declares no variable x; declared: apiReplicas\n',
      exitCode: 1,
    });
  });

  it('says when there is no such node', async () => {
    const { err, exitCode } = await run('scale acme-corp api-tier --set x=1', {
      engine: fakeEngine([], { kind: 'absent' }),
    });

    expect(err).toBe(
      `Error: LynqNode ${node} has no running workflow in Temporal at temporal.test:7233\n` +
        '  check uid and form: lynq get nodes -n lynq-system\n',
    );
    expect(exitCode).toBe(1);
  });

  it('says when no worker answers in time, and that the request may still count', async () => {
    const engine = fakeEngine([], { kind: 'noAnswer' });

    const { err, exitCode } = await run('scale acme-corp api-tier --set x=1 --timeout 5s', { engine });

    expect(err).toContain(`Error: LynqNode ${node} did not answer within 5 s; the request may still be acted on\n`);
    expect(exitCode).toBe(3);
  });

  it.each([
    ['scale acme-corp api-tier', 'nothing to scale: neither --set nor --clear is given'],
    ['scale acme-corp api-tier --clear --set a=1', '--set and --clear exclude each other'],
    ['scale acme-corp api-tier --set a', '--set a has no name or no ='],
    ['scale acme-corp api-tier --set =4', '--set =4 has no name or no ='],
    ['scale acme-corp api-tier --set a=1 --set a=2', '--set names a twice'],
    ['scale acme-corp', "missing required argument 'form'"],
  ])('refuses %s before anything is sent', async (line, message) => {
    const engine = fakeEngine();

    const { err, exitCode } = await run(line, { engine });

    expect(err.split('\n')[0]).toBe(`Error: ${message}`);
    expect(exitCode).toBe(2);
    expect(engine.sent).toEqual([]);
  });
});
