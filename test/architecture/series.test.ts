import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { openMeters } from '../../adapters/telemetry/meters.ts';
import { type Fleet, fleetFamilies } from '../../worker/telemetry/fleet.ts';
import { processFamilies } from '../../worker/telemetry/process.ts';

/** What alerts, recording rules, dashboard and docs/observability.md say of series is what the worker has. */
const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

interface Rules {
  readonly groups: readonly { readonly rules: readonly { readonly record?: string; readonly expr: string }[] }[];
}
interface Dashboard {
  readonly panels: readonly { readonly targets: readonly { readonly expr: string }[] }[];
  readonly templating: { readonly list: readonly { readonly query: string | { readonly query: string } }[] };
}

const rules = (parse(read('deploy/monitoring/rules.yaml')) as Rules).groups.flatMap(({ rules: all }) => all);
const dashboard = JSON.parse(read('deploy/monitoring/dashboard.json')) as Dashboard;
const recorded = new Set(rules.flatMap(({ record }) => record ?? []));

const words = new Set(['and', 'or', 'unless', 'by', 'on', 'ignoring', 'without', 'offset', 'bool']);

/** Names of series in an expression: what is left without texts, labels, durations and functions. */
function seriesIn(expression: string): readonly string[] {
  const bare = expression
    .replaceAll(/"[^"]*"|\{[^}]*\}|\[[^\]]*\]|\boffset \w+/g, ' ')
    .replaceAll(/\b(?:by|on|ignoring|without) ?\([^)]*\)/g, ' ');
  const names = [...bare.matchAll(/[a-zA-Z_:][\w:]*(?!\s*\(|[\w:])/g)].map(([name]) => name);
  return names.filter((name) => !words.has(name));
}

const labelValues = (text: string): readonly string[] => {
  const selector = /^label_values\((.+), \w+\)$/.exec(text)?.[1];
  return selector === undefined ? [] : [selector];
};

const used = new Set(
  [
    ...rules.map(({ expr }) => expr),
    ...dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)),
    ...dashboard.templating.list.flatMap(({ query }) => labelValues(typeof query === 'string' ? query : query.query)),
  ].flatMap(seriesIn),
);

const nobody: Fleet = { hubs: () => [], forms: () => [], nodes: () => [] };
const facts = {
  requests: [],
  failingWatches: new Map<string, number>(),
  leads: true,
  activitiesRunning: 0,
  workflowsCached: 0,
  backlog: {},
};

/** Types of all series by their name. */
async function emitted(): Promise<ReadonlyMap<string, string>> {
  const text = await openMeters().text();
  const metered = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name = '', type = '']) => [name, type] as const);
  const present = [...fleetFamilies(nobody, true), ...processFamilies(facts)];
  return new Map([...metered, ...present.map(({ name, type }) => [name, type] as const)]);
}

/** Rows of the tables: `a_x`, `_y` is a_x and a_y. */
function documented(): ReadonlyMap<string, string> {
  const rows = read('docs/observability.md').matchAll(/^\| (`[^|]+) \| (gauge|counter|histogram) \|/gm);
  return new Map(
    [...rows].flatMap(([, cell = '', type = '']) => {
      const [first = '', ...more] = cell.split(', ').map((name) => name.replaceAll('`', ''));
      const stem = first.slice(0, first.lastIndexOf('_'));
      return [first, ...more.map((name) => (name.startsWith('_') ? stem + name : name))].map(
        (name) => [name, type] as const,
      );
    }),
  );
}

describe('the series of the worker', () => {
  it('has every series that alerts, rules and dashboard use', async () => {
    const types = await emitted();
    const parts = [...types].flatMap(([name, type]) =>
      type === 'histogram' ? ['_bucket', '_count', '_sum'].map((end) => name + end) : [name],
    );
    const known = new Set([...parts, ...recorded]);

    expect(used.size).toBeGreaterThan(25);
    expect([...used].filter((name) => !known.has(name))).toEqual([]);
  });

  it('has the series of docs/observability.md and no others but those of the process', async () => {
    const own = [...(await emitted())].filter(([name]) => !/^(?:process|nodejs)_/.test(name));

    expect(Object.fromEntries(documented())).toEqual(Object.fromEntries(own));
  });
});
