import { failpoints, hubFailpoints } from './failpoints.ts';

/** The faults that have tests of their own, by the names of the list of faults (test/faults/ids.test.ts compares): how many there are of each kind. */
const lastOf = {
  /** Temporal. */
  T: 16,
  /** The database. */
  M: 30,
  /** The API server. */
  K: 24,
  /** Objects changed by others. */
  O: 13,
  /** Forms and rollouts. */
  F: 11,
  /** The machine of the worker. */
  Z: 2,
} as const;

export const faultIds: readonly string[] = Object.entries(lastOf).flatMap(([letter, last]) =>
  Array.from({ length: last }, (_, index) => `${letter}${index + 1}`),
);

/** Both sides of every point at which a worker is ended. */
const pointNames: readonly string[] = [...hubFailpoints, ...failpoints].map(({ name }) => name);

/** Ids at the beginning of a test's title: `T1 T2 while …`, `P1.before: …`. */
export function idsOf(title: string): readonly string[] {
  const point = /^(P\d+(?:-[a-z]+)?\.(?:before|after)):/.exec(title)?.[1];
  if (point !== undefined) return [point];
  return /^(?:[A-Z]\d+ )+/.exec(title)?.[0].trim().split(' ') ?? [];
}

export interface RanTest {
  readonly title: string;
  /** As the test runner's report says: `passed`, `failed`, `skipped`, … */
  readonly status: string;
}

/** Faults of which a run of all tests has no passed test; a test that was skipped or never run is none. */
export function unproven(ran: readonly RanTest[]): readonly string[] {
  const proven = new Set(ran.filter(({ status }) => status === 'passed').flatMap(({ title }) => idsOf(title)));
  return [...faultIds, ...pointNames].filter((id) => !proven.has(id));
}

/** Faults of which some test was skipped, failed or did not end, whatever others that have their name did: a row has more than one half. */
export function blemished(ran: readonly RanTest[]): readonly string[] {
  return [...new Set(ran.filter(({ status }) => status !== 'passed').flatMap(({ title }) => idsOf(title)))];
}

/** Ids in the first column of the tables of a text, in order. */
export function idsOfTables(markdown: string): readonly string[] {
  return [...markdown.matchAll(/^\| ([A-Z]\d+) \|/gm)].map(([, id = '']) => id);
}
