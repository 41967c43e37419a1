import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { workflowIds } from '../../domain/identity.ts';
import { conditionOf, type Json, type KubeObject, lynqPath, type WatchEvent } from '../support/e2e/cluster.ts';
import { eventually, notYet, there } from '../support/e2e/eventually.ts';
import { lynq } from '../support/e2e/programs.ts';
import { isReady, stateOf } from '../support/e2e/world.ts';
import {
  addRows,
  bringFleet,
  closeFleets,
  editFleet,
  fleetForm,
  type FleetEdit,
  fleetNamed,
  followFleet,
  formPath,
  imagesOf,
  nodesOfFleet,
  putForm,
  rolloutIs,
  setRows,
} from '../support/faults/fleet.ts';
import { openStage, type Stage } from '../support/faults/stage.ts';

type Verb = 'pause' | 'resume' | 'abort' | 'undo';

const isAfter = (object: KubeObject, version: string): boolean =>
  BigInt(object.metadata.resourceVersion) > BigInt(version);
const flightsOf = (form: KubeObject): readonly string[] =>
  ((form.status?.rollout?.inFlight ?? []) as readonly { node: string }[]).map(({ node }) => node);

/** What people do to a rollout that is under way: each command in each of the three ways. */
describe('e2e/rollouts-steering', () => {
  const fleet = fleetNamed('steering', 10, 1);
  const size = fleet.uids.length;
  let stage: Stage;
  let folder: string;

  const tell = (args: readonly string[]) => lynq(stage.stack, ['-n', fleet.namespace, ...args]);
  const form = () => stage.cluster.get(formPath(fleet));
  const ways = {
    signal: async (verb: Verb, revision?: string) => {
      const run = stage.engine.client.workflow.getHandle(workflowIds.rollout(fleet.namespace, fleet.form));
      await run.signal(verb, ...(revision === undefined ? [] : [{ revision }]));
    },
    annotation: async (verb: Verb, revision?: string) => {
      const value = revision === undefined ? verb : `${verb}:${revision}`;
      await stage.cluster.merge(formPath(fleet), { metadata: { annotations: { 'lynq.sh/rollout': value } } });
    },
    lynq: async (verb: Verb, revision?: string) => {
      const to = revision === undefined ? [] : ['--to-revision', revision];
      expect(await tell(['rollout', verb, fleet.form, ...to])).toMatchObject({ code: 0, stderr: '' });
    },
  } as const;
  type Way = keyof typeof ways;

  /** Tells it, and waits until the form's status says that it holds; returns the version the form had before. */
  const steer = async (
    way: Way,
    command: { readonly verb: Verb; readonly revision?: string },
    holds: (form: KubeObject) => boolean,
  ): Promise<string> => {
    const { resourceVersion } = (await form()).metadata;
    const told = Date.now();
    await ways[way](command.verb, command.revision);
    const answered = Date.now();
    await eventually(
      `${command.verb} by ${way} holds`,
      async () => {
        const found = await form();
        return holds(found) ? there(true) : notYet(found.status?.rollout);
      },
      { everyMs: 20 },
    );
    const took = `told in ${answered - told} ms, in force ${Date.now() - answered} ms later`;
    process.stdout.write(`e2e/rollouts-steering: ${command.verb} by ${way}: ${took}\n`);
    return resourceVersion;
  };
  const says =
    (beginning: string) =>
    ({ status, metadata }: KubeObject): boolean =>
      status.rollout.targetGeneration === metadata.generation && String(status.rollout.message).startsWith(beginning);
  const isUpdating = ({ status }: KubeObject): boolean =>
    status.rollout.phase === 'InProgress' && !String(status.rollout.message).startsWith('Paused');
  const updated = (count: number) =>
    eventually(
      `${count} nodes are updated`,
      async () => {
        const { status, metadata } = await form();
        const { targetGeneration, updatedNodes } = status.rollout;
        return targetGeneration === metadata.generation && updatedNodes >= count
          ? there(Number(updatedNodes))
          : notYet(status.rollout);
      },
      { everyMs: 50 },
    );
  /** Nodes that were let go between two moments, in the order of the store: from when `begins` first holds after `from`, until `to`. */
  const letGo = (
    events: readonly WatchEvent[],
    { from, begins, to }: { from: string; begins: (form: KubeObject) => boolean; to?: string },
  ): readonly string[] => {
    const forms = events.flatMap(({ object }) => (object.kind === 'LynqForm' ? [object] : []));
    const start = forms.findIndex((found) => isAfter(found, from) && begins(found));
    expect(start).toBeGreaterThan(0);
    const during = forms.slice(start).filter((found) => to === undefined || !isAfter(found, to));
    const known = new Set(flightsOf(forms[start - 1]!));
    return during.flatMap((found) => flightsOf(found).filter((name) => !known.has(name) && known.add(name)));
  };
  const revisionOf = async (version: string): Promise<KubeObject> => {
    const path = `/apis/apps/v1/namespaces/${fleet.namespace}/controllerrevisions`;
    const kept = await stage.cluster.list(path);
    const found = kept.find((revision) => JSON.stringify(revision.data).includes(`"web:${version}"`));
    expect(found).toBeDefined();
    return found!;
  };

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'lynqflow-steering-'));
    stage = await openStage(inject('stack'), 'steering');
    await bringFleet(stage, fleet, { version: 'first', rollout: { maxSkew: size } });
  }, 240_000);
  afterAll(async () => {
    await closeFleets(stage);
    rmSync(folder, { recursive: true, force: true });
  });

  test.each(['signal', 'annotation', 'lynq'] as const)(
    'pause, resume, abort and undo to any kept revision, told by %s, hold from the next node on',
    async (way) => {
      await editFleet(stage, fleet, { version: `${way}-base`, rollout: { maxSkew: size } });
      await rolloutIs(stage, fleet, 'Complete');
      const history = await followFleet(stage, fleet);
      await editFleet(stage, fleet, { version: `${way}-next`, slowSeconds: 3 });
      await updated(1);
      const paused = await steer(way, { verb: 'pause' }, says('Paused; '));
      const resumed = await steer(way, { verb: 'resume' }, isUpdating);
      await updated((await form()).status.rollout.updatedNodes + 2);
      const aborted = await steer(way, { verb: 'abort' }, says('Aborted; '));
      const stopped = await form();
      expect(stopped.status.rollout).toMatchObject({ phase: 'Failed', failedUpdatedNodes: 0 });
      expect(stopped.status.rollout.updatedNodes).toBeLessThan(size);
      const first = await revisionOf('first');
      expect(stopped.status.rollout.previousRevision).not.toBe(first.metadata.name);
      const undone = await steer(way, { verb: 'undo', revision: first.metadata.name }, ({ status, metadata }) => {
        const { targetGeneration, revision } = status.rollout;
        return targetGeneration === metadata.generation && revision === first.metadata.name;
      });
      const complete = await rolloutIs(stage, fleet, 'Complete');
      expect(await imagesOf(stage, fleet)).toEqual({ 'web:first': size });
      const { rollout, ...content } = complete.spec;
      expect(content).toEqual(first.data);
      expect(rollout).toMatchObject({ maxSkew: 1 });
      expect(complete.metadata.annotations?.['lynq.sh/rollout']).toBeUndefined();
      expect(complete.status.rollout.startTime >= stopped.status.rollout.startTime).toBe(true);

      const events = await history.stop();
      const isPaused = ({ spec }: KubeObject): boolean => spec.rollout.paused === true;
      const isAborted = ({ status }: KubeObject): boolean => status.rollout.aborted === true;
      expect(letGo(events, { from: paused, begins: isPaused, to: resumed })).toEqual([]);
      expect(letGo(events, { from: resumed, begins: (found) => !isPaused(found), to: aborted })).not.toEqual([]);
      expect(letGo(events, { from: aborted, begins: isAborted, to: undone })).toEqual([]);
    },
    300_000,
  );

  test('nodes that never get ready hold all places, and new tenants get what the form says now at once all the same', async () => {
    const { spec } = fleetForm(fleet, { version: 'held' });
    const [web] = spec.deployments;
    const system = '{{ if hasPrefix "new" .uid }}linux{{ else }}none{{ end }}';
    const pods = { ...web!.spec.spec.template.spec, nodeSelector: { 'kubernetes.io/os': system } };
    const template = { ...web!.spec.spec.template, spec: pods };
    const held = { ...web, spec: { ...web!.spec, spec: { ...web!.spec.spec, template } } };
    await putForm(stage, fleet, { ...spec, deployments: [held] });
    await updated(1);
    await addRows(stage, fleet, ['new1', 'new2']);
    for (const name of ['new1-web', 'new2-web'])
      await eventually(`${name} is Ready`, async () => {
        const node = await stage.cluster.find(lynqPath(fleet.namespace, 'lynqnodes', name));
        const state = stateOf(name, node);
        return isReady(node) ? there(node) : notYet(state);
      });
    const { status } = await form();
    expect(status.rollout).toMatchObject({ phase: 'InProgress', inFlight: [{ node: 't00-web' }] });
    expect(await imagesOf(stage, fleet)).toEqual({ 'web:first': size - 1, 'web:held': 3 });
    await eventually('the form counts its nodes', async () => {
      const applied = conditionOf(await form(), 'Applied');
      const counted = `${applied?.status} ${applied?.reason}: ${applied?.message}`;
      return counted === `False NotAllNodesReady: ${size + 1}/${size + 2} nodes ready`
        ? there(applied)
        : notYet(counted);
    });
    await ways.lynq('undo');
    await rolloutIs(stage, fleet, 'Complete');
    expect(await imagesOf(stage, fleet)).toEqual({ 'web:first': size + 2 });
    await stage.database.sql("DELETE FROM fleet_steering WHERE id LIKE 'new%'");
    await eventually('the new ones are gone', async () => {
      const { totalNodes } = (await form()).status.rollout;
      return totalNodes === size ? there(true) : notYet(totalNodes);
    });
  }, 240_000);

  test('a change of rows is let go node by node, and told on each of them once', async () => {
    await editFleet(stage, fleet, { version: 'first', rollout: { maxSkew: 4 } });
    await rolloutIs(stage, fleet, 'Complete');
    await setRows(stage, fleet, 'size', '3');
    await eventually('all nodes have the new value', async () => {
      const nodes = await nodesOfFleet(stage, fleet);
      const extras = nodes.filter(({ metadata }) => metadata.annotations?.['lynq.sh/extra'] === '{"size":"3"}');
      return extras.length === size && nodes.every(isReady) ? there(true) : notYet(extras.length);
    });
    const told = await eventually('each node says so', async () => {
      const path = `/api/v1/namespaces/${fleet.namespace}/events?fieldSelector=reason=DataUpdated`;
      const events = (await stage.cluster.list(path)) as readonly Json[];
      return events.length >= size ? there(events) : notYet(events.length);
    });
    expect(told.map(({ involvedObject }) => String(involvedObject.name)).toSorted()).toEqual(
      fleet.uids.map((uid) => `${uid}-web`),
    );
    expect(told[0].message).toMatch(
      /^LynqNode data updated from registry 'hub'\. Total 2 resources may be affected\. Template: web \(generation: \d+\)$/,
    );
  }, 240_000);

  test('a plan says in which waves nodes will change, and status -w shows them change so', async () => {
    const file = join(folder, 'web.yaml');
    const write = (edit: FleetEdit) => writeFileSync(file, JSON.stringify(fleetForm(fleet, edit)));
    // What is planned is what an apply would do, which is refused as long as the fields are somebody else's.
    write({ version: 'applied', rollout: { maxSkew: 5 } });
    expect(await tell(['apply', '-f', file, '--force-conflicts'])).toMatchObject({ code: 0 });
    await rolloutIs(stage, fleet, 'Complete');
    const waves = [{ name: 'canary', uids: ['t07', 't03'], soakSeconds: 2, maxFailures: 0 }];
    write({ version: 'planned', rollout: { maxSkew: 2, waves } });
    const before = await form();
    const planned = await tell(['plan', '-f', file]);
    expect(planned.stderr).not.toContain('Error');
    expect(planned).toMatchObject({ code: 1 });
    const shown = planned.stdout.split('\n');
    const title = `LynqForm ${fleet.namespace}/web: LynqNodes: ${size} to change; its rollout decides when`;
    const first = shown.indexOf(title);
    expect(shown.slice(first + 1, first + 4)).toEqual([
      '  rollout: 2 nodes at once',
      '    wave canary: 2 nodes (t03-web, t07-web), then 2 s of soak, halts when more than 0 fail',
      expect.stringMatching(/^ {4}wave rest: 8 nodes \(t00-web, t01-web, t02-web, /),
    ]);
    expect(shown).toContainEqual(expect.stringMatching(/^~ 10 nodes: Deployment \(web\) changed$/));
    expect((await form()).metadata.generation).toBe(before.metadata.generation);
    const asJson = await tell(['plan', '-f', file, '-o', 'json']);
    const { plans } = JSON.parse(asJson.stdout) as {
      plans: readonly { forms: readonly { rollout: { waves: readonly { nodes: readonly string[] }[] } }[] }[];
    };
    const promised = plans[0]!.forms[0]!.rollout.waves.flatMap(({ nodes }) => nodes);

    const history = await followFleet(stage, fleet);
    expect(await tell(['apply', '-f', file])).toMatchObject({ code: 0 });
    const followed = await tell(['rollout', 'status', fleet.form, '-w']);
    expect(followed.code).toBe(0);
    const lines = followed.stdout.split('\n').filter((line) => line.startsWith('web: '));
    expect(lines.at(-1)).toBe(`web: Complete: ${size}/${size} updated, ${size} ready, 0 failed, 0 in flight`);
    const inWave = (name: string) => lines.findIndex((line) => line.includes(`(wave ${name})`));
    expect([inWave('canary') >= 0, inWave('canary') < inWave('rest')]).toEqual([true, true]);
    const counts = lines.flatMap((line) => (/ (\d+)\/10 updated/.exec(line) ?? []).slice(1).map(Number));
    expect(counts).toEqual(counts.toSorted((a, b) => a - b));
    // It looks once a second, and several nodes may have changed in between.
    expect(counts.some((count) => count > 2 && count < size)).toBe(true);
    const pace =
      /^web: InProgress \(wave rest\): \d+\/10 updated, \d+ ready, 0 failed, [12] in flight, [\d.]+ nodes\/min, about \S+ left$/;
    expect(lines.some((line) => pace.test(line))).toBe(true);
    expect(followed.stdout).toContain('  Soaking until ');

    const forms = (await history.stop()).flatMap(({ object }) => (object.kind === 'LynqForm' ? [object] : []));
    const order = [
      ...new Set(forms.filter(({ metadata }) => metadata.generation !== before.metadata.generation).flatMap(flightsOf)),
    ];
    expect(order).toEqual(promised);
  }, 240_000);
});
