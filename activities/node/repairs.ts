import { LRUCache } from 'lru-cache';
import { type DesiredChild, refKey } from '../../domain/child.ts';
import {
  afterWrite,
  fightMessage,
  heldUntil,
  isRepair,
  type RepairHistory,
} from '../../domain/policies/field-fight.ts';
import type { FieldConflict } from '../../domain/ports.ts';

/** An entry that is not put right for now. */
export interface Fight {
  readonly until: Date;
  readonly message: string;
}

const remembered = 20_000;

/** Writes per object, in this process only: losing them costs a few more repairs. */
export class Repairs {
  private readonly histories = new LRUCache<string, RepairHistory>({ max: remembered });
  private readonly contested = new LRUCache<string, readonly FieldConflict[]>({ max: 1_000 });

  isRepair(child: DesiredChild, now: Date): boolean {
    return isRepair(this.histories.get(refKey(child.ref)), child.hash, now);
  }

  wrote(child: DesiredChild, fields: readonly FieldConflict[], now: Date): void {
    const key = refKey(child.ref);
    this.histories.set(key, afterWrite(this.histories.get(key), child.hash, now));
    if (fields.length > 0) this.contested.set(key, fields);
  }

  fight(child: DesiredChild, now: Date): Fight | undefined {
    const key = refKey(child.ref);
    const until = heldUntil(this.histories.get(key), child.hash, now);
    return until === undefined ? undefined : { until, message: fightMessage(this.contested.get(key) ?? []) };
  }
}
