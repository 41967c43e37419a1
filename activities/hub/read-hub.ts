import { LynqHub } from '../../domain/api/hub.ts';
import type { JsonObject } from '../../domain/api/json.ts';
import { LynqFailure } from '../../domain/failures.ts';
import { apiVersion, finalizers, managers } from '../../domain/keys.ts';
import type { ObjectRef } from '../../domain/ports.ts';
import type { HubRef } from '../contract.ts';
import type { Deps } from '../deps.ts';
import { secretBytes } from '../secrets.ts';

export interface ReadHub {
  readonly object: JsonObject;
  readonly hub: LynqHub;
}

export function hubRef({ namespace, hub }: HubRef): ObjectRef {
  return { apiVersion, kind: 'LynqHub', namespace, name: hub };
}

export async function readHub(deps: Deps, request: HubRef): Promise<ReadHub | undefined> {
  const object = await deps.cluster.get(hubRef(request));
  return object === undefined ? undefined : { object, hub: LynqHub.parse(object) };
}

/** A hub keeps its finalizer until its nodes are gone (decisions.md section 4). */
export async function ensureFinalizer(deps: Deps, request: HubRef, { hub }: ReadHub): Promise<void> {
  const present = hub.metadata.finalizers ?? [];
  if (present.includes(finalizers.hub)) return;
  await writeFinalizers(deps, request, hub, [...present, finalizers.hub]);
}

export async function releaseFinalizer(deps: Deps, request: HubRef, { hub }: ReadHub): Promise<void> {
  const others = (hub.metadata.finalizers ?? []).filter((finalizer) => finalizer !== finalizers.hub);
  await writeFinalizers(deps, request, hub, others);
}

async function writeFinalizers(
  deps: Deps,
  request: HubRef,
  { metadata }: LynqHub,
  wanted: readonly string[],
): Promise<void> {
  const body = { metadata: { uid: metadata.uid, resourceVersion: metadata.resourceVersion, finalizers: wanted } };
  const result = await deps.cluster.patch(hubRef(request), 'merge', body, { manager: managers.apply });
  if (result.kind === 'ok' || result.kind === 'missing') return;
  throw new LynqFailure(
    'ClusterStale',
    `finalizers of LynqHub ${request.namespace}/${request.hub} could not be written yet`,
    { hub: request.hub },
  );
}

/** The password of the hub's account; a Secret or key that is missing is an error, never an empty password (decisions.md section 3). */
export async function readPassword(deps: Deps, request: HubRef, { hub }: ReadHub): Promise<string> {
  const ref = hub.spec.source.mysql?.passwordRef;
  if (ref === undefined) return '';
  const title = `Secret ${request.namespace}/${ref.name}`;
  const secret = await deps.cluster.get({
    apiVersion: 'v1',
    kind: 'Secret',
    namespace: request.namespace,
    name: ref.name,
  });
  if (secret === undefined) {
    throw new LynqFailure('HubInvalid', `${title}, named by spec.source.mysql.passwordRef, does not exist; create it`, {
      secret: ref.name,
    });
  }
  const password = secretBytes(secret, ref.key);
  if (password === undefined) {
    throw new LynqFailure('HubInvalid', `${title} has no key '${ref.key}', named by spec.source.mysql.passwordRef`, {
      secret: ref.name,
    });
  }
  return password.toString('utf8');
}
