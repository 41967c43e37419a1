import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { Cluster, Json, KubeObject } from '../e2e/cluster.ts';
import { lynqPath } from '../e2e/cluster.ts';
import { type Kind, pathOf } from './paths.ts';

/**
 * Objects as the Go operator leaves them, managedFields included, as a real API server had them. The program itself could not be had: peer-writer.ts sent
 * its requests (parity 5.2 to 5.11), which LYNQ_RECORD_PEER=1 records. They are put back on a server of today for the take-over tests.
 */
export interface RecordedPeer {
  readonly node: KubeObject;
  readonly children: readonly KubeObject[];
  readonly orphan: KubeObject;
}

const file = new URL('../../fixtures/peer/objects.json', import.meta.url);

export function recordPeer(recorded: RecordedPeer): void {
  mkdirSync(new URL('.', file), { recursive: true });
  writeFileSync(file, `${JSON.stringify(recorded, null, 1)}\n`);
}

export const readPeer = (): RecordedPeer => JSON.parse(readFileSync(file, 'utf8')) as RecordedPeer;

interface Place {
  readonly hub: KubeObject;
  /** The row whose node is put back; the recorded one was of `recordedUid`. */
  readonly uid: string;
}

/** The row of the recorded node. */
export const recordedUid = 'stays';

/** What a client may send of a recorded object. Its managedFields are put back afterwards. */
function sendable({ metadata, ...object }: Json): Json {
  const { uid: _uid, resourceVersion: _version, creationTimestamp: _time, generation: _generation, ...rest } = metadata;
  const { managedFields: _fields, selfLink: _link, deletionTimestamp: _deleted, ...kept } = rest;
  const { status: _status, ...sent } = object;
  // Addresses are given out by the server.
  const { clusterIP: _address, clusterIPs: _addresses, ...spec } = sent.spec ?? {};
  return { ...sent, ...(sent.spec === undefined ? {} : { spec }), metadata: kept };
}

async function putBack(cluster: Cluster, path: string, recorded: Json): Promise<KubeObject> {
  const folder = path.slice(0, path.lastIndexOf('/'));
  await cluster.call('POST', `${folder}?fieldManager=manager`, sendable(recorded));
  const managedFields = (recorded.metadata.managedFields as readonly Json[]).filter(
    ({ subresource }) => subresource === undefined,
  );
  const patch = [{ op: 'replace', path: '/metadata/managedFields', value: managedFields }];
  return cluster.call('PATCH', `${path}?fieldManager=manager`, patch, 'application/json-patch+json');
}

/** Puts a recorded node and its children back under another row's name. Returns the children as the API server has them. */
export async function restorePeerNode(
  cluster: Cluster,
  { node, children }: RecordedPeer,
  { hub, uid }: Place,
): Promise<readonly KubeObject[]> {
  const renamed = (object: KubeObject, uids: Readonly<Record<string, string>>): Json => {
    const text = JSON.stringify(object).replaceAll(recordedUid, uid);
    return JSON.parse(Object.entries(uids).reduce((changed, [from, to]) => changed.replaceAll(from, to), text));
  };
  const hubUid = node.metadata.ownerReferences?.[0]?.uid ?? '';
  const wanted = renamed(node, { [hubUid]: hub.metadata.uid });
  const { namespace } = wanted.metadata;
  const nodePath = lynqPath(namespace, 'lynqnodes', wanted.metadata.name);
  const live = await putBack(cluster, nodePath, wanted);
  await cluster.call(
    'PATCH',
    `${nodePath}/status?fieldManager=manager`,
    { status: { ...wanted.status, observedGeneration: live.metadata.generation } },
    'application/merge-patch+json',
  );
  const restored: KubeObject[] = [];
  for (const child of children) {
    const object = renamed(child, { [node.metadata.uid]: live.metadata.uid });
    const path = pathOf(object.kind as Kind, object.metadata.namespace ?? '', object.metadata.name);
    restored.push(await putBack(cluster, path, object));
  }
  return restored;
}
