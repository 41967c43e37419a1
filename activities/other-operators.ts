import { textAt } from '../domain/api/json.ts';
import { LynqFailure } from '../domain/failures.ts';
import { installationLease, judgeLease, type LeaseSight, peerLease } from '../domain/policies/other-operator.ts';
import type { Clock, Cluster } from '../domain/ports.ts';

/** Answers whether another operator is alive, from Leases in any namespace. */
export interface OtherOperators {
  /** Where the Go operator is at work, as a sentence; undefined when it is not. */
  peer(): Promise<string | undefined>;
  /** Whether another installation of ours is alive. */
  installation(id: string): Promise<boolean>;
}

/** An answer serves all who ask within this time; well below the length of any Lease. */
const freshMilliseconds = 3_000;

interface Answer {
  readonly at: number;
  readonly holders: Promise<readonly string[]>;
}

export function openOtherOperators(cluster: Cluster, clock: Clock): OtherOperators {
  const sights = new Map<string, LeaseSight>();
  const answers = new Map<string, Answer>();

  async function look(name: string): Promise<readonly string[]> {
    const leases = await cluster.list(
      { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease' },
      // What a server has at hand is as good as an answer that is kept for seconds.
      { fieldSelector: `metadata.name=${name}`, notOlderThan: '0' },
    );
    return leases.flatMap((lease) => {
      const place = `${textAt(lease, 'metadata', 'namespace') ?? ''}/${name}`;
      const { live, sight } = judgeLease(lease, sights.get(place), clock.now());
      sights.set(place, sight);
      return live ? [`${textAt(lease, 'spec', 'holderIdentity') ?? ''} (Lease ${place})`] : [];
    });
  }

  function holders(name: string): Promise<readonly string[]> {
    const now = clock.now().getTime();
    const known = answers.get(name);
    if (known !== undefined && now - known.at < freshMilliseconds) return known.holders;
    const answer = { at: now, holders: look(name) };
    answers.set(name, answer);
    answer.holders.catch(() => {
      if (answers.get(name) === answer) answers.delete(name);
    });
    return answer.holders;
  }

  return {
    async peer() {
      const [holder] = await holders(peerLease);
      return holder === undefined ? undefined : `the Go operator is at work: ${holder}`;
    },
    installation: async (id) => (await holders(installationLease(id))).length > 0,
  };
}

/** The same cluster, into which nothing is written while the Go operator is alive; a refused write is tried again until it is not. */
export function yieldingCluster(cluster: Cluster, others: OtherOperators): Cluster {
  const unlessOther = async <T>(write: () => Promise<T>): Promise<T> => {
    const peer = await others.peer();
    if (peer !== undefined) throw new LynqFailure('OtherOperator', `nothing is written while ${peer}`);
    return write();
  };
  return {
    ...cluster,
    apply: (ref, body, options) => unlessOther(() => cluster.apply(ref, body, options)),
    create: (ref, body, options) => unlessOther(() => cluster.create(ref, body, options)),
    replace: (ref, body, options) => unlessOther(() => cluster.replace(ref, body, options)),
    patch: (ref, type, body, options) => unlessOther(() => cluster.patch(ref, type, body, options)),
    delete: (ref, uid, options) => unlessOther(() => cluster.delete(ref, uid, options)),
  };
}
