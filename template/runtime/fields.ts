import type { GoFunction } from '../functions/define.ts';
import { methodOf } from '../functions/registry.ts';
import { GoError } from '../problems.ts';
import { type GoValue, isMap, isOpaque, plain } from '../values.ts';
import { typeName } from '../values/types.ts';

/** A method that belongs to a value, ready to be called with the receiver first. */
export interface BoundMethod {
  readonly receiver: GoValue;
  readonly method: GoFunction;
}

/**
 * `.name` of a value: an entry of a map or a field of a struct; `undefined` where the entry is nil. A method without parameters is left
 * to `methodNamed`. Throws `GoError` as Go does with `missingkey=error`. Only entries count: nothing of JavaScript is reachable.
 */
export function fieldOf(receiver: GoValue | undefined, name: string): GoValue | undefined {
  const value = plain(receiver);
  if (value === null)
    throw new GoError(receiver === undefined ? 'nil pointer evaluating a field' : 'nil data; no entry for the key');
  if (isMap(value)) {
    const entry = value.entries.get(name);
    if (entry === undefined) throw new GoError('map has no entry for the key');
    return entry ?? undefined;
  }
  const field = isOpaque(value) ? value.type.field?.(value.value, name) : undefined;
  if (field === undefined) throw new GoError(`can't evaluate the field in type ${typeName(value)}`);
  return field;
}

/** The method of a value by name, undefined when its type has none. */
export function methodNamed(receiver: GoValue | undefined, name: string): BoundMethod | undefined {
  const value = plain(receiver);
  if (value === null || !isOpaque(value)) return undefined;
  const method = methodOf(value.type.name, name);
  return method === undefined ? undefined : { receiver: value, method };
}
