import { textAt } from '../domain/api/json.ts';
import { installationLease, judgeLease, type LeaseSight, peerLease } from '../domain/policies/other-operator.ts';
import type { Clock, Cluster } from '../domain/ports.ts';

/** Which operators beside this installation are alive. */
export interface Holders {
  /** Whether the Go operator is. */
  peer(): Promise<boolean>;
  /** Whether another installation of ours is. */
  installation(id: string): Promise<boolean>;
}

interface Time {
  readonly clock: Clock;
  readonly pause: (milliseconds: number) => Promise<unknown>;
}

const lookMilliseconds = 1_000;
/** Half of the time that the check has (`activeDeadlineSeconds` of its Job). */
const longestMilliseconds = 60_000;

/**
 * Only a Lease that is seen renewed has a living holder. A worker takes one that it has not watched long enough as live, for it can look again; this
 * answer is the last one before the worker goes, and what a dead holder has would be left to nobody.
 */
export function openHolders(cluster: Pick<Cluster, 'list'>, time: Time): Holders {
  const answers = new Map<string, Promise<boolean>>();
  const answered = (name: string): Promise<boolean> => {
    const answer = answers.get(name) ?? isRenewed(cluster, name, time);
    answers.set(name, answer);
    return answer;
  };
  return { peer: () => answered(peerLease), installation: (id) => answered(installationLease(id)) };
}

/** Watches the Leases of a name, in any namespace, until one is renewed or all have run out. */
async function isRenewed(cluster: Pick<Cluster, 'list'>, name: string, { clock, pause }: Time): Promise<boolean> {
  const end = clock.now().getTime() + longestMilliseconds;
  let sights: ReadonlyMap<string, LeaseSight> = new Map();
  for (;;) {
    const looked = await look(cluster, name, sights, clock.now());
    if (looked.isRenewed) return true;
    if (!looked.isOpen || clock.now().getTime() >= end) return false;
    sights = looked.sights;
    await pause(lookMilliseconds);
  }
}

interface Look {
  readonly isRenewed: boolean;
  /** Whether one may still be renewed in time. */
  readonly isOpen: boolean;
  readonly sights: ReadonlyMap<string, LeaseSight>;
}

async function look(
  cluster: Pick<Cluster, 'list'>,
  name: string,
  before: ReadonlyMap<string, LeaseSight>,
  now: Date,
): Promise<Look> {
  const leases = await cluster.list(
    { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease' },
    { fieldSelector: `metadata.name=${name}` },
  );
  const judged = leases.map((lease) => {
    const place = textAt(lease, 'metadata', 'namespace') ?? '';
    const seen = before.get(place);
    return { place, seen, ...judgeLease(lease, seen, now) };
  });
  return {
    isRenewed: judged.some(({ live, seen, sight }) => live && seen !== undefined && seen.version !== sight.version),
    isOpen: judged.some(({ live }) => live),
    sights: new Map(judged.map(({ place, sight }) => [place, sight])),
  };
}
