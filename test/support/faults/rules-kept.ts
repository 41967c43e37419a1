import { expect } from 'vitest';
import type { Audit } from '../e2e/audit.ts';
import type { Cluster } from '../e2e/cluster.ts';
import { check, type Evidence } from './checker.ts';
import { expectUntouched, identitiesOf, type Planted } from './foreign.ts';

/** A test world with the log of its API server and what of others stands in it. */
interface Watched {
  readonly audit: Audit;
  readonly cluster: Cluster;
  readonly foreign: readonly Planted[];
}

/** No rule was broken by what workers did since a place of the log, and what is not ours is what it was. */
export async function expectRulesKept(
  { audit, cluster, foreign }: Watched,
  place: number,
  more: Pick<Evidence, 'history' | 'least' | 'strays'> = {},
): Promise<void> {
  expect(check({ entries: audit.since(place), foreign: identitiesOf(foreign), ...more })).toEqual([]);
  await expectUntouched(cluster, foreign);
}
