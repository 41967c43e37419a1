import type { JsonObject } from '../../domain/api/json.ts';
import { apiGroup } from '../../domain/keys.ts';
import type { Cluster, ListOptions } from '../../domain/ports.ts';
import { isLynqFailure } from '../../domain/failures.ts';
import type { Context } from '../context.ts';
import { usageError } from '../errors.ts';
import { type LynqKind, refOf, requireKind } from '../kinds.ts';

export interface Wanted {
  readonly kind: LynqKind;
  readonly names: readonly string[];
  /** Absent means all namespaces. */
  readonly namespace: string | undefined;
  readonly selector: string | undefined;
}

export interface Found {
  readonly objects: readonly JsonObject[];
  /** Names that nothing has. */
  readonly missing: readonly string[];
}

/** One that is named is asked for alone: a watch of all would follow thousands, and rights with resourceNames allow no more. */
export function listOptions({ namespace, selector, names }: Wanted): ListOptions {
  const [name] = names;
  return {
    namespace,
    ...(selector === undefined ? {} : { labelSelector: selector }),
    ...(name === undefined || names.length > 1 ? {} : { fieldSelector: `metadata.name=${name}` }),
  };
}

export async function readObjects(cluster: Cluster, wanted: Wanted): Promise<Found> {
  const { kind, names, namespace } = wanted;
  if (names.length === 0 || namespace === undefined) {
    return { objects: await cluster.list(kind, listOptions(wanted)), missing: [] };
  }
  const found = await Promise.all(
    names.map(async (name) => ({ name, object: await cluster.get(refOf(kind, namespace, name)) })),
  );
  if (found.some(({ object }) => object === undefined)) await requireKind(cluster, kind);
  return {
    objects: found.flatMap(({ object }) => (object === undefined ? [] : [object])),
    missing: found.filter(({ object }) => object === undefined).map(({ name }) => name),
  };
}

/** In the words of kubectl. */
export function sayNothingFound(context: Context, { namespace }: Wanted): void {
  context.err.write(`No resources found${namespace === undefined ? '' : ` in ${namespace} namespace.`}\n`);
}

export function sayMissing(context: Context, { kind, namespace = '' }: Wanted, missing: readonly string[]): void {
  for (const name of missing) {
    context.err.write(`Error: ${kind.plural}.${apiGroup} "${name}" not found in namespace "${namespace}"\n`);
  }
  if (missing.length > 0) context.err.write(`  see what is there: lynq get ${kind.noun}s -n ${namespace}\n`);
}

/** That the API server cannot read a selector it says with 400 alone, which is about nothing else of a list. */
export async function withSelector<T>(selector: string | undefined, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (selector === undefined || !isLynqFailure(error) || error.detail['code'] !== 400) throw error;
    throw usageError(
      `"${selector}" is no label selector`,
      "write KEY=VALUE, KEY!=VALUE, 'KEY in (A,B)', KEY or '!KEY', several with a comma between",
    );
  }
}
