import { type Cluster, everythingIn, type Json, type KubeObject } from '../e2e/cluster.ts';
import { foreignPrefix } from './foreign.ts';
import type { PassingEvent } from './proxy-watch.ts';
import type { ApiProxy } from './proxy.ts';

/**
 * What the worker made in a namespace, orphans included; what Kubernetes' own controllers made (with copied labels) is left out, and so is what tests put
 * there for others.
 */
export async function childrenOf(cluster: Cluster, namespace: string): Promise<readonly KubeObject[]> {
  const objects = await everythingIn(cluster, namespace);
  return objects.filter(
    ({ kind, metadata }) =>
      (metadata.labels?.['lynq.sh/node'] !== undefined || metadata.labels?.['lynq.sh/orphaned'] !== undefined) &&
      !metadata.name.startsWith(foreignPrefix) &&
      kind !== 'Endpoints' &&
      (metadata.ownerReferences ?? []).every((owner) => owner.kind === 'LynqNode'),
  );
}

/** What two runs that went equally well have in common: objects without what the server or the clock made up. */
export function essenceOf(objects: readonly KubeObject[], namespace: string): Json {
  const all = objects.map(({ kind, metadata, spec, data }) => {
    const annotations = Object.fromEntries(
      Object.entries(metadata.annotations ?? {}).filter(
        ([key]) => !/^lynq.sh\/(applied-hash|orphaned-at)$|^deployment\./.test(key),
      ),
    );
    const { clusterIP: _ip, clusterIPs: _ips, ...rest } = (spec ?? {}) as Record<string, unknown>;
    const { name, labels, finalizers, deletionTimestamp } = metadata;
    const owners = (metadata.ownerReferences ?? []).map((owner) => `${owner.kind} ${owner.name}`);
    return {
      kind,
      name,
      labels,
      annotations,
      owners,
      finalizers,
      going: deletionTimestamp !== undefined,
      spec: rest,
      data,
    };
  });
  const text = JSON.stringify(all.toSorted((a, b) => (`${a.kind}/${a.name}` < `${b.kind}/${b.name}` ? -1 : 1)));
  return JSON.parse(text.replaceAll(namespace, '<namespace>'));
}

/** Names one watch event of a scenario, the same in every run: the n-th of an object. */
export function eventName({ type, object }: PassingEvent, nth: number): string {
  return `${type} ${object.kind} ${object.metadata.name} #${nth}`;
}

/** Counts the events of one namespace while they pass; loses the one of this name. Returns what passed, in order. */
export function listen(
  proxy: ApiProxy,
  namespace: string,
  lost?: string,
): { readonly passed: readonly string[]; readonly lost: () => boolean } {
  const passed: string[] = [];
  const seen = new Map<string, Set<string>>();
  let hit = false;
  proxy.lose((event) => {
    if (event.object.metadata.namespace !== namespace) return false;
    const key = `${event.type} ${event.object.kind} ${event.object.metadata.name}`;
    const versions = seen.get(key) ?? new Set<string>();
    seen.set(key, versions.add(event.object.metadata.resourceVersion));
    const name = eventName(event, versions.size);
    passed.push(name);
    if (name !== lost || hit) return false;
    hit = true;
    return true;
  });
  return { passed, lost: () => hit };
}
