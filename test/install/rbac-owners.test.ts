import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ensureHelm, type RunningStack, startStack } from '../../stack/index.ts';
import { auditedAccount } from '../../stack/servers/audit-policy.ts';
import { renderChart } from '../../tools/manifests/render.ts';
import { childPath, conditionOf, lynqPath, openCluster } from '../support/e2e/cluster.ts';
import { eventually, notYet, there } from '../support/e2e/eventually.ts';
import { configMap, openSmallWorld, shows, type SmallWorld } from '../support/e2e/forms.ts';
import { applyManifests, installAccount, plainInstall, readManifests } from '../support/install/account.ts';
import { withoutGrant } from '../support/install/grants.ts';

/**
 * The account of deploy/install.yaml where the API server asks who may name an owner that blocks deletion (admission plugin
 * OwnerReferencesPermissionEnforcement, which OpenShift has on): each grant for a `finalizers` subresource does what it is for, and without it the
 * worker is refused, says so, and goes on when it has it.
 */
describe('install/rbac-owners', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'lynqflow-owners-'));
  let stack: RunningStack;
  let world: SmallWorld;

  const without = (owner: string, act: () => Promise<void>) =>
    withoutGrant(
      world.cluster,
      auditedAccount,
      { verb: 'update', group: 'operator.lynq.sh', resource: `${owner}/finalizers` },
      act,
    );
  const blocks = (object: { readonly metadata: { readonly ownerReferences?: unknown } } | undefined) =>
    (object?.metadata.ownerReferences as readonly { kind: string; blockOwnerDeletion?: boolean }[] | undefined)
      ?.filter(({ blockOwnerDeletion }) => blockOwnerDeletion === true)
      .map(({ kind }) => kind);

  beforeAll(async () => {
    stack = await startStack({ dataDir, admissionPlugins: ['OwnerReferencesPermissionEnforcement'] });
    const workerKubeconfig = join(dataDir, 'worker.kubeconfig');
    const cluster = openCluster(stack.endpoints.kubeconfig);
    await cluster.create('/api/v1/namespaces', { metadata: { name: auditedAccount.namespace } });
    await cluster.close();
    installAccount(readManifests(plainInstall()), { ...stack.endpoints, ...auditedAccount, file: workerKubeconfig });
    world = await openSmallWorld({ ...stack.endpoints, workerKubeconfig }, 'owners');
  }, 300_000);
  afterAll(async () => {
    await world?.close().catch(() => world.worker.kill());
    await stack?.stop();
    rmSync(dataDir, { recursive: true, force: true });
  }, 240_000);

  test('with the grants of the chart a row becomes objects, each of which blocks the deletion of its owner, and they go with it', async () => {
    await world.putForm('small', { configMaps: [configMap('map', {}, { size: '{{ .size }}' })] });
    await world.addRow('acme');
    await world.ready(['acme-small'], { withinMs: 120_000 });
    expect(blocks(await world.node('acme-small'))).toEqual(['LynqHub']);
    expect(blocks(await world.cluster.get(childPath('ConfigMap', world.namespace, 'acme-map')))).toEqual(['LynqNode']);
    const revisions = await world.cluster.list(`/apis/apps/v1/namespaces/${world.namespace}/controllerrevisions`);
    expect(revisions.map(blocks)).toEqual([['LynqForm']]);
    await world.dropRow('acme');
    await world.gone(['acme-small']);
  }, 240_000);

  const why = 'the account may not update the finalizers of its owner';

  test('without the one for LynqNodes an object is refused, and made when it is given', async () => {
    await without('lynqnodes', async () => {
      await world.addRow('beta');
      const entries = await world.nodeShows('beta-small', 'the ConfigMap is refused', ({ status }) => {
        const resources = status?.resources as readonly { reason?: string; message?: string }[] | undefined;
        return resources?.some(({ reason }) => reason === 'Forbidden') === true ? resources : undefined;
      });
      expect(entries[0]?.message).toContain(why);
    });
    await world.ready(['beta-small']);
  }, 240_000);

  test('without the one for LynqHubs no LynqNode is made, the hub says why, and it is made when it is given', async () => {
    await without('lynqhubs', async () => {
      await world.addRow('gamma');
      await eventually('the hub says why', async () => {
        const { status } = await world.cluster.get(lynqPath(world.namespace, 'lynqhubs', world.hubName));
        const row = (status?.frozenRows as readonly { uid: string; message?: string }[] | undefined)?.[0];
        return row?.uid === 'gamma' && row.message?.includes(why) === true ? there(row) : notYet(status?.frozenRows);
      });
      expect(await world.node('gamma-small')).toBeUndefined();
    });
    await world.ready(['gamma-small']);
  }, 240_000);

  test('without the one for LynqForms a new form is not taken up and says why, and it is when the grant is given', async () => {
    await without('lynqforms', async () => {
      await world.putForm('other', { configMaps: [configMap('other-map')] });
      await eventually('the form says why', async () => {
        const form = await world.cluster.get(lynqPath(world.namespace, 'lynqforms', 'other'));
        const valid = conditionOf(form, 'Valid');
        const said = valid?.message ?? '';
        const isSaid = said.includes('of form other cannot be written') && said.includes(why);
        return valid?.status === 'False' && isSaid ? there(said) : notYet(valid);
      });
      expect(await world.node('gamma-other')).toBeUndefined();
    });
    await world.ready(['gamma-small', 'gamma-other'], { withinMs: 120_000 });
  }, 240_000);

  /** The form's objects are written by an account of its namespace: that one names their owner. */
  describe('with an account for the namespace', () => {
    const acting = 'lynq-forms';
    const rbac = 'rbac.authorization.k8s.io';
    let other: SmallWorld;

    beforeAll(async () => {
      await world.close();
      const helm = await ensureHelm({ environment: process.env, onProgress: () => undefined });
      const args = ['--set', `impersonate.serviceAccount=${acting}`];
      const manifests = readManifests(renderChart({ helm, namespace: 'lynq-system', args }));
      const workerKubeconfig = join(dataDir, 'acting.kubeconfig');
      installAccount(manifests, {
        ...stack.endpoints,
        namespace: 'default',
        name: 'lynqflow-acting',
        file: workerKubeconfig,
      });
      other = await openSmallWorld({ ...stack.endpoints, workerKubeconfig }, 'owned', { LYNQ_IMPERSONATE: acting });
      const { namespace } = other;
      const metadata = { name: acting, namespace };
      const rules = [{ apiGroups: [''], resources: ['configmaps'], verbs: ['get', 'create', 'patch', 'delete'] }];
      applyManifests(stack.endpoints, [
        { apiVersion: 'v1', kind: 'ServiceAccount', metadata },
        { apiVersion: `${rbac}/v1`, kind: 'Role', metadata, rules },
        {
          apiVersion: `${rbac}/v1`,
          kind: 'RoleBinding',
          metadata,
          roleRef: { apiGroup: rbac, kind: 'Role', name: acting },
          subjects: [{ kind: 'ServiceAccount', name: acting, namespace }],
        },
      ]);
    }, 240_000);
    afterAll(async () => {
      await other?.close().catch(() => other.worker.kill());
    }, 120_000);

    test('that account needs the grant for LynqNodes, and the worker does not', async () => {
      await other.putForm('small', { configMaps: [configMap('map', {}, { size: '{{ .size }}' })] });
      await other.addRow('acme');
      await other.nodeShows('acme-small', 'the ConfigMap is refused', shows('map', 'Waiting/Forbidden'));
      const path = `/apis/${rbac}/v1/namespaces/${other.namespace}/roles/${acting}`;
      const { rules } = (await other.cluster.get(path)) as unknown as { rules: readonly unknown[] };
      const more = { apiGroups: ['operator.lynq.sh'], resources: ['lynqnodes/finalizers'], verbs: ['update'] };
      await other.cluster.merge(path, { rules: [...rules, more] });
      await other.ready(['acme-small']);
      await other.dropRow('acme');
      await other.gone(['acme-small']);
    }, 240_000);
  });
});
