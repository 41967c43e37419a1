import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { units } from './units.ts';

/**
 * What of Grafana's dashboard model our dashboard uses. Strict: a setting that is not known here would not be drawn or checked, and is an error instead.
 */
const DataSource = z.strictObject({ type: z.literal('prometheus'), uid: z.literal('${datasource}') });

const Target = z.strictObject({
  refId: z.string(),
  expr: z.string(),
  legendFormat: z.string(),
  /** The value of now; without it there is one for each point of the time that is shown. */
  instant: z.boolean().default(false),
  range: z.boolean().default(true),
  format: z.enum(['time_series', 'table']).default('time_series'),
});
export type Target = z.infer<typeof Target>;

const Colour = z.enum(['text', 'green', 'blue', 'orange', 'red']);
export type Colour = z.infer<typeof Colour>;

const Defaults = z.strictObject({
  unit: z.enum(units).default('none'),
  color: z.strictObject({ mode: z.literal('thresholds') }).optional(),
  thresholds: z
    .strictObject({
      mode: z.literal('absolute'),
      steps: z.array(z.strictObject({ color: Colour, value: z.number().nullable() })),
    })
    .optional(),
  mappings: z
    .array(
      z.strictObject({
        type: z.literal('value'),
        options: z.record(z.string(), z.strictObject({ index: z.int(), text: z.string() })),
      }),
    )
    .default([]),
});

const Organize = z.strictObject({
  id: z.literal('organize'),
  options: z.strictObject({
    excludeByName: z.record(z.string(), z.literal(true)),
    renameByName: z.record(z.string(), z.string()),
  }),
});
export type Organize = z.infer<typeof Organize>;

const Place = z.strictObject({ x: z.int(), y: z.int(), w: z.int(), h: z.int() });

const Panel = z.strictObject({
  id: z.int(),
  title: z.string(),
  description: z.string().optional(),
  type: z.enum(['stat', 'timeseries', 'table']),
  datasource: DataSource,
  targets: z.array(Target).min(1),
  gridPos: Place,
  fieldConfig: z.strictObject({ defaults: Defaults, overrides: z.tuple([]) }),
  transformations: z.array(Organize).max(1).default([]),
  options: z.strictObject({
    reduceOptions: z.strictObject({ calcs: z.tuple([z.literal('lastNotNull')]) }).optional(),
    colorMode: z.literal('value').optional(),
    legend: z.strictObject({ displayMode: z.literal('list'), placement: z.literal('bottom') }).optional(),
    tooltip: z.strictObject({ mode: z.literal('multi') }).optional(),
  }),
});
export type Panel = z.infer<typeof Panel>;

const QueryVariable = z.object({
  type: z.literal('query'),
  name: z.string(),
  label: z.string(),
  query: z.strictObject({ query: z.string(), refId: z.string() }),
  allValue: z.string(),
  current: z.strictObject({ text: z.literal('All'), value: z.literal('$__all') }),
});
export type QueryVariable = z.infer<typeof QueryVariable>;

const Variable = z.discriminatedUnion('type', [
  z.object({ type: z.literal('datasource'), name: z.literal('datasource') }),
  QueryVariable,
]);

const Dashboard = z.object({
  title: z.string(),
  panels: z.array(Panel),
  templating: z.strictObject({ list: z.array(Variable) }),
});

export interface Dashboard {
  readonly title: string;
  readonly panels: readonly Panel[];
  /** Without that of the data source. */
  readonly variables: readonly QueryVariable[];
}

/** The dashboard that the chart installs. */
export function readDashboard(): Dashboard {
  const file = new URL('../../deploy/monitoring/dashboard.json', import.meta.url);
  const { title, panels, templating } = Dashboard.parse(JSON.parse(readFileSync(file, 'utf8')));
  return { title, panels, variables: templating.list.filter((variable) => variable.type === 'query') };
}

/** A text with `$name` replaced. @throws when the dashboard has no such variable. */
export function filled(text: string, values: ReadonlyMap<string, string>): string {
  return text.replaceAll(/\$(\w+)/g, (_, name: string) => {
    const value = values.get(name);
    if (value === undefined) throw new Error(`the dashboard has no variable ${name}: ${text}`);
    return value;
  });
}

/** `label_values(SELECTOR, LABEL)` in its parts. */
export function labelValuesOf(query: string): { readonly selector: string; readonly label: string } {
  const [, selector, label] = /^label_values\((.+), (\w+)\)$/.exec(query) ?? [];
  if (selector === undefined || label === undefined) throw new Error(`not a query of label values: ${query}`);
  return { selector, label };
}

/** The name of a series: a label that it has not is left empty, as Grafana does. Without a format it is what Prometheus prints. */
export function legendText(format: string, labels: Readonly<Record<string, string>>): string {
  if (format !== '') return format.replaceAll(/\{\{\s*(\w+)\s*\}\}/g, (_, name: string) => labels[name] ?? '').trim();
  const { __name__: name = '', ...others } = labels;
  return `${name}{${Object.entries(others)
    .map(([label, value]) => `${label}="${value}"`)
    .join(', ')}}`;
}
