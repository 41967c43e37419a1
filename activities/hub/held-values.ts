import type { SecretValues } from '../../domain/secret-values.ts';

/** What a sync has to write for one row. */
export interface RowValues {
  /** Annotations of the row's nodes. */
  readonly annotations: Readonly<Record<string, string>>;
  /** For the Secret beside each of them. */
  readonly secrets: SecretValues;
}

/** Text that one read keeps, in units of a string: one or two bytes each, so that it is 32 MiB at most. Thousands of ordinary rows have less. */
const mostUnits = 16 * 1024 * 1024;

export interface HoldLimits {
  /** Units of text; what a person waits for (a plan) is held whole. */
  readonly most?: number;
  /** uids that had their turn in an earlier read of the same sync. */
  readonly had?: ReadonlySet<string>;
}

/** Values of the rows that one read is about to write, never more than memory is meant for. Of what goes beyond only the fact is kept. */
export class HeldValues {
  private readonly rows = new Map<string, RowValues>();
  private readonly taken = new Set<string>();
  private readonly most: number;
  private readonly had: ReadonlySet<string>;
  private units = 0;
  private full = false;

  constructor({ most = mostUnits, had = new Set() }: HoldLimits = {}) {
    this.most = most;
    this.had = had;
  }

  /** By uid. */
  get values(): ReadonlyMap<string, RowValues> {
    return this.rows;
  }

  /** uids that had their turn in this read, those that were dropped later included: a further read gets on to others. */
  get turns(): ReadonlySet<string> {
    return this.taken;
  }

  /** Rows were left out: they need another read. This one has given at least one row its turn then. */
  get isFull(): boolean {
    return this.full;
  }

  /** One row is kept however large it is, so that each read gets on. */
  keep(uid: string, values: RowValues): void {
    if (this.full || this.had.has(uid) || this.taken.has(uid)) return;
    const units = unitsOf(values);
    this.full = this.rows.size > 0 && this.units + units > this.most;
    if (this.full) return;
    this.taken.add(uid);
    this.rows.set(uid, values);
    this.units += units;
  }

  drop(uid: string): void {
    const values = this.rows.get(uid);
    if (values === undefined) return;
    this.units -= unitsOf(values);
    this.rows.delete(uid);
  }

  /** Keeps only what is wanted after all. */
  retain(isWanted: (uid: string) => boolean): void {
    for (const uid of this.rows.keys()) if (!isWanted(uid)) this.drop(uid);
  }

  clear(): void {
    this.retain(() => false);
  }
}

function unitsOf({ annotations, secrets }: RowValues): number {
  return [...Object.values(annotations), ...secrets.values()].reduce((sum, text) => sum + text.length, 0);
}
