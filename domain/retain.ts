import { at, isJsonObject, type Json, type JsonObject, listAt, textAt } from './api/json.ts';
import type { InventoryEntry } from './api/node.ts';
import type { DeletionPolicy } from './api/resource.ts';
import { keyedHash } from './hashes.ts';
import type { ObjectRef } from './ports.ts';

/**
 * A retained object keeps what it needs (decisions.md section 4): `Retain` extends to all it depends on, to the ConfigMaps, Secrets,
 * ServiceAccounts and claims its pods name, and to the Namespace it lives in. Without this a retained database loses its password or its
 * namespace, that is, its data.
 */

export interface RetainCandidate {
  readonly id: string;
  readonly ref: ObjectRef;
  readonly policy: DeletionPolicy;
  readonly dependIds: readonly string[];
  readonly needs: readonly NeededObject[];
}

export interface NeededObject {
  readonly kind: 'ConfigMap' | 'Secret' | 'ServiceAccount' | 'PersistentVolumeClaim';
  readonly name: string;
}

/**
 * Stands for the object with this key (`refKey`) in the records of a hub's nodes. Keyed, since the name in it may come from a value that is secret.
 */
export function needMark(hubKey: Uint8Array, key: string): string {
  return keyedHash(hubKey, `needed/${key}`);
}

export interface EffectivePolicy {
  readonly policy: DeletionPolicy;
  /** Id of the retained entry that needs this one, where the form itself says Delete. */
  readonly because?: string;
}

function podSpec(object: JsonObject): JsonObject | undefined {
  const candidates = [
    at(object, 'spec', 'template', 'spec'),
    at(object, 'spec', 'jobTemplate', 'spec', 'template', 'spec'),
    textAt(object, 'kind') === 'Pod' ? at(object, 'spec') : undefined,
  ];
  return candidates.find(isJsonObject);
}

function environmentNeeds(container: Json): readonly NeededObject[] {
  const sources = [
    ...listAt(container, 'envFrom'),
    ...listAt(container, 'env').map((item) => at(item, 'valueFrom') ?? null),
  ];
  return sources.flatMap((source) => [
    ...named('ConfigMap', at(source, 'configMapRef', 'name'), at(source, 'configMapKeyRef', 'name')),
    ...named('Secret', at(source, 'secretRef', 'name'), at(source, 'secretKeyRef', 'name')),
  ]);
}

/** Volume types whose Secret is named at `secretRef.name`. */
const secretRefVolumes = ['cephfs', 'flexVolume', 'iscsi', 'rbd', 'scaleIO', 'storageos'] as const;

function volumeNeeds(volume: Json): readonly NeededObject[] {
  const projected = listAt(volume, 'projected', 'sources');
  return [
    ...named(
      'ConfigMap',
      at(volume, 'configMap', 'name'),
      ...projected.map((source) => at(source, 'configMap', 'name')),
    ),
    ...named('Secret', at(volume, 'secret', 'secretName'), ...projected.map((source) => at(source, 'secret', 'name'))),
    ...named('Secret', at(volume, 'csi', 'nodePublishSecretRef', 'name'), at(volume, 'azureFile', 'secretName')),
    ...named('Secret', ...secretRefVolumes.map((type) => at(volume, type, 'secretRef', 'name'))),
    ...named('PersistentVolumeClaim', at(volume, 'persistentVolumeClaim', 'claimName')),
  ];
}

function named(kind: NeededObject['kind'], ...names: readonly (Json | undefined)[]): readonly NeededObject[] {
  return names
    .filter((name): name is string => typeof name === 'string' && name !== '')
    .map((name) => ({ kind, name }));
}

/** ConfigMaps, Secrets, ServiceAccounts and claims that the pods of a workload name. */
export function neededObjects(object: JsonObject): readonly NeededObject[] {
  const spec = podSpec(object);
  if (spec === undefined) return [];
  const containers = [
    ...listAt(spec, 'containers'),
    ...listAt(spec, 'initContainers'),
    ...listAt(spec, 'ephemeralContainers'),
  ];
  return [
    ...containers.flatMap(environmentNeeds),
    ...listAt(spec, 'volumes').flatMap(volumeNeeds),
    ...named('ServiceAccount', at(spec, 'serviceAccountName'), at(spec, 'serviceAccount')),
    ...listAt(spec, 'imagePullSecrets').flatMap((secret) => named('Secret', at(secret, 'name'))),
  ];
}

function isNeededBy(candidate: RetainCandidate, retained: RetainCandidate): boolean {
  if (retained.dependIds.includes(candidate.id)) return true;
  const { ref } = candidate;
  if (ref.apiVersion !== 'v1') return false;
  if (ref.kind === 'Namespace') return ref.name === retained.ref.namespace;
  return (
    ref.namespace === retained.ref.namespace &&
    retained.needs.some((needed) => needed.kind === ref.kind && needed.name === ref.name)
  );
}

/** The policy that holds for each entry, closed over what retained entries need. */
export function effectivePolicies(candidates: readonly RetainCandidate[]): ReadonlyMap<string, EffectivePolicy> {
  const result = new Map<string, EffectivePolicy>(candidates.map(({ id, policy }) => [id, { policy }]));
  const queue = candidates.filter(({ policy }) => policy === 'Retain');
  for (let retained = queue.shift(); retained !== undefined; retained = queue.shift()) {
    const keeper = retained;
    const added = candidates.filter(
      (candidate) => result.get(candidate.id)?.policy === 'Delete' && isNeededBy(candidate, keeper),
    );
    for (const candidate of added) result.set(candidate.id, { policy: 'Retain', because: keeper.id });
    queue.push(...added);
  }
  return result;
}

/** A record in which these entries, named with what their pods need, are retained although it says Delete, and so is all that they need. */
export function retainedByForm(
  record: readonly InventoryEntry[],
  retained: ReadonlyMap<string, readonly NeededObject[]>,
): readonly InventoryEntry[] {
  const candidates = record.map(({ id, policy, dependIds = [], ...ref }) => {
    const needs = retained.get(id);
    return { id, ref, policy: needs === undefined ? policy : ('Retain' as const), dependIds, needs: needs ?? [] };
  });
  const effective = effectivePolicies(candidates);
  return record.map((entry) => ({ ...entry, policy: effective.get(entry.id)?.policy ?? entry.policy }));
}
