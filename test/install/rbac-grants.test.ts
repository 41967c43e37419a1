import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Agent, request } from 'undici';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { ensureHelm } from '../../stack/index.ts';
import { choosePorts, isPortFree, randomStart } from '../../stack/ports.ts';
import { renderChart } from '../../tools/manifests/render.ts';
import { ClusterAnswer, childPath, type Json, lynqPath, openCluster } from '../support/e2e/cluster.ts';
import { eventually, notYet, there } from '../support/e2e/eventually.ts';
import { configMapForm, hubObject } from '../support/e2e/manifests.ts';
import { openWorld, type World } from '../support/e2e/world.ts';
import { installAccount, type Manifest, readManifests } from '../support/install/account.ts';
import { type Grant, withoutGrant } from '../support/install/grants.ts';

/**
 * What rbac.test.ts cannot see in the life of a row: grants for Events that happen again, for who reads the metrics, and for the webhook configurations.
 * The account is that of the rendered chart; each grant does what it is for, and without it the worker is refused and says so.
 */

const name = 'lynq-grants';
const rbac = '/apis/rbac.authorization.k8s.io/v1';

/** The configurations of the chart, but for the address: here the API server calls a port of this machine, about one namespace only. */
function reachable(manifest: Manifest, port: number): Manifest {
  if (!manifest.kind.endsWith('WebhookConfiguration')) return manifest;
  const webhooks = manifest['webhooks'] as readonly { readonly clientConfig: { service: { path: string } } }[];
  const namespaceSelector = { matchLabels: { 'kubernetes.io/metadata.name': 'e2e-grants' } };
  return {
    ...manifest,
    webhooks: webhooks.map((webhook) => ({
      ...webhook,
      namespaceSelector,
      clientConfig: { url: `https://127.0.0.1:${port}${webhook.clientConfig.service.path}` },
    })),
  };
}

