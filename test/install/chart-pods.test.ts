import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { ensureHelm } from '../../stack/index.ts';
import { renderChart } from '../../tools/manifests/render.ts';
import { type Cluster, type Json, openCluster } from '../support/e2e/cluster.ts';
import { eventually, notYet, there } from '../support/e2e/eventually.ts';
import { applyManifests, type Manifest, readManifests } from '../support/install/account.ts';

interface Container {
  readonly env?: readonly { readonly name: string; readonly value?: string }[];
  readonly ports?: readonly { readonly name: string; readonly containerPort: number }[];
  readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string }[];
  readonly resources?: { readonly limits?: object; readonly requests?: object };
  readonly [probe: `${string}Probe`]: { readonly timeoutSeconds?: number };
}
interface Template {
  readonly metadata: {
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec: {
    readonly containers: readonly [Container];
    readonly volumes?: readonly { readonly name: string; readonly secret?: { readonly secretName: string } }[];
    readonly [key: string]: unknown;
  };
}

/** What values make of the pods of the worker and of the check before an uninstall, and which values are refused. */
describe('install/chart-pods', () => {
  const stack = inject('stack');
  const namespace = 'lynq-pods';
  let helm = '';
  let cluster: Cluster;

  const render = (...values: readonly string[]): readonly Manifest[] =>
    readManifests(renderChart({ helm, namespace, args: values.flatMap((value) => ['--set', value]) }));
  const ofKind = (all: readonly Manifest[], kind: string): readonly Manifest[] =>
    all.filter((object) => object.kind === kind);
  function template(all: readonly Manifest[], kind: 'Deployment' | 'Job'): Template {
    const [found] = ofKind(all, kind);
    if (found === undefined) throw new Error(`there is no ${kind}`);
    return (found['spec'] as { template: Template }).template;
  }
  const pods = (...values: readonly string[]): readonly [Template, Template] => {
    const all = render(...values);
    return [template(all, 'Deployment'), template(all, 'Job')];
  };

  beforeAll(async () => {
    helm = await ensureHelm({ environment: process.env, onProgress: () => undefined });
    cluster = openCluster(stack.kubeconfig);
    await cluster.create('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  }, 1_800_000);
  afterAll(async () => {
    await cluster?.remove(`/api/v1/namespaces/${namespace}`);
    await cluster?.close();
  });

  test('the webhook has an address while no worker is ready', async () => {
    const all = render('webhook.enabled=true', 'image.tag=broken', 'serviceAccount.create=false');
    applyManifests(
      stack,
      all.filter(({ kind }) => kind === 'Deployment' || kind === 'Service'),
    );
    const readyOf = async (service: string) => {
      const slices = (await cluster.list(`/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`)) as Json;
      return slices
        .filter(({ metadata }: Json) => metadata.labels?.['kubernetes.io/service-name'] === service)
        .flatMap(({ endpoints }: Json) => endpoints ?? [])
        .map(({ conditions }: Json) => conditions) as readonly object[];
    };
    await eventually('both Services know the pod', async () => {
      const found = [await readyOf('lynqflow-webhook'), await readyOf('lynqflow-metrics')];
      return found.every((endpoints) => endpoints.length === 1) ? there(true) : notYet(found);
    });
    expect(await readyOf('lynqflow-metrics')).toMatchObject([{ ready: false }]);
    expect(await readyOf('lynqflow-webhook')).toMatchObject([{ ready: true }]);
  });

  test('what is said of pods holds for the check before an uninstall, too', () => {
    const [worker, check] = pods(
      'podLabels.team=platform',
      'commonLabels.zone=a',
      'podAnnotations.note=seen',
      'nodeSelector.pool=system',
      'tolerations[0].key=system',
      'affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[0].key=a',
      'priorityClassName=high',
      'imagePullSecrets[0].name=pull',
    );
    for (const pod of [worker, check]) {
      expect(pod.metadata.labels).toMatchObject({ team: 'platform', zone: 'a' });
      expect(pod.metadata.annotations).toMatchObject({ note: 'seen' });
    }
    for (const field of ['nodeSelector', 'tolerations', 'affinity', 'priorityClassName', 'imagePullSecrets']) {
      expect(check.spec[field], field).toBeTruthy();
      expect(check.spec[field], field).toEqual(worker.spec[field]);
    }
  });

  test('the check before an uninstall says what it needs, which is a value', () => {
    const { resources } = pods()[1].spec.containers[0];
    for (const kind of ['limits', 'requests'] as const) {
      expect(Object.keys(resources?.[kind] ?? {})).toEqual(['cpu', 'memory']);
    }
    const [, more] = pods('uninstallCheck.resources.limits.memory=1Gi');
    expect(more.spec.containers[0].resources?.limits).toMatchObject({ memory: '1Gi' });
  });

  test('the check knows which installation it is for by the settings of the worker, and takes no others', () => {
    const env = (...values: readonly string[]) =>
      pods(...values).map(({ spec }) =>
        Object.fromEntries((spec.containers[0].env ?? []).map((item) => [item.name, item.value])),
      );
    const named = ['temporal.namespace=prod', 'temporal.taskQueue=second', 'temporal.apiKey.secretName=key'];
    expect(env(...named)[1]).toEqual({ TEMPORAL_NAMESPACE: 'prod', LYNQ_TASK_QUEUE: 'second' });
    const variables = { TEMPORAL_NAMESPACE: 'own', LYNQ_TASK_QUEUE: 'third', LYNQ_NOTIFY_TOKEN_FILE: '/nowhere' };
    const given = Object.entries(variables).flatMap(([name, value], index) => [
      `manager.env[${index}].name=${name}`,
      `manager.env[${index}].value=${value}`,
    ]);
    const [worker, check] = env(...given);
    expect(worker).toMatchObject(variables);
    expect(check).toEqual({ TEMPORAL_NAMESPACE: 'own', LYNQ_TASK_QUEUE: 'third' });
  });

  test('the network policy of the check opens the way to the API server and no port', () => {
    const egress = 'networkPolicy.egress[0].ports[0].port=6443';
    const all = render('networkPolicy.enabled=true', egress);
    const [worker, check] = [template(all, 'Deployment'), template(all, 'Job')];
    const policies = ofKind(all, 'NetworkPolicy').map(
      ({ spec }) => spec as { podSelector: { matchLabels: object }; egress: unknown; ingress: unknown },
    );
    const [own] = policies.filter(({ podSelector }) => isPart(podSelector.matchLabels, worker.metadata.labels));
    const ofCheck = policies.filter(({ podSelector }) => isPart(podSelector.matchLabels, check.metadata.labels));
    expect(ofCheck).toMatchObject([{ policyTypes: ['Ingress', 'Egress'], ingress: [], egress: own?.egress }]);
    expect(own?.egress).toEqual([{ ports: [{ port: 6443 }] }]);
    const without = render('networkPolicy.enabled=true', 'uninstallCheck.enabled=false');
    expect(ofKind(without, 'NetworkPolicy')).toHaveLength(1);
  });
  const isPart = (part: object, whole: Readonly<Record<string, string>>): boolean =>
    Object.entries(part).every(([key, value]) => whole[key] === value);

  const hints = ['notify.enabled=true', 'notify.token.secretName=hints'];
  test('hints are taken at a port that a Service, and the network policy, let in, with the token of a Secret', () => {
    const all = render(
      ...hints,
      'notify.token.key=bearer',
      'networkPolicy.enabled=true',
      'manager.metricsBindAddress=:1',
    );
    const { spec, metadata } = template(all, 'Deployment');
    const [{ env = [], ports = [], volumeMounts = [] }] = spec.containers;
    const variables = Object.fromEntries(env.map(({ name, value = '' }) => [name, value]));
    expect(variables).toMatchObject({ LYNQ_NOTIFY_HOST: '0.0.0.0', LYNQ_NOTIFY_PORT: '8090' });
    const path = variables['LYNQ_NOTIFY_TOKEN_FILE'] ?? '';
    const mount = volumeMounts.find(({ mountPath }) => path.startsWith(`${mountPath}/`));
    expect(spec.volumes?.find(({ name }) => name === mount?.name)?.secret).toEqual({
      secretName: 'hints',
      items: [{ key: 'bearer', path: path.split('/').at(-1) }],
    });
    expect(ports).toContainEqual({ name: 'notify', containerPort: 8090 });
    const [service] = ofKind(all, 'Service').filter((object) => object.metadata.name === 'lynqflow-notify');
    expect(service?.['spec']).toMatchObject({ ports: [{ name: 'http', port: 8090, targetPort: 'notify' }] });
    expect(metadata.labels).toMatchObject((service?.['spec'] as { selector: object } | undefined)?.selector ?? {});
    const [policy] = ofKind(all, 'NetworkPolicy');
    expect(policy?.['spec']).toMatchObject({ ingress: [{ ports: [{ port: 'metrics' }, { port: 'notify' }] }] });
  });

  test('no hints are taken unless they are wanted', () => {
    const text = JSON.stringify(render());
    expect(text).not.toMatch(/notify/i);
  });

  test.each([
    [['notify.enabled=true'], 'notify.enabled needs notify.token.secretName'],
    [
      [...hints, 'manager.env[0].name=LYNQ_NOTIFY_PORT', 'manager.env[0].value=1'],
      'LYNQ_NOTIFY_PORT in manager.env is what notify.enabled sets',
    ],
  ])('hints that could not be taken are refused: %j', (values, why) => {
    expect(() => render(...values)).toThrow(why);
  });

  test('worker and check have their token also where the account does not hand it out', () => {
    for (const pod of pods('serviceAccount.automount=false')) {
      expect(pod.spec['automountServiceAccountToken']).toBe(true);
    }
  });

  /** Of the variables of Temporal that name a file: the Secret it is from. */
  function filesOf(...values: readonly string[]): Readonly<Record<string, string>> {
    const [{ spec }] = pods(...values);
    const [{ env = [], volumeMounts = [] }] = spec.containers;
    const secretAt = (path: string): string => {
      const { name } = volumeMounts.find(({ mountPath }) => path.startsWith(`${mountPath}/`)) ?? {};
      const { secret } = spec.volumes?.find((volume) => volume.name === name) ?? {};
      return `${secret?.secretName} ${path.split('/').at(-1)}`;
    };
    const named = env.filter(({ name }) => name.endsWith('_PATH'));
    return Object.fromEntries(
      named.map(({ name, value = '' }) => [name.replace('TEMPORAL_TLS_', ''), secretAt(value)]),
    );
  }

  test('an authority of your own goes with mTLS, with an API key and with neither', () => {
    const tls = 'temporal.tls.enabled=true';
    const ca = 'temporal.tls.caSecretName=authority';
    const fromOther = { SERVER_CA_CERT_PATH: 'authority ca.crt' };
    const client = { CLIENT_CERT_PATH: 'client tls.crt', CLIENT_KEY_PATH: 'client tls.key' };
    expect(filesOf(tls)).toEqual({});
    expect(filesOf(tls, ca)).toEqual(fromOther);
    expect(filesOf(tls, ca, 'temporal.apiKey.secretName=key')).toEqual(fromOther);
    expect(filesOf(tls, ca, 'temporal.tls.secretName=client')).toEqual({ ...client, ...fromOther });
    expect(filesOf(tls, 'temporal.tls.secretName=client')).toEqual(client);
    expect(filesOf(tls, 'temporal.tls.secretName=client', 'temporal.tls.ca=true')).toEqual({
      ...client,
      SERVER_CA_CERT_PATH: 'client ca.crt',
    });
  });

  test.each([
    [['temporal.tls.secretName=client'], 'temporal.tls.secretName has no effect without temporal.tls.enabled'],
    [['temporal.tls.caSecretName=authority'], 'temporal.tls.caSecretName has no effect without temporal.tls.enabled'],
    [['temporal.tls.serverName=temporal'], 'temporal.tls.serverName has no effect without temporal.tls.enabled'],
    [['temporal.tls.ca=true'], 'temporal.tls.ca has no effect without temporal.tls.enabled'],
    [['temporal.tls.enabled=true', 'temporal.tls.ca=true'], 'temporal.tls.secretName, which is empty'],
    [
      ['temporal.tls.enabled=true', 'temporal.tls.ca=true', 'temporal.tls.caSecretName=a', 'temporal.tls.secretName=b'],
      'give one of them',
    ],
  ])('%j is refused', (values, why) => {
    expect(() => render(...values)).toThrow(why);
  });

  test('replicas are kept on different machines where that can be, unless a value says otherwise', () => {
    const spread = (...values: readonly string[]) => pods(...values)[0].spec['topologySpreadConstraints'];
    const { metadata } = pods()[0];
    const [constraint] = spread() as [{ labelSelector: { matchLabels: object } }];
    expect(constraint).toMatchObject({ topologyKey: 'kubernetes.io/hostname', whenUnsatisfiable: 'ScheduleAnyway' });
    expect(metadata.labels).toMatchObject(constraint.labelSelector.matchLabels);
    expect(Object.keys(constraint.labelSelector.matchLabels).length).toBeGreaterThan(1);
    expect(spread('topologySpreadConstraints=null')).toBeUndefined();
    const own = 'topologySpreadConstraints[0]';
    expect(spread(`${own}.topologyKey=zone`, `${own}.labelSelector.matchLabels.app=x`)).toEqual([
      { topologyKey: 'zone', labelSelector: { matchLabels: { app: 'x' } } },
    ]);
  });

  const budget = (replicas: number, limit: string) => [
    'podDisruptionBudget.enabled=true',
    `replicaCount=${replicas}`,
    `podDisruptionBudget.${limit}`,
  ];
  test.each([
    [2, 'minAvailable=2'],
    [2, 'minAvailable=3'],
    [2, 'minAvailable=100%'],
    [3, 'minAvailable=67%'],
    [2, 'maxUnavailable=0'],
    [2, 'maxUnavailable=0%'],
  ])('a budget that lets no node be drained is refused: of %s replicas %s', (replicas, limit) => {
    expect(() => render(...budget(replicas, limit))).toThrow('from being drained');
  });
  test.each([
    [2, 'minAvailable=1'],
    [3, 'minAvailable=66%'],
    [2, 'minAvailable=50%'],
    [1, 'maxUnavailable=1'],
    [1, 'maxUnavailable=10%'],
  ])('a budget that leaves a replica is taken: of %s replicas %s', (replicas, limit) => {
    expect(ofKind(render(...budget(replicas, limit)), 'PodDisruptionBudget')).toHaveLength(1);
  });

  test('a worker has longer to end than it gives what is under way', () => {
    const grace = (...values: readonly string[]) => pods(...values)[0].spec['terminationGracePeriodSeconds'];
    const shutdown = (seconds: number) => [
      'manager.env[0].name=LYNQ_SHUTDOWN_SECONDS',
      `manager.env[0].value=${seconds}`,
    ];
    expect(grace()).toBe(40);
    expect(grace(...shutdown(60), 'terminationGracePeriodSeconds=90')).toBe(90);
    expect(() => render(...shutdown(60))).toThrow('has to be more than LYNQ_SHUTDOWN_SECONDS (60)');
    expect(() => render('terminationGracePeriodSeconds=20')).toThrow('has to be more than LYNQ_SHUTDOWN_SECONDS (20)');
  });

  test('a probe waits for the checks of the worker, which have 3 s each', () => {
    const [container] = pods()[0].spec.containers;
    for (const name of ['livenessProbe', 'readinessProbe'] as const) {
      expect(container[name]?.timeoutSeconds, name).toBeGreaterThan(3);
    }
  });

  test('without rbac.create there is no role at all, and none for metrics that everybody may read', () => {
    const roles = (...values: readonly string[]) =>
      render(...values)
        .filter(({ apiVersion }) => apiVersion.startsWith('rbac.authorization.k8s.io'))
        .map(({ metadata }) => metadata.name);
    expect(roles()).toContain('lynqflow-metrics-reader');
    expect(roles('rbac.create=false')).toEqual([]);
    expect(roles('manager.metricsSecure=false')).not.toContain('lynqflow-metrics-reader');
  });

  test('values of an earlier chart, which had none of the newer ones, are taken', () => {
    // What `helm upgrade --reuse-values` gives.
    const newer = [
      'rbac.aggregateToAdmin',
      'temporal.tls.caSecretName',
      'terminationGracePeriodSeconds',
      'priorityClassName',
      'topologySpreadConstraints',
      'uninstallCheck.resources',
      'notify',
      'webhook.clientCA',
    ];
    const [worker, check] = pods(...newer.map((name) => `${name}=null`));
    expect(worker.spec['terminationGracePeriodSeconds']).toBe(40);
    expect(check.spec.containers[0]).not.toHaveProperty('resources');
  });
});
