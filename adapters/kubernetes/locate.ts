import { LynqFailure } from '../../domain/failures.ts';
import type { KindRef, ListOptions, ObjectRef } from '../../domain/ports.ts';
import type { Discovery, KnownKind } from './discovery.ts';
import { describe, refusal, type Refused } from './errors.ts';
import { addressProblem, collectionPath, objectPath } from './paths.ts';

/** Where an object is, or why it cannot be addressed. */
export type Location =
  | { readonly kind: 'at'; readonly path: string }
  /** The server does not serve the kind. */
  | { readonly kind: 'unknown' }
  | { readonly kind: 'unaddressable'; readonly why: string };

/** Path of an object, or of the collection of its namespace for a create. */
export function locate(
  ref: ObjectRef,
  known: KnownKind | undefined,
  target: 'object' | 'collection' | 'status',
): Location {
  if (known === undefined) return { kind: 'unknown' };
  const why = addressProblem(ref, known.info);
  if (why !== undefined) return { kind: 'unaddressable', why };
  if (target === 'collection') return { kind: 'at', path: collectionPath(ref.apiVersion, known.info, ref.namespace) };
  if (target === 'object') return { kind: 'at', path: objectPath(ref, known.info) };
  if (!known.subresources.has('status')) return { kind: 'unaddressable', why: 'the kind has no status subresource' };
  return { kind: 'at', path: objectPath(ref, known.info, 'status') };
}

/** The refusal of a write whose object has no place. */
export function refusedLocation(ref: ObjectRef, location: Exclude<Location, { readonly kind: 'at' }>): Refused {
  if (location.kind === 'unaddressable') return refusal(ref, 'Invalid', [location.why]);
  return refusal(ref, 'MissingKind', [`the API server does not serve ${ref.kind} in ${ref.apiVersion}`]);
}

/** Path of a list or watch; undefined when the server does not serve the kind. */
export async function locateList(
  discovery: Discovery,
  kind: KindRef,
  options: ListOptions,
): Promise<string | undefined> {
  const known = await discovery.find(kind, options.signal);
  if (known === undefined) return undefined;
  if (options.namespace === undefined) return collectionPath(kind.apiVersion, known.info, undefined);
  const why = addressProblem({ ...kind, namespace: options.namespace, name: 'any' }, known.info);
  if (why !== undefined) throw new LynqFailure('ClusterInvalid', `${describe(kind)}: ${why}.`, { ...kind });
  return collectionPath(kind.apiVersion, known.info, options.namespace);
}
