import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { type KubeObject, lynqPath } from '../support/e2e/cluster.ts';
import { eventually, notYet, there } from '../support/e2e/eventually.ts';
import { lynq } from '../support/e2e/programs.ts';
import {
  addRows,
  bringFleet,
  closeFleets,
  editFleet,
  fleetNamed,
  followFleet,
  imagesOf,
  nodesOfFleet,
  proveSkew,
  rolloutIs,
} from '../support/faults/fleet.ts';
import { childrenOf } from '../support/faults/proxy-golden.ts';
import { openStage, type Stage } from '../support/faults/stage.ts';

/** The seed of all fear: a form edit that does not work, over a fleet of 50. */
interface ContainerStatus {
  readonly image: string;
  readonly state: { readonly waiting?: { readonly reason: string } };
}

describe('e2e/rollouts-canary', () => {
  let stage: Stage;
  const fleet = fleetNamed('canary', 50, 5);
  const canaries = ['t07', 't31'];
  const waves = [{ name: 'canary', uids: canaries, maxFailures: 0 }];
  const isCanary = (name: string) => canaries.some((uid) => name.startsWith(`${uid}-`));
  const tell = (args: readonly string[]) => lynq(stage.stack, ['-n', fleet.namespace, 'rollout', ...args]);

  beforeAll(async () => {
    stage = await openStage(inject('stack'), 'canary');
    await bringFleet(stage, fleet, { version: '1' });
  }, 300_000);
  afterAll(() => closeFleets(stage));

  /** Everything of the nodes that are not canaries, in the exact version the server has it. */
  const healthy = async (): Promise<Readonly<Record<string, string>>> => {
    const nodes = await nodesOfFleet(stage, fleet);
    const objects = [...nodes, ...(await childrenOf(stage.cluster, fleet.namespace))];
    const versionOf = ({ metadata }: KubeObject) =>
      `${metadata.uid} ${metadata.generation ?? ''} ${metadata.resourceVersion}`;
    return Object.fromEntries(
      objects
        .filter(({ metadata }) => !isCanary(metadata.name) && !metadata.name.startsWith('new'))
        .map((object) => [`${object.kind}/${object.metadata.name}`, versionOf(object)]),
    );
  };

  /** Why containers wait, by image. */
  const waitingPods = async (): Promise<Readonly<Record<string, ReadonlySet<string>>>> => {
    const pods = await stage.cluster.list(`/api/v1/namespaces/${fleet.namespace}/pods`);
    const reasons: Record<string, Set<string>> = {};
    for (const { status } of pods)
      for (const { image, state } of (status?.containerStatuses ?? []) as ContainerStatus[])
        if (state.waiting !== undefined) (reasons[image] ??= new Set()).add(state.waiting.reason);
    return reasons;
  };

  test('a canary wave whose image cannot be pulled halts a fleet of 50, new tenants get what works, and undo touches no healthy node', async () => {
    const before = await healthy();
    expect(Object.keys(before)).toHaveLength(48 * 3);
    const since = { place: stage.audit.now(), history: await followFleet(stage, fleet) };
    await editFleet(stage, fleet, { version: 'broken', rollout: { waves } });
    const failed = await rolloutIs(stage, fleet, 'Failed');
    const { message, failedNodes, updatedNodes, wave } = failed.status.rollout;
    expect(message).toMatch(/^Wave 'canary' halted: [12] of at most 0 nodes failed: t(07|31)-web \(ReadinessTimeout\)/);
    expect((failedNodes as readonly { node: string }[]).every(({ node }) => isCanary(node))).toBe(true);
    expect([updatedNodes, wave]).toEqual([2, 'canary']);
    expect(await waitingPods()).toEqual({ 'web:broken': new Set(['ImagePullBackOff']) });
    const shown = await tell(['status', 'web']);
    expect(shown).toMatchObject({ code: 1 });
    expect(shown.stdout).toContain('web: Failed (wave canary): 2/50 updated, 0 ready');
    expect(await healthy()).toEqual(before);

    await addRows(stage, fleet, ['new01']);
    await eventually('the new tenant works', async () => {
      const node = await stage.cluster.find(lynqPath(fleet.namespace, 'lynqnodes', 'new01-web'));
      return node?.status?.readyResources === 2 ? there(node) : notYet(node?.status);
    });
    expect(await imagesOf(stage, fleet)).toEqual({ 'web:1': 49, 'web:broken': 2 });

    expect(await tell(['undo', 'web'])).toMatchObject({ code: 0, stderr: '' });
    await rolloutIs(stage, fleet, 'Complete');
    expect(await imagesOf(stage, fleet)).toEqual({ 'web:1': 51 });
    expect(await healthy()).toEqual(before);
    const { watched, requested } = await proveSkew(stage, fleet, since);
    expect([watched.violations, requested.violations]).toEqual([[], []]);
  });

  test('events: what waits is said on the hub, what changes on each node, how it went on the form', async () => {
    await editFleet(stage, fleet, { version: '2', rollout: { waves } });
    await rolloutIs(stage, fleet, 'Complete');
    const events = (await stage.cluster.list(
      `/api/v1/namespaces/${fleet.namespace}/events`,
    )) as readonly (KubeObject & {
      readonly reason: string;
      readonly message: string;
      readonly involvedObject: { readonly kind: string; readonly name: string };
      readonly source: { readonly component: string };
    })[];
    const told = events.map(
      ({ reason, message, involvedObject, source }) =>
        `${source.component} ${involvedObject.kind}/${involvedObject.name} ${reason}: ${message}`,
    );
    const matching = (pattern: RegExp) => told.filter((text) => pattern.test(text));
    expect(
      matching(
        /^lynqhub-controller LynqHub\/hub RolloutThrottled: LynqForm 'web': \d+ node updates throttled \(maxSkew=5, currently updating=\d\)$/,
      ).length,
    ).toBeGreaterThan(0);
    expect(
      matching(
        /^lynqhub-controller LynqNode\/t00-web TemplateApplied: Applying LynqForm 'web' changes \(generation: \d+ -> \d+\)\. Total 2 resources will be reconciled: \[1 Deployment\(s\) 1 Service\(s\)\]\. Hub: hub, UID: t00$/,
      ),
    ).toHaveLength(1);
    expect(matching(/^lynqform-controller LynqForm\/web RolloutFailed: Wave 'canary' halted/)).toHaveLength(1);
    const started = matching(/^lynqform-controller LynqForm\/web RolloutStarted: /);
    expect(started.map((text) => text.slice(text.lastIndexOf(': ') + 2)).toSorted()).toEqual([
      '2 of 51 nodes to update',
      '50 of 50 nodes to update',
      '51 of 51 nodes to update',
    ]);
    expect(
      matching(/^lynqform-controller LynqForm\/web RolloutComplete: .*All 51 nodes updated and ready$/).length,
    ).toBeGreaterThan(0);
  });

  test('a rollout is followed line by line where there is no terminal, and waves are counted', async () => {
    await editFleet(stage, fleet, { version: '3', rollout: { waves } });
    const followed = await tell(['status', 'web', '-w']);
    expect(followed.code).toBe(0);
    const lines = followed.stdout.split('\n').filter((line) => line.startsWith('web: '));
    expect(lines.at(-1)).toMatch(/^web: Complete: 51\/51 updated, 51 ready, 0 failed, 0 in flight$/);
    expect(lines.some((line) => /\d nodes\/min, about .* left$/.test(line))).toBe(true);
    const { waves: counted } = (await rolloutIs(stage, fleet, 'Complete')).status.rollout;
    expect(counted).toEqual([
      { name: 'canary', nodes: 2, updated: 2, ready: 2, failed: 0 },
      { name: 'rest', nodes: 49, updated: 49, ready: 49, failed: 0 },
    ]);
  });

  test('undo goes back to any kept revision, and those beyond ten that nothing needs are gone', async () => {
    for (let version = 4; version <= 15; version += 1) {
      await editFleet(stage, fleet, { version: String(version), rollout: { paused: true } });
      await eventually('the edit has been seen', async () => {
        const form = await stage.cluster.get(`/apis/operator.lynq.sh/v1/namespaces/${fleet.namespace}/lynqforms/web`);
        return form.status.rollout.targetGeneration === form.metadata.generation
          ? there(true)
          : notYet(form.status.rollout);
      });
    }
    const kept = await eventually('old revisions are gone', async () => {
      const found = await stage.cluster.list(`/apis/apps/v1/namespaces/${fleet.namespace}/controllerrevisions`);
      return found.length === 12
        ? there(found)
        : notYet(found.map((one) => (one as unknown as { revision: number }).revision));
    });
    const imageOf = (revision: KubeObject): string =>
      (
        revision.data as unknown as {
          deployments: readonly {
            spec: { spec: { template: { spec: { containers: readonly { image: string }[] } } } };
          }[];
        }
      ).deployments[0]?.spec.spec.template.spec.containers[0]?.image ?? '';
    const images = kept.map(imageOf);
    expect(images).toContain('web:3');
    expect(images).toContain('web:15');
    await stage.cluster.merge(`/apis/operator.lynq.sh/v1/namespaces/${fleet.namespace}/lynqforms/web`, {
      spec: { rollout: { paused: null } },
    });
    const wanted = kept.find((revision) => imageOf(revision) === 'web:9')!;
    expect(await tell(['undo', 'web', '--to-revision', wanted.metadata.name])).toMatchObject({ code: 0, stderr: '' });
    await eventually(
      'the fleet has it',
      async () => {
        const found = await imagesOf(stage, fleet);
        return found['web:9'] === 51 ? there(found) : notYet(found);
      },
      { withinMs: 180_000 },
    );
  });
});
