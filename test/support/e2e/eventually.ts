import { setTimeout as sleep } from 'node:timers/promises';

/** What a look found: the value waited for, or what is the case instead (for the failure's message). */
export type Look<T> =
  | { readonly kind: 'there'; readonly value: T }
  | { readonly kind: 'not-yet'; readonly why: string };

export const there = <T>(value: T): Look<T> => ({ kind: 'there', value });
export const notYet = (why: unknown): Look<never> => ({
  kind: 'not-yet',
  why: typeof why === 'string' ? why : JSON.stringify(why),
});

export interface Patience {
  /** Default 60 s: the machine may be busy. */
  readonly withinMs?: number;
  readonly everyMs?: number;
}

/** Looks until the value is there. An error of a look counts as not yet. @throws what was the case at the last look. */
export async function eventually<T>(
  what: string,
  look: () => Look<T> | Promise<Look<T>>,
  patience: Patience = {},
): Promise<T> {
  const { withinMs = 60_000, everyMs = 150 } = patience;
  const end = Date.now() + withinMs;
  for (;;) {
    const found = await Promise.resolve()
      .then(look)
      .catch((error: unknown) => notYet(error instanceof Error ? error.message : String(error)));
    if (found.kind === 'there') return found.value;
    if (Date.now() > end) throw new Error(`${what}: not within ${withinMs} ms; last seen: ${found.why}`);
    await sleep(everyMs);
  }
}

/** Lets time pass in which something must not happen. */
export async function window(milliseconds: number): Promise<void> {
  await sleep(milliseconds);
}
