import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ensureHelm } from '../../stack/index.ts';
import { chart, renderChart } from '../../tools/manifests/render.ts';
import { type Manifest, readManifests } from '../support/install/account.ts';
import { shellBlocks } from '../support/install/blocks.ts';

const sets = (values: readonly string[]): readonly string[] => values.flatMap((value) => ['--set', value]);

type Labels = Readonly<Record<string, string>>;
interface Monitor {
  readonly selector: { readonly matchLabels: Labels };
}

interface Pods {
  readonly template: { readonly spec: { readonly securityContext: object } };
}

/** What is on only where it is asked for. */
const everything = [
  'namespace.create=true',
  'webhook.enabled=true',
  'notify.enabled=true',
  'notify.token.secretName=hints',
  'monitoring.enabled=true',
  'monitoring.rules.enabled=true',
  'monitoring.dashboard.enabled=true',
  'networkPolicy.enabled=true',
  'podDisruptionBudget.enabled=true',
  'replicaCount=2',
];

/** Values of the chart that go together badly, by helm alone. */
describe('install/chart-values', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lynqflow-values-'));
  let helm = '';

  const text = (release: string, args: readonly string[]): string =>
    renderChart({ helm, release, namespace: 'lynq-system', args });
  const render = (args: readonly string[] = [], release = 'lynqflow'): readonly Manifest[] =>
    readManifests(text(release, args));
  const identity = ({ kind, metadata }: Manifest): string => `${kind} ${metadata.namespace ?? ''}/${metadata.name}`;

  beforeAll(async () => {
    helm = await ensureHelm({ environment: process.env, onProgress: () => undefined });
  }, 1_800_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('the second release of an upgrade with worker versioning makes no object of the first and no alert or dashboard again, whatever that one has on', () => {
    const block = shellBlocks('docs/operations.md').find(({ script }) => script.includes('lynqflow-next deploy/chart'));
    const [, flags = ''] = /(--set [\s\S]*?)--wait/.exec(block?.script ?? '') ?? [];
    const first = render(sets(everything));
    const second = render([...sets(everything), ...flags.split(/[\s\\]+/).filter(Boolean)], 'lynqflow-next');
    const names = new Set(first.map(identity));
    expect(second.map(identity).filter((name) => names.has(name))).toEqual([]);
    const kinds = second.map(({ kind }) => kind);
    for (const kind of ['Namespace', 'CustomResourceDefinition', 'PrometheusRule', 'Job'])
      expect([kind, kinds.includes(kind)]).toEqual([kind, false]);
    expect(second.map(({ metadata }) => metadata.name)).not.toContain('lynqflow-next-dashboard');
    expect(kinds).toContain('ServiceMonitor');
  });

  test.each(['https', 'http', 'webhook', 'metrics'])(
    'a ServiceMonitor chooses one Service, whatever the port of the metrics is called (%s)',
    (portName) => {
      const all = render(sets([...everything, `service.metricsPortName=${portName}`, 'commonLabels.zone=a']));
      const monitors = all.filter(({ kind }) => kind === 'ServiceMonitor');
      const [selector] = monitors.map(({ spec }) => (spec as Monitor).selector);
      const chosen = all.filter(
        ({ kind, metadata }) =>
          kind === 'Service' &&
          Object.entries(selector?.matchLabels ?? {}).every(
            ([key, value]) => (metadata['labels'] as Labels | undefined)?.[key] === value,
          ),
      );
      expect(chosen.map(({ metadata }) => metadata.name)).toEqual(['lynqflow-metrics']);
      // What chooses pods is as it was: a selector of a Deployment cannot change.
      const [worker] = all.filter(({ kind }) => kind === 'Deployment');
      expect(worker).toMatchObject({
        spec: { selector: { matchLabels: { 'app.kubernetes.io/component': 'worker' } } },
      });
      expect(JSON.stringify(worker)).not.toContain('lynq.sh/service');
    },
  );

  interface Schema {
    readonly properties?: Readonly<Record<string, Schema>>;
    readonly additionalProperties?: boolean;
    readonly items?: Schema;
  }
  /** Blocks whose values are named, by their path; maps of Kubernetes have no names here. */
  function openBlocks(schema: Schema, path: string): readonly string[] {
    const inner = Object.entries(schema.properties ?? {}).flatMap(([name, of]) => openBlocks(of, `${path}.${name}`));
    const items = schema.items === undefined ? [] : openBlocks(schema.items, `${path}[]`);
    const open = schema.properties !== undefined && schema.additionalProperties !== false;
    return [...(open ? [path] : []), ...inner, ...items];
  }

  test('a value that does not exist is refused in every block', () => {
    const schema = JSON.parse(readFileSync(join(chart, 'values.schema.json'), 'utf8')) as Schema;
    expect(openBlocks(schema, '')).toEqual([]);
    expect(() => render(sets(['webhook.enable=true']))).toThrow("additional properties 'enable' not allowed");
    // The Go operator's chart has it.
    expect(render(sets(['webhook.certificate.issuerName=selfsigned-issuer'])).length).toBeGreaterThan(0);
  });

  test('keys that several values share stand once in every manifest: those that choose pods stay, then the nearest value wins', () => {
    const shared = [
      'podLabels.team=pods',
      'commonLabels.team=all',
      'monitoring.labels.team=monitors',
      'monitoring.dashboard.labels.team=panels',
      ...['commonLabels', 'podLabels', 'monitoring.labels', 'monitoring.dashboard.labels'].flatMap((map) =>
        ['name', 'instance', 'component', 'version', 'managed-by'].map(
          (key) => `${map}.app\\.kubernetes\\.io/${key}=other`,
        ),
      ),
      'commonLabels.rbac\\.authorization\\.k8s\\.io/aggregate-to-view=no',
      'commonLabels.lynq\\.sh/service=other',
      ...['commonAnnotations', 'podAnnotations', 'crds.annotations', 'service.annotations'].flatMap((map) => [
        `${map}.note=${map}`,
        `${map}.helm\\.sh/resource-policy=other`,
        `${map}.kubectl\\.kubernetes\\.io/default-container=other`,
      ]),
    ];
    const rendered = text('lynqflow', sets([...everything, ...shared]));
    expect(parseAllDocuments(rendered).flatMap(({ errors }) => errors.map(({ message }) => message))).toEqual([]);

    const all = readManifests(rendered);
    const of = (kind: string) => all.find((object) => object.kind === kind);
    const own = { 'app.kubernetes.io/name': 'lynqflow', 'app.kubernetes.io/instance': 'lynqflow' };
    const pod = { metadata: { labels: { ...own, team: 'pods', 'app.kubernetes.io/component': 'worker' } } };
    expect(of('Deployment')).toMatchObject({
      metadata: { labels: { ...own, team: 'all', 'app.kubernetes.io/managed-by': 'Helm' } },
      spec: { template: pod },
    });
    const check = { ...own, team: 'pods', 'app.kubernetes.io/component': 'uninstall-check' };
    expect(of('Job')).toMatchObject({
      metadata: { annotations: { 'helm.sh/hook': 'pre-delete' } },
      spec: { template: { metadata: { labels: check } } },
    });
    expect(of('Namespace')).toMatchObject({ metadata: { annotations: { 'helm.sh/resource-policy': 'keep' } } });
    expect(of('ServiceMonitor')).toMatchObject({ metadata: { labels: { ...own, team: 'monitors' } } });
    const metrics = all.find(({ metadata }) => metadata.name === 'lynqflow-metrics');
    expect(metrics).toMatchObject({ metadata: { labels: { 'lynq.sh/service': 'metrics' } } });
  });

  test('a release with the longest name that Helm allows makes objects with names that Kubernetes allows', () => {
    const release = `a${'b'.repeat(51)}c`;
    const names = render(sets(everything), release)
      // Of these the labels of pods and the addresses in the cluster are made.
      .filter(({ kind }) => ['Deployment', 'Job', 'Service'].includes(kind))
      .map(({ metadata }) => metadata.name);
    expect(names).toHaveLength(5);
    expect(names.filter((name) => name.length > 63)).toEqual([]);
    expect(new Set(names).size).toBe(names.length);
  });

  test.each([
    'commonAnnotations',
    'crds.annotations',
    'notify.serviceAnnotations',
    'service.annotations',
    'serviceAccount.annotations',
    'webhook.serviceAnnotations',
  ])('%s with nothing under it is taken for none', (path) => {
    expect(render(sets([...everything, `${path}=null`])).map(identity)).toEqual(render(sets(everything)).map(identity));
  });

  test.each([
    [['webhook.port=8443'], 'manager.metricsBindAddress and webhook.port are both port 8443'],
    [['notify.port=8081'], 'manager.healthProbeBindAddress and notify.port are both port 8081'],
    [
      ['manager.metricsBindAddress=127.0.0.1:8081'],
      'manager.healthProbeBindAddress and manager.metricsBindAddress are both port 8081',
    ],
  ])('two things at one port are refused by their names: %j', (values, why) => {
    expect(() => render(sets([...everything, ...values]))).toThrow(why);
    // What is off listens nowhere.
    expect(render(sets(['webhook.port=8443', 'notify.port=8443'])).length).toBeGreaterThan(0);
  });

  test('where the platform gives users and groups, the pods name none', () => {
    const ids = ['runAsUser', 'runAsGroup', 'fsGroup'];
    const pods = (args: readonly string[]) =>
      render(args)
        .filter(({ kind }) => kind === 'Deployment' || kind === 'Job')
        .map(({ spec }) => (spec as Pods).template.spec.securityContext);
    const shown = shellBlocks('docs/install.md').find(({ script }) => script.includes('fsGroup=null'))?.script ?? '';
    const flags = shown.split(/[\s\\]+/).filter((word) => word.includes('=null'));
    expect(flags).toHaveLength(1);
    for (const context of pods([])) for (const id of ids) expect(context).toHaveProperty(id);
    const without = pods(sets(flags));
    expect(without).toHaveLength(2);
    for (const context of without) {
      for (const id of ids) expect(context).not.toHaveProperty(id);
      expect(context).toMatchObject({ runAsNonRoot: true });
    }
  });
});
