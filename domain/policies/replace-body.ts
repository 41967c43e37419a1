import { at, isJsonObject, type Json, type JsonObject, listAt, textAt, textMapAt } from '../api/json.ts';
import { below, type FieldSet, type Holding, holdingsOf, isOwnHolding, isPeerUpdate, leavesOf } from '../field-sets.ts';
import { annotations } from '../keys.ts';
import { ownersToWrite } from './merge-body.ts';

/**
 * The object of strategy `replace`: the form's, and of the live one only what a PUT must not drop, because the server made it, refuses to change it,
 * or because someone else's apply or a subresource, such as an autoscaler, holds it.
 */

/** Fields the server filled in at creation and refuses to lose, by kind. */
const keptByKind: Readonly<Record<string, readonly string[]>> = {
  'v1/Service': ['spec.clusterIP', 'spec.clusterIPs'],
  'v1/PersistentVolumeClaim': [
    'spec.volumeName',
    'spec.storageClassName',
    'spec.volumeMode',
    'spec.dataSource',
    'spec.dataSourceRef',
  ],
  'v1/PersistentVolume': ['spec.claimRef'],
  'v1/Pod': [
    'spec.nodeName',
    'spec.serviceAccountName',
    'spec.serviceAccount',
    'spec.tolerations',
    'spec.priority',
    'spec.preemptionPolicy',
    'spec.enableServiceLinks',
    'spec.volumes',
  ],
  'v1/Secret': ['type'],
  'v1/ServiceAccount': ['secrets'],
  'v1/Namespace': ['spec'],
  'batch/v1/Job': [
    'spec.selector',
    ...['controller-uid', 'job-name', 'batch.kubernetes.io/controller-uid', 'batch.kubernetes.io/job-name'].map(
      (label) => `spec.template.metadata.labels.${label}`,
    ),
  ],
};

/** Sets a value where the body has none; maps on the way are made. */
function filled(body: Json | undefined, path: readonly string[], value: Json): Json {
  const [key, ...rest] = path;
  if (key === undefined) return body ?? value;
  const map = isJsonObject(body) ? body : {};
  if (body !== undefined && !isJsonObject(body)) return body;
  return { ...map, [key]: filled(at(map, key), rest, value) };
}

function keptPaths(body: JsonObject): readonly (readonly string[])[] {
  if (textAt(body, 'kind') === 'Service' && textAt(body, 'spec', 'type') === 'ExternalName') return [];
  const kind = `${textAt(body, 'apiVersion') ?? ''}/${textAt(body, 'kind') ?? ''}`;
  const paths = Object.hasOwn(keptByKind, kind) ? keptByKind[kind] : [];
  return (paths ?? []).map((path) => {
    const labels = 'spec.template.metadata.labels.';
    return path.startsWith(labels) ? [...labels.split('.').slice(0, -1), path.slice(labels.length)] : path.split('.');
  });
}

/** What others hold firmly, as paths of names; what is inside of lists comes and goes with them. */
function heldPaths(holdings: readonly Holding[]): readonly (readonly string[])[] {
  return holdings
    .filter(({ operation, subresource }) => operation === 'Apply' || (subresource ?? 'status') !== 'status')
    .flatMap(({ fields }) => [...leavesOf(fields)])
    .filter(({ path }) => path.every((element) => element.startsWith('f:')))
    .map(({ path }) => path.map((element) => element.slice(2)));
}

const systemKey = /^([a-z0-9-]+\.)*(kubernetes\.io|k8s\.io)\//;

/** Annotations of Kubernetes' own controllers, such as a claim's `pv.kubernetes.io/bind-completed`, unless it was us who wrote them. */
function systemAnnotations(live: JsonObject, own: readonly FieldSet[]): readonly (readonly string[])[] {
  const isOurs = (key: string) =>
    own.some((fields) => {
      const set = below(below(fields, 'f:metadata') ?? {}, 'f:annotations');
      return set !== undefined && Object.hasOwn(set, `f:${key}`);
    });
  return Object.keys(textMapAt(live, 'metadata', 'annotations'))
    .filter((key) => systemKey.test(key) && !isOurs(key))
    .map((key) => ['metadata', 'annotations', key]);
}

/** `body` complete for a PUT onto exactly the live object in the version that was read. */
export function replaceBody(body: JsonObject, live: JsonObject): JsonObject {
  const holdings = holdingsOf(live);
  const isOwn = (holding: Holding) => isOwnHolding(holding) || isPeerUpdate(holding);
  const own = holdings.filter(isOwn).map(({ fields }) => fields);
  const paths = [
    ...keptPaths(body),
    ...heldPaths(holdings.filter((holding) => !isOwn(holding))),
    ...systemAnnotations(live, own),
    ['metadata', 'annotations', annotations.retainedFor],
    ['status'],
  ];
  const complete = paths.reduce<Json>((result, path) => {
    const value = at(live, ...path);
    return value === undefined ? result : filled(result, path, value);
  }, body) as JsonObject;
  const metadata = isJsonObject(complete['metadata']) ? complete['metadata'] : {};
  const finalizers = [
    ...new Set([...listAt(live, 'metadata', 'finalizers'), ...listAt(body, 'metadata', 'finalizers')]),
  ];
  const owners = ownersToWrite(body, live);
  return {
    ...complete,
    metadata: {
      ...metadata,
      uid: textAt(live, 'metadata', 'uid') ?? '',
      resourceVersion: textAt(live, 'metadata', 'resourceVersion') ?? '',
      finalizers: finalizers.length === 0 ? undefined : finalizers,
      ownerReferences: owners.length === 0 ? undefined : owners,
    },
  };
}