describe('install/rbac-grants', () => {
  const stack = inject('stack');
  const folder = mkdtempSync(join(tmpdir(), 'lynqflow-grants-'));
  const agent = new Agent({ connect: { rejectUnauthorized: false } });
  let world: World;

  const without = (grant: Grant, act: () => Promise<void>) => withoutGrant(world.cluster, { name }, grant, act);

  const restart = async (): Promise<void> => {
    await world.worker.stop();
    await world.worker.start();
  };
  /** What the worker has said since. */
  function listen() {
    const from = world.worker.output().length;
    const said = () => world.worker.output().slice(from);
    const hears = (text: string) =>
      eventually(`the worker says "${text}"`, () =>
        said().includes(text) ? there(text) : notYet(said().slice(-2_000)),
      );
    return { hears };
  }

  /** An account that may read the metrics. */
  async function makeReader(): Promise<void> {
    const { namespace, cluster } = world;
    const metadata = { name: 'lynq-grants-reader' };
    await cluster.create(`/api/v1/namespaces/${namespace}/serviceaccounts`, { metadata: { name: 'reader' } });
    await cluster.create(`${rbac}/clusterroles`, {
      metadata,
      rules: [{ nonResourceURLs: ['/metrics'], verbs: ['get'] }],
    });
    await cluster.create(`${rbac}/clusterrolebindings`, {
      metadata,
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: metadata.name },
      subjects: [{ kind: 'ServiceAccount', name: 'reader', namespace }],
    });
  }
  /** Each token is one that the worker has not judged before. */
  async function freshToken(): Promise<string> {
    const path = `/api/v1/namespaces/${world.namespace}/serviceaccounts/reader/token`;
    return (
      await world.cluster.create(path, { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} })
    ).status.token as string;
  }
  async function scrape(token: string): Promise<readonly [number, string]> {
    const lines = world.worker.output().split('\n');
    const listening = lines.filter((line) => line.includes('"listening"') && line.includes('"metrics"'));
    const { port } = JSON.parse(listening.at(-1) ?? '{}') as { port?: number };
    const headers = { authorization: `Bearer ${token}` };
    const { statusCode, body } = await request(`https://127.0.0.1:${port}/metrics`, { dispatcher: agent, headers });
    return [statusCode, await body.text()];
  }

  const resize = (size: number) => world.database.sql(`UPDATE things SET size = '${size}'`);
  const settled = async (size: number): Promise<void> => {
    await eventually(`the row is followed to ${size}`, async () => {
      const { data } = await world.cluster.get(childPath('ConfigMap', world.namespace, 'acme-small-map'));
      return data?.['size'] === String(size) ? there(size) : notYet(data);
    });
    await world.ready(['acme-small']);
  };
  /** How often it was told that the row has changed; 0 when never. */
  async function timesTold(): Promise<number> {
    const events = (await world.cluster.list(`/api/v1/namespaces/${world.namespace}/events`)) as Json;
    return events.find(({ reason }: { reason: string }) => reason === 'DataUpdated')?.count ?? 0;
  }

  const configuration = (kind: string) => `/apis/admissionregistration.k8s.io/v1/${kind}webhookconfigurations/${name}`;
  /** The trust of the API server, as it is before the first start of a worker. */
  async function forgetTrust(): Promise<void> {
    for (const kind of ['mutating', 'validating']) {
      const { webhooks } = (await world.cluster.get(configuration(kind))) as Json;
      for (const webhook of webhooks) delete webhook.clientConfig.caBundle;
      await world.cluster.merge(configuration(kind), { webhooks });
    }
  }

  beforeAll(async () => {
    const { apiserver: port } = await choosePorts({}, isPortFree, randomStart(Math.random()));
    const helm = await ensureHelm({ environment: process.env, onProgress: () => undefined });
    const set = [`fullnameOverride=${name}`, 'webhook.enabled=true', 'crds.install=false'];
    const args = ['--no-hooks', ...set.flatMap((value) => ['--set', value])];
    const manifests = readManifests(renderChart({ helm, namespace: name, args }));
    const cluster = openCluster(stack.kubeconfig);
    await cluster.create('/api/v1/namespaces', { metadata: { name } });
    await cluster.close();
    const workerKubeconfig = join(folder, 'kubeconfig');
    const placed = manifests.map((manifest) => reachable(manifest, port));
    installAccount(placed, { ...stack, namespace: name, file: workerKubeconfig });
    world = await openWorld(
      { ...stack, workerKubeconfig },
      {
        name: 'grants',
        schema: `CREATE TABLE things (id VARCHAR(100), active BOOLEAN DEFAULT TRUE, size TEXT);
          INSERT INTO things (id, size) VALUES ('acme', '1')`,
        settings: {
          LYNQ_WEBHOOK_BIND_ADDRESS: `127.0.0.1:${port}`,
          LYNQ_WEBHOOK_NAME: name,
          LYNQ_METRICS_BIND_ADDRESS: '127.0.0.1:0',
        },
      },
    );
    await eventually('the webhook is ready', () =>
      world.worker.output().includes('webhook ready') ? there(true) : notYet(world.worker.output().slice(-2_000)),
    );
    const { namespace, database } = world;
    const extra = { size: 'size' };
    const hub = hubObject({ name: 'things', namespace, database, table: 'things', extra, syncInterval: '2s' });
    await world.cluster.create(lynqPath(namespace, 'lynqhubs'), hub);
    const form = configMapForm({ name: 'small', namespace, hub: 'things' }, [
      { id: 'map', data: { size: '{{ .size }}' } },
    ]);
    await world.cluster.create(lynqPath(namespace, 'lynqforms'), form);
    await makeReader();
    await settled(1);
  }, 300_000);
  afterAll(async () => {
    for (const kind of ['mutating', 'validating']) await world?.cluster.remove(configuration(kind));
    await world?.close();
    await agent.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test.each([
    ['TokenReview', { verb: 'create', group: 'authentication.k8s.io', resource: 'tokenreviews' }],
    ['SubjectAccessReview', { verb: 'create', group: 'authorization.k8s.io', resource: 'subjectaccessreviews' }],
  ])('who reads the metrics is judged by a %s', async (kind, grant) => {
    expect((await scrape(await freshToken()))[0]).toBe(200);
    const token = await freshToken();
    await without(grant, async () => {
      const { hears } = listen();
      expect(await scrape(token)).toEqual([503, 'not available now; the log of the worker says why\n']);
      await hears(`the API server answers no ${kind} of this account`);
    });
    expect((await scrape(token))[0]).toBe(200);
  });

  test('an Event is made, and one that happens again is counted up; without a right to it the row is followed all the same', async () => {
    const told = (times: number) =>
      eventually(`the change is told ${times} times`, async () => {
        const found = await timesTold();
        return found === times ? there(found) : notYet(found);
      });
    const warned = 'events cannot be written, the account may not create, get and patch them';
    const grant = (verb: string): Grant => ({ verb, group: '', resource: 'events' });
    let size = 1;
    const change = async (): Promise<void> => {
      size += 1;
      await resize(size);
      await settled(size);
    };
    await without(grant('create'), async () => {
      await restart();
      const { hears } = listen();
      await change();
      await hears(warned);
      expect(await timesTold()).toBe(0);
    });
    await restart();
    await change();
    await told(1);
    for (const verb of ['get', 'patch']) {
      await without(grant(verb), async () => {
        await restart();
        const { hears } = listen();
        await change();
        await hears(warned);
        expect(await timesTold()).toBe(1);
      });
    }
    await restart();
    await change();
    await told(2);
  }, 400_000);

  test.each(['get', 'patch'])(
    'without the right to %s its webhook configurations the worker ends and names them',
    async (verb) => {
      const grants = ['mutatingwebhookconfigurations', 'validatingwebhookconfigurations'] as const;
      for (const resource of grants) {
        await world.worker.stop();
        await forgetTrust();
        await without({ verb, group: 'admissionregistration.k8s.io', resource }, async () => {
          const { hears } = listen();
          await world.worker.start();
          const kind = resource.startsWith('mutating') ? 'Mutating' : 'Validating';
          const why = verb === 'get' ? 'The account may not read this.' : `the account may not patch ${resource}`;
          await hears(`Error: ${kind}WebhookConfiguration ${name}: ${why}`);
          await world.worker.stop();
        });
      }
      await world.worker.start();
      await eventually('forms are judged', async () => {
        const bad = configMapForm({ name: 'bad', namespace: world.namespace, hub: 'things' }, [
          { id: 'map', data: { size: '{{ .none }}' } },
        ]);
        const path = lynqPath(world.namespace, 'lynqforms');
        const said = await world.cluster.create(path, bad).catch((error: unknown) => error);
        if (!(said instanceof ClusterAnswer)) await world.cluster.remove(`${path}/bad`);
        return String(said).includes('template validation failed') ? there(true) : notYet(String(said));
      });
    },
    400_000,
  );
});
