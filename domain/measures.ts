/**
 * What the program counts of its own work (parity 7.1 and beyond). Labels are names of objects, kinds and outcomes: never a row value, a secret or
 * a text somebody else wrote.
 */
export type Measurement =
  /** One pass over a LynqNode, or its removal; the time does not contain waiting. */
  | { readonly kind: 'pass'; readonly result: PassResult; readonly seconds: number }
  /** One write of a child. */
  | {
      readonly kind: 'apply';
      readonly objectKind: string;
      readonly result: 'success' | 'error';
      readonly conflictPolicy: string;
    }
  /** An object, or a field of one, turned out to be someone else's. */
  | {
      readonly kind: 'conflict';
      readonly namespace: string;
      readonly node: string;
      readonly objectKind: string;
      readonly conflictPolicy: string;
    }
  | {
      readonly kind: 'sync';
      readonly namespace: string;
      readonly hub: string;
      readonly result: SyncResult;
      readonly seconds: number;
      /** What it wrote; absent when it planned nothing. */
      readonly written?: { readonly created: number; readonly updated: number; readonly removed: number };
    }
  /** Templates of one node were executed. */
  | { readonly kind: 'render'; readonly result: 'success' | 'error'; readonly seconds: number };

export type PassResult = 'success' | 'partial_failure' | 'error';
export type SyncResult = 'synced' | 'unread' | 'removing' | 'gone' | 'paused' | 'error';

/** Takes measurements; never fails and never waits. */
export interface Measures {
  record(measurement: Measurement): void;
}

export const noMeasures: Measures = { record: () => undefined };

export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Series that are read off the present state when they are asked for: what is gone has none. */
export interface SeriesFamily {
  readonly name: string;
  readonly type: 'gauge' | 'counter';
  readonly help: string;
  readonly samples: () => Iterable<Sample>;
}
