import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { request } from 'undici';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { ensureHelm } from '../../stack/index.ts';
import { renderChart } from '../../tools/manifests/render.ts';
import { lynqPath } from '../support/e2e/cluster.ts';
import { eventually, notYet, there } from '../support/e2e/eventually.ts';
import { configMap, entryOf, type SmallWorld, openSmallWorld, shows, suspendedJob } from '../support/e2e/forms.ts';
import { applyManifests, installAccount, readManifests } from '../support/install/account.ts';

const account = 'lynq-forms';
const rbac = 'rbac.authorization.k8s.io';

/** Of a line of the audit log. */
interface Write {
  readonly verb: string;
  readonly objectRef?: { readonly name?: string };
  readonly user: { readonly username: string };
  readonly impersonatedUser?: { readonly username: string };
}

/** The worker as the chart installs it with `impersonate.serviceAccount`: of its own it has no right to write any object of a form. */
describe('install/impersonation', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lynqflow-acting-'));
  const stack = inject('stack');
  let world: SmallWorld;
  const acting = (): string => `system:serviceaccount:${world.namespace}:${account}`;

  beforeAll(async () => {
    const helm = await ensureHelm({ environment: process.env, onProgress: () => undefined });
    // Both settings take rights away: what a worker needs to be ready is there with neither.
    const args = ['--set', `impersonate.serviceAccount=${account},rbac.kinds.namespaces=false`];
    const manifests = readManifests(renderChart({ helm, namespace: 'lynq-system', args }));
    const file = join(folder, 'kubeconfig');
    installAccount(manifests, { ...stack, namespace: 'default', name: 'lynqflow-acting', file });
    world = await openSmallWorld({ ...stack, workerKubeconfig: file }, 'acting', {
      LYNQ_IMPERSONATE: account,
      LYNQ_HEALTH_PROBE_BIND_ADDRESS: '127.0.0.1:0',
    });
    const { namespace } = world;
    const rules = [
      { apiGroups: [''], resources: ['configmaps'], verbs: ['get', 'create', 'patch', 'delete'] },
      // Enough to see that there is no Job, and so to let a node go that was to have one.
      { apiGroups: ['batch'], resources: ['jobs'], verbs: ['get'] },
    ];
    const subjects = [{ kind: 'ServiceAccount', name: account, namespace }];
    const metadata = { name: account, namespace };
    applyManifests(stack, [
      { apiVersion: 'v1', kind: 'ServiceAccount', metadata },
      { apiVersion: `${rbac}/v1`, kind: 'Role', metadata, rules },
      {
        apiVersion: `${rbac}/v1`,
        kind: 'RoleBinding',
        metadata,
        roleRef: { apiGroup: rbac, kind: 'Role', name: account },
        subjects,
      },
    ]);
  }, 1_800_000);
  afterAll(async () => {
    await world?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test('the worker is ready by the rights that every installation has', async () => {
    await eventually('readyz answers 200', async () => {
      const lines = world.worker.output().split('\n');
      const listening = lines.find((line) => line.includes('"listening"') && line.includes('"probes"'));
      if (listening === undefined) return notYet('no port');
      const { port } = JSON.parse(listening) as { readonly port: number };
      const { statusCode, body } = await request(`http://127.0.0.1:${port}/readyz`);
      const text = await body.text();
      return statusCode === 200 ? there(text) : notYet(text);
    });
  });

  test("an object is written as the account of its form's namespace, and one that this account may not write waits with the reason", async () => {
    const place = statSync(stack.auditLog).size;
    await world.putForm('mixed', {
      configMaps: [configMap('map', {}, { size: '{{ .size }}' })],
      jobs: [suspendedJob('job')],
    });
    await world.addRow('acme');
    await world.nodeShows('acme-mixed', 'the Job is refused', shows('job', 'Waiting/Forbidden'));
    await world.nodeShows('acme-mixed', 'the ConfigMap is there', shows('map', 'Ready'));
    const { status } = await world.cluster.get(lynqPath(world.namespace, 'lynqnodes', 'acme-mixed'));
    const job = (status.resources as readonly { id: string; message?: string }[]).find(({ id }) => id === 'job');
    expect(job?.message).toContain(`as ${acting()}`);
    const writes = readFileSync(stack.auditLog)
      .subarray(place)
      .toString('utf8')
      .split('\n')
      .filter((line) => line.includes('"name":"acme-map"') && line.endsWith('}'))
      .map((line) => JSON.parse(line) as Write)
      .filter(({ verb, objectRef }) => verb === 'patch' && objectRef?.name === 'acme-map');
    expect(writes.length).toBeGreaterThan(0);
    const other = writes.filter(({ impersonatedUser }) => impersonatedUser?.username !== acting());
    expect(other).toEqual([]);
  });

  test('what the account made goes with the row, by its rights', async () => {
    await world.putForm('mixed', { jobs: null });
    await world.dropRow('acme');
    await world.gone(['acme-mixed']);
    expect(await world.cluster.find(`/api/v1/namespaces/${world.namespace}/configmaps/acme-map`)).toBeUndefined();
  });

  test('a right given later is used without a restart', async () => {
    await world.putForm('mixed', { jobs: [suspendedJob('job', { waitForReady: false })] });
    await world.addRow('later');
    await world.nodeShows('later-mixed', 'the Job is refused', (node) =>
      entryOf(node, 'job') === 'Waiting/Forbidden' ? true : undefined,
    );
    const path = `/apis/${rbac}/v1/namespaces/${world.namespace}/roles/${account}`;
    const { rules } = (await world.cluster.get(path)) as unknown as { rules: readonly unknown[] };
    const more = { apiGroups: ['batch'], resources: ['jobs'], verbs: ['get', 'create', 'patch', 'delete'] };
    await world.cluster.merge(path, { rules: [...rules, more] });
    await world.nodeShows('later-mixed', 'the Job was made', (node) =>
      entryOf(node, 'job') === 'Waiting/Forbidden' ? undefined : true,
    );
    await world.cluster.get(`/apis/batch/v1/namespaces/${world.namespace}/jobs/later-job`);
  });
});
