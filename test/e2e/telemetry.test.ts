import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { Agent, request } from 'undici';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { childPath, lynqPath } from '../support/e2e/cluster.ts';
import { eventually, notYet, there } from '../support/e2e/eventually.ts';
import { configMapForm } from '../support/e2e/manifests.ts';
import { startPrometheus } from '../../tools/monitoring/prometheus.ts';
import { type WorkerProcess, workerProcess } from '../support/e2e/programs.ts';
import { openWorld, type World } from '../support/e2e/world.ts';

const dashboard = JSON.parse(
  readFileSync(new URL('../../deploy/monitoring/dashboard.json', import.meta.url), 'utf8'),
) as {
  readonly panels: readonly { readonly title: string; readonly targets: readonly { readonly expr: string }[] }[];
  readonly templating: {
    readonly list: readonly (
      | { readonly name: string; readonly type: 'datasource' }
      | { readonly name: string; readonly type: 'query'; readonly query: { readonly query: string } }
    )[];
  };
};

const role = 'rbac.authorization.k8s.io/v1';

interface Answer {
  readonly status: number;
  readonly text: string;
}

describe('e2e/telemetry', () => {
  const node = 'acme-worker-tier';
  /** The certificate is made by the worker for itself. */
  const agent = new Agent({ connect: { rejectUnauthorized: false } });
  let world: World;
  let reader: string;
  let stranger: string;

  /** The port a worker says it listens on, of its latest start. */
  function portOf(what: 'metrics' | 'probes', worker: WorkerProcess = world.worker): number {
    const lines = worker
      .output()
      .split('\n')
      .filter((line) => line.includes('"listening"'));
    const found = lines
      .map((line) => JSON.parse(line) as { what: string; port: number })
      .filter((line) => line.what === what);
    return found.at(-1)?.port ?? 0;
  }

  async function get(url: string, token?: string): Promise<Answer> {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const { statusCode, body } = await request(url, { dispatcher: agent, headers });
    return { status: statusCode, text: await body.text() };
  }
  const scrape = (token?: string) => get(`https://127.0.0.1:${portOf('metrics')}/metrics`, token);
  const probe = (path: string) => get(`http://127.0.0.1:${portOf('probes')}${path}`);

  async function account(name: string): Promise<string> {
    const path = `/api/v1/namespaces/${world.namespace}/serviceaccounts`;
    await world.cluster.create(path, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name } });
    const { status } = await world.cluster.create(`${path}/${name}/token`, {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: {},
    });
    return status.token as string;
  }

  async function allowMetrics(name: string): Promise<void> {
    const metadata = { name: `${world.namespace}-metrics-reader` };
    await world.cluster.create(`/apis/${role}/clusterroles`, {
      apiVersion: role,
      kind: 'ClusterRole',
      metadata,
      rules: [{ nonResourceURLs: ['/metrics'], verbs: ['get'] }],
    });
    await world.cluster.create(`/apis/${role}/clusterrolebindings`, {
      apiVersion: role,
      kind: 'ClusterRoleBinding',
      metadata,
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: metadata.name },
      subjects: [{ kind: 'ServiceAccount', name, namespace: world.namespace }],
    });
  }

  beforeAll(async () => {
    world = await openWorld(inject('stack'), {
      name: 'telemetry',
      settings: { LYNQ_METRICS_BIND_ADDRESS: '127.0.0.1:0', LYNQ_HEALTH_PROBE_BIND_ADDRESS: '127.0.0.1:0' },
    });
    reader = await account('prometheus');
    stranger = await account('stranger');
    await allowMetrics('prometheus');
    await world.database.sql("INSERT INTO nodes (node_id) VALUES ('acme')");
    await world.applyAll(world.hubText('5s'), world.formText('data-tier'), world.formText('worker-tier'));
    await world.ready([node]);
  });
  afterAll(async () => {
    await world?.close();
    await agent.close();
  });

  test('metrics are for accounts that may get /metrics', async () => {
    expect((await scrape()).status).toBe(401);
    expect((await scrape('forged')).status).toBe(401);
    expect((await scrape(stranger)).status).toBe(403);
    expect((await scrape(reader)).status).toBe(200);
  });

  test('a node, its hub and the work done for them are in the metrics under the names of the Go operator', async () => {
    const hub = `hub="multi-tier-nodes",namespace="${world.namespace}"`;
    const text = await eventually('the hub counts its node', async () => {
      const { text: metrics } = await scrape(reader);
      const wanted = [`hub_ready{${hub}} 2`, `lynqflow_hub_rows{${hub},outcome="provisioned"} 1`];
      const isThere = wanted.every((line) => metrics.includes(line));
      return isThere ? there(metrics) : notYet(metrics.match(/^(hub_|lynqflow_hub_rows).*/gm));
    });

    expect(text).toContain(`hub_desired{${hub}} 2`);
    expect(text).toContain(`lynqflow_hub_rows{${hub},outcome="provisioned"} 1`);
    expect(text).toContain(`lynqnode_resources_ready{lynqnode="${node}",namespace="${world.namespace}"} 1`);
    expect(text).toContain(
      `lynqnode_condition_status{lynqnode="${node}",namespace="${world.namespace}",type="Ready"} 1`,
    );
    expect(text).toMatch(/apply_attempts_total\{kind="Deployment",result="success",conflict_policy="Stuck"\} [1-9]/);
    expect(text).toMatch(/lynqnode_reconcile_duration_seconds_count\{result="success"\} [1-9]/);
    expect(text).toMatch(/lynqflow_sync_duration_seconds_count\{hub="multi-tier-nodes",.*result="synced"\} [1-9]/);
    expect(text).toMatch(/lynqflow_api_requests_total\{verb="get",code="200"\} [1-9]/);
    expect(text).toMatch(/lynqflow_task_queue_backlog\{kind="activity"\} \d/);
    expect(text).toMatch(/^lynqflow_leading 1$/m);
  });

  test('a rollout is in the metrics under the names of the Go operator, for as long as its form is limited', async () => {
    const path = lynqPath(world.namespace, 'lynqforms', 'limited');
    const entry = (version: string) => ({
      id: 'map',
      nameTemplate: '{{ .uid }}-map',
      spec: { apiVersion: 'v1', kind: 'ConfigMap', data: { version } },
    });
    const edit = (spec: object) => world.cluster.merge(path, { spec });
    /** updating, phase and progress of the form; none when there are no such series. */
    const series = async (): Promise<readonly number[]> => {
      const { text } = await scrape(reader);
      return ['updating_nodes', 'phase', 'progress'].flatMap((name) => {
        const line = `lynqform_rollout_${name}{form="limited",namespace="${world.namespace}"} `;
        return text.split('\n').flatMap((found) => (found.startsWith(line) ? [Number(found.slice(line.length))] : []));
      });
    };
    const shows = (what: string, wanted: readonly number[]) =>
      eventually(`the series of a rollout that is ${what}`, async () => {
        const found = await series();
        return found.join() === wanted.join() ? there(found) : notYet(found);
      });
    await world.cluster.create(lynqPath(world.namespace, 'lynqforms'), {
      apiVersion: 'operator.lynq.sh/v1',
      kind: 'LynqForm',
      metadata: { name: 'limited', namespace: world.namespace },
      spec: { hubId: 'multi-tier-nodes', rollout: { maxSkew: 1 }, configMaps: [entry('1')] },
    });
    await shows('complete', [0, 3, 100]);
    await edit({ rollout: { paused: true }, configMaps: [entry('2')] });
    await shows('under way', [0, 1, 0]);
    await world.cluster.merge(path, { metadata: { annotations: { 'lynq.sh/rollout': 'abort' } } });
    await shows('aborted', [0, 2, 0]);
    const never = { ...entry('3'), readyWhen: "'done' in object.data", timeoutSeconds: 300 };
    await edit({ rollout: { paused: null }, configMaps: [never] });
    await shows('on its way', [1, 1, 0]);
    await edit({ rollout: null });
    await shows('without limits', []);
    await world.cluster.remove(path);
    await world.gone(['acme-limited']);
  });

  test('healthz and readyz say what they rest on', async () => {
    expect(await probe('/healthz')).toEqual({ status: 200, text: 'ok\n' });
    const { status, text } = await probe('/readyz?verbose');
    expect(status).toBe(200);
    for (const check of ['worker', 'temporal', 'apiserver', 'watches']) expect(text).toContain(`[+]${check} ok`);
  });

  /** What else a fleet can be: an object that somebody else owns, so that its node is degraded, and a form that is rolled out. */
  async function trouble(): Promise<void> {
    const { namespace, cluster } = world;
    const forms = lynqPath(namespace, 'lynqforms');
    await cluster.create(childPath('ConfigMap', namespace), {
      metadata: { name: 'acme-taken-map' },
      data: { mine: 'yes' },
    });
    const place = { namespace, hub: 'multi-tier-nodes' };
    await cluster.create(forms, configMapForm({ ...place, name: 'taken' }, [{ id: 'map' }]));
    const rolled = configMapForm({ ...place, name: 'rolled' }, [{ id: 'map' }]);
    await cluster.create(forms, { ...rolled, spec: { ...rolled.spec, rollout: { maxSkew: 1 } } });
  }

  test('Prometheus takes the metrics, its rules can be evaluated, and every panel of the dashboard shows numbers', async () => {
    const prometheus = await startPrometheus({ port: portOf('metrics'), token: reader });
    try {
      await trouble();
      const chosen = new Map<string, string>();
      const filled = (text: string): string =>
        text.replaceAll(/\$(\w+)/g, (_, variable: string) => chosen.get(variable) ?? 'no such variable');
      for (const variable of dashboard.templating.list) {
        if (variable.type === 'datasource') continue;
        const asked = filled(variable.query.query);
        const [, selector = '', label = ''] = /^label_values\((.+), (\w+)\)$/.exec(asked) ?? [];
        const own = { job: 'lynqflow', hub: 'multi-tier-nodes' }[label] ?? world.namespace;
        // Other hubs of the cluster may be offered besides.
        expect(await prometheus.labelValues(selector, label), variable.name).toContain(own);
        chosen.set(variable.name, own);
      }
      expect([...chosen.keys()]).toEqual(['job', 'namespace', 'hub']);

      for (const { title, targets } of dashboard.panels) {
        for (const { expr } of targets) {
          await eventually(`${title}: ${expr}`, async () => {
            const answer = await prometheus.query(filled(expr));
            const values = answer.data?.result.map(({ value: [, number] }) => Number(number)) ?? [];
            const jobs = new Set(answer.data?.result.map(({ metric }) => metric['job']));
            expect(jobs, `${title} shows the workers alone`).not.toContain('foreign');
            return values.some(Number.isFinite) ? there(values) : notYet(answer);
          });
        }
      }
      const rules = await eventually('every rule was evaluated', async () => {
        const states = await prometheus.rules();
        return states.every(({ health }) => health !== 'unknown') ? there(states) : notYet(states);
      });
      expect(rules.filter(({ health }) => health !== 'ok')).toEqual([]);
      const recorded = rules.filter(({ type }) => type === 'recording').map(({ name }) => name);
      expect(recorded.length).toBeGreaterThan(4);
      for (const name of recorded) expect((await prometheus.query(name)).data?.result, name).not.toEqual([]);
    } finally {
      await prometheus.stop();
    }
  }, 240_000);

  /** The lines of an answer that is one; without a row and without a hub there is still what the worker says of itself. */
  async function lines(): Promise<readonly string[]> {
    const { status, text } = await scrape(reader);
    expect(status, text).toBe(200);
    expect(text).toMatch(/^lynqflow_leading 1$/m);
    return text.split('\n');
  }
  const seriesOf = async (label: string): Promise<readonly string[]> =>
    (await lines()).filter((line) => line.includes(label));

  test('a second installation in the cluster has no series of what the first one acts for, until that one is gone', async () => {
    const addresses = { LYNQ_METRICS_BIND_ADDRESS: '127.0.0.1:0', LYNQ_HEALTH_PROBE_BIND_ADDRESS: '127.0.0.1:0' };
    const second = workerProcess(inject('stack'), { LYNQ_TASK_QUEUE: 'e2e-telemetry-second', ...addresses });
    const told = async (): Promise<readonly string[]> => {
      const { text } = await get(`https://127.0.0.1:${portOf('metrics', second)}/metrics`, reader);
      return text
        .split('\n')
        .filter((line) => line.includes(`namespace="${world.namespace}"`) || line.startsWith('lynqflow_leading '));
    };
    await second.start();
    try {
      await eventually('the second installation has a leader', async () => {
        const lines = await told();
        return lines.includes('lynqflow_leading 1') ? there(lines) : notYet(lines);
      });
      // By then it has seen all hubs, forms and nodes.
      for (let scrapes = 0; scrapes < 20; scrapes += 1) {
        expect(await told()).toEqual(['lynqflow_leading 1']);
        await pause(200);
      }
      await world.worker.stop();
      const hub = `hub="multi-tier-nodes",namespace="${world.namespace}"`;
      await eventually(
        'the second installation tells of the hub',
        async () => {
          const lines = await told();
          const series = [`hub_desired{${hub}}`, `lynqnode_resources_desired{lynqnode="${node}"`];
          return series.every((start) => lines.some((line) => line.startsWith(start))) ? there(lines) : notYet(lines);
        },
        { withinMs: 90_000 },
      );
    } finally {
      await second.stop();
      await world.worker.start();
    }
    await eventually(
      'the first installation has its hub again, and has read its table',
      async () => {
        const { text } = await scrape(reader);
        const [series] =
          /^lynqflow_sync_duration_seconds_count\{hub="multi-tier-nodes",.*"synced"\} [1-9]/m.exec(text) ?? [];
        return series !== undefined && /^hub_desired\{hub="multi-tier-nodes"/m.test(text)
          ? there(series)
          : notYet(text.length);
      },
      { withinMs: 90_000 },
    );
  }, 240_000);

  test('a node that is gone has no series, and its hub has its own', async () => {
    const ofNode = `lynqnode="${node}",namespace="${world.namespace}"`;
    expect(await seriesOf(ofNode)).not.toEqual([]);
    await world.database.sql("DELETE FROM nodes WHERE node_id = 'acme'");
    await world.gone([node]);
    expect(await seriesOf(node)).toEqual([]);
    expect(await seriesOf('hub="multi-tier-nodes"')).toContainEqual(
      expect.stringMatching(/^lynqflow_sync_duration_seconds_count\{.*\} [1-9]/),
    );
  });

  test('a hub that is gone has no series, those of its syncs and of its forms included', async () => {
    const hub = lynqPath(world.namespace, 'lynqhubs', 'multi-tier-nodes');
    const ofHub = `namespace="${world.namespace}"`;
    expect(await seriesOf(ofHub)).not.toEqual([]);
    await world.cluster.remove(hub);
    await eventually('the hub is gone', async () => {
      const found = await world.cluster.find(hub);
      return found === undefined ? there(true) : notYet(found.metadata.finalizers);
    });
    const forms = lynqPath(world.namespace, 'lynqforms');
    for (const { metadata } of await world.cluster.list(forms)) await world.cluster.remove(`${forms}/${metadata.name}`);
    // The watch of the worker hears of it a moment later.
    await eventually('no series is about it', async () => {
      const left = await seriesOf(ofHub);
      return left.length === 0 ? there(true) : notYet(left);
    });
  });
});
