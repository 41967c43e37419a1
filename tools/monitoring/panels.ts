import {
  type Dashboard,
  filled,
  labelValuesOf,
  legendText,
  type Organize,
  type Panel,
  type Target,
} from './dashboard.ts';
import type { Prometheus, TimeRange } from './prometheus.ts';

/** One line of a chart, number of a stat or row of a table. */
export interface Series {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** One for each time of the answer; null where there is none. Of an instant query one value. */
  readonly values: readonly (number | null)[];
}

export interface Asked {
  readonly expression: string;
  readonly series: readonly Series[];
}

export interface PanelAnswer {
  readonly panel: Panel;
  readonly asked: readonly Asked[];
}

/** The dashboard as it comes up: with All chosen in every variable. */
export interface DashboardAnswer {
  readonly title: string;
  readonly range: TimeRange;
  /** What each variable offers. */
  readonly offered: readonly { readonly label: string; readonly values: readonly string[] }[];
  readonly panels: readonly PanelAnswer[];
}

/** `NaN` and `+Inf` are no points. */
function numberOf(text: string): number | null {
  const value = Number(text);
  return Number.isFinite(value) ? value : null;
}

export function timesOf({ from, to, step }: TimeRange): readonly number[] {
  return Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, index) => from + index * step);
}

async function seriesOf(prometheus: Prometheus, target: Target, expression: string, range: TimeRange): Promise<Asked> {
  const named = (labels: Readonly<Record<string, string>>, values: Series['values']): Series => ({
    name: legendText(target.legendFormat, labels),
    labels,
    values,
  });
  const answer = target.instant
    ? await prometheus.query(expression, range.to)
    : await prometheus.queryRange(expression, range);
  if (answer.data === undefined) throw new Error(`Prometheus cannot answer ${expression}: ${answer.error ?? ''}`);
  const series = answer.data.result.map((found) => {
    if ('value' in found) return named(found.metric, [numberOf(found.value[1])]);
    const at = new Map(found.values.map(([time, text]) => [Math.round((time - range.from) / range.step), text]));
    const values = timesOf(range).map((_, index) => numberOf(at.get(index) ?? 'none'));
    return named(found.metric, values);
  });
  return { expression, series };
}

/** Asks what Grafana would ask to show the dashboard over that time. */
export async function askDashboard(
  prometheus: Prometheus,
  { title, panels, variables }: Dashboard,
  range: TimeRange,
): Promise<DashboardAnswer> {
  const chosen = new Map(variables.map(({ name, allValue }) => [name, allValue]));
  const offered = [];
  for (const { label, query } of variables) {
    const { selector, label: wanted } = labelValuesOf(filled(query.query, chosen));
    offered.push({ label, values: await prometheus.labelValues(selector, wanted) });
  }
  const answers = [];
  for (const panel of panels) {
    const asked = [];
    for (const target of panel.targets) {
      asked.push(await seriesOf(prometheus, target, filled(target.expr, chosen), range));
    }
    answers.push({ panel, asked });
  }
  return { title, range, offered, panels: answers };
}

/** Whether a query of the panel has no number at all. */
export function isEmpty({ asked }: PanelAnswer): boolean {
  return asked.some(({ series }) => !series.some(({ values }) => values.some((value) => value !== null)));
}

export const emptyPanels = ({ panels }: DashboardAnswer): readonly string[] =>
  panels.filter(isEmpty).map(({ panel }) => panel.title);

/** What the panel shows at the end, added up over its series; of a table the number of its rows. */
export function shownAtLast({ panel, asked }: PanelAnswer): number {
  const series = asked.flatMap(({ series: all }) => all);
  if (panel.type === 'table') return series.length;
  return series.reduce((sum, { values }) => sum + (values.at(-1) ?? 0), 0);
}

export interface Table {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** An instant answer as the table Grafana makes of it: the time, a column for each label, the value; then the dashboard's own order of columns. */
export function tableOf({ panel, asked }: PanelAnswer, time: string): Table {
  const series = asked.flatMap(({ series: all }) => all);
  const labels = [...new Set(series.flatMap((one) => Object.keys(one.labels)))].toSorted();
  const columns = ['Time', ...labels, 'Value'];
  const rows = series.map(({ labels: own, values }) => [
    time,
    ...labels.map((label) => own[label] ?? ''),
    String(values.at(-1) ?? ''),
  ]);
  return organized({ columns, rows }, panel.transformations[0]);
}

function organized({ columns, rows }: Table, organize: Organize | undefined): Table {
  if (organize === undefined) return { columns, rows };
  const { excludeByName, renameByName } = organize.options;
  const kept = columns.flatMap((name, index) => (excludeByName[name] === true ? [] : [index]));
  return {
    columns: kept.map((index) => renameByName[columns[index] ?? ''] ?? columns[index] ?? ''),
    rows: rows.map((row) => kept.map((index) => row[index] ?? '')),
  };
}
