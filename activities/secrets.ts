import { LRUCache } from 'lru-cache';
import { type JsonObject, textAt, textMapAt } from '../domain/api/json.ts';
import { LynqFailure } from '../domain/failures.ts';
import { generatedSecret, hubKeySecret } from '../domain/identity.ts';
import { type Generated, kindsIn, kindsText, nothingGenerated } from '../domain/generated.ts';
import { annotations, managers } from '../domain/keys.ts';
import type { Cluster, ObjectRef } from '../domain/ports.ts';
import { recordRefused } from './record-refused.ts';

/** Secrets this product keeps for itself: keys of hubs, first results of key functions. Values stay inside the worker. */

const keyBytes = 32;
const rememberedHubs = 10_000;
const missedMilliseconds = 5_000;
const noKey = new Uint8Array();

function secretRef(namespace: string, name: string): ObjectRef {
  return { apiVersion: 'v1', kind: 'Secret', namespace, name };
}

/** Bytes of one key of a Secret; undefined when the Secret or the key is missing. */
export function secretBytes(secret: JsonObject | undefined, key: string): Buffer | undefined {
  const encoded = textAt(secret, 'data', key);
  return encoded === undefined ? undefined : Buffer.from(encoded, 'base64');
}

/** 256-bit keys of hubs, from which stable randomness is derived (decisions.md section 2). */
export interface HubKeys {
  of(namespace: string, hub: string): Promise<Uint8Array>;
  /** The key if it is known already; otherwise it is looked for, and known a little later if it exists. */
  known(namespace: string, hub: string): Uint8Array | undefined;
  /** Resolves when everything that was looked for has been found or not. */
  settled(): Promise<void>;
}

/**
 * Keys in Secrets that have no owner, so that they outlive their hub: a row that returns gets the password its retained database was made with.
 * A key is made once; of two workers that make one at the same time the first wins.
 */
export function openHubKeys(cluster: Cluster, random: (length: number) => Uint8Array): HubKeys {
  const asked = new LRUCache<string, Promise<Uint8Array>>({ max: rememberedHubs });
  const found = new LRUCache<string, Uint8Array>({ max: rememberedHubs });
  /** A hub without a key is not looked for at each event of its nodes. */
  const missed = new LRUCache<string, Uint8Array>({ max: rememberedHubs, ttl: missedMilliseconds });
  const searches = new Map<string, Promise<void>>();
  const find = async (namespace: string, hub: string): Promise<Uint8Array> =>
    (await readKey(cluster, namespace, hub)) ?? (await makeKey(cluster, { namespace, hub }, random(keyBytes)));
  const search = (namespace: string, hub: string): Promise<void> =>
    readKey(cluster, namespace, hub)
      .then((key) => void (key === undefined ? missed : found).set(`${namespace}/${hub}`, key ?? noKey))
      // Whoever needs it asks again, and says what is wrong with it.
      .catch(() => undefined)
      .finally(() => searches.delete(`${namespace}/${hub}`));
  return {
    known(namespace, hub) {
      const id = `${namespace}/${hub}`;
      const key = found.get(id);
      if (key === undefined && !searches.has(id) && !missed.has(id)) searches.set(id, search(namespace, hub));
      return key;
    },
    async settled() {
      await Promise.all(searches.values());
    },
    of(namespace, hub) {
      const id = `${namespace}/${hub}`;
      const earlier = asked.get(id);
      if (earlier !== undefined) return earlier;
      // Many nodes of a hub begin at the same time: they share one question, and a failure is not kept.
      const key = find(namespace, hub);
      asked.set(id, key);
      key.then(
        (bytes) => void found.set(id, bytes),
        () => {
          if (asked.get(id) === key) asked.delete(id);
        },
      );
      return key;
    },
  };
}

async function readKey(cluster: Cluster, namespace: string, hub: string): Promise<Uint8Array | undefined> {
  const name = hubKeySecret(hub);
  const secret = await cluster.get(secretRef(namespace, name));
  if (secret === undefined) return undefined;
  const key = secretBytes(secret, 'key');
  if (key?.length === keyBytes) return key;
  throw new LynqFailure(
    'HubInvalid',
    `Secret ${namespace}/${name} must hold a key of ${keyBytes} bytes in 'key'; restore it from a backup`,
    {
      namespace,
      secret: name,
    },
  );
}

async function makeKey(
  cluster: Cluster,
  { namespace, hub }: { namespace: string; hub: string },
  key: Uint8Array,
): Promise<Uint8Array> {
  const name = hubKeySecret(hub);
  const body = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, namespace },
    type: 'Opaque',
    data: { key: Buffer.from(key).toString('base64') },
  };
  const result = await cluster.create(secretRef(namespace, name), body, { manager: managers.apply });
  if (result.kind === 'ok') return key;
  const winner = result.kind === 'exists' ? await readKey(cluster, namespace, hub) : undefined;
  if (winner !== undefined) return winner;
  const why = result.kind === 'refused' ? result.message : result.kind;
  throw new LynqFailure('HubInvalid', `the key Secret ${namespace}/${name} of hub ${hub} cannot be made: ${why}`, {
    namespace,
    hub,
  });
}

/** The Secret with the first results of key and certificate functions of a node. */
export function generatedRef(namespace: string, node: string): ObjectRef {
  return secretRef(namespace, generatedSecret(node));
}

/** First results of key and certificate functions of a node; none where there is no Secret of them. */
export async function readGenerated(cluster: Cluster, namespace: string, node: string): Promise<Generated> {
  const secret = await cluster.get(generatedRef(namespace, node));
  return secret === undefined ? nothingGenerated : generatedIn(secret);
}

/** What such a Secret holds. */
export function generatedIn(secret: JsonObject): Generated {
  const results = Object.entries(textMapAt(secret, 'data')).map(
    ([key, value]) => [fromDataKey(key), Buffer.from(value, 'base64').toString('utf8')] as const,
  );
  return {
    results: new Map(results),
    kinds: kindsIn(textAt(secret, 'metadata', 'annotations', annotations.renderedKinds)),
  };
}

/** Writes the Secret as it is to be from now on: all results, those that it has already included. */
export async function keepGenerated(
  cluster: Cluster,
  at: { readonly namespace: string; readonly node: string },
  { results, kinds }: Generated,
): Promise<void> {
  const ref = generatedRef(at.namespace, at.node);
  const data = Object.fromEntries(
    [...results].map(([key, value]) => [toDataKey(key), Buffer.from(value, 'utf8').toString('base64')]),
  );
  const marks = kinds === undefined ? {} : { annotations: { [annotations.renderedKinds]: kindsText(kinds) } };
  const metadata = { name: ref.name, namespace: at.namespace, ...marks };
  const body = { apiVersion: 'v1', kind: 'Secret', metadata, type: 'Opaque', data };
  const result = await cluster.apply(ref, body, { manager: managers.apply, force: true });
  if (result.kind !== 'ok') {
    const what = `Secret ${at.namespace}/${ref.name} with generated values`;
    throw recordRefused(what, result, { namespace: at.namespace, node: at.node, secret: ref.name });
  }
}

/** Keys of a Secret allow only letters, digits, `-`, `_` and `.`. */
export function toDataKey(key: string): string {
  return Buffer.from(key, 'utf8').toString('base64url');
}

/** The name that `toDataKey` was given. */
export function fromDataKey(key: string): string {
  return Buffer.from(key, 'base64url').toString('utf8');
}
