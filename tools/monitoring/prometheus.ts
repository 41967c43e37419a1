import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { installContext } from '../../stack/install/context.ts';
import { ensurePrometheus } from '../../stack/install/prometheus.ts';

const Labels = z.record(z.string(), z.string());
/** Time, and the number as text. */
const Sample = z.tuple([z.number(), z.string()]);
const Answer = <T extends z.ZodType>(result: T) =>
  z.object({ status: z.string(), error: z.string().optional(), data: z.object({ result }).optional() });
const QueryAnswer = Answer(z.array(z.object({ metric: Labels, value: Sample })));
export type QueryAnswer = z.infer<typeof QueryAnswer>;
const RangeAnswer = Answer(z.array(z.object({ metric: Labels, values: z.array(Sample) })));
export type RangeAnswer = z.infer<typeof RangeAnswer>;

export interface RuleState {
  readonly name: string;
  readonly type: 'recording' | 'alerting';
  /** `unknown` until it was evaluated for the first time. */
  readonly health: 'ok' | 'err' | 'unknown';
  readonly lastError?: string;
}

/** Seconds since 1970, from and to included, and the step between them. */
export interface TimeRange {
  readonly from: number;
  readonly to: number;
  readonly step: number;
}

export interface Prometheus {
  /** Now, or at a time in seconds since 1970. */
  query(expression: string, at?: number): Promise<QueryAnswer>;
  queryRange(expression: string, range: TimeRange): Promise<RangeAnswer>;
  /** What a label has among the series of a selector, as Grafana's `label_values` asks it. */
  labelValues(selector: string, label: string): Promise<readonly string[]>;
  rules(): Promise<readonly RuleState[]>;
  stop(): Promise<void>;
}

/** A worker's metrics; without a token they are plain HTTP. */
export interface ScrapeTarget {
  readonly port: number;
  readonly token?: string;
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
  const template = '../../deploy/chart/lynqflow/templates/servicemonitor.yaml';
  return readFileSync(new URL(template, import.meta.url), 'utf8').includes('honorLabels: true');
}

function configOf({ port, token }: ScrapeTarget, own: string): unknown {
  const secure = {
    scheme: 'https',
    tls_config: { insecure_skip_verify: true },
    authorization: { credentials: token },
  };
  return {
    global: { scrape_interval: '1s', evaluation_interval: '1s' },
    rule_files: [fileURLToPath(new URL('../../deploy/monitoring/rules.yaml', import.meta.url))],
    scrape_configs: [
      {
        job_name: 'lynqflow',
        ...(token === undefined ? {} : secure),
        honor_labels: honorsLabels(),
        // The Prometheus operator gives every target the namespace of its pod; our series have a label of that name.
        static_configs: [{ targets: [`127.0.0.1:${port}`], labels: { namespace: 'lynq-system' } }],
      },
      // Another process, as a Prometheus has many.
      { job_name: 'foreign', static_configs: [{ targets: [own] }] },
    ],
  };
}

function asking(url: string): Omit<Prometheus, 'stop'> {
  const ask = async (path: string, parameters: Readonly<Record<string, string>> = {}): Promise<unknown> =>
    (await fetch(`http://${url}/api/v1/${path}?${new URLSearchParams(parameters).toString()}`)).json();
  return {
    async query(expression, at) {
      return QueryAnswer.parse(
        await ask('query', { query: expression, ...(at === undefined ? {} : { time: `${at}` }) }),
      );
    },
    async queryRange(expression, { from, to, step }) {
      const range = { start: `${from}`, end: `${to}`, step: `${step}` };
      return RangeAnswer.parse(await ask('query_range', { query: expression, ...range }));
    },
    async labelValues(selector, label) {
      const answer = await ask(`label/${label}/values`, { 'match[]': selector });
      return (answer as { readonly data: readonly string[] }).data;
    },
    async rules() {
      const answer = (await ask('rules')) as { readonly data: { groups: readonly { rules: readonly RuleState[] }[] } };
      return answer.data.groups.flatMap(({ rules: all }) => all);
    },
  };
}

const scrapedWithinMs = 60_000;

async function untilScraped({ query }: Pick<Prometheus, 'query'>): Promise<void> {
  const end = Date.now() + scrapedWithinMs;
  for (;;) {
    const seen = await query('count_over_time(lynqflow_leading[1m]) > 3').catch((error: unknown) => String(error));
    if (typeof seen !== 'string' && (seen.data?.result.length ?? 0) > 0) return;
    if (Date.now() > end)
      throw new Error(`Prometheus has not scraped the worker several times: ${JSON.stringify(seen)}`);
    await sleep(200);
  }
}

/** A Prometheus of its own that scrapes one worker as the Prometheus operator would, with our rules. */
export async function startPrometheus(target: ScrapeTarget): Promise<Prometheus> {
  const { prometheus } = await ensurePrometheus(installContext(process.env), () => undefined);
  const folder = mkdtempSync(join(tmpdir(), 'lynqflow-prometheus-'));
  const url = `127.0.0.1:${await freePort()}`;
  // JSON is YAML.
  writeFileSync(join(folder, 'prometheus.yml'), JSON.stringify(configOf(target, url)));
  const flags = ['config.file=prometheus.yml', 'storage.tsdb.path=data', `web.listen-address=${url}`];
  const child = spawn(
    prometheus,
    flags.map((flag) => `--${flag}`),
    { cwd: folder, stdio: 'ignore' },
  );
  const stop = async (): Promise<void> => {
    const exit = once(child, 'exit');
    if (child.kill('SIGTERM')) await exit;
    rmSync(folder, { recursive: true, force: true });
  };
  const server = asking(url);
  try {
    await untilScraped(server);
  } catch (error) {
    await stop();
    throw error;
  }
  return { ...server, stop };
}
