import type { SourceRow } from './ports.ts';

/** Which forms take a variable of the row for a number, by the variable's name. */
export type NumberReaders = ReadonlyMap<string, readonly string[]>;

/** Takes the rows of one read that are acted on, one by one. */
export interface EmptyNumbers {
  add(row: Pick<SourceRow, 'uid' | 'extra'>): void;
  /** A sentence for each variable: names and a uid, never a value. */
  warnings(): readonly string[];
}

export function numberReaders(
  forms: readonly { readonly name: string; readonly numbers: readonly string[] }[],
): NumberReaders {
  const readers = new Map<string, readonly string[]>();
  for (const { name, numbers } of forms)
    for (const variable of numbers) readers.set(variable, [...(readers.get(variable) ?? []), name]);
  return readers;
}

/**
 * NULL and the empty text are the number 0 in a template, as in the Go operator (parity 4.4): a Deployment may so have no replicas because a column
 * was forgotten. Nothing is held up by it, so it is said.
 */
export function openEmptyNumbers(readers: NumberReaders): EmptyNumbers {
  const found = new Map<string, { readonly first: string; rows: number }>();
  return {
    add({ uid, extra }) {
      for (const variable of readers.keys()) {
        if (extra[variable] !== '') continue;
        const known = found.get(variable);
        if (known === undefined) found.set(variable, { first: uid, rows: 1 });
        else known.rows += 1;
      }
    },
    warnings: () =>
      [...found].map(
        ([variable, { first, rows }]) =>
          `variable ${variable} is NULL or empty on ${rows} active rows, the first is ${first}, and the number 0 in form ${(readers.get(variable) ?? []).join(', ')}`,
      ),
  };
}
