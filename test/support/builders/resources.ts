import type { JsonObject } from '../../../domain/api/json.ts';
import type { InventoryEntry } from '../../../domain/api/node.ts';
import type { TResource } from '../../../domain/api/resource.ts';
import type { DesiredChild, RenderedEntry } from '../../../domain/child.ts';
import type { NodeIdentity } from '../../../domain/ownership.ts';

/** An entry of a form with the defaults of the CRD. */
export function anEntry(id: string, change: Partial<TResource> = {}): TResource {
  return {
    id,
    spec: { apiVersion: 'v1', kind: 'ConfigMap' },
    skipOnDependencyFailure: true,
    creationPolicy: 'WhenNeeded',
    deletionPolicy: 'Delete',
    conflictPolicy: 'Stuck',
    waitForReady: true,
    timeoutSeconds: 300,
    patchStrategy: 'apply',
    ...change,
  };
}

/** The LynqNode `acme-web` of row `acme`, form `web` and hub `customers`. */
export function anIdentity(change: Partial<NodeIdentity> = {}): NodeIdentity {
  return {
    namespace: 'tenants',
    name: 'acme-web',
    nodeUid: 'node-uid-1',
    hub: 'customers',
    form: 'web',
    uid: 'acme',
    ...change,
  };
}

export function aConfigMap(name: string, change: { readonly metadata?: JsonObject } & JsonObject = {}): JsonObject {
  const { metadata, ...rest } = change;
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, ...metadata }, data: { key: 'value' }, ...rest };
}

/** A workload whose pods are of the given spec. */
export function aDeployment(name: string, podSpec: JsonObject = { containers: [] }): JsonObject {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name },
    spec: { replicas: 1, template: { metadata: { labels: { app: name } }, spec: podSpec } },
  };
}

export function rendered(object: JsonObject, entry: TResource, namespaced = true): RenderedEntry {
  return { entry, object, namespaced };
}

/** The key of the hub that test nodes belong to. */
export const hubKey = new Uint8Array(32).fill(7);

/** A child as node-plan sees it: a ConfigMap of the node's namespace with the hash `hash-1`. */
export function aChild(id: string, entry: Partial<TResource> = {}, change: Partial<DesiredChild> = {}): DesiredChild {
  const full = anEntry(id, entry);
  return {
    id,
    ref: { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'tenants', name: `${id}-object` },
    body: aConfigMap(`${id}-object`),
    ignored: [],
    hash: 'hash-1',
    formerHash: 'former-1',
    policy: full.deletionPolicy,
    entry: full,
    ...change,
  };
}

/** A record of a ConfigMap that exists. */
export function aRecord(id: string, change: Partial<InventoryEntry> = {}): InventoryEntry {
  return {
    id,
    apiVersion: 'v1',
    kind: 'ConfigMap',
    namespace: 'tenants',
    name: `${id}-object`,
    uid: `${id}-uid`,
    policy: 'Delete',
    ...change,
  };
}
