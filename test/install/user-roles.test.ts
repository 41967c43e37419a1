import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { ensureHelm } from '../../stack/index.ts';
import { renderChart } from '../../tools/manifests/render.ts';
import { type Cluster, openCluster } from '../support/e2e/cluster.ts';
import { eventually, notYet, there } from '../support/e2e/eventually.ts';
import { run } from '../support/e2e/programs.ts';
import { applyManifests, type Manifest, readManifests } from '../support/install/account.ts';

/**
 * What the chart's roles for people give, asked of the API server itself. Who writes a hub and a form makes the worker act with the worker's rights, in
 * whatever namespace the scope policy allows: nobody may come by that because of a role of one namespace.
 */

const rbac = 'rbac.authorization.k8s.io';
const tenant = 'lynq-tenant';
const release = 'user-roles';
const editor = `${release}-lynqflow-editor`;

describe('install/user-roles', () => {
  const stack = inject('stack');
  let helm = '';
  let cluster: Cluster;

  function install(...values: readonly string[]): void {
    const args = ['--no-hooks', ...values.flatMap((value) => ['--set', value])];
    const all = readManifests(renderChart({ helm, release, namespace: tenant, args }));
    // Those for people, not the account of the worker.
    const forPeople = ({ kind, metadata }: Manifest) =>
      kind === 'ClusterRole' && /-(viewer|editor)$/.test(metadata.name);
    applyManifests(stack, all.filter(forPeople));
  }
  /** Whether a member of one of the namespace's roles may do this to the kinds of the worker. */
  async function may(user: string, verb: string, resource: string): Promise<boolean> {
    const question = ['auth', 'can-i', verb, `${resource}.operator.lynq.sh`, '-n', tenant, '--as', user];
    const { stdout, stderr } = await run(stack.kubectl, ['--kubeconfig', stack.kubeconfig, ...question], {
      PATH: process.env['PATH'],
      HOME: process.env['HOME'],
    });
    if (!/^(yes|no)\n/.test(stdout)) throw new Error(stderr);
    return stdout.startsWith('yes');
  }
  const mayBe = (wanted: boolean, ...[user, verb, resource]: Parameters<typeof may>) =>
    eventually(`whether ${user} may ${verb} ${resource} is ${wanted}`, async () => {
      const answer = await may(user, verb, resource);
      return answer === wanted ? there(answer) : notYet(answer);
    });
  async function bind(user: string, role: string): Promise<void> {
    await cluster.create(`/apis/${rbac}/v1/namespaces/${tenant}/rolebindings`, {
      metadata: { name: user },
      roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: role },
      subjects: [{ apiGroup: rbac, kind: 'User', name: user }],
    });
  }
  const kinds = ['lynqhubs', 'lynqforms', 'lynqnodes'];
  const writes = ['create', 'update', 'patch', 'delete'];
  /** What an account may do of what changes something. */
  const writesOf = async (user: string): Promise<readonly string[]> => {
    const questions = kinds.flatMap((kind) => writes.map((verb) => [verb, kind] as const));
    const answers = await Promise.all(questions.map(([verb, kind]) => may(user, verb, kind)));
    return questions.filter((_, index) => answers[index]).map((question) => question.join(' '));
  };

  beforeAll(async () => {
    helm = await ensureHelm({ environment: process.env, onProgress: () => undefined });
    cluster = openCluster(stack.kubeconfig);
    await cluster.create('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: tenant } });
    for (const role of ['view', 'edit', 'admin']) await bind(`tenant-${role}`, role);
    await bind('tenant-author', editor);
    install();
    await mayBe(true, 'tenant-view', 'list', 'lynqnodes');
    await mayBe(true, 'tenant-admin', 'list', 'lynqnodes');
  }, 1_800_000);
  afterAll(async () => {
    for (const name of [editor, editor.replace('editor', 'viewer')])
      await cluster?.remove(`/apis/${rbac}/v1/clusterroles/${name}`);
    await cluster?.remove(`/api/v1/namespaces/${tenant}`);
    await cluster?.close();
  });

  test('whoever has view, edit or admin in a namespace may read its hubs, forms and nodes, and write none', async () => {
    for (const user of ['tenant-view', 'tenant-edit', 'tenant-admin']) {
      for (const kind of kinds) expect(await may(user, 'get', kind), `${user} ${kind}`).toBe(true);
      expect(await writesOf(user), user).toEqual([]);
    }
  });

  test('whoever is given the role of an editor may write them', async () => {
    expect(await writesOf('tenant-author')).toHaveLength(kinds.length * writes.length);
  });

  test('one value adds that to admin, and to nothing less', async () => {
    install('rbac.aggregateToAdmin=true');
    await mayBe(true, 'tenant-admin', 'create', 'lynqforms');
    expect(await writesOf('tenant-admin')).toHaveLength(kinds.length * writes.length);
    for (const user of ['tenant-view', 'tenant-edit']) expect(await writesOf(user), user).toEqual([]);
    install();
    await mayBe(false, 'tenant-admin', 'create', 'lynqforms');
  });

  test('without roles for people nothing can be added to admin', () => {
    const args = ['--set', 'rbac.userRoles=false', '--set', 'rbac.aggregateToAdmin=true'];
    expect(() => renderChart({ helm, namespace: tenant, args })).toThrow('rbac.aggregateToAdmin needs rbac.userRoles');
  });
});
