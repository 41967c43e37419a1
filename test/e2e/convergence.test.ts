import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { childPath, conditionOf, type KubeObject, type Watching } from '../support/e2e/cluster.ts';
import { eventually, notYet, there, window } from '../support/e2e/eventually.ts';
import { nodesOf, openWorld, resourcesOf, type SeedForm, type World } from '../support/e2e/world.ts';

/** Kubernetes' own idea of whether an object is ready, as `kubectl rollout status` has it. */
function childIsReady({ kind, metadata, spec, status }: KubeObject): boolean {
  if (kind === 'Namespace') return status?.phase === 'Active';
  if (kind !== 'Deployment' && kind !== 'StatefulSet') return true;
  const { observedGeneration, updatedReplicas = 0, availableReplicas = 0 } = status ?? {};
  const least = Math.min(updatedReplicas as number, availableReplicas as number);
  return observedGeneration === metadata.generation && least >= (spec.replicas ?? 1);
}

describe('e2e/convergence', () => {
  let world: World;
  const late = 'anyorder';
  const watched = ['watched-a', 'watched-b', 'watched-c'];

  beforeAll(async () => {
    world = await openWorld(inject('stack'), { name: 'convergence' });
    await world.database.sql(`INSERT INTO nodes (node_id) VALUES ('${late}')`);
    await world.apply(world.hubText('1h'));
  });
  afterAll(() => world?.close());

  test('forms whose namespace is not there yet wait, say so, and do not fail', async () => {
    for (const form of ['web-tier', 'worker-tier', 'api-tier'] as const) await world.apply(world.formText(form));
    await eventually('three nodes wait', async () => {
      const nodes = await world.nodes();
      const waiting = nodes.filter(
        ({ status }) =>
          conditionOf({ status } as KubeObject, 'Ready')?.status === 'False' && status.desiredResources > 0,
      );
      return waiting.length === 3 ? there(waiting) : notYet(nodes.map(({ status }) => status));
    });
    const place = world.audit.now();
    await window(5_000);
    for (const { metadata, status } of await world.nodes()) {
      expect([metadata.name, status.failedResources ?? 0, status.readyResources]).toEqual([metadata.name, 0, 0]);
      expect(JSON.stringify([status.resources, status.conditions])).toContain(`node-${late}`);
    }
    expect(world.audit.ofWorker(place).length).toBeLessThan(10);
  });

  test('once the form with the namespace is there, all four converge within seconds of the pods', async () => {
    await world.apply(world.formText('data-tier'));
    const began = Date.now();
    const nodes = await world.ready(nodesOf(late), { withinMs: 60_000 });
    const took = Date.now() - began;
    const pods = await world.cluster.list(`/api/v1/namespaces/node-${late}/pods`);
    const lastPod = Math.max(
      ...pods.map((pod) => Date.parse(conditionOf(pod, 'Ready')?.['lastTransitionTime' as 'type'] ?? '')),
    );
    const lastNode = Math.max(
      ...nodes.map((node) => Date.parse(conditionOf(node, 'Ready')?.['lastTransitionTime' as 'type'] ?? '')),
    );
    expect({ pods: pods.length, behind: (lastNode - lastPod) / 1000 <= 5 }).toEqual({ pods: 9, behind: true });
    expect(took).toBeLessThan(30_000);
  });

  test('no LynqNode is ever Ready before all its objects are', async () => {
    const nodeWatch = world.cluster.watch(`/apis/operator.lynq.sh/v1/namespaces/${world.namespace}/lynqnodes`);
    const childWatches = [
      '/api/v1/namespaces',
      '/api/v1/services',
      '/api/v1/secrets',
      '/apis/apps/v1/deployments',
      '/apis/apps/v1/statefulsets',
      '/apis/networking.k8s.io/v1/ingresses',
    ].map((path) => world.cluster.watch(path));
    await eventually('the watches run', () => (nodeWatch.events.length >= 4 ? there(true) : notYet('no events')));
    await world.database.sql(`INSERT INTO nodes (node_id) VALUES ${watched.map((uid) => `('${uid}')`).join(', ')}`);
    expect(await world.lynq(['resync', 'hub/multi-tier-nodes'])).toMatchObject({ code: 0 });
    const nodes = watched.flatMap(nodesOf);
    await world.ready(nodes);
    await world.database.sql(`UPDATE nodes SET api_replicas = 9, web_replicas = 8`);
    expect(await world.lynq(['resync', 'hub/multi-tier-nodes'])).toMatchObject({ code: 0 });
    for (const uid of watched) await scaled(uid);
    await world.ready(nodes);
    await window(1_000);
    for (const watching of [nodeWatch, ...childWatches]) watching.stop();

    const checked = becameReady(nodeWatch).filter(({ metadata }) => nodes.includes(metadata.name));
    expect(new Set(checked.map(({ metadata }) => metadata.name)).size).toBe(nodes.length);
    expect(checked.flatMap((node) => liesOf(node, childWatches))).toEqual([]);
  });

  async function scaled(uid: string): Promise<void> {
    await eventually(`${uid} has its replicas`, async () => {
      const { spec, status } = await world.cluster.get(childPath('Deployment', `node-${uid}`, `${uid}-api`));
      return spec.replicas === 9 && status.availableReplicas === 9 ? there(true) : notYet(status);
    });
  }
});

/** The nodes at each moment at which their condition Ready went to True. */
function becameReady(watching: Watching): readonly KubeObject[] {
  const last = new Map<string, string | undefined>();
  return watching.events.flatMap(({ type, object }) => {
    if (type !== 'ADDED' && type !== 'MODIFIED') return [];
    const now = conditionOf(object, 'Ready')?.status;
    const before = last.get(object.metadata.uid);
    last.set(object.metadata.uid, now);
    return now === 'True' && before !== 'True' ? [object] : [];
  });
}

/** What was not ready when the node said it was: objects are compared by the store's revision, which all kinds share. */
function liesOf(node: KubeObject, watches: readonly Watching[]): readonly string[] {
  const { uid, templateRef } = node.spec as { readonly uid: string; readonly templateRef: SeedForm };
  const expected = resourcesOf[templateRef];
  const { readyResources, desiredResources, inventory } = node.status;
  const lies =
    readyResources === expected && desiredResources === expected ? [] : [`${readyResources}/${desiredResources}`];
  const revision = BigInt(node.metadata.resourceVersion);
  const before = new Map<string, KubeObject>();
  for (const { object } of watches.flatMap(({ events }) => events)) {
    if (object.metadata.labels?.['lynq.sh/node'] !== node.metadata.name) continue;
    if (BigInt(object.metadata.resourceVersion) > revision) continue;
    const known = before.get(object.metadata.uid);
    if (known !== undefined && BigInt(known.metadata.resourceVersion) > BigInt(object.metadata.resourceVersion))
      continue;
    before.set(object.metadata.uid, object);
  }
  const children = [...before.values()];
  const unready = children
    .filter((child) => !childIsReady(child))
    .map(({ kind, metadata }) => `${kind} ${metadata.name}`);
  if (children.length !== expected)
    lies.push(`${children.length} objects of ${expected} (${uid}, ${(inventory ?? []).length} recorded)`);
  return [...lies, ...unready].map((lie) => `${node.metadata.name} at ${revision}: ${lie}`);
}
