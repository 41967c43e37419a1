import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { Agent, request } from 'undici';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { ensureHelm } from '../../stack/index.ts';
import { choosePorts, isPortFree, randomStart } from '../../stack/ports.ts';
import { renderChart } from '../../tools/manifests/render.ts';
import { type Cluster, type Json, lynqPath, openCluster } from '../support/e2e/cluster.ts';
import { eventually, notYet, there } from '../support/e2e/eventually.ts';
import { configMapForm, hubObject } from '../support/e2e/manifests.ts';
import { openWorld, type World } from '../support/e2e/world.ts';
import { type GrpcProxy, openGrpcProxy } from '../support/faults/grpc-proxy.ts';
import { applyManifests, installAccount, type Manifest, readManifests } from '../support/install/account.ts';
import {
  acting,
  apiKey,
  clients,
  everything,
  metricsName,
  secrets,
  servers,
  temporalName,
  token,
  type Values,
} from '../support/install/chart-values.ts';
import { type Pod, podOf, podProgram } from '../support/install/pod.ts';

/** The pod of the worker as the chart makes it, run here: what its values set is what its process does. */
describe('install/chart-worker', () => {
  const stack = inject('stack');
  const folder = mkdtempSync(join(tmpdir(), 'lynqflow-chart-worker-'));
  const trusting = new Agent({ connect: { rejectUnauthorized: false } });
  let helm = '';
  let cluster: Cluster;
  const opened: World[] = [];

  function render(values: Values, release = 'lynqflow', namespace = 'lynq-system'): readonly Manifest[] {
    const file = join(mkdtempSync(join(folder, 'values-')), 'values.json');
    writeFileSync(file, JSON.stringify(values));
    return readManifests(renderChart({ helm, release, namespace, args: ['--no-hooks', '--values', file] }));
  }

  beforeAll(async () => {
    helm = await ensureHelm({ environment: process.env, onProgress: () => undefined });
    cluster = openCluster(stack.kubeconfig);
  }, 1_800_000);
  afterAll(async () => {
    for (const world of opened) await world.close();
    await cluster?.close();
    await trusting.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Installs a release in a namespace of its own but for its pods, and starts what they would run. */
  async function install(release: string, values: Values) {
    const namespace = `lynq-${release}`;
    await cluster.create('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
    const manifests = render(values, release, namespace);
    const file = join(folder, `${release}.kubeconfig`);
    // The API server cannot reach a Service without pods; the other tests of this stack go on without its webhooks.
    installAccount(manifests.map(asideFromOthers), { ...stack, namespace, file });
    const pod = podOf(manifests, mkdtempSync(join(folder, `${release}-`)), secrets);
    const schema = 'CREATE TABLE things (id VARCHAR(100), active BOOLEAN DEFAULT TRUE);';
    const world = await openWorld(stack, { name: `chart-${release}`, schema, program: podProgram(pod, file) });
    opened.push(world);
    return { manifests, pod, world, namespace };
  }
  const asideFromOthers = (object: Manifest): Manifest => {
    if (!object.kind.endsWith('WebhookConfiguration')) return object;
    const namespaceSelector = { matchLabels: { 'no-namespace': 'has-this' } };
    const hooks = (object['webhooks'] as readonly object[]).map((hook) => ({ ...hook, namespaceSelector }));
    return { ...object, webhooks: hooks };
  };

  const ready = ({ pod, world }: Awaited<ReturnType<typeof install>>) =>
    eventually(
      `${pod.readiness} answers 200`,
      async () => {
        const answer = await request(pod.readiness).then(
          async ({ statusCode, body }) => ({ statusCode, text: await body.text() }),
          (error: unknown) => ({ statusCode: 0, text: String(error) }),
        );
        return answer.statusCode === 200 ? there(answer) : notYet([answer, world.worker.output().slice(-2_000)]);
      },
      { withinMs: 60_000 },
    );
  const isAlive = async ({ pod }: { readonly pod: Pod }) => expect((await request(pod.liveness)).statusCode).toBe(200);
  const logged = ({ world }: { readonly world: World }): readonly Json[] =>
    world.worker
      .stdout()
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Json);
  /** The line of the log, which comes a moment after readyz. */
  const toldReady = (installed: { readonly world: World }): Promise<Json> =>
    eventually('the log says that the worker is ready', () => {
      const line = logged(installed).find(({ msg }) => msg === 'worker ready');
      return line === undefined ? notYet(installed.world.worker.output()) : there(line);
    });
  const putHub = ({ world }: { readonly world: World }) =>
    world.cluster.create(
      lynqPath(world.namespace, 'lynqhubs'),
      hubObject({ name: 'things', ...world, table: 'things', extra: {}, syncInterval: '2s' }),
    );
  const putForm = ({ world }: { readonly world: World }, name: string, change: object = {}) => {
    const form = configMapForm({ name, namespace: world.namespace, hub: 'things' }, [{ id: 'map' }]);
    return world.cluster.create(lynqPath(world.namespace, 'lynqforms'), { ...form, spec: { ...form.spec, ...change } });
  };

  test('with the default values, but for ports and the address of Temporal, it gets ready, brings up a customer and ends well', async () => {
    const { apiserver, etcd } = await choosePorts({}, isPortFree, randomStart(Math.random()));
    const ports = { healthProbeBindAddress: `:${apiserver}`, metricsBindAddress: `:${etcd}` };
    const installed = await install('plain', { temporal: { address: stack.temporalAddress }, manager: ports });
    const { pod, world } = installed;
    await ready(installed);
    await isAlive(installed);
    const { statusCode } = await request(`https://127.0.0.1:${pod.port('metrics')}/metrics`, { dispatcher: trusting });
    expect(statusCode, 'metrics are for accounts that may read them').toBe(401);
    expect(await toldReady(installed)).toMatchObject({
      namespace: 'default',
      taskQueue: 'lynqflow',
    });
    await putHub(installed);
    await putForm(installed, 'maps');
    await world.database.sql("INSERT INTO things (id) VALUES ('acme')");
    await world.ready(['acme-maps']);
    await world.cluster.remove(lynqPath(world.namespace, 'lynqhubs', 'things'));
    await world.gone(['acme-maps']);
    await eventually('the hub is gone', async () => {
      const hub = await cluster.find(lynqPath(world.namespace, 'lynqhubs', 'things'));
      return hub === undefined ? there(true) : notYet(hub.metadata);
    });
    expect(await world.worker.stop()).toBe(0);
  }, 300_000);

  describe('with everything on', () => {
    let temporal: GrpcProxy;
    let installed: Awaited<ReturnType<typeof install>>;

    beforeAll(async () => {
      const own = servers.issue([temporalName]);
      const door = { ...own, clientCa: clients.cert, apiKey: () => apiKey };
      temporal = await openGrpcProxy(stack.temporalAddress, door);
      const free = await choosePorts({}, isPortFree, randomStart(Math.random()));
      installed = await install('all', {
        ...everything,
        temporal: { ...everything.temporal, address: temporal.address },
        manager: {
          ...everything.manager,
          healthProbeBindAddress: `:${free.apiserver}`,
          metricsBindAddress: `:${free.etcd}`,
        },
        webhook: { ...everything.webhook, port: free.temporal },
        notify: { ...everything.notify, port: free.mariadb },
      });
      actInRows(installed.world.namespace);
    }, 240_000);
    afterAll(async () => {
      for (const kind of ['mutating', 'validating']) {
        await cluster.remove(`/apis/admissionregistration.k8s.io/v1/${kind}webhookconfigurations/all-lynqflow`);
      }
      const world = opened.pop();
      await world?.close();
      await temporal?.close();
    });

    /** The account that the worker acts as in a namespace may write ConfigMaps there. */
    function actInRows(namespace: string): void {
      const rbac = 'rbac.authorization.k8s.io';
      const metadata = { name: acting, namespace };
      const rules = [
        { apiGroups: [''], resources: ['configmaps'], verbs: ['get', 'create', 'patch', 'delete'] },
        { apiGroups: ['operator.lynq.sh'], resources: ['lynqnodes/finalizers'], verbs: ['update'] },
      ];
      const roleRef = { apiGroup: rbac, kind: 'Role', name: acting };
      const subjects = [{ kind: 'ServiceAccount', name: acting, namespace }];
      applyManifests(stack, [
        { apiVersion: 'v1', kind: 'ServiceAccount', metadata },
        { apiVersion: `${rbac}/v1`, kind: 'Role', metadata, rules },
        { apiVersion: `${rbac}/v1`, kind: 'RoleBinding', metadata, roleRef, subjects },
      ]);
    }

    test('it gets ready, by a Temporal that wants a certificate and an API key', async () => {
      await ready(installed);
      await isAlive(installed);
      expect(temporal.calls.get('GetSystemInfo') ?? 0).toBeGreaterThan(0);
      expect(await toldReady(installed)).toMatchObject({
        address: temporal.address,
        taskQueue: 'everything',
      });
    });

    test('its log is as talkative as the flag says, which wins over the variable, and has the flags that do nothing', async () => {
      expect(installed.pod.env).toMatchObject({ LYNQ_LOG_LEVEL: 'info' });
      const debug = 20;
      const lines = await eventually('a line of the level of the flag', () => {
        const found = logged(installed);
        return found.some(({ level }) => level === debug) ? there(found) : notYet(found.slice(-3));
      });
      const idle = lines.filter(({ msg }) => msg === 'flag is accepted and does nothing').map(({ flag }) => flag);
      expect(new Set(idle)).toEqual(
        new Set(['--form-concurrency', '--hub-concurrency', '--leader-elect', '--node-concurrency']),
      );
    });

    test('its metrics have the certificate that is mounted, and are for accounts that may read them', async () => {
      const agent = new Agent({ connect: { ca: servers.cert, servername: metricsName } });
      const url = `https://127.0.0.1:${installed.pod.port('metrics')}/metrics`;
      try {
        expect((await request(url, { dispatcher: agent })).statusCode).toBe(401);
      } finally {
        await agent.close();
      }
    });

    /** What the API server would ask: the address of a configuration, by the Service and the port behind it, trusted by its caBundle. */
    async function reviewed(configuration: string, hook: string, object: object): Promise<Json> {
      const path = `/apis/admissionregistration.k8s.io/v1/${configuration}/all-lynqflow`;
      const { webhooks } = (await cluster.get(path)) as Json;
      const { clientConfig } = webhooks.find(({ name }: Json) => name === hook);
      const { service, caBundle } = clientConfig;
      const behind = installed.manifests.find(
        ({ kind, metadata }) => kind === 'Service' && metadata.name === service.name,
      );
      const { targetPort } = (behind as Json).spec.ports.find(({ port }: Json) => port === service.port);
      const ca = Buffer.from(caBundle, 'base64').toString();
      const agent = new Agent({ connect: { ca, servername: `${service.name}.${service.namespace}.svc` } });
      try {
        const { statusCode, body } = await request(
          `https://127.0.0.1:${installed.pod.port(targetPort)}${service.path}`,
          {
            dispatcher: agent,
            method: 'POST',
            headers: { 'content-type': 'application/json' },
            body: JSON.stringify({
              apiVersion: 'admission.k8s.io/v1',
              kind: 'AdmissionReview',
              request: { uid: 'asked', operation: 'CREATE', namespace: installed.world.namespace, object },
            }),
          },
        );
        expect(statusCode).toBe(200);
        return ((await body.json()) as Json).response;
      } finally {
        await agent.close();
      }
    }

    test('its webhooks answer where the configurations of the chart send the API server', async () => {
      const form = configMapForm({ name: 'bad', namespace: installed.world.namespace, hub: '' }, [{ id: 'map' }]);
      const refused = await reviewed('validatingwebhookconfigurations', 'vlynqform.kb.io', form);
      expect(refused).toMatchObject({ uid: 'asked', allowed: false });
      expect(refused.status.message).toContain('hubId is required');
      const mutated = await reviewed('mutatingwebhookconfigurations', 'mlynqform.kb.io', form);
      expect(mutated).toMatchObject({ uid: 'asked', allowed: true });
    });

    test('a row is brought up as the account of its namespace, what the scope policy denies is not, and Temporal is told none of it', async () => {
      const { world } = installed;
      await putHub(installed);
      await putForm(installed, 'maps');
      await putForm(installed, 'denied', {
        configMaps: [],
        secrets: [{ id: 'key', nameTemplate: '{{ .uid }}-key', spec: { apiVersion: 'v1', kind: 'Secret' } }],
      });
      await world.database.sql("INSERT INTO things (id) VALUES ('sealed')");
      await world.ready(['sealed-maps']);
      const map = await world.cluster.get(`/api/v1/namespaces/${world.namespace}/configmaps/sealed-maps-map`);
      expect(map.metadata.name).toBe('sealed-maps-map');
      expect(logged(installed)).toContainEqual(
        expect.objectContaining({ msg: 'objects of forms are written', as: acting }),
      );
      const said = await eventually('the form that is denied says so', async () => {
        const { status } = await world.cluster.get(lynqPath(world.namespace, 'lynqforms', 'denied'));
        const node = await world.node('sealed-denied');
        const text = JSON.stringify([status?.conditions, node?.status?.resources]);
        return text.includes('KindNotAllowed') || /Secret[^"]*(not allowed|may not)/.test(text)
          ? there(text)
          : notYet(text);
      });
      expect(said).toContain('Secret');
      const history = await world.engine.client.workflow
        .getHandle(`node/${world.namespace}/sealed-maps`)
        .fetchHistory();
      const payloads = inspect(history.events?.[0]?.workflowExecutionStartedEventAttributes?.input, { depth: 9 });
      expect(payloads).toContain('encryption');
    });

    test('hints are taken with the token that is mounted', async () => {
      const { pod, world } = installed;
      const url = `http://127.0.0.1:${pod.port('notify')}/v1/notify/${world.namespace}/things`;
      const hint = async (bearer: string) =>
        (await request(url, { method: 'POST', headers: { authorization: `Bearer ${bearer}` } })).statusCode;
      expect(await hint(`${token}-not`)).toBe(401);
      expect(await hint(token)).toBe(202);
    });

    test('it ends well', async () => {
      const { world } = installed;
      await world.cluster.remove(lynqPath(world.namespace, 'lynqhubs', 'things'));
      await world.gone(['sealed-maps', 'sealed-denied']);
      await eventually('the hub is gone', async () => {
        const hub = await cluster.find(lynqPath(world.namespace, 'lynqhubs', 'things'));
        return hub === undefined ? there(true) : notYet(hub.metadata);
      });
      expect(await world.worker.stop()).toBe(0);
      for (const secret of [apiKey, token, secrets['codec']?.['first']])
        expect(world.worker.output()).not.toContain(secret);
    });
  });
});
