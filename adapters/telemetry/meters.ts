import { collectDefaultMetrics, Counter, Histogram, Registry } from 'prom-client';
import type { Measurement, Measures } from '../../domain/measures.ts';

/** Counters and histograms of this process, by the names of parity 7.1 where it has them; further ones begin with `lynqflow_`. */
export interface Meters extends Measures {
  /** Text in the exposition format of Prometheus, version 0.0.4. */
  text(): Promise<string>;
  /** Forgets the series of a LynqNode that is gone. */
  forgetNode(namespace: string, node: string): Promise<void>;
  /**
   * Forgets the series of LynqHubs that do not exist. Asked before each scrape, not told when a hub goes: the sync that ends a hub, and one that finds
   * none, are recorded when it is gone already.
   */
  forgetHubs(exists: HubExists): Promise<void>;
}

export type HubExists = (namespace: string, hub: string) => boolean;

const passBuckets = [0.1, 0.5, 1, 2, 5, 10, 30, 60];
const syncBuckets = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900];
const renderBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 10, 60];

type Of<K extends Measurement['kind']> = Extract<Measurement, { kind: K }>;
type Takers = { readonly [K in Measurement['kind']]: (measurement: Of<K>) => void };

/** Makes an instrument in a registry. */
function makers(registry: Registry) {
  const registers = [registry];
  return {
    counter: <L extends string>(name: string, help: string, ...labelNames: L[]) =>
      new Counter<L>({ name, help, labelNames, registers }),
    histogram: <L extends string>(name: string, help: string, buckets: number[], ...labelNames: L[]) =>
      new Histogram<L>({ name, help, buckets, labelNames, registers }),
  };
}

function parityInstruments(registry: Registry) {
  const { counter, histogram } = makers(registry);
  const passHelp = 'Time a pass over a LynqNode worked, waiting not counted.';
  const conflictHelp = 'Objects or fields that turned out to be held by someone else.';
  return {
    pass: histogram('lynqnode_reconcile_duration_seconds', passHelp, passBuckets, 'result'),
    apply: counter('apply_attempts_total', 'Writes of children.', 'kind', 'result', 'conflict_policy'),
    conflict: counter(
      'lynqnode_conflicts_total',
      conflictHelp,
      'lynqnode',
      'namespace',
      'resource_kind',
      'conflict_policy',
    ),
  };
}

function ownInstruments(registry: Registry) {
  const { counter, histogram } = makers(registry);
  const syncHelp = 'Time one sync of a hub took, reading the table included.';
  const writtenHelp = 'LynqNodes that syncs created, updated or removed.';
  return {
    syncSeconds: histogram('lynqflow_sync_duration_seconds', syncHelp, syncBuckets, 'hub', 'namespace', 'result'),
    written: counter('lynqflow_sync_nodes_total', writtenHelp, 'hub', 'namespace', 'action'),
    render: histogram(
      'lynqflow_render_duration_seconds',
      'Time the templates of one node took.',
      renderBuckets,
      'result',
    ),
  };
}

type Instruments = ReturnType<typeof parityInstruments> & ReturnType<typeof ownInstruments>;

function takers({ pass, apply, conflict, syncSeconds, written, render }: Instruments): Takers {
  return {
    pass: ({ result, seconds }) => pass.observe({ result }, seconds),
    apply: ({ objectKind, result, conflictPolicy }) =>
      apply.inc({ kind: objectKind, result, conflict_policy: conflictPolicy }),
    conflict: ({ namespace, node, objectKind, conflictPolicy }) =>
      conflict.inc({ lynqnode: node, namespace, resource_kind: objectKind, conflict_policy: conflictPolicy }),
    sync: ({ namespace, hub, result, seconds, written: counts = {} }) => {
      syncSeconds.observe({ hub, namespace, result }, seconds);
      for (const [action, count] of Object.entries(counts)) written.inc({ hub, namespace, action }, count);
    },
    render: ({ result, seconds }) => render.observe({ result }, seconds),
  };
}

type Labels = Readonly<Record<string, string>>;

/** Removes the series of an instrument whose labels are those of something that is gone. */
async function removeWhere(instrument: Counter | Histogram, isGone: (labels: Labels) => boolean): Promise<void> {
  const { values } = await instrument.get();
  for (const { labels } of values) {
    const { le: _, ...own } = labels as Record<string, string>;
    if (isGone(own)) instrument.remove(own);
  }
}

export function openMeters(): Meters {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const instruments = { ...parityInstruments(registry), ...ownInstruments(registry) };
  const table = takers(instruments);
  return {
    record: (measurement) => (table[measurement.kind] as (taken: Measurement) => void)(measurement),
    text: () => registry.metrics(),
    forgetNode: (namespace, node) =>
      removeWhere(instruments.conflict, (labels) => labels['namespace'] === namespace && labels['lynqnode'] === node),
    async forgetHubs(exists) {
      const isGone = ({ namespace = '', hub = '' }: Labels) => !exists(namespace, hub);
      await removeWhere(instruments.syncSeconds, isGone);
      await removeWhere(instruments.written, isGone);
    },
  };
}
