import type { JsonObject } from '../domain/api/json.ts';
import { textAt } from '../domain/api/json.ts';
import { annotations, apiGroup, apiVersion } from '../domain/keys.ts';
import type { Cluster, ObjectRef } from '../domain/ports.ts';
import { CommandError, howToGetKinds, usageError } from './errors.ts';

/** The three kinds of ours, as kubectl would name them. */
export interface LynqKind {
  readonly apiVersion: string;
  readonly kind: 'LynqHub' | 'LynqForm' | 'LynqNode';
  /** What people type: `node`. */
  readonly noun: 'hub' | 'form' | 'node';
  /** `lynqnode.operator.lynq.sh`, the prefix of names in output. */
  readonly resource: string;
  readonly plural: string;
}

function lynqKind(kind: LynqKind['kind'], noun: LynqKind['noun']): LynqKind {
  const plural = `${kind.toLowerCase()}s`;
  return { apiVersion, kind, noun, plural, resource: `${kind.toLowerCase()}.${apiGroup}` };
}

export const kinds = {
  hub: lynqKind('LynqHub', 'hub'),
  form: lynqKind('LynqForm', 'form'),
  node: lynqKind('LynqNode', 'node'),
} as const;

export function refOf(kind: LynqKind, namespace: string, name: string): ObjectRef {
  return { apiVersion: kind.apiVersion, kind: kind.kind, namespace, name };
}

/** What may stand before the slash of a name: `node`, `lynqnode`, and what `-o name` prints. */
export function prefixesOf({ noun, kind, resource }: LynqKind): readonly string[] {
  return [noun, kind.toLowerCase(), resource];
}

/**
 * Reads `PREFIX/NAME`, or a bare name, which may be of any kind.
 *
 * @param askable What there may be, each with what may stand before the slash.
 * @throws CommandError (code 2) for anything else; `fix` says what may be written.
 */
export function readTarget<K>(
  text: string,
  askable: readonly (readonly [K, readonly string[]])[],
  fix: string,
): { readonly asked: K | undefined; readonly name: string } {
  const [name = '', prefix, ...more] = text.split('/').toReversed();
  const found = askable.find(([, prefixes]) => prefix !== undefined && prefixes.includes(prefix));
  const isKnown = prefix === undefined || found !== undefined;
  if (name === '' || more.length > 0 || !isKnown) throw usageError(`"${text}" is no target`, fix);
  return { asked: found?.[0], name };
}

/**
 * Reads the name of an object of one kind, with what may stand before the slash or without.
 *
 * @throws CommandError (code 2) for the name of an object of another kind, and for what is no name.
 */
export function readName(text: string, kind: LynqKind): string {
  const [name = '', prefix, ...more] = text.split('/').toReversed();
  if (prefix === undefined) return name;
  const found = Object.values(kinds).find((candidate) => prefixesOf(candidate).includes(prefix));
  if (found === undefined || name === '' || more.length > 0) {
    throw usageError(`"${text}" is no name of a ${kind.kind}`, `write NAME or ${kind.noun}/NAME`);
  }
  if (found === kind) return name;
  throw usageError(`"${text}" names a ${found.kind}; here the name of a ${kind.kind} is wanted`);
}

/** `lynqform.operator.lynq.sh/api-tier`, `namespace/lynq-system`: kubectl's name of any object. */
export function printedName(ref: {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
}): string {
  const group = ref.apiVersion.includes('/') ? `.${ref.apiVersion.split('/')[0]}` : '';
  return `${ref.kind.toLowerCase()}${group}/${ref.name}`;
}

/** To be asked when an object is not there: where its kind is not either, "not found" leads nowhere. @throws CommandError then. */
export async function requireKind(cluster: Cluster, { kind, apiVersion: version }: LynqKind): Promise<void> {
  if ((await cluster.kindInfo({ apiVersion: version, kind })) !== undefined) return;
  throw new CommandError(`the cluster has no kind ${kind} in ${version}`, { fix: howToGetKinds });
}

/** Reads an object that has to exist. */
export async function requireObject(
  cluster: Cluster,
  kind: LynqKind,
  namespace: string,
  name: string,
): Promise<JsonObject> {
  const object = await cluster.get(refOf(kind, namespace, name));
  if (object !== undefined) return object;
  await requireKind(cluster, kind);
  throw new CommandError(`${kind.plural}.${apiGroup} "${name}" not found in namespace "${namespace}"`, {
    fix: `see what is there: lynq get ${kind.noun}s -n ${namespace}`,
  });
}

/** Since when a hub or node is left to another operator (`lynq release`). */
export const releasedAt = (object: JsonObject | undefined): string | undefined =>
  textAt(object, 'metadata', 'annotations', annotations.released);

/** Status of a condition, undefined when it is not there. */
export function conditionOf(object: JsonObject, type: string): JsonObject | undefined {
  const status = object['status'];
  const conditions =
    typeof status === 'object' && status !== null && 'conditions' in status ? status['conditions'] : [];
  if (!Array.isArray(conditions)) return undefined;
  return (conditions as readonly JsonObject[]).find((condition) => textAt(condition, 'type') === type);
}
