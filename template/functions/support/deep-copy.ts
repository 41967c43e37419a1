import { LimitError } from '../../problems.ts';
import { type GoValue, goList, goMap, nilList, nilMap, plain } from '../../values.ts';
import { capacityOf, withCapacity } from '../../values/backing.ts';
import type { FunctionContext } from '../define.ts';

/** A copy that shares no map or list with the original (copystructure). Throws `LimitError` for what contains itself. */
export function deepCopy(context: FunctionContext, original: GoValue, depth = 0): GoValue {
  if (depth > context.limits.valueDepth) throw new LimitError('the copied value is too deeply nested');
  context.spend(1);
  const value = plain(original);
  if (typeof value !== 'object' || value === null) return value;
  if (value.go === 'list') {
    if (value.isNil) return nilList(value.type);
    const items = value.items.map((item) => deepCopy(context, item, depth + 1));
    return withCapacity(goList(items, value.type), capacityOf(value));
  }
  if (value.go !== 'map') return value;
  if (value.isNil) return nilMap(value.type);
  return goMap(
    Array.from(value.entries, ([key, item]) => [key, deepCopy(context, item, depth + 1)] as const),
    value.type,
  );
}
