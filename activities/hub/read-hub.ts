import { LynqHub, type SecretKeyRef } from '../../domain/api/hub.ts';
import { type JsonObject, textAt } from '../../domain/api/json.ts';
import { LynqFailure } from '../../domain/failures.ts';
import { apiVersion, finalizers, labels, managers } from '../../domain/keys.ts';
import { sourceBlock } from '../../domain/hub-source.ts';
import type { ObjectRef, TlsMaterial } from '../../domain/ports.ts';
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

export async function readHub(deps: Pick<Deps, 'cluster'>, request: HubRef): Promise<ReadHub | undefined> {
  const object = await deps.cluster.get(hubRef(request));
  return object === undefined ? undefined : parseHub(object);
}

export function parseHub(object: JsonObject): ReadHub {
  return { object, hub: LynqHub.parse(object) };
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

/** What a hub needs besides its own fields to reach its source. */
export interface SourceCredentials {
  readonly password: string;
  readonly tls?: TlsMaterial;
}

/**
 * Password and TLS material of the hub's source, from Secrets of its namespace. A Secret or key that is missing is an error, never an empty
 * password (decisions.md section 3).
 */
export async function readCredentials(deps: Deps, request: HubRef, { hub }: ReadHub): Promise<SourceCredentials> {
  const { type } = hub.spec.source;
  const block = sourceBlock(hub.spec, type);
  const read = async (ref: SecretKeyRef | undefined, field: string): Promise<string | undefined> =>
    ref === undefined ? undefined : readSecretKey(deps, request, ref, `spec.source.${type}.${field}`);
  const password = (await read(block.passwordRef, 'passwordRef')) ?? '';
  if (block.tls === undefined) return { password };
  const [ca, cert, key] = await Promise.all([
    read(block.tls.caRef, 'tls.caRef'),
    read(block.tls.certRef, 'tls.certRef'),
    read(block.tls.keyRef, 'tls.keyRef'),
  ]);
  const tls: TlsMaterial = {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  };
  return { password, tls };
}

/** The same, read while other things are: what is wrong with them is said where they are awaited. */
export function beginCredentials(deps: Deps, request: HubRef, hub: ReadHub): Promise<SourceCredentials> {
  const credentials = readCredentials(deps, request, hub);
  credentials.catch(() => undefined);
  return credentials;
}

async function readSecretKey(deps: Deps, { namespace }: HubRef, ref: SecretKeyRef, field: string): Promise<string> {
  const title = `Secret ${namespace}/${ref.name}`;
  const secret = await deps.cluster.get({ apiVersion: 'v1', kind: 'Secret', namespace, name: ref.name });
  if (secret === undefined) {
    throw new LynqFailure('HubInvalid', `${title}, named by ${field}, does not exist; create it`, { secret: ref.name });
  }
  if (deps.scope.policy.labelledSecrets && textAt(secret, 'metadata', 'labels', labels.hubSecret) !== 'true') {
    const message = `${title}, named by ${field}, does not have label ${labels.hubSecret}: "true", which the worker's policy asks for`;
    throw new LynqFailure('HubInvalid', message, { secret: ref.name });
  }
  const value = secretBytes(secret, ref.key);
  if (value === undefined) {
    throw new LynqFailure('HubInvalid', `${title} has no key '${ref.key}', named by ${field}`, { secret: ref.name });
  }
  return value.toString('utf8');
}
