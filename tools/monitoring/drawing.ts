import type { Colour } from './dashboard.ts';
import { type DashboardAnswer, type PanelAnswer, type Series, tableOf, timesOf } from './panels.ts';
import { numberText, type Unit } from './units.ts';

/** What the page draws: nothing of Grafana's model is left but places, words and numbers. */
export interface Drawing {
  readonly title: string;
  readonly said: string;
  readonly variables: readonly string[];
  /** Seconds since 1970. */
  readonly times: readonly number[];
  readonly panels: readonly DrawnPanel[];
}

interface Framed {
  readonly title: string;
  readonly description: string;
  readonly place: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
}

export type DrawnPanel = Framed &
  (
    | { readonly kind: 'empty' }
    | { readonly kind: 'stat'; readonly numbers: readonly { name: string; text: string; colour: Colour }[] }
    | { readonly kind: 'table'; readonly columns: readonly string[]; readonly rows: readonly (readonly string[])[] }
    | {
        readonly kind: 'chart';
        readonly unit: Unit;
        /** Texts of numbers that have one. */
        readonly words: Readonly<Record<string, string>>;
        readonly lines: readonly { readonly name: string; readonly values: readonly (number | null)[] }[];
      }
  );

/** The last step that the value reaches; they are in order. */
function colourOf({ panel }: PanelAnswer, value: number): Colour {
  const { thresholds } = panel.fieldConfig.defaults;
  const steps = thresholds?.steps ?? [];
  return steps.findLast((step) => step.value === null || value >= step.value)?.color ?? 'text';
}

const lastOf = ({ values }: Series): number | undefined => values.findLast((value) => value !== null) ?? undefined;

function content(answer: PanelAnswer, time: string): DrawnPanel {
  const { panel, asked } = answer;
  const { title, description = '', gridPos: place, fieldConfig } = panel;
  const { unit, mappings } = fieldConfig.defaults;
  const frame = { title, description, place };
  const series = asked.flatMap(({ series: all }) => all);
  if (series.every((one) => lastOf(one) === undefined)) return { ...frame, kind: 'empty' };
  if (panel.type === 'table') return { ...frame, kind: 'table', ...tableOf(answer, time) };
  if (panel.type === 'timeseries') {
    const texts = mappings.flatMap(({ options }) => Object.entries(options).map(([value, { text }]) => [value, text]));
    return { ...frame, kind: 'chart', unit, words: Object.fromEntries(texts) as Record<string, string>, lines: series };
  }
  const numbers = series.flatMap((one) => {
    const value = lastOf(one);
    if (value === undefined) return [];
    return [{ name: one.name, text: numberText(value, unit), colour: colourOf(answer, value) }];
  });
  return { ...frame, kind: 'stat', numbers };
}

/** `said` stands under the title: what is seen, and who drew it. */
export function drawingOf(answer: DashboardAnswer, said: string): Drawing {
  const { title, range, offered, panels } = answer;
  const time = new Date(range.to * 1000).toISOString();
  return {
    title,
    said,
    variables: offered.map(({ label, values }) => `${label}: All (${values.join(', ')})`),
    times: timesOf(range),
    panels: panels.map((panel) => content(panel, time)),
  };
}
