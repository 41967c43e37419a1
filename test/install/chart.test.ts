import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { apiGroup } from '../../domain/keys.ts';
import { formKinds } from '../../domain/form-kinds.ts';
import { ensureHelm, progressLine } from '../../stack/index.ts';
import { chart, plainManifests, renderChart } from '../../tools/manifests/render.ts';
import { type Cluster, type Json, lynqPath, openCluster } from '../support/e2e/cluster.ts';
import { eventually, notYet, there } from '../support/e2e/eventually.ts';
import { run } from '../support/e2e/programs.ts';
import {
  type Manifest,
  manifestText,
  plainInstall,
  plainWorker,
  readManifests,
  type Rule,
} from '../support/install/account.ts';

interface Pod {
  readonly serviceAccountName: string;
  readonly containers: readonly {
    readonly image: string;
    readonly command?: readonly string[];
    readonly resources?: unknown;
    readonly ports?: readonly { readonly name: string }[];
  }[];
}
type Labels = Readonly<Record<string, string>>;
interface Template {
  readonly template: { readonly metadata: { readonly labels: Labels }; readonly spec: Pod };
}

function specOf<T>(object: Manifest | undefined): T {
  if (object === undefined) throw new Error('there is no such object');
  return object['spec'] as T;
}
const templateOf = (workload: Manifest | undefined) => specOf<Template>(workload).template;
const podOf = (workload: Manifest | undefined): Pod => templateOf(workload).spec;
const podLabels = (workload: Manifest | undefined): Labels => templateOf(workload).metadata.labels;

/** The labels by which an object chooses pods, under its kind; with the end of its name where there are several of a kind. */
function selectorsIn({ kind, metadata, spec }: Manifest): readonly (readonly [string, Labels])[] {
  const { selector, podSelector } = (spec ?? {}) as {
    readonly selector?: Labels & { readonly matchLabels?: Labels };
    readonly podSelector?: { readonly matchLabels: Labels };
  };
  const named = `${kind} ${metadata.name.split('-').at(-1)}`;
  if (podSelector !== undefined) return [[named, podSelector.matchLabels]];
  if (selector === undefined) return [];
  if (kind === 'Service') return [[named, selector]];
  return [[kind, selector.matchLabels ?? {}]];
}

