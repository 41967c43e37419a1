import type { KindRef } from '../../domain/ports.ts';

/** Which watches get nothing, and for how long in a row. */
export interface WatchHealth {
  /** Failed steps in a row by kind (`apiVersion/Kind`); a watch that is well is not in it. */
  failing(): ReadonlyMap<string, number>;
}

export const kindKey = ({ apiVersion, kind }: KindRef): string => `${apiVersion}/${kind}`;

/** With the writing side that the reflector holds. */
export function openWatchHealth(): WatchHealth & { readonly onFailures: (kind: KindRef, failures: number) => void } {
  const counts = new Map<string, number>();
  return {
    failing: () => counts,
    onFailures(kind, failures) {
      if (failures === 0) counts.delete(kindKey(kind));
      else counts.set(kindKey(kind), failures);
    },
  };
}
