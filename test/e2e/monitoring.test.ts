import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { installContext } from '../../stack/install/context.ts';
import { ensurePrometheus, type PrometheusPrograms } from '../../stack/install/prometheus.ts';

const folder = fileURLToPath(new URL('../../deploy/monitoring/', import.meta.url));

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
});
