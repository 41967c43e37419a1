import type { KindRef } from '../../domain/ports.ts';
import type { OnFailures } from './reflector.ts';

/** Which watches get nothing, and for how long in a row. */
export interface WatchHealth {
  /** Failed steps in a row by kind (`apiVersion/Kind`), of the worst where a kind is watched more than once; a watch that is well is not in it. */
  failing(): ReadonlyMap<string, number>;
}

export const kindKey = ({ apiVersion, kind }: KindRef): string => `${apiVersion}/${kind}`;

/** With the writing side that the reflector holds. */
export function openWatchHealth(): WatchHealth & { readonly onFailures: OnFailures } {
  const runs = new Map<object, { readonly key: string; readonly failures: number }>();
  return {
    failing() {
      const worst = new Map<string, number>();
      for (const { key, failures } of runs.values()) worst.set(key, Math.max(failures, worst.get(key) ?? 0));
      return worst;
    },
    onFailures(kind, failures, run) {
      if (failures === 0) runs.delete(run);
      else runs.set(run, { key: kindKey(kind), failures });
    },
  };
}
