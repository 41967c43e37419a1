import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, inject, test } from 'vitest';
import { parse } from 'yaml';
import { ensureHelm, progressLine } from '../../stack/index.ts';
import { chart, plainManifests, renderChart } from '../../tools/manifests/render.ts';
import { type Manifest, plainWorker, readManifests } from '../support/install/account.ts';

const deploy = fileURLToPath(new URL('../../deploy/', import.meta.url));
const read = (name: string): string => readFileSync(join(deploy, name), 'utf8');

/** What of the chart is shown by rendering alone, with helm itself; test/install/chart.test.ts has the rest. */
describe('e2e/chart', () => {
  let helm = '';

  const render = (...values: readonly string[]): readonly Manifest[] =>
    readManifests(renderChart({ helm, namespace: 'lynq-system', args: values.flatMap((value) => ['--set', value]) }));
  const only = (manifests: readonly Manifest[], kind: string): Manifest => {
    const [found, ...more] = manifests.filter((manifest) => manifest.kind === kind);
    if (found === undefined || more.length > 0) throw new Error(`${more.length + 1} of kind ${kind}`);
    return found;
  };
  const endpointWith = (...values: readonly string[]): Readonly<Record<string, unknown>> => {
    const monitor = only(render('monitoring.enabled=true', ...values), 'ServiceMonitor');
    const { endpoints } = monitor['spec'] as { readonly endpoints: readonly Readonly<Record<string, unknown>>[] };
    return endpoints[0] ?? {};
  };

  beforeAll(async () => {
    const onProgress = (progress: Parameters<typeof progressLine>[0]) =>
      process.stderr.write(`${progressLine(progress)}\n`);
    helm = await ensureHelm({ environment: process.env, onProgress });
  }, 1_800_000);

  test('deploy/worker.yaml is what the chart makes of its default values, and deploy/install.yaml ends with it', () => {
    const worker = read('worker.yaml');
    expect(worker).toBe(plainManifests(helm));
    expect(plainWorker().endsWith(worker)).toBe(true);
  });

  test.each([
    ['dashboard.enabled=true', 'this chart has no dashboard'],
    ['replicas=2', "additional properties 'replicas' not allowed"],
    ['image.repository=ghcr.io/k8s-lynq/lynq', "is the Go operator's"],
    ['monitoring.rules.labels.a=b', "additional properties 'labels' not allowed"],
  ])('%s is refused: %s', (value, why) => {
    expect(() => render(value)).toThrow(why);
  });

  test('the ServiceMonitor leaves the labels of the series alone, and takes whatever certificate with the token of Prometheus unless told otherwise', () => {
    expect(endpointWith()).toMatchObject({
      honorLabels: true,
      scheme: 'https',
      bearerTokenFile: '/var/run/secrets/kubernetes.io/serviceaccount/token',
      tlsConfig: { insecureSkipVerify: true },
    });
    const told = endpointWith(
      'monitoring.tlsConfig.serverName=metrics.lynq',
      'monitoring.tlsConfig.ca.secret.name=metrics-ca',
      'monitoring.tlsConfig.ca.secret.key=ca.crt',
      'monitoring.authorization.credentials.name=scraper',
      'monitoring.authorization.credentials.key=token',
    );
    expect(told).toMatchObject({
      tlsConfig: { serverName: 'metrics.lynq', ca: { secret: { name: 'metrics-ca', key: 'ca.crt' } } },
      authorization: { credentials: { name: 'scraper', key: 'token' } },
    });
    expect(told).not.toHaveProperty('bearerTokenFile');
    expect(told['tlsConfig']).not.toHaveProperty('insecureSkipVerify');
    const plain = endpointWith('manager.metricsSecure=false');
    expect(Object.keys(plain).filter((key) => ['scheme', 'bearerTokenFile', 'tlsConfig'].includes(key))).toEqual([]);
  });

  test('rules and dashboard are those of deploy/monitoring, where the Prometheus operator and Grafana look for them', () => {
    const all = render(
      'monitoring.rules.enabled=true',
      'monitoring.dashboard.enabled=true',
      'monitoring.namespace=observing',
      'monitoring.labels.release=prometheus',
    );
    const rules = only(all, 'PrometheusRule');
    expect(rules.metadata).toMatchObject({ namespace: 'observing', labels: { release: 'prometheus' } });
    expect(rules['spec']).toEqual(parse(read('monitoring/rules.yaml')));
    const dashboard = only(all, 'ConfigMap');
    expect(dashboard.metadata).toMatchObject({
      name: 'lynqflow-dashboard',
      namespace: 'observing',
      labels: { grafana_dashboard: '1' },
    });
    const { 'lynqflow.json': text = '' } = dashboard['data'] as Readonly<Record<string, string>>;
    expect(text.trim()).toBe(read('monitoring/dashboard.json').trim());
  });

  test('neither is there by default, nor with the values of an earlier chart, which had none for them', () => {
    const earlier = ['monitoring.rules=null', 'monitoring.dashboard=null', 'monitoring.tlsConfig=null'];
    for (const values of [[], ['monitoring.enabled=true', ...earlier]]) {
      const kinds = render(...values).map(({ kind }) => kind);
      expect(kinds).not.toContain('PrometheusRule');
      expect(kinds).not.toContain('ConfigMap');
    }
  });

  test('the notes after an installation name the role that whoever scrapes needs, where one is needed', () => {
    const notes = (...args: readonly string[]): string => {
      // The definitions are there already, and are not helm's.
      const flags = ['--dry-run=client', '-n', 'lynq-notes', '--set', 'crds.install=false'];
      const all = ['install', 'notes', chart, ...flags, ...args];
      const env = { ...process.env, KUBECONFIG: inject('stack').kubeconfig };
      const { stdout, stderr } = spawnSync(helm, all, { encoding: 'utf8', env });
      return stdout.split('NOTES:').at(1) ?? stderr;
    };
    expect(notes()).toContain(
      'kubectl create clusterrolebinding notes-lynqflow-metrics-reader --clusterrole=notes-lynqflow-metrics-reader',
    );
    expect(notes('--set', 'manager.metricsSecure=false')).not.toContain('metrics-reader');
  });
});
