import { describe, expect, it } from 'vitest';
import { summaryOf } from '../../../../activities/node/progress.ts';
import type { EntryView } from '../../../../activities/contract.ts';

const entry = (kind: string, name: string, state: EntryView['state']): EntryView => ({ id: name, kind, name, state });
const progress = (...entries: readonly EntryView[]) => ({ entries, ready: 0, failed: 0, desired: entries.length });

describe('activities/node/progress', () => {
  it('names in the summary of a wave what it applies, and what it waits for besides', () => {
    const entries = [
      entry('Secret', 'db', 'Ready'),
      entry('Deployment', 'redis', 'Progressing'),
      entry('StatefulSet', 'postgres', 'Progressing'),
      entry('Service', 'web', 'Waiting'),
    ];
    expect(summaryOf(['Service web', 'Ingress web'], progress(...entries))).toBe(
      'apply: Service web, Ingress web; wait: Deployment redis, StatefulSet postgres',
    );
    expect(summaryOf(['Service web'], progress(entry('Secret', 'db', 'Ready')))).toBe('apply: Service web');
  });

  it('stays short enough for the Temporal UI', () => {
    const many = Array.from({ length: 40 }, (_, index) => `ConfigMap number-${index}`);
    expect(summaryOf(many, progress())).toHaveLength(200);
  });
});
