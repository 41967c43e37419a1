import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
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
  readonly data?: { readonly result: readonly { readonly metric: Readonly<Record<string, string>> }[] };
}

export interface Prometheus {
  query(expression: string): Promise<QueryAnswer>;
  stop(): Promise<void>;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

/** A Prometheus of its own that scrapes one worker, with our rules. */
export async function startPrometheus(target: { readonly port: number; readonly token: string }): Promise<Prometheus> {
  const { prometheus } = await ensurePrometheus(installContext(process.env), () => undefined);
  const folder = mkdtempSync(join(tmpdir(), 'lynqflow-prometheus-'));
  const rules = fileURLToPath(new URL('../../../deploy/monitoring/rules.yaml', import.meta.url));
  const config = {
    global: { scrape_interval: '1s', evaluation_interval: '1s' },
    rule_files: [rules],
    scrape_configs: [
      {
        job_name: 'lynqflow',
        scheme: 'https',
        tls_config: { insecure_skip_verify: true },
        authorization: { credentials: target.token },
        static_configs: [{ targets: [`127.0.0.1:${target.port}`] }],
      },
    ],
  };
  // JSON is YAML.
  writeFileSync(join(folder, 'prometheus.yml'), JSON.stringify(config));
  const url = `127.0.0.1:${await freePort()}`;
  const flags = ['config.file=prometheus.yml', 'storage.tsdb.path=data', `web.listen-address=${url}`];
  const child = spawn(
    prometheus,
    flags.map((flag) => `--${flag}`),
    { cwd: folder, stdio: 'ignore' },
  );
  const query = async (expression: string): Promise<QueryAnswer> => {
    const answer = await fetch(`http://${url}/api/v1/query?query=${encodeURIComponent(expression)}`);
    return (await answer.json()) as QueryAnswer;
  };
  await eventually('Prometheus has scraped the worker several times', async () => {
    const answer = await query('count_over_time(lynqflow_leading[1m]) > 3').catch((error: unknown) => String(error));
    return typeof answer !== 'string' && (answer.data?.result.length ?? 0) > 0 ? there(answer) : notYet(answer);
  });
  return {
    query,
    async stop() {
      const exit = once(child, 'exit');
      child.kill('SIGTERM');
      await exit;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
