import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installContext } from '../../../stack/install/context.ts';
import { ensurePrometheus } from '../../../stack/install/prometheus.ts';
import { eventually, notYet, there } from './eventually.ts';

export interface QueryAnswer {
  readonly status: string;
  readonly error?: string;
  readonly data?: {
    readonly result: readonly {
      readonly metric: Readonly<Record<string, string>>;
      /** Time, and the number as text. */
      readonly value: readonly [number, string];
    }[];
  };
}

export interface RuleState {
  readonly name: string;
  readonly type: 'recording' | 'alerting';
  /** `unknown` until it was evaluated for the first time. */
  readonly health: 'ok' | 'err' | 'unknown';
  readonly lastError?: string;
}

export interface Prometheus {
  query(expression: string): Promise<QueryAnswer>;
  /** What a label has among the series of a selector, as Grafana's `label_values` asks it. */
  labelValues(selector: string, label: string): Promise<readonly string[]>;
  rules(): Promise<readonly RuleState[]>;
  stop(): Promise<void>;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

/** Whose label counts where a series and its target have one of the same name: what the chart's ServiceMonitor says. */
function honorsLabels(): boolean {
  const template = '../../../deploy/chart/lynqflow/templates/servicemonitor.yaml';
  return readFileSync(new URL(template, import.meta.url), 'utf8').includes('honorLabels: true');
}

/** A Prometheus of its own that scrapes one worker as the Prometheus operator would, with our rules. */
export async function startPrometheus(target: { readonly port: number; readonly token: string }): Promise<Prometheus> {
  const { prometheus } = await ensurePrometheus(installContext(process.env), () => undefined);
  const folder = mkdtempSync(join(tmpdir(), 'lynqflow-prometheus-'));
  const rules = fileURLToPath(new URL('../../../deploy/monitoring/rules.yaml', import.meta.url));
  const url = `127.0.0.1:${await freePort()}`;
  const config = {
    global: { scrape_interval: '1s', evaluation_interval: '1s' },
    rule_files: [rules],
    scrape_configs: [
      {
        job_name: 'lynqflow',
        scheme: 'https',
        tls_config: { insecure_skip_verify: true },
        authorization: { credentials: target.token },
        honor_labels: honorsLabels(),
        // The Prometheus operator gives every target the namespace of its pod; our series have a label of that name.
        static_configs: [{ targets: [`127.0.0.1:${target.port}`], labels: { namespace: 'lynq-system' } }],
      },
      // Another process, as a Prometheus has many.
      { job_name: 'foreign', static_configs: [{ targets: [url] }] },
    ],
  };
  // JSON is YAML.
  writeFileSync(join(folder, 'prometheus.yml'), JSON.stringify(config));
  const flags = ['config.file=prometheus.yml', 'storage.tsdb.path=data', `web.listen-address=${url}`];
  const child = spawn(
    prometheus,
    flags.map((flag) => `--${flag}`),
    { cwd: folder, stdio: 'ignore' },
  );
  const ask = async (path: string): Promise<unknown> => (await fetch(`http://${url}/api/v1/${path}`)).json();
  const query = async (expression: string): Promise<QueryAnswer> =>
    (await ask(`query?query=${encodeURIComponent(expression)}`)) as QueryAnswer;
  await eventually('Prometheus has scraped the worker several times', async () => {
    const answer = await query('count_over_time(lynqflow_leading[1m]) > 3').catch((error: unknown) => String(error));
    return typeof answer !== 'string' && (answer.data?.result.length ?? 0) > 0 ? there(answer) : notYet(answer);
  });
  return {
    query,
    async labelValues(selector, label) {
      const answer = await ask(`label/${label}/values?match[]=${encodeURIComponent(selector)}`);
      return (answer as { readonly data: readonly string[] }).data;
    },
    async rules() {
      const answer = (await ask('rules')) as { readonly data: { groups: readonly { rules: readonly RuleState[] }[] } };
      return answer.data.groups.flatMap(({ rules: all }) => all);
    },
    async stop() {
      const exit = once(child, 'exit');
      child.kill('SIGTERM');
      await exit;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
