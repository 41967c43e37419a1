import { type JsonObject, textAt } from '../../domain/api/json.ts';
import { ScopePolicy } from '../../domain/api/scope.ts';
import { kindProblems } from '../../domain/object-rules.ts';
import { judgeScope, reachedNamespace, type ScopeQuestion, type ScopeReason } from '../../domain/policies/scope.ts';
import { atKey, type EntryInFile, type EntryRule, literalParts } from './entry.ts';

/**
 * What a worker without a policy of its own refuses of an entry (domain/policies/scope.ts), as far as its form says it. Warnings: the worker that will have
 * it may allow it. Metadata is judged key by key in metadata.ts.
 */

/** Kinds that are cluster-scoped wherever they exist; of others only the cluster can tell. */
const clusterScoped: ReadonlySet<string> = new Set([
  'Namespace',
  'ClusterRole.rbac.authorization.k8s.io',
  'ClusterRoleBinding.rbac.authorization.k8s.io',
  'StorageClass.storage.k8s.io',
  'CSIDriver.storage.k8s.io',
  'VolumeAttributesClass.storage.k8s.io',
  'PriorityClass.scheduling.k8s.io',
  'RuntimeClass.node.k8s.io',
  'IngressClass.networking.k8s.io',
  'IPAddress.networking.k8s.io',
  'ServiceCIDR.networking.k8s.io',
  'DeviceClass.resource.k8s.io',
  'FlowSchema.flowcontrol.apiserver.k8s.io',
  'PriorityLevelConfiguration.flowcontrol.apiserver.k8s.io',
  'GatewayClass.gateway.networking.k8s.io',
  'ClusterIssuer.cert-manager.io',
  'ClusterSecretStore.external-secrets.io',
  'ClusterExternalSecret.external-secrets.io',
]);

/** Whether an object is known to be in no namespace. */
export function isClusterScoped(spec: JsonObject): boolean {
  const [group, version] = (textAt(spec, 'apiVersion') ?? '').split('/');
  const kind = textAt(spec, 'kind') ?? '';
  return clusterScoped.has(version === undefined ? kind : `${kind}.${group}`);
}

const policy = ScopePolicy.parse({});

/** A text with `*` for what a row has a part in. */
const asPattern = (text: string): string => literalParts(text).join('*');

const lists: Readonly<Record<ScopeReason, string>> = {
  KindNotAllowed: 'clusterKinds',
  NamespaceNotAllowed: 'namespaces',
  ReservedMetadata: 'allowMetadata',
};

/** Name and namespace of the object as far as the form says them. */
function placeOf({ spec, nameTemplate, targetNamespace }: EntryInFile['resource']): JsonObject {
  return {
    name: asPattern(nameTemplate || (textAt(spec, 'metadata', 'name') ?? '')),
    namespace: asPattern(targetNamespace || (textAt(spec, 'metadata', 'namespace') ?? '')),
  };
}

/** Where a refusal is said. */
function pathOf({ nameTemplate, targetNamespace }: EntryInFile['resource'], reason: ScopeReason, namespaced: boolean) {
  if (reason === 'KindNotAllowed') return ['spec', 'kind'];
  if (namespaced) return targetNamespace ? ['targetNamespace'] : ['spec', 'metadata', 'namespace'];
  return nameTemplate ? ['nameTemplate'] : ['spec', 'metadata', 'name'];
}

/** Whether nothing more is known than that there is no name, which is told elsewhere: no namespace is called so, not even the worker's. */
function isUnnamed(reason: ScopeReason, question: ScopeQuestion): boolean {
  return reason === 'NamespaceNotAllowed' && reachedNamespace(question) === '';
}

export const lintBoundaries: EntryRule = (entry) => {
  const { manifest, placed, resource } = entry;
  if (kindProblems(resource).length > 0 || placed.dropped.has('targetNamespace')) return [];
  const namespaced = !isClusterScoped(resource.spec);
  const object = { ...resource.spec, metadata: placeOf(resource) };
  const question = { entry: resource, object, namespaced, nodeNamespace: manifest.namespace ?? '' };
  // Where the worker runs is not known here.
  const refusal = judgeScope({ policy, workerNamespace: '' }, question);
  if (refusal === undefined || isUnnamed(refusal.reason, question)) return [];
  const message = `the worker's default policy refuses resource '${resource.id}': ${refusal.message}`;
  const fix = `remove it, or allow it in ${lists[refusal.reason]}: docs/boundaries.md`;
  return [atKey(entry, pathOf(resource, refusal.reason, namespaced), { message, fix, severity: 'warning' })];
};
