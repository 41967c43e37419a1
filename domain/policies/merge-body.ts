import { isJsonObject, type Json, type JsonObject, listAt, textAt, textMapAt } from '../api/json.ts';
import { canonicalJson } from '../canonical.ts';
import { apiGroup, reservedPrefix } from '../keys.ts';
import type { ObjectRef } from '../ports.ts';

/** Groups whose kinds the API server compiles in; only those know strategic merge. */
const builtInGroups: ReadonlySet<string> = new Set([
  '',
  'apps',
  'autoscaling',
  'batch',
  'policy',
  'admissionregistration.k8s.io',
  'certificates.k8s.io',
  'coordination.k8s.io',
  'discovery.k8s.io',
  'flowcontrol.apiserver.k8s.io',
  'networking.k8s.io',
  'node.k8s.io',
  'rbac.authorization.k8s.io',
  'resource.k8s.io',
  'scheduling.k8s.io',
  'storage.k8s.io',
]);

/** How `merge` patches a kind (decisions.md section 5). */
export function mergeType({ apiVersion }: Pick<ObjectRef, 'apiVersion'>): 'strategic' | 'merge' {
  const group = apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : '';
  return builtInGroups.has(group) ? 'strategic' : 'merge';
}

/** A reference to a LynqNode: on an object of our record it is ours. */
export function isNodeReference(reference: Json): boolean {
  return textAt(reference, 'kind') === 'LynqNode' && (textAt(reference, 'apiVersion') ?? '').startsWith(`${apiGroup}/`);
}

/** References of the body and of others; a LynqNode the body does not name is an owner no more. */
export function ownersToWrite(body: JsonObject, live: JsonObject): readonly Json[] {
  const others = listAt(live, 'metadata', 'ownerReferences').filter((reference) => !isNodeReference(reference));
  return [...others, ...listAt(body, 'metadata', 'ownerReferences')];
}

function ownersPatch(body: JsonObject, live: JsonObject, type: 'strategic' | 'merge'): JsonObject {
  const before = listAt(live, 'metadata', 'ownerReferences');
  const wanted = ownersToWrite(body, live);
  if (canonicalJson(before) === canonicalJson(wanted)) return {};
  if (type === 'merge') return { ownerReferences: wanted.length === 0 ? null : wanted };
  const kept = new Set(wanted.map((reference) => textAt(reference, 'uid')));
  const gone = before
    .map((reference) => textAt(reference, 'uid'))
    .filter((uid) => uid !== undefined && !kept.has(uid))
    .map((uid) => ({ $patch: 'delete', uid: uid ?? '' }));
  return { ownerReferences: [...listAt(body, 'metadata', 'ownerReferences'), ...gone] };
}

/** Our own keys follow the form even where `merge` lets everything else stay. */
function ownKeys(body: JsonObject, live: JsonObject, map: 'labels' | 'annotations'): JsonObject {
  const wanted = textMapAt(body, 'metadata', map);
  const stale = Object.keys(textMapAt(live, 'metadata', map)).filter(
    (key) => key.startsWith(reservedPrefix) && !Object.hasOwn(wanted, key),
  );
  return { ...wanted, ...Object.fromEntries(stale.map((key) => [key, null])) };
}

/**
 * The patch of strategy `merge`: what the body names, and nothing else but our own labels, annotations and owner. Fields the form does not name any
 * more stay (parity 5.8).
 */
export function mergeBody(body: JsonObject, live: JsonObject, type: 'strategic' | 'merge'): JsonObject {
  const { ownerReferences: _, ...metadata } = isJsonObject(body['metadata']) ? body['metadata'] : {};
  return {
    ...body,
    metadata: {
      ...metadata,
      labels: ownKeys(body, live, 'labels'),
      annotations: ownKeys(body, live, 'annotations'),
      ...ownersPatch(body, live, type),
    },
  };
}
