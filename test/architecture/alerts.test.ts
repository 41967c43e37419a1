import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';

const root = fileURLToPath(new URL('../../', import.meta.url));
const textOf = (path: string): string => readFileSync(join(root, path), 'utf8');

interface Rules {
  readonly groups: readonly { readonly rules: readonly { readonly alert?: string; readonly record?: string }[] }[];
}
interface RuleTests {
  readonly tests: readonly {
    readonly input_series?: readonly object[];
    readonly alert_rule_test?: readonly { readonly alertname: string; readonly exp_alerts: readonly object[] }[];
    readonly promql_expr_test?: readonly { readonly expr: string }[];
  }[];
}

/** What promtool cannot say of the rules: that nothing is left out of their tests, and of what people read who are called by one. */
describe('alerts and recording rules of deploy/monitoring', () => {
  const { groups } = parse(textOf('deploy/monitoring/rules.yaml')) as Rules;
  const { tests } = parse(textOf('deploy/monitoring/rules.test.yaml')) as RuleTests;
  const rules = groups.flatMap((group) => group.rules);
  const alerts = rules.flatMap(({ alert }) => alert ?? []);

  const tried = (fires: boolean): ReadonlySet<string> => {
    const cases = tests.flatMap(({ alert_rule_test: all = [] }) => all);
    return new Set(cases.filter(({ exp_alerts: all }) => all.length > 0 === fires).map(({ alertname }) => alertname));
  };

  it('each alert has a test in which it fires, and one in which it does not', () => {
    expect(alerts.length).toBeGreaterThan(15);
    expect(alerts.filter((alert) => !tried(true).has(alert))).toEqual([]);
    expect(alerts.filter((alert) => !tried(false).has(alert))).toEqual([]);
  });

  it('each recorded series has a test of its values', () => {
    const asked = tests.flatMap(({ promql_expr_test: all = [] }) => all.map(({ expr }) => expr)).join('\n');
    const recorded = rules.flatMap(({ record }) => record ?? []);
    expect(recorded.length).toBeGreaterThan(4);
    expect(recorded.filter((series) => !asked.includes(series))).toEqual([]);
  });

  it('each alert is in docs/troubleshooting.md with what to do, and no other', () => {
    const [, section = ''] = textOf('docs/troubleshooting.md').split('\n## An alert fires\n');
    const rows = section.split('\n## ')[0]?.matchAll(/^\| `(Lynq\w+)` \| .{20,} \|$/gm) ?? [];
    expect([...rows].map(([, alert]) => alert)).toEqual(alerts);
  });
});
