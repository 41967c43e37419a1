import { describe, expect, it } from 'vitest';
import { liveOutput } from '../../../client/output/live.ts';
import { describeRollout, drawRollout } from '../../../client/rollout-picture.ts';
import { LynqForm } from '../../../domain/api/form.ts';

const now = new Date('2026-11-20T12:02:00Z');

const form = (rollout: object, more: object = { rollout: { maxSkew: 3 } }): LynqForm =>
  LynqForm.parse({
    metadata: { name: 'web', namespace: 'lynq-system', uid: 'u', resourceVersion: '1', generation: 4 },
    spec: { hubId: 'hub', ...more },
    status: {
      rollout: {
        phase: 'InProgress',
        targetGeneration: 4,
        totalNodes: 50,
        updatedNodes: 25,
        readyUpdatedNodes: 22,
        failedUpdatedNodes: 1,
        readyAtStart: 2,
        startTime: '2026-11-20T12:00:00Z',
        message: 'Updating: 25/50 nodes updated (3 updating, 22 ready)',
        inFlight: [{ node: 'a-web', since: '2026-11-20T12:01:00Z' }],
        failedNodes: [{ node: 'a-web', reason: 'ReadinessTimeout' }],
        ...rollout,
      },
    },
  });

function output(isTerminal: boolean) {
  const written: string[] = [];
  return { written, out: { write: (text: string) => void written.push(text), isTerminal, columns: 20 } as never };
}

describe('client/rollout-picture', () => {
  it('says how many nodes are where, how fast it goes and how long it will take', () => {
    expect(describeRollout(form({ wave: 'rest' }), now).text).toBe(
      [
        'web: InProgress (wave rest): 25/50 updated, 22 ready, 1 failed, 1 in flight, 10 nodes/min, about 2m48s left',
        '  Updating: 25/50 nodes updated (3 updating, 22 ready)',
        '  a-web: ReadinessTimeout',
        '',
      ].join('\n'),
    );
  });

  it('knows no pace before the first node has arrived, nor when nothing moves', () => {
    expect(describeRollout(form({ readyAtStart: 22 }), now).text).not.toContain('nodes/min');
    expect(describeRollout(form({ phase: 'Failed' }), now).text).not.toContain('nodes/min');
  });

  it('says when the status is about an older edit, or the form has no limit', () => {
    expect(describeRollout(form({ targetGeneration: 3 }), now).text).toBe(
      'web: waiting for the worker to see generation 4\n',
    );
    expect(describeRollout(form({}, {}), now).text).toContain('no rollout block');
  });

  it('draws each wave with its counts and a bar, and marks the one under way', () => {
    const waves = [
      { name: 'canary', nodes: 2, updated: 2, ready: 2, failed: 0 },
      { name: 'rest', nodes: 48, updated: 24, ready: 18, failed: 2 },
    ];
    expect(
      drawRollout(form({ wave: 'rest', waves }), now)
        .split('\n')
        .slice(2),
    ).toEqual([
      '  WAVE     NODES   UPDATED   READY   FAILED   ',
      '  canary   2       2         2       0        ████████████████████████',
      '> rest     48      24        18      2        █████████x▒▒············',
      '  a-web: ReadinessTimeout',
      '',
    ]);
  });

  it('is drawn over itself on a terminal, cut at its width, and elsewhere printed when something other than the pace changed', () => {
    const terminal = output(true);
    const live = liveOutput(terminal.out);
    live.draw('one\ntwo\n');
    live.draw(`${'x'.repeat(30)}\n`);
    live.draw('three\n');
    expect(terminal.written).toEqual([
      'one\ntwo\n',
      `\u001B[2A\u001B[J${'x'.repeat(19)}\n`,
      '\u001B[1A\u001B[2Kthree\n',
    ]);
    const log = output(false);
    const printed = liveOutput(log.out);
    printed.draw('3 of 5, 4 nodes/min\n', '3 of 5');
    printed.draw('3 of 5, 3 nodes/min\n', '3 of 5');
    printed.draw('4 of 5, 3 nodes/min\n', '4 of 5');
    expect(log.written).toEqual(['3 of 5, 4 nodes/min\n', '4 of 5, 3 nodes/min\n']);
  });
});
