import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { installContext } from '../../stack/install/context.ts';
import { ensurePrometheus, type PrometheusPrograms } from '../../stack/install/prometheus.ts';

const folder = fileURLToPath(new URL('../../deploy/monitoring/', import.meta.url));

interface Rules {
  readonly groups: readonly { readonly rules: readonly { readonly alert?: string }[] }[];
}

interface RuleTests {
  readonly tests: readonly {
    readonly alert_rule_test?: readonly { readonly alertname: string; readonly exp_alerts: readonly unknown[] }[];
  }[];
}

describe('e2e/monitoring', () => {
  let programs: PrometheusPrograms;
  beforeAll(async () => {
    programs = await ensurePrometheus(installContext(process.env), () => undefined);
  });
  const promtool = (...args: readonly string[]) => {
    const { status, stdout, stderr } = spawnSync(programs.promtool, args, { cwd: folder, encoding: 'utf8' });
    return { status, output: `${stdout}${stderr}` };
  };

  test('Prometheus reads the rules', () => {
    expect(promtool('check', 'rules', 'rules.yaml')).toMatchObject({ status: 0 });
  });

  test('each alert fires when it should and rests when all is well', () => {
    const { status, output } = promtool('test', 'rules', 'rules.test.yaml');
    expect(output).toContain('SUCCESS');
    expect(status).toBe(0);
  });

  test('there is no alert without a test that it fires', () => {
    const rules = parse(readFileSync(join(folder, 'rules.yaml'), 'utf8')) as Rules;
    const { tests } = parse(readFileSync(join(folder, 'rules.test.yaml'), 'utf8')) as RuleTests;
    const fired = tests.flatMap(({ alert_rule_test: cases = [] }) =>
      cases.flatMap(({ alertname, exp_alerts: expected }) => (expected.length > 0 ? [alertname] : [])),
    );
    const alerts = rules.groups.flatMap(({ rules: all }) => all.flatMap(({ alert }) => alert ?? []));

    expect(alerts.length).toBeGreaterThan(15);
    expect(alerts.filter((alert) => !fired.includes(alert))).toEqual([]);
  });
});
