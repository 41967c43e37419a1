import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { type KubeObject, lynqPath, type WatchEvent } from '../support/e2e/cluster.ts';
import { eventually, notYet, there } from '../support/e2e/eventually.ts';
import { lynq } from '../support/e2e/programs.ts';
import { isReady } from '../support/e2e/world.ts';
import {
  addRows,
  bringFleet,
  closeFleets,
  editFleet,
  type Fleet,
  fleetNamed,
  followFleet,
  formPath,
  imagesOf,
  nodesOfFleet,
  proveSkew,
  rolloutIs,
  setRows,
} from '../support/faults/fleet.ts';
import { openStage, type Stage } from '../support/faults/stage.ts';

/** Rollouts over fleets in which not every tenant is well. */
describe('e2e/rollouts-tenants', () => {
  let stage: Stage;

  beforeAll(async () => {
    stage = await openStage(inject('stack'), 'tenants');
  }, 120_000);
  afterAll(() => closeFleets(stage));

  const begin = async (fleet: Fleet) => ({ place: stage.audit.now(), history: await followFleet(stage, fleet) });
  const tell = (fleet: Fleet, args: readonly string[]) =>
    lynq(stage.stack, ['-n', fleet.namespace, 'rollout', ...args]);
  const rolloutOf = async (fleet: Fleet) => {
    const form = await stage.cluster.get(formPath(fleet));
    const { rollout } = form.status;
    return rollout.targetGeneration === form.metadata.generation ? rollout : {};
  };
  const nodeOf = (fleet: Fleet, uid: string): Promise<KubeObject> =>
    stage.cluster.get(lynqPath(fleet.namespace, 'lynqnodes', `${uid}-web`));

  /** Every node is on the form, and this many of them are Ready. */
  const hasReachedAll = (fleet: Fleet, nodes: number, ready: number) =>
    eventually(
      `the rollout of ${fleet.namespace} has reached all nodes`,
      async () => {
        const rollout = await rolloutOf(fleet);
        const isThere = rollout.updatedNodes === nodes && rollout.readyUpdatedNodes === ready;
        return isThere && rollout.inFlight.length === 0 ? there(rollout) : notYet(rollout);
      },
      { withinMs: 180_000 },
    );

  test('two broken tenants hold nothing up where two may move at once, and undo goes back one revision and not two', async () => {
    const fleet = fleetNamed('broken', 6, 2);
    const brokenWhen = 'eq .size "0"';
    await bringFleet(stage, fleet, { version: '1', brokenWhen });
    await setRows(stage, fleet, 'size', '0', ['t01', 't03']);
    await eventually('two tenants are broken', async () => {
      const failed = (await nodesOfFleet(stage, fleet)).filter(({ status }) => (status?.failedResources ?? 0) > 0);
      return failed.length === 2 ? there(true) : notYet(failed.length);
    });

    const since = await begin(fleet);
    await editFleet(stage, fleet, { version: '2', brokenWhen });
    const reached = await hasReachedAll(fleet, 6, 4);

    expect(reached).toMatchObject({ phase: 'InProgress', proven: true, failedUpdatedNodes: 2 });
    expect(await imagesOf(stage, fleet)).toEqual({ 'web:2': 6 });
    const { watched, requested } = await proveSkew(stage, fleet, since);
    expect([watched.violations, requested.violations]).toEqual([[], []]);
    const shown = await tell(fleet, ['status', 'web', '-w']);
    expect(shown).toMatchObject({ code: 0 });
    expect(shown.stdout).toContain('web: InProgress (wave all): 6/6 updated, 4 ready, 2 failed, 0 in flight');

    const waves = [{ name: 'canary', uids: ['t00'], maxFailures: 0 }];
    await editFleet(stage, fleet, { version: 'broken', rollout: { waves } });
    const failed = (await rolloutIs(stage, fleet, 'Failed')).status.rollout;
    expect(failed.message).toBe("Wave 'canary' halted: 1 of at most 0 nodes failed: t00-web (ReadinessTimeout)");
    expect(failed.previousRevision).toBe(reached.revision);
    await addRows(stage, fleet, ['new01']);
    const born = await eventually('the new tenant works', async () => {
      const node = await nodeOf(fleet, 'new01');
      return isReady(node) ? there(node) : notYet('not Ready');
    });
    expect(born.spec.formRevision).toBe(reached.revision);

    expect(await tell(fleet, ['undo', 'web'])).toMatchObject({ code: 0, stderr: '' });
    expect((await hasReachedAll(fleet, 7, 5)).revision).toBe(reached.revision);
    expect(await imagesOf(stage, fleet)).toEqual({ 'web:2': 7 });
  }, 600_000);

  test('a wave goes on past as many failures as its budget has and halts at one more, with one place for all', async () => {
    const fleet = fleetNamed('budget', 6, 1);
    const waves = [{ name: 'canary', uids: ['t00', 't01', 't02'], maxFailures: 1 }];
    await bringFleet(stage, fleet, { version: '1' });

    await editFleet(stage, fleet, { version: '2', rollout: { waves }, brokenWhen: 'has .uid (list "t01")' });
    const reached = await hasReachedAll(fleet, 6, 5);
    expect(reached.failedNodes).toEqual([{ node: 't01-web', reason: 'ReadinessTimeout' }]);
    expect(await imagesOf(stage, fleet)).toEqual({ 'web:2': 6 });

    await editFleet(stage, fleet, {
      version: '3',
      rollout: { waves },
      brokenWhen: 'has .uid (list "t00" "t01" "t02")',
    });
    const halted = (await rolloutIs(stage, fleet, 'Failed')).status.rollout;
    expect(halted.message).toBe(
      "Wave 'canary' halted: 2 of at most 1 nodes failed: t00-web (ReadinessTimeout), t02-web (ReadinessTimeout)",
    );
    expect(await imagesOf(stage, fleet)).toEqual({ 'web:2': 3, 'web:3': 3 });
  }, 600_000);

  test('new rows neither move others into the wave of a share nor count for its budget', async () => {
    const fleet = fleetNamed('share', 8, 4);
    const waves = [{ name: 'early', percentage: 25, soakSeconds: 40, maxFailures: 0 }];
    await bringFleet(stage, fleet, { version: '1' });
    const { history } = await begin(fleet);
    await editFleet(stage, fleet, { version: '2', rollout: { waves }, brokenWhen: 'eq .uid "a00"' });
    await eventually(
      'the first wave soaks',
      async () => {
        const rollout = await rolloutOf(fleet);
        return rollout.soakingSince === undefined ? notYet(rollout) : there(rollout);
      },
      { everyMs: 50 },
    );
    const added = ['a00', ...Array.from({ length: 6 }, (_, index) => `z${index}`)];
    await addRows(stage, fleet, added);
    await hasReachedAll(fleet, 15, 14);

    const rollouts = rolloutsIn(await history.stop());
    const early = rollouts.filter(({ wave, totalNodes }) => wave === 'early' && totalNodes === 15);
    expect(early.length).toBeGreaterThan(0);
    expect(early.flatMap(({ inFlight }) => inFlight)).toEqual([]);
    expect(rollouts.filter(({ phase }) => phase === 'Failed')).toEqual([]);
    const { waves: counted } = await rolloutOf(fleet);
    expect(counted.map(({ name, nodes }: { name: string; nodes: number }) => [name, nodes])).toEqual([
      ['early', 3],
      ['rest', 12],
    ]);
    expect(counted[0].share.last).toBe('t01');
  }, 600_000);

  test('a node that is paused on its way keeps its place while its pods roll, and the rollout waits for it', async () => {
    const fleet = fleetNamed('resting', 5, 2);
    await bringFleet(stage, fleet, { version: '1' });
    const since = await begin(fleet);
    await editFleet(stage, fleet, { version: '2', slowSeconds: 6 });
    await eventually(
      'the pods of the first one are on their way',
      async () => {
        const deployment = await stage.cluster.get(`/apis/apps/v1/namespaces/${fleet.namespace}/deployments/t00-web`);
        return deployment.spec.template.spec.containers[0].image === 'web:2' ? there(true) : notYet(deployment.spec);
      },
      { everyMs: 50 },
    );
    const path = lynqPath(fleet.namespace, 'lynqnodes', 't00-web');
    await stage.cluster.merge(path, { spec: { paused: true } });
    const waiting = await eventually(
      'only the paused one is left',
      async () => {
        const rollout = await rolloutOf(fleet);
        return String(rollout.message).startsWith('Waiting for paused nodes: ') ? there(rollout) : notYet(rollout);
      },
      { withinMs: 120_000 },
    );
    expect(waiting.message).toMatch(/^Waiting for paused nodes: t00-web; 5\/5 nodes updated/);
    expect(waiting.inFlight.map(({ node }: { node: string }) => node)).toEqual(['t00-web']);
    await stage.cluster.merge(path, { spec: { paused: null } });
    await rolloutIs(stage, fleet, 'Complete');
    const { watched, requested } = await proveSkew(stage, fleet, since);
    expect([watched.violations, requested.violations]).toEqual([[], []]);
    expect([watched.worst, requested.worst]).toEqual([2, 2]);
  }, 600_000);

  test('a rollout begins by itself when a freeze window ends', async () => {
    const fleet = fleetNamed('frozen', 3, 3);
    await bringFleet(stage, fleet, { version: '1' });
    const { history } = await begin(fleet);
    const clock = (milliseconds: number): string => new Date(milliseconds).toISOString().slice(11, 16);
    const end = Math.ceil((Date.now() + 15_000) / 60_000) * 60_000;
    const window = { start: clock(end - 120_000), end: clock(end) };
    await editFleet(stage, fleet, { version: '2', rollout: { freezeWindows: [window] } });
    await eventually('it says that it is frozen', async () => {
      const { message } = await rolloutOf(fleet);
      return String(message).startsWith(`Frozen until ${new Date(end).toISOString().slice(0, 19)}Z; `)
        ? there(true)
        : notYet(message);
    });

    await rolloutIs(stage, fleet, 'Complete');

    expect(await imagesOf(stage, fleet)).toEqual({ 'web:2': 3 });
    const letGo = rolloutsIn(await history.stop()).flatMap(({ inFlight }) => inFlight.map(({ since }) => since));
    expect(letGo.length).toBeGreaterThan(0);
    expect(letGo.filter((since) => Date.parse(since) < end)).toEqual([]);
  }, 600_000);
});

interface SeenRollout {
  readonly phase: string;
  readonly wave?: string;
  readonly totalNodes: number;
  readonly inFlight: readonly { readonly node: string; readonly since: string }[];
}

/** Every status that a rollout had, in order. */
function rolloutsIn(events: readonly WatchEvent[]): readonly SeenRollout[] {
  return events.flatMap(({ object }) => {
    const rollout = object.kind === 'LynqForm' ? object.status?.rollout : undefined;
    return rollout === undefined ? [] : [{ inFlight: [], ...rollout } as SeenRollout];
  });
}