/** The chart by helm itself, and what it makes by the API server. */
describe('install/chart', () => {
  const stack = inject('stack');
  const folder = mkdtempSync(join(tmpdir(), 'lynqflow-chart-'));
  let helm = '';
  let cluster: Cluster;

  const render = (...args: readonly string[]): readonly Manifest[] =>
    readManifests(renderChart({ helm, namespace: 'lynq-system', args }));
  const runHelm = (...args: readonly string[]) =>
    run(helm, args, {
      PATH: process.env['PATH'],
      HOME: folder,
      KUBECONFIG: stack.kubeconfig,
    });
  const identity = ({ apiVersion, kind, metadata }: Manifest): string =>
    `${apiVersion} ${kind} ${metadata.namespace ?? ''}/${metadata.name}`;
  const ofKind = (manifests: readonly Manifest[], kind: string): readonly Manifest[] =>
    manifests.filter((manifest) => manifest.kind === kind);
  const workerRules = (manifests: readonly Manifest[]): readonly Rule[] =>
    ofKind(manifests, 'ClusterRole').find(({ metadata }) => metadata.name === 'lynqflow')?.['rules'] as readonly Rule[];

  beforeAll(async () => {
    const onProgress = (progress: Parameters<typeof progressLine>[0]) =>
      process.stderr.write(`${progressLine(progress)}\n`);
    helm = await ensureHelm({ environment: process.env, onProgress });
    cluster = openCluster(stack.kubeconfig);
  }, 1_800_000);
  afterAll(async () => {
    await cluster?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test('helm lint finds nothing', async () => {
    const ended = await runHelm('lint', '--strict', chart);
    expect(ended, ended.stdout).toMatchObject({ code: 0 });
  });

  test('deploy/worker.yaml is what the chart makes of its default values; deploy/install.yaml has it, and deploy/definitions.yaml what the chart keeps', () => {
    const worker = readFileSync(new URL('../../deploy/worker.yaml', import.meta.url), 'utf8');
    expect(worker).toBe(plainManifests(helm));
    expect(plainWorker().endsWith(worker)).toBe(true);
    const [named, all] = [render('--no-hooks'), readManifests(plainInstall())].map((manifests) =>
      manifests.map(identity),
    );
    expect(all?.toSorted()).toEqual([...(named ?? []), 'v1 Namespace /lynq-system'].toSorted());
  });

  test('kustomize takes deploy as a base and gives the same objects', async () => {
    const deploy = fileURLToPath(new URL('../../deploy', import.meta.url));
    const ended = await run(stack.kubectl, ['kustomize', deploy], { PATH: process.env['PATH'], HOME: folder });
    expect(ended).toMatchObject({ code: 0 });
    const byName = (manifests: readonly Manifest[]) => new Map(manifests.map((object) => [identity(object), object]));
    expect(byName(readManifests(ended.stdout))).toEqual(byName(readManifests(plainWorker())));
  });

  test('the definitions in the chart are those of the worker, and helm keeps them at an uninstall', () => {
    const crds = ofKind(render(), 'CustomResourceDefinition');
    expect(crds.map(({ metadata }) => metadata.name)).toHaveLength(3);
    for (const crd of crds) {
      const { annotations, ...metadata } = crd.metadata as { annotations: Record<string, string>; name: string };
      expect(annotations['helm.sh/resource-policy']).toBe('keep');
      const file = `../../deploy/crds/${apiGroup}_${metadata.name.split('.')[0]}.yaml`;
      const [source] = readManifests(readFileSync(new URL(file, import.meta.url), 'utf8'));
      expect(crd['spec']).toEqual(source?.['spec']);
    }
    const unkept = ofKind(render('--set', 'crds.keep=false'), 'CustomResourceDefinition');
    expect(JSON.stringify(unkept)).not.toContain('resource-policy');
    expect(ofKind(render('--set', 'crds.install=false'), 'CustomResourceDefinition')).toEqual([]);
  });

  test('the policy for forms is that of deploy/admission, named after the release, and one value leaves it out', () => {
    const source = readManifests(
      readFileSync(new URL('../../deploy/admission/lynqform-graph.yaml', import.meta.url), 'utf8'),
    );
    const policiesOf = (release: string, ...args: readonly string[]) =>
      readManifests(renderChart({ helm, release, namespace: 'lynq-system', args })).filter(({ kind }) =>
        kind.startsWith('ValidatingAdmissionPolicy'),
      );
    const [policy, binding] = policiesOf('lynqflow');
    expect(policy).toMatchObject({ kind: 'ValidatingAdmissionPolicy', metadata: { name: 'lynqflow-form-graph' } });
    expect(policy?.['spec']).toEqual(source[0]?.['spec']);
    expect(binding).toMatchObject({
      kind: 'ValidatingAdmissionPolicyBinding',
      metadata: { name: 'lynqflow-form-graph', labels: { 'app.kubernetes.io/instance': 'lynqflow' } },
    });
    expect(binding?.['spec']).toEqual({ ...specOf<object>(source[1]), policyName: 'lynqflow-form-graph' });
    const [, second] = policiesOf('second', '--set', 'commonAnnotations.team=platform');
    expect(second).toMatchObject({
      metadata: { name: 'second-lynqflow-form-graph', annotations: { team: 'platform' } },
      spec: { policyName: 'second-lynqflow-form-graph' },
    });
    expect(policiesOf('lynqflow', '--set', 'admissionPolicy.enabled=false')).toEqual([]);
    // `helm upgrade --reuse-values` gives the values of an earlier chart, which had no such value.
    expect(policiesOf('lynqflow', '--set-json', 'admissionPolicy=null')).toHaveLength(2);
  });

  test('every kind that a form has an array for is one value, on by default', () => {
    const { kinds } = (
      readManifests(readFileSync(join(chart, 'values.yaml'), 'utf8'))[0] as unknown as {
        rbac: { kinds: Record<string, boolean> };
      }
    ).rbac;
    expect(Object.keys(kinds).toSorted()).toEqual(Object.keys(formKinds).toSorted());
    expect(new Set(Object.values(kinds))).toEqual(new Set([true]));
  });

  test.each(Object.keys(formKinds))('with rbac.kinds.%s off nothing of the kind may be written', (name) => {
    const resource = name.toLowerCase();
    const writes = (manifests: readonly Manifest[]) =>
      workerRules(manifests)
        .filter(({ resources }) => resources.includes(resource))
        .flatMap(({ verbs }) => verbs)
        .filter((verb) => ['update', 'delete'].includes(verb));
    // Secrets are the worker's own too: keys of hubs, values of nodes.
    const own = name === 'secrets' ? ['delete'] : [];
    expect(writes(render())).toEqual([...own, 'update', 'delete']);
    expect(writes(render('--set', `rbac.kinds.${name}=false`))).toEqual(own);
  });

  test('rules for further kinds are added as they are', () => {
    const rule = '{"apiGroups":["example.com"],"resources":["widgets"],"verbs":["get"]}';
    const rules = workerRules(render('--set-json', `rbac.extraRules=[${rule}]`));
    expect(rules).toContainEqual(JSON.parse(rule));
  });

  test('with an account per namespace the worker may list whatever Kubernetes itself has in a Namespace', async () => {
    const rules = workerRules(render('--set', 'impersonate.serviceAccount=lynq-forms'));
    const may = (group: string, resource: string): boolean =>
      rules.some(
        ({ apiGroups, resources, verbs }) =>
          apiGroups.includes(group) && resources.includes(resource) && verbs.includes('list'),
      );
    const services = (await cluster.list('/apis/apiregistration.k8s.io/v1/apiservices')) as Json[];
    // Those of definitions have another value.
    const own = services.filter(
      ({ metadata }) => metadata.labels?.['kube-aggregator.kubernetes.io/automanaged'] === 'onstart',
    );
    expect(own.length).toBeGreaterThan(10);
    const missing = await Promise.all(
      own.map(async ({ spec: { group = '', version } }) => {
        const path = group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
        const { resources } = (await cluster.get(path)) as Json;
        return (resources as Json[])
          .filter(({ namespaced, verbs }) => namespaced && verbs.includes('list') && verbs.includes('create'))
          .filter(({ name }) => !may(group, name))
          .map(({ name }) => `${name}.${group}`);
      }),
    );
    expect(missing.flat()).toEqual([]);
  });

  test('with everything on the API server takes every object', async () => {
    const all = render(
      ...['webhook', 'networkPolicy', 'podDisruptionBudget'].flatMap((name) => ['--set', `${name}.enabled=true`]),
      ...['replicaCount=2', 'temporal.tls.enabled=true', 'temporal.tls.secretName=tls', 'temporal.tls.ca=true'].flatMap(
        (value) => ['--set', value],
      ),
      ...[
        'temporal.apiKey.secretName=key',
        'notify.enabled=true',
        'notify.token.secretName=hints',
        'webhook.clientCA.secretName=api-servers',
        'impersonate.serviceAccount=lynq-forms',
        'manager.nodeConcurrency=7',
      ].flatMap((value) => ['--set', value]),
      '--set-json',
      'scopePolicy={"crossNamespace":false}',
      '--set',
      'commonAnnotations.team=platform',
    );
    await cluster.create('/api/v1/namespaces', namespace('lynq-system')).catch(() => undefined);
    const args = [
      '--kubeconfig',
      stack.kubeconfig,
      'apply',
      '--server-side',
      '--force-conflicts',
      '--dry-run=server',
      '-f',
      '-',
    ];
    const ended = await run(stack.kubectl, args, { PATH: process.env['PATH'], HOME: folder }, manifestText(all));
    expect(ended, ended.stderr).toMatchObject({ code: 0 });
    expect(ofKind(all, 'MutatingWebhookConfiguration')).toHaveLength(1);
    expect(ofKind(all, 'ValidatingWebhookConfiguration')).toHaveLength(1);
    expect(ofKind(all, 'NetworkPolicy')).toHaveLength(2);
    expect(ofKind(all, 'PodDisruptionBudget')).toHaveLength(1);
    expect(ofKind(render('--set', 'monitoring.enabled=true'), 'ServiceMonitor')).toHaveLength(1);
  });

  const selecting = ['networkPolicy', 'podDisruptionBudget', 'webhook'].map((name) => `${name}.enabled=true`);

  test.each([
    [[], 'lynqflow'],
    [['nameOverride=other', 'podLabels.team=platform', 'commonLabels.zone=a'], 'other'],
  ])('what chooses pods chooses those of the worker, or those of the check, and no others (%j)', (more, name) => {
    const values = [...selecting, 'replicaCount=2', 'fullnameOverride=worker', ...more];
    const all = render(...values.flatMap((value) => ['--set', value]));
    const [worker] = ofKind(all, 'Deployment');
    const [check] = ofKind(all, 'Job');
    const labels = podLabels(worker);
    expect(labels['app.kubernetes.io/name']).toBe(name);
    const selectors = new Map(all.flatMap((object) => selectorsIn(object)));
    expect([...selectors.keys()].toSorted()).toEqual(
      [
        'Deployment',
        'NetworkPolicy check',
        'NetworkPolicy worker',
        'PodDisruptionBudget',
        'Service metrics',
        'Service webhook',
      ].toSorted(),
    );
    for (const [what, selector] of selectors) {
      expect(Object.keys(selector).length, what).toBeGreaterThan(1);
      // The pod of the check before an uninstall has labels of the same release.
      const [chosen, other] = what.endsWith(' check') ? [podLabels(check), labels] : [labels, podLabels(check)];
      expect(chosen, what).toMatchObject(selector);
      expect(other, what).not.toMatchObject(selector);
    }
  });

  test('the network policy opens what the worker serves by the names of its ports, and nothing when it serves nothing', () => {
    const ingress = (...more: readonly string[]) => {
      const all = render('--set', 'networkPolicy.enabled=true', ...more);
      const ports = podOf(ofKind(all, 'Deployment')[0]).containers[0]?.ports?.map((port) => port.name) ?? [];
      const [policy] = ofKind(all, 'NetworkPolicy');
      const { ingress: rules } = specOf<{ ingress: { ports: { port: string }[] }[] }>(policy);
      const opened = rules.map((rule) => rule.ports.map(({ port }) => port));
      for (const port of opened.flat()) expect(ports).toContain(port);
      return opened;
    };
    expect(ingress()).toEqual([['metrics']]);
    const webhook = ['--set', 'webhook.enabled=true'];
    const noMetrics = ['--set-string', 'manager.metricsBindAddress=0'];
    expect(ingress(...webhook)).toEqual([['metrics', 'webhook']]);
    expect(ingress(...webhook, ...noMetrics)).toEqual([['webhook']]);
    expect(ingress(...noMetrics)).toEqual([]);
    const hints = ['--set', 'notify.enabled=true', '--set', 'notify.token.secretName=hints'];
    expect(ingress(...hints)).toEqual([['metrics', 'notify']]);
    expect(ingress(...hints, ...noMetrics)).toEqual([['notify']]);
  });

  test('callers of metrics and of the webhook that are named reach their port alone, whatever may reach the rest', () => {
    const ingress = (...values: readonly string[]) => {
      const all = render(...['networkPolicy.enabled=true', ...values].flatMap((value) => ['--set', value]));
      return specOf<{ ingress: object[] }>(ofKind(all, 'NetworkPolicy')[0]).ingress;
    };
    const metrics = 'networkPolicy.metrics.namespaceSelector.matchLabels.metrics=enabled';
    const webhook = 'networkPolicy.webhook.podSelector.matchLabels.app=gateway';
    const [fromMetrics, fromWebhook] = [
      { namespaceSelector: { matchLabels: { metrics: 'enabled' } } },
      { podSelector: { matchLabels: { app: 'gateway' } } },
    ];
    expect(ingress(metrics)).toEqual([{ ports: [{ port: 'metrics' }], from: [fromMetrics] }]);
    expect(ingress(metrics, 'webhook.enabled=true')).toEqual([
      { ports: [{ port: 'metrics' }], from: [fromMetrics] },
      { ports: [{ port: 'webhook' }] },
    ]);
    expect(ingress(metrics, webhook, 'webhook.enabled=true')).toEqual([
      { ports: [{ port: 'metrics' }], from: [fromMetrics] },
      { ports: [{ port: 'webhook' }], from: [fromWebhook] },
    ]);
    // Nobody is let in to what is not served.
    expect(ingress(webhook, 'manager.metricsBindAddress=:8443')).toEqual([{ ports: [{ port: 'metrics' }] }]);
    expect(() => ingress('networkPolicy.metrics.ipBlock.cidr=10.0.0.0/8')).toThrow('ipBlock');
  });

  test('a ServiceMonitor relabels what was scraped as it is told', () => {
    const rule = '[{"action":"drop","sourceLabels":["__name__"],"regex":"process_.*"}]';
    const all = render('--set', 'monitoring.enabled=true', '--set-json', `monitoring.metricRelabelings=${rule}`);
    const { endpoints } = specOf<{ endpoints: object[] }>(ofKind(all, 'ServiceMonitor')[0]);
    expect(endpoints).toMatchObject([{ metricRelabelings: JSON.parse(rule) }]);
  });

  test("the Go operator's values are refused with its image; without image and resources they are taken", () => {
    const file = fileURLToPath(new URL('../fixtures/peer/values.yaml', import.meta.url));
    expect(() => render('-f', file)).toThrow("image ghcr.io/k8s-lynq/lynq is the Go operator's");
    const [{ image: _, resources: __, ...values }] = readManifests(readFileSync(file, 'utf8')) as [Manifest];
    const without = join(folder, 'values.json');
    writeFileSync(without, JSON.stringify(values));
    // With everything on that they are about, too.
    const on = ['networkPolicy', 'monitoring'].flatMap((name) => ['--set', `${name}.enabled=true`]);
    const [policy] = ofKind(render('-f', without, ...on), 'NetworkPolicy');
    expect(specOf<{ ingress: object[] }>(policy).ingress).toHaveLength(2);
    const [worker] = ofKind(render('-f', without), 'Deployment');
    const [own] = ofKind(render(), 'Deployment');
    const { image, resources } = podOf(worker).containers[0] ?? {};
    expect({ image, resources }).toEqual({
      image: podOf(own).containers[0]?.image,
      resources: podOf(own).containers[0]?.resources,
    });
  });

  test("an image is the Go operator's by its whole path, however it is spelled", () => {
    const image = (registry: string, repository: string) =>
      podOf(
        ofKind(
          render('--set', `image.registry=${registry},image.repository=${repository},image.tag=v1`),
          'Deployment',
        )[0],
      ).containers[0]?.image;
    for (const [registry, repository] of [
      ['', 'ghcr.io/k8s-lynq/lynq'],
      ['', 'k8s-lynq/lynq'],
      ['registry.example.com/mirror/k8s-lynq', 'lynq'],
    ] as const) {
      expect(() => image(registry, repository)).toThrow("is the Go operator's");
    }
    expect(image('registry.example.com', 'k8s-lynq/lynqflow')).toBe('registry.example.com/k8s-lynq/lynqflow:v1');
    expect(image('registry.example.com', 'not-k8s-lynq/lynq')).toBe('registry.example.com/not-k8s-lynq/lynq:v1');
  });

  test.each([
    ['dashboard.enabled=true', 'this chart has no dashboard'],
    ['certManager.install=true', 'nothing here needs cert-manager'],
    ['podDisruptionBudget.enabled=true', 'set replicaCount to 2 or more'],
    ['replicas=2', "additional properties 'replicas' not allowed"],
    ['manager.metricsBindAddress=off', 'metricsBindAddress'],
  ])('%s is refused: %s', (value, why) => {
    expect(() => render('--set', value)).toThrow(why);
  });

  test('helm asks the check before an uninstall, in the image and under the account of the worker', () => {
    const all = render();
    const [check] = ofKind(all, 'Job');
    const [worker] = ofKind(all, 'Deployment');
    expect(check?.metadata['annotations']).toMatchObject({ 'helm.sh/hook': 'pre-delete' });
    const pod = podOf(check);
    expect(pod.containers[0]).toMatchObject({ command: ['node', 'bin/lynq-uninstall-check.mjs'] });
    expect(pod.containers[0]?.image).toBe(podOf(worker).containers[0]?.image);
    expect(pod.serviceAccountName).toBe(podOf(worker).serviceAccountName);
    expect(check?.['spec']).toMatchObject({ backoffLimit: 0 });
    expect(ofKind(render('--set', 'uninstallCheck.enabled=false'), 'Job')).toEqual([]);
  });

  test('helm installs it where pods are restricted, bad forms are refused by its policy, and an uninstall takes everything but the definitions', async () => {
    const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' };
    await cluster.create('/api/v1/namespaces', namespace('lynq-helm', labels));
    expect(await podRefusal('lynq-helm')).toMatch(/violates PodSecurity .*restricted/);
    // The pods of the embedded stack run nothing: their Job ends well as soon as it may have one. image.test.ts carries the check out.
    const args = ['install', 'helm-test', chart, '-n', 'lynq-helm', '--take-ownership', '--wait', '--timeout', '90s'];
    const installed = await runHelm(...args);
    expect(installed, installed.stderr).toMatchObject({ code: 0 });
    expect(installed.stdout).toContain('Lynqflow 0.1.0 is in namespace lynq-helm');
    const path = '/apis/apps/v1/namespaces/lynq-helm/deployments/helm-test-lynqflow';
    expect((await cluster.get(path)).status.readyReplicas).toBe(1);

    const policy = '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies/helm-test-lynqflow-form-graph';
    const binding = policy.replace('policies', 'policybindings');
    const [entry, again] = [configMap('a'), configMap('a', { nameTemplate: 'again' })];
    await eventually('the policy is in force', async () => {
      const said = await saidOf({ configMaps: [entry], secrets: [again] });
      return said === 'accepted' ? notYet(said) : there(said);
    });
    const place = "ValidatingAdmissionPolicy 'helm-test-lynqflow-form-graph'";
    expect(await saidOf({ configMaps: [entry], secrets: [again] })).toContain('duplicate resource IDs found: [a]');
    const lost = await saidOf({ configMaps: [configMap('a', { dependIds: ['b'] })] });
    expect(lost).toContain(place);
    expect(lost).toContain("dependency validation failed: resource 'a' depends on non-existent resource 'b'");
    expect(await saidOf({ configMaps: [entry] })).toBe('accepted');

    const ended = await runHelm('uninstall', 'helm-test', '-n', 'lynq-helm', '--wait');
    expect(ended, ended.stderr).toMatchObject({ code: 0 });
    expect(ended.stdout).toContain('CustomResourceDefinition');
    const events = (await cluster.list('/api/v1/namespaces/lynq-helm/events')) as Json;
    const made: string[] = events
      .filter(({ reason }: Json) => reason === 'SuccessfulCreate')
      .map(({ message }: Json) => message);
    expect(made.filter((message) => message.includes('Created pod: helm-test-lynqflow-uninstall-check'))).toHaveLength(
      1,
    );
    expect(await cluster.find(path)).toBeUndefined();
    expect(await cluster.find(policy)).toBeUndefined();
    expect(await cluster.find(binding)).toBeUndefined();
    for (const name of ['lynqhubs', 'lynqforms', 'lynqnodes']) {
      const crd = await cluster.get(`/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${name}.${apiGroup}`);
      expect(crd.metadata.deletionTimestamp).toBeUndefined();
    }
    await cluster.remove('/api/v1/namespaces/lynq-helm');
  });

  const configMap = (id: string, more: object = {}) => ({
    id,
    nameTemplate: '{{ .uid }}',
    spec: { apiVersion: 'v1', kind: 'ConfigMap' },
    ...more,
  });
  /** What the API server says of a form that is not stored. */
  const saidOf = async (spec: object): Promise<string> => {
    const metadata = { name: 'judged' };
    const form = { apiVersion: `${apiGroup}/v1`, kind: 'LynqForm', metadata, spec: { hubId: 'any', ...spec } };
    return cluster.call('POST', `${lynqPath('lynq-helm', 'lynqforms')}?dryRun=All`, form).then(
      () => 'accepted',
      (error: unknown) => String(error),
    );
  };
  /** What the API server says of a pod that asks for nothing. */
  const podRefusal = async (name: string): Promise<string> => {
    const pod = { metadata: { name: 'plain' }, spec: { containers: [{ name: 'plain', image: 'plain:1' }] } };
    return cluster.call('POST', `/api/v1/namespaces/${name}/pods?dryRun=All`, pod).then(
      () => 'accepted',
      (error: unknown) => String(error),
    );
  };
  const namespace = (name: string, labels: Labels = {}) => ({
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name, labels },
  });
});
