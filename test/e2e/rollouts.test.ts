import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { conditionOf, type KubeObject, lynqPath, type WatchEvent } from '../support/e2e/cluster.ts';
import { eventually, notYet, there } from '../support/e2e/eventually.ts';
import { openWorld, type World } from '../support/e2e/world.ts';

/** A form of one Deployment; a `broken` one asks for a machine that does not exist. The stack's machines cannot pull image `web:broken`. */
const formText = (
  namespace: string,
  name: string,
  edit: { rollout: string; image: string; broken?: boolean },
): string => `
apiVersion: operator.lynq.sh/v1
kind: LynqForm
metadata:
  name: ${name}
  namespace: ${namespace}
spec:
  hubId: multi-tier-nodes
  rollout: ${edit.rollout}
  deployments:
    - id: web
      nameTemplate: '{{ .uid }}-${name}'
      timeoutSeconds: 5
      spec:
        apiVersion: apps/v1
        kind: Deployment
        spec:
          replicas: 1
          selector: { matchLabels: { app: '{{ .uid }}-${name}' } }
          template:
            metadata: { labels: { app: '{{ .uid }}-${name}' } }
            spec:
              ${edit.broken === true ? 'nodeSelector: { does-not: exist }' : 'terminationGracePeriodSeconds: 1'}
              containers: [{ name: web, image: 'web:${edit.image}' }]
`;

const isSettled = ({ metadata, status }: KubeObject): boolean =>
  conditionOf({ metadata, status } as KubeObject, 'Ready')?.status === 'True' &&
  status?.observedGeneration === metadata.generation;

/** The most nodes of a form that were on their way to a revision at once, at any moment of the watch history. */
function worstSkew(events: readonly WatchEvent[], form: string): number {
  const moving = new Set<string>();
  const revisions = new Map<string, string>();
  let worst = 0;
  for (const { type, object } of events) {
    if (object.spec?.templateRef !== form) continue;
    const { name } = object.metadata;
    const before = revisions.get(name);
    const revision = object.spec.formRevision as string;
    revisions.set(name, revision);
    if (type === 'DELETED' || isSettled(object)) moving.delete(name);
    else if (before !== undefined && before !== revision) moving.add(name);
    worst = Math.max(worst, moving.size);
  }
  return worst;
}

/** Nodes of a form in the order in which their revision changed. */
function changesOf(events: readonly WatchEvent[], form: string): readonly { readonly uid: string }[] {
  const revisions = new Map<string, string>();
  return events.flatMap(({ object }) => {
    if (object.spec?.templateRef !== form) return [];
    const before = revisions.get(object.metadata.name);
    revisions.set(object.metadata.name, object.spec.formRevision as string);
    return before !== undefined && before !== object.spec.formRevision ? [{ uid: object.spec.uid as string }] : [];
  });
}

