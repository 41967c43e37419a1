import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ensureHelm } from '../../stack/index.ts';
import { chart, renderChart } from '../../tools/manifests/render.ts';
import { readConfig, WorkerConfig } from '../../worker/config.ts';
import { flags, readFlags } from '../../worker/flags.ts';
import { readManifests } from '../support/install/account.ts';
import { everything, secrets, type Values } from '../support/install/chart-values.ts';
import { type Pod, podOf } from '../support/install/pod.ts';

/** Flags and variables that the chart gives the worker, read as the worker reads them. */
describe('install/chart-settings', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lynqflow-chart-settings-'));
  let helm = '';

  function podFrom(values: Values): Pod {
    const own = mkdtempSync(join(folder, 'pod-'));
    const file = join(own, 'values.json');
    writeFileSync(file, JSON.stringify(values));
    const args = ['--no-hooks', '--values', file];
    return podOf(readManifests(renderChart({ helm, namespace: 'lynq-system', args })), own, secrets);
  }

  beforeAll(async () => {
    helm = await ensureHelm({ environment: process.env, onProgress: () => undefined });
  }, 1_800_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const namedBy = (prefix: string): readonly string[] => {
    const templates = join(chart, 'templates');
    const texts = ['deployment.yaml', '_helpers.tpl'].map((name) => readFileSync(join(templates, name), 'utf8'));
    return texts.flatMap((text) => [...text.matchAll(new RegExp(`^ *- ${prefix}`, 'gm'))].map(([, name = '']) => name));
  };
  /** A switch alone has an effect that is hidden where more is set. */
  const cases: Readonly<Record<string, Values>> = {
    defaults: {},
    everything: { ...everything, temporal: { ...everything.temporal, address: 'temporal:7233', namespace: 'prod' } },
    'TLS of a public authority': { temporal: { tls: { enabled: true } } },
    'an authority of its own': { temporal: { tls: { enabled: true, secretName: 'temporal-client', ca: true } } },
    'no metrics and no election': {
      manager: { metricsBindAddress: '0', metricsSecure: false, leaderElection: false },
    },
    'metrics in the clear': {
      manager: { metricsSecure: false, metricsBindAddress: '127.0.0.1:8080', logLevel: 'debug' },
    },
  };

  test.each(Object.entries(cases))('of %s are all known, with values that can be used', (_, values) => {
    const { args, env } = podFrom(values);
    const { environment } = readFlags(args);
    const known = new Set(Object.keys(WorkerConfig.in.shape));
    const ours = Object.keys(env).filter((name) => !name.startsWith('TEMPORAL_'));
    expect(ours.filter((name) => !known.has(name))).toEqual([]);
    expect(() => readConfig({ ...env, ...environment })).not.toThrow();
    expect(() => loadClientConnectConfig({ overrideEnvVars: { ...env } })).not.toThrow();
  });

  test('all that the chart can give is among them, and each variable of Temporal changes how the worker connects', () => {
    const pods = Object.values(cases).map(podFrom);
    const flagsGiven = new Set(pods.flatMap(({ args }) => args.map((arg) => arg.replace(/^--|=.*$/g, ''))));
    const inTemplates = namedBy('--([a-z-]+)');
    expect(inTemplates.length).toBeGreaterThan(5);
    expect(inTemplates.filter((flag) => !flagsGiven.has(flag) || !(flag in flags))).toEqual([]);

    const connect = (env: Readonly<Record<string, string>>): string =>
      inspect(loadClientConnectConfig({ overrideEnvVars: { ...env } }), { depth: 9 });
    const heard = pods.flatMap(({ env }) =>
      Object.keys(env).filter((name) => {
        const { [name]: _, ...without } = env;
        return name.startsWith('LYNQ_') || connect(without) !== connect(env);
      }),
    );
    const variables = namedBy('name: ([A-Z_]+)$');
    expect(variables.length).toBeGreaterThan(15);
    expect(variables.filter((name) => !heard.includes(name))).toEqual([]);
  });
});
