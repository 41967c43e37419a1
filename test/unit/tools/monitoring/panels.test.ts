import { describe, expect, it } from 'vitest';
import { type Panel, readDashboard } from '../../../../tools/monitoring/dashboard.ts';
import { drawingOf } from '../../../../tools/monitoring/drawing.ts';
import {
  type Asked,
  type DashboardAnswer,
  emptyPanels,
  type PanelAnswer,
  shownAtLast,
  tableOf,
  timesOf,
} from '../../../../tools/monitoring/panels.ts';

const range = { from: 100, to: 103, step: 1 };

function panel(title: string): Panel {
  const found = readDashboard().panels.find((one) => one.title === title);
  if (found === undefined) throw new Error(`there is no panel ${title}`);
  return found;
}

const asked = (...lines: readonly (readonly (number | null)[])[]): Asked => ({
  expression: 'x',
  series: lines.map((values, index) => ({ name: `line ${index}`, labels: { hub: `${index}` }, values })),
});

const answer = (...panels: readonly PanelAnswer[]): DashboardAnswer => ({
  title: 'Lynqflow',
  range,
  offered: [{ label: 'Workers', values: ['lynqflow'] }],
  panels,
});

describe('tools/monitoring/panels', () => {
  it('has a time for every step, both ends included', () => {
    expect(timesOf(range)).toEqual([100, 101, 102, 103]);
    expect(timesOf({ from: 100, to: 105, step: 2 })).toEqual([100, 102, 104]);
  });

  it('calls a panel empty when one of its queries has no number', () => {
    const title = 'Environments by hub';
    const one = (...queries: readonly Asked[]) => emptyPanels(answer({ panel: panel(title), asked: queries }));

    expect(one(asked([null, 1]), asked([0]))).toEqual([]);
    expect(one(asked([null, 1]), asked([null, null]))).toEqual([title]);
    expect(one(asked([null, 1]), asked())).toEqual([title]);
  });

  it('adds up what a panel shows last, and counts the rows of a table', () => {
    expect(shownAtLast({ panel: panel('Ready'), asked: [asked([1, 4]), asked([9, null])] })).toBe(4);
    expect(shownAtLast({ panel: panel('Nodes that are degraded'), asked: [asked([1], [1])] })).toBe(2);
  });

  it('shows of a degraded node what a person looks for, whatever labels its target has', () => {
    const labels = {
      __name__: 'x',
      job: 'j',
      instance: 'i',
      pod: 'p',
      lynqnode: 'acme',
      namespace: 'n',
      reason: 'Bad',
    };
    const series = [{ name: '', labels, values: [1] }];

    expect(tableOf({ panel: panel('Nodes that are degraded'), asked: [{ expression: 'x', series }] }, 'now')).toEqual({
      columns: ['LynqNode', 'Namespace', 'Reason'],
      rows: [['acme', 'n', 'Bad']],
    });
  });

  it.each([
    ['Environments wanted', 100, 'blue'],
    ['Failed', 0, 'green'],
    ['Failed', 1, 'red'],
    ['Workers that lead', 0, 'red'],
    ['Workers that lead', 1, 'green'],
    ['Workers that lead', 2, 'red'],
  ])('draws %s of %d in %s', (title, value, colour) => {
    const [drawn] = drawingOf(answer({ panel: panel(title), asked: [asked([value])] }), 'said').panels;

    expect(drawn).toMatchObject({ kind: 'stat', numbers: [{ text: `${value}`, colour }] });
  });

  it('draws a chart with its unit, the words of its numbers, and what has no number as empty', () => {
    const phase = { panel: panel('Rollouts: phase'), asked: [asked([0, 3])] };
    const age = { panel: panel('Age of the last sync'), asked: [asked([null])] };
    const drawing = drawingOf(answer(phase, age), 'said');

    expect(drawing.variables).toEqual(['Workers: All (lynqflow)']);
    expect(drawing.panels).toMatchObject([
      { kind: 'chart', unit: 'none', words: { 0: 'Idle', 3: 'Complete' }, lines: [{ values: [0, 3] }] },
      { kind: 'empty', title: 'Age of the last sync' },
    ]);
  });
});
