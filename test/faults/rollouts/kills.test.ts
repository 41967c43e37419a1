import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RunningStack, startStack } from '../../../stack/index.ts';
import { eventually, notYet, there, window } from '../../support/e2e/eventually.ts';
import {
  bringFleet,
  editFleet,
  type Fleet,
  fleetNamed,
  followFleet,
  imagesOf,
  nodesOfFleet,
  proveSkew,
  rolloutIs,
  type SkewSince,
} from '../../support/faults/fleet.ts';
import type { History } from '../../support/faults/history.ts';
import { randomFrom } from '../../support/faults/random.ts';
import { expectRulesKept } from '../../support/faults/rules-kept.ts';
import { openStage, type Stage } from '../../support/faults/stage.ts';

const seed = Number(process.env['LYNQ_SEED'] ?? 8);

/** On a stack of its own, whose servers are killed in the middle of a rollout. Moments are chosen by a seed that is printed. */
describe('faults/rollouts/kills', () => {
  const fleet: Fleet = fleetNamed('kills', 18, 3);
  const random = randomFrom(seed);
  let dataDir: string;
  let stack: RunningStack;
  let stage: Stage;
  let begun = 0;

  /** Waits until so many nodes, at least, are on the target, or all are. */
  const updated = (count: number) =>
    eventually(
      `${count} nodes are on their way or there`,
      async () => {
        const form = await stage.cluster.get(`/apis/operator.lynq.sh/v1/namespaces/${fleet.namespace}/lynqforms/web`);
        const { targetGeneration, updatedNodes = 0 } = form.status?.rollout ?? {};
        const isCurrent = targetGeneration === form.metadata.generation;
        return isCurrent && updatedNodes >= count ? there(updatedNodes) : notYet(form.status?.rollout);
      },
      { withinMs: 180_000, everyMs: 30 },
    );
  const begin = async (): Promise<{ readonly history: History; readonly place: number }> => ({
    place: stage.audit.now(),
    history: await followFleet(stage, fleet),
  });
  const expectKept = async (since: SkewSince, version: string): Promise<void> => {
    expect(await imagesOf(stage, fleet)).toEqual({ [`web:${version}`]: fleet.uids.length });
    const { watched, requested } = await proveSkew(stage, fleet, since);
    expect([watched.violations, requested.violations]).toEqual([[], []]);
    expect([watched.worst, requested.worst].every((worst) => worst > 0 && worst <= fleet.maxSkew)).toBe(true);
    expect(watched.changes).toBeGreaterThan(0);
  };

  beforeAll(async () => {
    process.stdout.write(`faults/rollouts/kills: LYNQ_SEED=${seed}\n`);
    dataDir = mkdtempSync(join(tmpdir(), 'lynqflow-rollouts-'));
    stack = await startStack({ dataDir, temporalStore: 'file' });
    stage = await openStage(stack.endpoints, 'rollouts');
    begun = stage.audit.now();
    await bringFleet(stage, fleet, { version: '1' });
  }, 300_000);
  afterAll(async () => {
    await stage?.close();
    await stack?.stop();
    rmSync(dataDir, { recursive: true, force: true });
  });

  test('a worker that is killed again and again never has more nodes on their way than maxSkew, and the rollout completes', async () => {
    const since = await begin();
    const uids = (await nodesOfFleet(stage, fleet)).map(({ metadata }) => metadata.uid).toSorted();
    await editFleet(stage, fleet, { version: '2' });
    for (const part of [0, 1, 2, 3]) {
      await updated(Math.min(fleet.uids.length - 1, part * 4 + random.below(4)));
      await window(random.below(700));
      await stage.kill();
      stage.start();
    }
    await rolloutIs(stage, fleet, 'Complete', 300_000);
    await expectKept(since, '2');
    expect((await nodesOfFleet(stage, fleet)).map(({ metadata }) => metadata.uid).toSorted()).toEqual(uids);
  }, 600_000);

  test('a Temporal that is killed in the middle of a rollout, twice, changes nothing of that', async () => {
    const since = await begin();
    await editFleet(stage, fleet, { version: '3' });
    for (const part of [1, 2]) {
      await updated(part * 5 + random.below(3));
      await stack.stopServer('temporal', { how: 'kill' });
      await window(1_000 + random.below(2_000));
      await stack.startServer('temporal');
    }
    await rolloutIs(stage, fleet, 'Complete', 300_000);
    await expectKept(since, '3');
  }, 600_000);

  test('an API server that is killed in the middle of a rollout and comes back changes nothing of that', async () => {
    const since = await begin();
    await editFleet(stage, fleet, { version: '4' });
    await updated(3 + random.below(6));
    await stack.stopServer('apiserver', { how: 'kill' });
    await window(8_000);
    await stack.startServer('apiserver');
    await rolloutIs(stage, fleet, 'Complete', 300_000);
    await expectKept({ ...since, killed: true }, '4');
  }, 600_000);

  test('a worker that is killed right after it was told to undo, with Temporal, goes all the way back', async () => {
    const since = await begin();
    await editFleet(stage, fleet, { version: '5' });
    await updated(4);
    await stage.cluster.merge(`/apis/operator.lynq.sh/v1/namespaces/${fleet.namespace}/lynqforms/web`, {
      metadata: { annotations: { 'lynq.sh/rollout': 'undo' } },
    });
    await window(random.below(400));
    await stage.kill();
    await stack.stopServer('temporal', { how: 'kill' });
    await stack.startServer('temporal');
    stage.start();
    await eventually(
      'all nodes are back',
      async () => {
        const images = await imagesOf(stage, fleet);
        return images['web:4'] === fleet.uids.length ? there(images) : notYet(images);
      },
      { withinMs: 300_000 },
    );
    await rolloutIs(stage, fleet, 'Complete', 300_000);
    await expectKept(since, '4');
  }, 600_000);

  test('a worker that is frozen between record and change, and wakes up when the form has moved on, takes no node back', async () => {
    await stage.kill();
    const hits = stage.hits().length;
    stage.start({ failpoint: 'P31.after', action: 'stop', scope: fleet.namespace, gated: false });
    const since = await begin();
    await editFleet(stage, fleet, { version: '6' });
    await eventually('the worker is frozen', () => (stage.hits().length > hits ? there(true) : notYet('it runs')), {
      withinMs: 90_000,
    });
    const frozen = stage.worker();
    const other = stage.startAnother();
    try {
      await rolloutIs(stage, fleet, 'Complete', 240_000);
      await editFleet(stage, fleet, { version: '7' });
      await updated(2);
      frozen.send('SIGCONT');
      await rolloutIs(stage, fleet, 'Complete', 240_000);
      await window(3_000);
      await expectKept(since, '7');
    } finally {
      frozen.send('SIGKILL');
      other.send('SIGKILL');
      await Promise.all([frozen.ended, other.ended]);
      stage.start();
    }
  }, 600_000);

  test('nothing in the log of the API server breaks a rule, and what is not ours is what it was', async () => {
    await expectRulesKept(stage, begun, { least: { deletes: 0 } });
  });
});