describe('e2e/rollouts', () => {
  const rows = Array.from({ length: 12 }, (_, index) => `row-${String(index).padStart(2, '0')}`);
  let world: World;

  const form = (name: string): Promise<KubeObject> => world.cluster.get(lynqPath(world.namespace, 'lynqforms', name));
  const nodesOfForm = async (name: string): Promise<readonly KubeObject[]> =>
    (await world.nodes()).filter(({ spec }) => spec.templateRef === name);
  const applyForm = (name: string, edit: Parameters<typeof formText>[2]) =>
    world.apply(formText(world.namespace, name, edit));
  const rolloutIs = (name: string, phase: string, withinMs = 90_000): Promise<KubeObject> =>
    eventually(
      `rollout of ${name} is ${phase}`,
      async () => {
        const found = await form(name);
        const { rollout, observedGeneration } = found.status ?? {};
        const current =
          observedGeneration === found.metadata.generation && rollout?.targetGeneration === observedGeneration;
        return current && rollout?.phase === phase ? there(found) : notYet({ rollout, observedGeneration });
      },
      { withinMs },
    );
  const imagesOf = async (name: string): Promise<readonly string[]> => {
    const found = await world.cluster.list(`/apis/apps/v1/namespaces/${world.namespace}/deployments`);
    const mine = found.filter(({ metadata }) => metadata.name.endsWith(`-${name}`));
    return mine.map(({ spec }) => spec.template.spec.containers[0].image as string).toSorted();
  };
  const images = (count: number, image: string): readonly string[] =>
    Array.from({ length: count }, () => `web:${image}`);

  beforeAll(async () => {
    world = await openWorld(inject('stack'), { name: 'rollouts' });
    await world.database.sql(`INSERT INTO nodes (node_id) VALUES ${rows.map((uid) => `('${uid}')`).join(', ')}`);
    await world.applyAll(world.hubText('3s'));
    await world.applyAll(
      ...['steady', 'canary', 'deadline', 'told'].map((name) =>
        formText(world.namespace, name, { rollout: '{ maxSkew: 3 }', image: 'v1' }),
      ),
    );
    await Promise.all(['steady', 'canary', 'deadline', 'told'].map((name) => rolloutIs(name, 'Complete', 180_000)));
  }, 240_000);
  afterAll(() => world?.close());

  test('F1 an edit reaches all nodes, never more at once than maxSkew', async () => {
    const watching = world.cluster.watch(lynqPath(world.namespace, 'lynqnodes'));
    const before = await form('steady');
    await applyForm('steady', { rollout: '{ maxSkew: 3 }', image: 'v2' });
    const complete = await rolloutIs('steady', 'Complete');
    watching.stop();
    expect(await imagesOf('steady')).toEqual(images(12, 'v2'));
    expect(worstSkew(watching.events, 'steady')).toBeLessThanOrEqual(3);
    expect(worstSkew(watching.events, 'steady')).toBeGreaterThan(0);
    expect(complete.status.rollout).toMatchObject({
      totalNodes: 12,
      updatedNodes: 12,
      readyUpdatedNodes: 12,
      inFlight: [],
    });
    expect(complete.status.rollout.startTime >= before.status.rollout.completionTime).toBe(true);
    expect(complete.status.rollout.message).toBe('All 12 nodes updated and ready');
  });

  test('a canary wave with a broken image halts the rollout, new tenants get what worked, and undo touches no healthy node', async () => {
    const healthy = (await nodesOfForm('canary')).filter(({ spec }) => spec.uid !== 'row-05');
    const rollout = '{ maxSkew: 6, waves: [{ name: canary, uids: [row-05], maxFailures: 0 }] }';
    await applyForm('canary', { rollout, image: 'broken' });
    const failed = await rolloutIs('canary', 'Failed');
    expect(failed.status.rollout.message).toContain(
      "Wave 'canary' halted: 1 of at most 0 nodes failed: row-05-canary (ReadinessTimeout)",
    );
    expect(failed.status.rollout.failedNodes).toEqual([{ node: 'row-05-canary', reason: 'ReadinessTimeout' }]);
    await world.database.sql(`INSERT INTO nodes (node_id) VALUES ('newcomer')`);
    await world.ready(['newcomer-canary']);
    const ended = await world.lynq(['rollout', 'undo', 'canary']);
    expect(ended).toMatchObject({ code: 0 });
    const complete = await rolloutIs('canary', 'Complete');
    expect(complete.status.rollout.totalNodes).toBe(13);
    expect(new Set(await imagesOf('canary'))).toEqual(new Set(['web:v1']));
    const after = await nodesOfForm('canary');
    for (const { metadata, spec } of healthy) {
      const now = after.find((node) => node.metadata.name === metadata.name);
      expect(now?.spec).toEqual(spec);
      expect(now?.metadata.generation).toBe(metadata.generation);
    }
  });

  test('without progress for progressDeadlineSeconds the rollout fails and names the nodes', async () => {
    await applyForm('deadline', { rollout: '{ maxSkew: 2, progressDeadlineSeconds: 60 }', image: 'v2', broken: true });
    const failed = await rolloutIs('deadline', 'Failed', 150_000);
    expect(failed.status.rollout.message).toMatch(
      /^No progress for 60 s: [-a-z0-9]+-deadline \(ReadinessTimeout\), row-0[01]-deadline \(ReadinessTimeout\)$/,
    );
    expect((await imagesOf('deadline')).filter((image) => image === 'web:v2')).toHaveLength(2);
    await applyForm('deadline', { rollout: '{ maxSkew: 2, progressDeadlineSeconds: 60 }', image: 'v3' });
    await rolloutIs('deadline', 'Complete');
    expect(new Set(await imagesOf('deadline'))).toEqual(new Set(['web:v3']));
  }, 300_000);

  test('F2 A -> B -> A within a second ends as A', async () => {
    await applyForm('steady', { rollout: '{ maxSkew: 3 }', image: 'v9' });
    await applyForm('steady', { rollout: '{ maxSkew: 3 }', image: 'v2' });
    await rolloutIs('steady', 'Complete');
    expect(new Set(await imagesOf('steady'))).toEqual(new Set(['web:v2']));
  });

  test('F3 a form that cannot be used changes no node, and the good one after it changes none either', async () => {
    const generations = async () =>
      (await nodesOfForm('steady')).map(({ metadata }) => [metadata.name, metadata.generation]);
    const before = await generations();
    const good = formText(world.namespace, 'steady', { rollout: '{ maxSkew: 3 }', image: 'v2' });
    const path = lynqPath(world.namespace, 'lynqforms', 'steady');
    const { spec } = await world.cluster.get(path);
    const broken = { ...spec.deployments[0], nameTemplate: '{{ .nothing }}' };
    await world.cluster.merge(path, { spec: { deployments: [broken] } });
    await eventually('not Valid', async () => {
      const valid = conditionOf(await form('steady'), 'Valid');
      return valid?.status === 'False' ? there(valid) : notYet(valid);
    });
    const forced = ['apply', '-f', '-', '--force-conflicts'];
    expect(await world.lynq(forced, good)).toMatchObject({ code: 0 });
    await rolloutIs('steady', 'Complete');
    expect(await generations()).toEqual(before);
  });

  test('pause holds a rollout, resume goes on, and a change of a row waits for a place too', async () => {
    expect(await world.lynq(['rollout', 'pause', 'told'])).toMatchObject({ code: 0 });
    await applyForm('told', { rollout: '{ maxSkew: 3, paused: true }', image: 'v2' });
    await eventually('the rollout says that it is paused', async () => {
      const { rollout } = (await form('told')).status;
      return rollout.message.startsWith('Paused; 0/') ? there(rollout) : notYet(rollout);
    });
    expect(new Set(await imagesOf('told'))).toEqual(new Set(['web:v1']));
    expect(await world.lynq(['rollout', 'resume', 'told'])).toMatchObject({ code: 0 });
    await rolloutIs('told', 'Complete');
    expect(new Set(await imagesOf('told'))).toEqual(new Set(['web:v2']));
  });

  test('abort by annotation leaves nodes where they are, undo by signal takes them back', async () => {
    await applyForm('told', { rollout: '{ maxSkew: 1 }', image: 'v3', broken: true });
    await eventually('one node is on its way', async () => {
      const { rollout } = (await form('told')).status;
      return rollout.inFlight?.length === 1 ? there(rollout) : notYet(rollout);
    });
    await world.cluster.merge(lynqPath(world.namespace, 'lynqforms', 'told'), {
      metadata: { annotations: { 'lynq.sh/rollout': 'abort' } },
    });
    const aborted = await rolloutIs('told', 'Failed');
    expect(aborted.status.rollout.message).toMatch(/^Aborted; 1\//);
    expect(aborted.metadata.annotations?.['lynq.sh/rollout']).toBeUndefined();
    await world.engine.client.workflow.getHandle(`rollout/${world.namespace}/told`).signal('undo');
    await rolloutIs('told', 'Complete');
    expect(new Set(await imagesOf('told'))).toEqual(new Set(['web:v2']));
  });

  test('waves by label and by share change in order of uids, one after the other, each with its soak', async () => {
    const early = ['row-02', 'row-09'];
    for (const uid of early)
      await world.cluster.merge(lynqPath(world.namespace, 'lynqnodes', `${uid}-steady`), {
        metadata: { labels: { ring: 'early' } },
      });
    const watching = world.cluster.watch(lynqPath(world.namespace, 'lynqnodes'));
    const waves =
      '[{ name: labelled, matchLabels: { ring: early }, soakSeconds: 3 }, { name: share, percentage: 25, soakSeconds: 1 }]';
    await applyForm('steady', { rollout: `{ maxSkew: 1, waves: ${waves} }`, image: 'v4' });
    await eventually('the first wave soaks', async () => {
      const { rollout } = (await form('steady')).status;
      return rollout.wave === 'labelled' && String(rollout.message).startsWith('Soaking until ')
        ? there(rollout)
        : notYet(rollout);
    });
    const complete = await rolloutIs('steady', 'Complete');
    watching.stop();
    const order = changesOf(watching.events, 'steady');
    const others = (await nodesOfForm('steady'))
      .map(({ spec }) => spec.uid as string)
      .filter((uid) => !early.includes(uid));
    expect(order.map(({ uid }) => uid)).toEqual([...early, ...others.toSorted()]);
    const share = Math.ceil(others.length / 4);
    const waveCounts = complete.status.rollout.waves.map(
      ({ name, ready }: { name: string; ready: number }) => `${name} ${ready}`,
    );
    expect(waveCounts).toEqual(['labelled 2', `share ${share}`, `rest ${others.length - share}`]);
    expect(worstSkew(watching.events, 'steady')).toBe(1);
  });

  test('nothing changes in a freeze window; a signal pauses and resumes what comes after it', async () => {
    const run = world.engine.client.workflow.getHandle(`rollout/${world.namespace}/steady`);
    const says = (beginning: string) =>
      eventually(`the rollout says ${beginning}`, async () => {
        const found = await form('steady');
        const { rollout } = found.status;
        const isCurrent = rollout.targetGeneration === found.metadata.generation;
        return isCurrent && String(rollout.message).startsWith(beginning) ? there(rollout) : notYet(rollout);
      });
    const always = '[{ start: "00:00", end: "12:00" }, { start: "12:00", end: "00:00" }]';
    await applyForm('steady', { rollout: `{ maxSkew: 3, freezeWindows: ${always} }`, image: 'v5' });
    const frozen = await says('Frozen until ');
    expect(frozen).toMatchObject({ phase: 'InProgress', updatedNodes: 0, inFlight: [] });
    await run.signal('pause');
    await says('Paused; 0/');
    await applyForm('steady', { rollout: '{ maxSkew: 3, paused: true }', image: 'v5' });
    await says('Paused; 0/');
    expect(new Set(await imagesOf('steady'))).toEqual(new Set(['web:v4']));
    await run.signal('resume');
    await rolloutIs('steady', 'Complete');
    expect(new Set(await imagesOf('steady'))).toEqual(new Set(['web:v5']));
    const listed = await world.lynq(['rollout', 'history', 'steady']);
    expect(listed.stdout).toMatch(/^REVISION +NAME +AGE +STATE\n\d+ +steady-[0-9a-f]{10} +\S+ +Complete\n/);
    const { revision } = (await form('steady')).status.rollout;
    const [newest] = listed.stdout.split('\n').slice(1);
    expect(newest).toContain(revision);
  });

  test('a rollout that failed goes on when it is told to, once the reason is gone', async () => {
    const waves = '[{ name: canary, uids: [row-05], maxFailures: 0 }]';
    await applyForm('deadline', { rollout: `{ maxSkew: 4, waves: ${waves} }`, image: 'v9', broken: true });
    await rolloutIs('deadline', 'Failed');
    const path = `/apis/apps/v1/namespaces/${world.namespace}/deployments/row-05-deadline`;
    const { spec } = await world.cluster.get(path);
    expect(spec.template.spec.nodeSelector).toEqual({ 'does-not': 'exist' });
    const machine = (await world.cluster.list('/api/v1/nodes'))[0]!.metadata.name;
    await world.cluster.merge(`/api/v1/nodes/${machine}`, { metadata: { labels: { 'does-not': 'exist' } } });
    await eventually('the canary works', async () => {
      const found = await world.node('row-05-deadline');
      return conditionOf(found, 'Ready')?.status === 'True' ? there(found) : notYet(found?.status.conditions);
    });
    const stillFailed = await form('deadline');
    expect(stillFailed.status.rollout.phase).toBe('Failed');
    expect(await world.lynq(['rollout', 'resume', 'deadline'])).toMatchObject({ code: 0 });
    await rolloutIs('deadline', 'Complete');
    expect(new Set(await imagesOf('deadline'))).toEqual(new Set(['web:v9']));
    await world.cluster.merge(`/api/v1/nodes/${machine}`, { metadata: { labels: { 'does-not': null } } });
  });
});
