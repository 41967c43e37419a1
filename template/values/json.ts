import { fieldLimits } from '../limits.ts';
import { GoError, LimitError } from '../problems.ts';
import { type GoValue, goList, goMap } from '../values.ts';
import { appendedOneByOne } from './backing.ts';
import { cleanText, toHostText } from './text.ts';

/**
 * A JSON text as `encoding/json` decodes it into an `interface {}`: every number is a float64, objects are maps. Throws `GoError` for a
 * text that is no JSON, and for numbers that do not fit.
 */
export function decodeJson(text: string): GoValue {
  return fromJson(parsed(toHostText(text)), 0);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new GoError('invalid JSON');
  }
}

function fromJson(value: unknown, depth: number): GoValue {
  if (depth > fieldLimits.valueDepth) throw new LimitError('the JSON is too deeply nested');
  if (value === null || typeof value === 'boolean') return value;
  if (typeof value === 'string') return cleanText(value);
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new GoError('a number of the JSON does not fit float64');
    return value;
  }
  if (Array.isArray(value)) return appendedOneByOne(goList(value.map((item: unknown) => fromJson(item, depth + 1))));
  return goMap(
    Object.entries(value as object).map(([key, item]: [string, unknown]) => [
      cleanText(key),
      fromJson(item, depth + 1),
    ]),
  );
}
