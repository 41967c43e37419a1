import fc from 'fast-check';
import type { Json } from '../../../domain/api/json.ts';
import type { GraphEntry } from '../../../domain/graph.ts';

/** DNS labels, as uids and the names of forms mostly are. */
export const dnsLabel: fc.Arbitrary<string> = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?$/);

/** Names that JavaScript objects or JSON paths could trip over. */
export const awkwardKey: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom('__proto__', 'constructor', 'toString', 'hasOwnProperty', 'a.b', 'a/b', 'f:x', '.', ''),
  fc.string(),
);

/** JSON data as it comes out of a parser. */
export const json: fc.Arbitrary<Json> = fc.jsonValue().map((value) => JSON.parse(JSON.stringify(value)) as Json);

/** A plain object, keys of every kind included, as a JSON parser makes it. */
export function textMap(): fc.Arbitrary<Readonly<Record<string, string>>> {
  return fc
    .uniqueArray(fc.tuple(awkwardKey, fc.string()), { selector: ([key]) => key, maxLength: 6 })
    .map((entries) => Object.fromEntries(entries));
}

/** The same JSON with the keys of every object in another order. */
export function reversedKeys(value: Json): Json {
  if (Array.isArray(value)) return value.map((item: Json) => reversedKeys(item));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toReversed()
      .map(([key, item]) => [key, reversedKeys(item as Json)]),
  );
}

/** Entries of a graph without a cycle, in any order. */
export function acyclicEntries(maxLength = 12): fc.Arbitrary<readonly GraphEntry[]> {
  return fc.integer({ min: 0, max: maxLength }).chain((size) =>
    fc
      .tuple(
        ...Array.from({ length: size }, (_, index) =>
          fc.subarray(Array.from({ length: index }, (__, before) => `id${before}`)),
        ),
      )
      .chain((dependencies) => {
        const entries = dependencies.map((dependIds, index) => ({ id: `id${index}`, dependIds }));
        return fc.shuffledSubarray(entries, { minLength: entries.length, maxLength: entries.length });
      }),
  );
}
