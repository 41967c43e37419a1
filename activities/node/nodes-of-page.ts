import { type JsonObject, textAt } from '../../domain/api/json.ts';
import { isLynqFailure } from '../../domain/failures.ts';
import { labelValue } from '../../domain/identity.ts';
import { apiVersion, labels } from '../../domain/keys.ts';
import { isNewer } from '../../domain/resource-version.ts';
import type { NodeDigest } from '../../domain/watching.ts';
import type { NodeRef } from '../contract.ts';
import type { Attempt, Deps } from '../deps.ts';
import { asReadNode, type ReadNode, readNode } from './gather.ts';

/** A list goes over all nodes of its hub, also over those that it does not give: beyond so many for each that is wanted, it costs more than reading these. */
const mostForEach = 20;

type Reader = Pick<Deps, 'cluster' | 'nodes' | 'logger'>;

/** Reads one of the nodes of a page, as `readNode` does. */
export type PageReader = (request: NodeRef) => Promise<ReadNode | undefined>;

interface NodePage {
  readonly namespace: string;
  readonly hub: string;
  readonly nodes: readonly NodeDigest[];
}

/**
 * Reads the nodes of a page at once, when the first of them is asked for. The list is of now, as a GET is; by the time a node's turn comes it may be some
 * seconds old, as what a removal has read is while it goes on. Where the watch has told of another version or another LynqNode meanwhile, and where the list
 * does not have it, the node is read by itself. That it is being deleted cannot change any more, and its finalizer goes in no version but the one that was read.
 */
export function nodesOfPage(deps: Reader, page: NodePage, { signal }: Attempt): PageReader {
  let listing: Promise<Map<string, JsonObject>> | undefined;
  return async (request) => {
    listing ??= listPage(deps, page, signal);
    const listed = await listing;
    const object = listed.get(request.node);
    listed.delete(request.node);
    const known = deps.nodes.get(request.namespace, request.node);
    if (object === undefined || known === undefined || !isPresent(object, known)) return readNode(deps, request);
    deps.nodes.observe(object);
    return asReadNode(object);
  };
}

/** Whether it is the LynqNode that the watch has told of last, in that version or a newer one. */
function isPresent(object: JsonObject, { nodeUid, resourceVersion }: NodeDigest): boolean {
  if (textAt(object, 'metadata', 'uid') !== nodeUid) return false;
  return !isNewer(resourceVersion, textAt(object, 'metadata', 'resourceVersion') ?? '');
}

/** What an edit by hand made of a row's name may be no value of a label. */
const isLabelValue = (text: string): boolean => /^[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/.test(text);

/** By name; empty where a list would not pay, or cannot be had. */
async function listPage(
  { cluster, nodes, logger }: Reader,
  { namespace, hub, nodes: wanted }: NodePage,
  signal: AbortSignal,
): Promise<Map<string, JsonObject>> {
  if (nodes.ofHub(namespace, hub).length > mostForEach * wanted.length) return new Map();
  const rows = new Set(wanted.map(({ rowUid }) => labelValue(rowUid)).filter(isLabelValue));
  const labelSelector = `${labels.uid} in (${[...rows].toSorted().join(',')})`;
  try {
    const objects = await cluster.list({ apiVersion, kind: 'LynqNode' }, { namespace, labelSelector, signal });
    const names = new Set(wanted.map(({ name }) => name));
    const named = objects.map((object) => [textAt(object, 'metadata', 'name') ?? '', object] as const);
    return new Map(named.filter(([name]) => names.has(name)));
  } catch (error) {
    if (signal.aborted || !isLynqFailure(error)) throw error;
    const about = { namespace, hub, failure: error.type };
    logger.info('nodes that are removed together could not be listed, each is read by itself', about);
    return new Map();
  }
}
