import { at, listAt, textAt, type JsonObject } from '../../domain/api/json.ts';
import { apiVersion as lynqVersion } from '../../domain/keys.ts';
import type { KindInfo, KindRef } from '../../domain/ports.ts';

/** A kind of the fake cluster. */
export interface FakeKind extends KindRef {
  readonly info: KindInfo;
  readonly hasStatus: boolean;
}

const verbs = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];

const namespaced: Readonly<Record<string, string>> = {
  v1: 'ConfigMap Secret Event ServiceAccount Endpoints LimitRange Service/ Pod/ PersistentVolumeClaim/ ResourceQuota/',
  'apps/v1': 'Deployment/ StatefulSet/ DaemonSet/ ReplicaSet/ ControllerRevision',
  'batch/v1': 'Job/ CronJob/',
  'networking.k8s.io/v1': 'Ingress/ NetworkPolicy',
  'policy/v1': 'PodDisruptionBudget/',
  'autoscaling/v2': 'HorizontalPodAutoscaler/',
  'rbac.authorization.k8s.io/v1': 'Role RoleBinding',
  'coordination.k8s.io/v1': 'Lease',
  [lynqVersion]: 'LynqHub/ LynqForm/ LynqNode/',
};
const clusterScoped: Readonly<Record<string, string>> = {
  v1: 'Namespace/ Node/ PersistentVolume/',
  'rbac.authorization.k8s.io/v1': 'ClusterRole ClusterRoleBinding',
  'storage.k8s.io/v1': 'StorageClass',
  'apiextensions.k8s.io/v1': 'CustomResourceDefinition/',
};

/** The kinds a fake cluster starts with; a slash marks those with a status subresource. */
export function builtInKinds(): readonly FakeKind[] {
  return [...table(namespaced, true), ...table(clusterScoped, false)];
}

function table(rows: Readonly<Record<string, string>>, isNamespaced: boolean): readonly FakeKind[] {
  return Object.entries(rows).flatMap(([apiVersion, kinds]) =>
    kinds.split(' ').map((word) => {
      const kind = word.replace('/', '');
      return fakeKind({ apiVersion, kind }, { namespaced: isNamespaced, hasStatus: word.endsWith('/') });
    }),
  );
}

export function fakeKind(
  { apiVersion, kind }: KindRef,
  { namespaced: isNamespaced, hasStatus }: { readonly namespaced: boolean; readonly hasStatus: boolean },
  plural = pluralOf(kind),
): FakeKind {
  return { apiVersion, kind, hasStatus, info: { namespaced: isNamespaced, plural, verbs } };
}

function pluralOf(kind: string): string {
  const lower = kind.toLowerCase();
  if (lower.endsWith('s')) return lower === 'endpoints' ? lower : `${lower}es`;
  return lower.endsWith('y') ? `${lower.slice(0, -1)}ies` : `${lower}s`;
}

/** Kinds that a CustomResourceDefinition defines, one per served version. */
export function kindsOfDefinition(definition: JsonObject): readonly FakeKind[] {
  const group = textAt(definition, 'spec', 'group') ?? '';
  const kind = textAt(definition, 'spec', 'names', 'kind') ?? '';
  const plural = textAt(definition, 'spec', 'names', 'plural') ?? '';
  const isNamespaced = textAt(definition, 'spec', 'scope') === 'Namespaced';
  return listAt(definition, 'spec', 'versions')
    .filter((version) => at(version, 'served') === true)
    .map((version) => {
      const hasStatus = at(version, 'subresources', 'status') !== undefined;
      const apiVersion = `${group}/${textAt(version, 'name') ?? ''}`;
      return fakeKind({ apiVersion, kind }, { namespaced: isNamespaced, hasStatus }, plural);
    });
}
