import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { conditionOf, type KubeObject, lynqPath, type WatchEvent } from '../support/e2e/cluster.ts';
import { eventually, notYet, there } from '../support/e2e/eventually.ts';
import { openWorld, type World } from '../support/e2e/world.ts';

/** A form of one Deployment; `broken` rows ask for a machine that does not exist. */
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
    await applyForm('canary', { rollout, image: 'v2', broken: true });
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
});
