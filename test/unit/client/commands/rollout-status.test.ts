import { describe, expect, it, vi } from 'vitest';
import { createFakeCluster } from '../../../support/fake-cluster.ts';
import { seenOn } from '../../../support/cli/terminal.ts';
import { aNode, run } from '../run.ts';

const apiVersion = 'operator.lynq.sh/v1';

function clusterWith(rollout: object, block: object = { maxSkew: 2 }) {
  const cluster = createFakeCluster();
  cluster.addKind({ apiVersion, kind: 'LynqForm' });
  cluster.seed({
    apiVersion,
    kind: 'LynqForm',
    metadata: { name: 'web', namespace: 'lynq-system' },
    spec: { hubId: 'hub', rollout: { ...block } },
    status: {
      rollout: { targetGeneration: 1, totalNodes: 3, updatedNodes: 3, readyUpdatedNodes: 3, inFlight: [], ...rollout },
    },
  });
  return cluster;
}

describe('client/commands/rollout-status', () => {
  it('says where a rollout is and ends well while it is under way or complete', async () => {
    const complete = clusterWith({ phase: 'Complete', message: 'All 3 nodes updated and ready' });
    const { out, exitCode } = await run('rollout status web', { cluster: complete });
    expect(out).toBe('web: Complete: 3/3 updated, 3 ready, 0 failed, 0 in flight\n  All 3 nodes updated and ready\n');
    expect(exitCode).toBe(0);
    const moving = await run('rollout status web', { cluster: clusterWith({ phase: 'InProgress', updatedNodes: 1 }) });
    expect(moving.exitCode).toBe(0);
  });

  it('does not wait for a node that was broken before and still is', async () => {
    const ended = { phase: 'InProgress', readyUpdatedNodes: 2, failedUpdatedNodes: 1 };
    const { out, exitCode } = await run('rollout status web -w', { cluster: clusterWith(ended) });
    expect(exitCode).toBe(0);
    expect(out).toContain('web: InProgress: 3/3 updated, 2 ready, 1 failed, 0 in flight');
  });

  it('ends with 1 when the rollout has failed, also when it is followed, and names the nodes', async () => {
    const failedNodes = [{ node: 'a-web', reason: 'ReadinessTimeout' }];
    const cluster = clusterWith({
      phase: 'Failed',
      message: 'No progress for 60 s',
      failedUpdatedNodes: 3,
      failedNodes,
    });
    const { out, exitCode } = await run('rollout status web -w', { cluster });
    expect(exitCode).toBe(1);
    expect(out).toContain('  a-web: ReadinessTimeout\n  and 2 more\n');
  });

  it('waits for nothing where the rollout block has no limit: nothing is recorded then', async () => {
    const cluster = clusterWith({ targetGeneration: 0 }, { progressDeadlineSeconds: 60 });
    const { out, exitCode } = await run('rollout status web -w', { cluster });
    expect(out).toBe('web: no limit in its rollout block, nodes change all at once\n');
    expect(exitCode).toBe(0);
  });

  it('names the nodes in flight that a person has paused, and how they go on', async () => {
    const inFlight = ['a-web', 'b-web', 'gone-web'].map((node) => ({ node, since: '2026-11-22T11:59:00Z' }));
    const cluster = clusterWith({ phase: 'InProgress', updatedNodes: 2, readyUpdatedNodes: 0, inFlight });
    const paused = aNode('a-web');
    cluster.seed({ ...paused, spec: { ...(paused['spec'] as object), paused: true } });
    cluster.seed(aNode('b-web'));

    const { out, exitCode } = await run('rollout status web', { cluster });

    expect(out).toBe(
      'web: InProgress: 2/3 updated, 0 ready, 0 failed, 3 in flight\n' +
        '  a-web is paused and waited for; let it go on: lynq resume node/a-web -n lynq-system\n',
    );
    expect(exitCode).toBe(0);
  });

  it('ends when nobody reads any more what it follows, whether that shows between two looks or before the first', async () => {
    const cluster = clusterWith({ phase: 'InProgress', updatedNodes: 1 });
    const stop = new AbortController();
    let ended = false;
    const world = { cluster, stop: stop.signal, onOut: () => setTimeout(() => stop.abort(), 20) };
    const following = run('rollout status web -w', world).finally(() => (ended = true));

    await vi.waitFor(() => expect(ended).toBe(true));

    expect(await following).toMatchObject({ exitCode: 0, err: '' });
    expect(await run('rollout status web -w', { cluster, stop: AbortSignal.abort() })).toMatchObject({ exitCode: 0 });
  });

  it('draws no more than a low terminal holds, the waves before the nodes that failed, and nothing again that is the same', async () => {
    const failedNodes = Array.from({ length: 20 }, (_, index) => ({ node: `n${index}-web`, reason: 'JobFailed' }));
    const waves = [{ name: 'canary', nodes: 3, updated: 3, ready: 1, failed: 2 }];
    const moving = { phase: 'InProgress', message: 'Updating', updatedNodes: 1, failedNodes, waves, wave: 'canary' };
    const cluster = clusterWith(moving);
    const stop = new AbortController();
    let printed = '';
    const onOut = (out: string) => void (printed = out);
    const size = { terminalColumns: 80, terminalRows: 8 };
    const following = run('rollout status web -w', { cluster, ...size, stop: stop.signal, onOut });
    await vi.waitFor(() => expect(cluster.calls.length).toBeGreaterThan(2), { timeout: 5_000 });
    stop.abort();
    await following;

    const { screen, scrolledOff } = seenOn(8, printed);
    expect(scrolledOff).toEqual([]);
    expect(screen.map((line) => line.trim().split(/ {2,}/)[0])).toEqual([
      'web: InProgress (wave canary): 1/3 updated, 3 ready, 0 failed, 0 in flight',
      'Updating',
      'WAVE',
      '> canary',
      'n0-web: JobFailed',
      'n1-web: JobFailed',
      'and 18 more lines',
      '',
    ]);
    expect(printed.match(/Updating/g)).toHaveLength(1);
  });

  it('prints on a terminal without -w all there is to say, however low and narrow it is', async () => {
    const failedNodes = Array.from({ length: 9 }, (_, index) => ({ node: `n${index}-web`, reason: 'JobFailed' }));
    const cluster = clusterWith({ phase: 'Failed', failedNodes, failedUpdatedNodes: 9 });
    const piped = await run('rollout status web', { cluster });

    const { out } = await run('rollout status web', { cluster, terminalColumns: 20, terminalRows: 5 });

    expect(out).toBe(piped.out);
  });
});
