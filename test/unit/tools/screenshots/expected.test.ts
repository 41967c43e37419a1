import { describe, expect, it } from 'vitest';
import { readDashboard } from '../../../../tools/monitoring/dashboard.ts';
import type { DashboardAnswer, Series } from '../../../../tools/monitoring/panels.ts';
import { afterTrouble, amiss, emptyWhenWell } from '../../../../tools/screenshots/expected.ts';

/** The dashboard with a line at 1 in every panel but these. */
function shown(empty: readonly string[]): DashboardAnswer {
  const line: Series = { name: '', labels: {}, values: [1] };
  const panels = readDashboard().panels.map((panel) => ({
    panel,
    asked: [{ expression: 'x', series: empty.includes(panel.title) ? [] : [line] }],
  }));
  return { title: 'Lynqflow', range: { from: 0, to: 0, step: 1 }, offered: [], panels };
}

describe('tools/screenshots/expected', () => {
  it('names no panel that the dashboard has not', () => {
    const titles = new Set(readDashboard().panels.map(({ title }) => title));

    expect([...Object.keys(emptyWhenWell), ...Object.keys(afterTrouble)].filter((one) => !titles.has(one))).toEqual([]);
  });

  it('finds a panel that is empty and not listed, and one that is listed and not empty', () => {
    const wanted = { empty: ['Conflicts'], last: {} };

    expect(amiss(shown(['Conflicts']), wanted)).toEqual([]);
    expect(amiss(shown(['Conflicts', 'Ready']), wanted)).toEqual(['panel "Ready" is empty']);
    expect(amiss(shown([]), wanted)).toEqual(['panel "Conflicts" is not empty, but listed so']);
  });

  it('finds a panel that shows another number', () => {
    expect(amiss(shown([]), { empty: [], last: { Ready: 1, Failed: 2 } })).toEqual(['panel "Failed" shows 1, not 2']);
  });
});
