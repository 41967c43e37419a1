import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { childPath, conditionOf, everythingIn } from '../support/e2e/cluster.ts';
import { eventually, notYet, there } from '../support/e2e/eventually.ts';
import { nodesOf, openWorld, resourcesOf, seedForms, type World } from '../support/e2e/world.ts';

/** `lynq plan`, `apply --plan` and what changes the fleet by hand, on the demo's example. Texts are compared with test/golden/cli. */
describe('e2e/cli-plan', () => {
  const hub = 'multi-tier-nodes';
  const uids = ['acme', 'beta', 'core'] as const;
  let world: World;
  let folder: string;
  const file = (name: string, text: string): string => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  };
  const golden = (name: string): string => readFileSync(new URL(`../golden/cli/${name}.txt`, import.meta.url), 'utf8');
  const deployment = (uid: string) => childPath('Deployment', `node-${uid}`, `${uid}-api`);
  const imageOf = async (uid: string): Promise<string> =>
    (await world.cluster.get(deployment(uid))).spec.template.spec.containers[0].image as string;
  const v3 = (): string => world.formText('api-tier', { 'node-api:v2.0.0': 'node-api:v3.0.0' });
  /** Every object of the fleet in its version; what the worker counts in statuses of hubs and forms is its own. */
  const versions = async (): Promise<readonly string[]> => {
    const spaces = await Promise.all(uids.map((uid) => everythingIn(world.cluster, `node-${uid}`)));
    const own = await everythingIn(world.cluster, world.namespace);
    return [...spaces.flat(), ...own]
      .filter(({ kind }) => !['Event', 'Lease', 'LynqForm', 'LynqHub'].includes(kind))
      .map(({ kind, metadata }) => `${kind} ${metadata.namespace}/${metadata.name} ${metadata.resourceVersion}`)
      .toSorted();
  };
  const settled = async (): Promise<void> => {
    await world.ready(uids.flatMap(nodesOf));
  };

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'lynqflow-plan-'));
    world = await openWorld(inject('stack'), { name: 'cli-plan' });
    await world.database.sql(`INSERT INTO nodes (node_id) VALUES ${uids.map((uid) => `('${uid}')`).join(', ')}`);
    await world.applyAll(world.hubText('1h'), ...seedForms.map((form) => world.formText(form)));
    await settled();
  }, 240_000);
  afterAll(async () => {
    await world?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test('a fleet at rest has nothing to plan, and planning writes nothing', async () => {
    const before = await versions();
    expect(await world.lynq(['plan', hub])).toMatchObject({ code: 0, stdout: golden('plan-hub-at-rest') });
    const forms = seedForms.map((form) => world.formText(form)).join('\n---\n');
    const planned = await world.lynq(['plan', '-f', file('all.yaml', forms)]);
    expect(planned).toMatchObject({ code: 0 });
    expect(planned.stdout).toContain('nothing would change');
    await world.lynq(['plan', '-f', file('changed.yaml', v3())]);
    expect(await versions()).toEqual(before);
  }, 120_000);

  test('an edited form shows one block for all nodes it changes alike, and another for a conflict', async () => {
    await world.cluster.call(
      'PATCH',
      `${deployment('core')}?fieldManager=autoscaler&force=true`,
      { apiVersion: 'apps/v1', kind: 'Deployment', spec: { replicas: 7 } },
      'application/apply-patch+yaml',
    );
    const planned = await world.lynq(['plan', '-f', file('v3.yaml', v3())]);

    expect(planned).toMatchObject({ code: 1, stdout: golden('plan-form-image') });
    expect(await imageOf('acme')).toContain('v2.0.0');
    await world.cluster.call(
      'PATCH',
      `${deployment('core')}?fieldManager=autoscaler&force=true`,
      { apiVersion: 'apps/v1', kind: 'Deployment' },
      'application/apply-patch+yaml',
    );
    await world.lynq(['resync', 'core']);
    await settled();
  }, 180_000);

  test('what a sync would do to objects is told for the LynqNodes that it makes or changes, and for no other', async () => {
    await world.database.sql("UPDATE nodes SET api_replicas = 5 WHERE node_id = 'beta'");
    await world.database.sql("INSERT INTO nodes (node_id) VALUES ('dune')");
    const before = await versions();

    expect(await world.lynq(['plan', hub])).toMatchObject({ code: 1, stdout: golden('plan-hub-changes') });
    const nodesOnly = await world.lynq(['plan', hub, '--nodes-only']);
    expect(nodesOnly).toMatchObject({ code: 1, stdout: golden('plan-hub-changes').replace(/LynqForm[^]*/, '') });
    const kept = await world.lynq(['plan', hub, '--out', join(folder, 'hub.plan')]);
    expect(kept.stderr).toContain('what edited files would do can be kept: lynq plan -f FILE');
    expect(await versions()).toEqual(before);

    await world.database.sql("UPDATE nodes SET api_replicas = 3 WHERE node_id = 'beta'");
    await world.database.sql("DELETE FROM nodes WHERE node_id = 'dune'");
  }, 120_000);

  test('a kept plan is refused when the world has moved, and then nothing is applied', async () => {
    const path = file('v3.yaml', v3());
    const kept = join(folder, 'kept.plan');
    expect(await world.lynq(['plan', '-f', path, '--out', kept])).toMatchObject({ code: 1 });
    const text = readFileSync(kept, 'utf8');
    expect(text).not.toContain('v3.0.0');
    expect(Object.keys((JSON.parse(text) as { nodes: object }).nodes)).toHaveLength(3);

    await world.database.sql("UPDATE nodes SET api_replicas = 5 WHERE node_id = 'beta'");
    const refused = await world.lynq(['apply', '--plan', kept]);
    expect(refused).toMatchObject({ code: 1, stdout: '' });
    expect(refused.stderr).toContain('LynqNode e2e-cli-plan/beta-api-tier: its values or its objects have changed');
    expect(refused.stderr).toContain('so nothing was applied');

    await world.database.sql("UPDATE nodes SET api_replicas = 3 WHERE node_id = 'beta'");
    writeFileSync(path, v3().replace('v3.0.0', 'v3.0.1'));
    const edited = await world.lynq(['apply', '--plan', kept]);
    expect(edited).toMatchObject({ code: 1 });
    expect(edited.stderr).toContain('the file of LynqForm e2e-cli-plan/api-tier has changed');
    expect(await imageOf('acme')).toContain('v2.0.0');
  }, 180_000);

  test('a kept plan of a world that has not moved is done, exactly', async () => {
    const path = file('v3.yaml', v3());
    const kept = join(folder, 'good.plan');
    expect(await world.lynq(['plan', '-f', path, '--out', kept])).toMatchObject({ code: 1 });
    expect(existsSync(kept)).toBe(true);

    expect(await world.lynq(['apply', '--plan', kept])).toMatchObject({
      code: 0,
      stdout: 'lynqform.operator.lynq.sh/api-tier configured (as planned)\n',
    });
    for (const uid of uids) {
      await eventually(`${uid} runs the new image`, async () => {
        const image = await imageOf(uid);
        return image.includes('v3.0.0') ? there(true) : notYet(image);
      });
    }
    await settled();
    expect(await world.lynq(['plan', '-f', path])).toMatchObject({ code: 0 });
    expect((await world.lynq(['apply', '--plan', kept])).stderr).toContain('is at generation');
  }, 180_000);

  test('a new form: what can be checked is, what cannot is marked', async () => {
    const text = `apiVersion: operator.lynq.sh/v1
kind: LynqForm
metadata: {name: extra, namespace: ${world.namespace}}
spec:
  hubId: ${hub}
  manifests:
    - id: config
      nameTemplate: "{{ .uid }}-extra"
      targetNamespace: "node-{{ .uid }}"
      spec: {apiVersion: v1, kind: ConfigMap, data: {replicas: "{{ .apiReplicas }}"}}
    - id: elsewhere
      nameTemplate: "{{ .uid }}-extra"
      targetNamespace: "other-{{ .uid }}"
      spec: {apiVersion: v1, kind: ConfigMap}
    - id: gadget
      nameTemplate: "{{ .uid }}-gadget"
      spec: {apiVersion: gadgets.example.com/v1, kind: Gadget}
    - id: wrong
      nameTemplate: "{{ .uid }}-wrong"
      targetNamespace: "node-{{ .uid }}"
      spec: {apiVersion: v1, kind: Service, spec: {ports: [{port: 99999}]}}
`;
    const planned = await world.lynq(['plan', '-f', file('extra.yaml', text)]);
    expect(planned.stderr).not.toContain('Error');
    expect(planned).toMatchObject({ code: 1, stdout: golden('plan-form-new') });
    expect((await world.nodes()).map(({ metadata }) => metadata.name)).not.toContain('acme-extra');
  }, 120_000);

  test('a plan that cannot be made ends with 2, as an error of kubectl diff does', async () => {
    expect(await world.lynq(['plan', 'no-such-hub'])).toMatchObject({ code: 2, stdout: '' });
    expect(await world.lynq(['plan'])).toMatchObject({ code: 2 });
    const broken = await world.lynq(['plan', '-f', file('broken.yaml', v3().replace('.apiReplicas', '.apiReplica'))]);
    expect(broken).toMatchObject({ code: 2, stdout: '' });
    expect(broken.stderr).toContain('the hub does not declare the variable apiReplica');
  }, 60_000);

  test('lint finds the cycle that an edited form closes with one in the cluster', async () => {
    const form = (name: string, dependsOn: string): string => `apiVersion: operator.lynq.sh/v1
kind: LynqForm
metadata: {name: ${name}, namespace: ${world.namespace}}
spec:
  hubId: of-nobody
  dependsOn: [{form: ${dependsOn}}]
`;
    expect(await world.lynq(['apply', '-f', file('first.yaml', form('first', 'second'))])).toMatchObject({ code: 0 });
    const linted = await world.lynq(['lint', '-f', file('second.yaml', form('second', 'first'))]);
    expect(linted).toMatchObject({ code: 1 });
    expect(linted.stdout).toContain('second.yaml:6:16: error: dependsOn forms a cycle: second -> first -> second');
    expect(linted.stdout).toContain('in the cluster: first');
    expect(await world.lynq(['delete', 'form', 'first', '--yes'])).toMatchObject({ code: 0 });
  }, 60_000);

  test('a paused node is left as it is and catches up when it is resumed', async () => {
    expect(await world.lynq(['pause', 'acme-api-tier'])).toMatchObject({ code: 0 });
    await world.cluster.merge(deployment('acme'), { spec: { replicas: 9 } });
    const planned = await world.lynq(['plan', '-f', file('v4.yaml', v3().replace('v3.0.0', 'v4.0.0'))]);
    expect(planned.stdout).toContain('1 node left alone: each is paused');
    expect((await world.cluster.get(deployment('acme'))).spec.replicas).toBe(9);
    expect(await world.lynq(['resume', 'node/acme-api-tier'])).toMatchObject({ code: 0 });
    await eventually('the replicas are put right', async () => {
      const { replicas } = (await world.cluster.get(deployment('acme'))).spec;
      return replicas === 3 ? there(true) : notYet(replicas);
    });
  }, 120_000);

  test('render shows the objects of the real row', async () => {
    const rendered = await world.lynq(['render', '--hub', hub, '--uid', 'beta', '--form', 'data-tier']);
    expect(rendered).toMatchObject({ code: 0 });
    expect(rendered.stdout).toContain('name: beta-db-credentials');
    expect(rendered.stdout).toContain('password: "***"');
    expect((await world.lynq(['render', '--hub', hub, '--uid', 'nobody'])).stderr).toContain('nobody');
  }, 60_000);

  test('held deletions are named with their hash, and go when exactly this set is approved', async () => {
    await world.kubectl([
      '-n',
      world.namespace,
      'patch',
      'lynqhub',
      hub,
      '--type=merge',
      '-p',
      '{"spec":{"deletionGuard":{"maxRows":1,"maxPercent":1}}}',
    ]);
    await world.database.sql("DELETE FROM nodes WHERE node_id IN ('acme', 'beta')");
    const planned = await world.lynq(['plan', hub]);
    expect(planned).toMatchObject({ code: 1, stdout: golden('plan-hub-held') });
    const hash = /--plan (\w+)/.exec(planned.stdout)?.[1] ?? '';

    const wrong = await world.lynq(['approve-deletions', hub, '--plan', '0123456789abcdef', '--yes']);
    expect(wrong).toMatchObject({ code: 1 });
    expect(wrong.stderr).toContain(`their plan hash is ${hash}`);
    expect((await world.lynq(['approve-deletions', hub, '--plan', hash])).stderr).toContain('confirm with --yes');
    expect(conditionOf(await world.hub(), 'DeletionHeld')?.status).not.toBe('False');

    await world.lynq(['notify', hub]);
    const approved = await world.lynq(['approve-deletions', hub, '--plan', hash, '--yes', '--wait']);
    expect(approved).toMatchObject({ code: 0 });
    expect(approved.stderr).toContain('- acme: acme-api-tier, acme-data-tier, acme-web-tier, acme-worker-tier');
    await world.gone([...nodesOf('acme'), ...nodesOf('beta')]);
  }, 240_000);

  test('what is retained is listed, and deleted only when it is confirmed', async () => {
    const listed = await world.lynq(['retained', hub]);
    expect(listed).toMatchObject({ code: 0 });
    const lines = listed.stdout.split('\n').map((line) =>
      line
        .split(/\s{2,}/)
        .slice(0, 5)
        .join(' '),
    );
    expect(lines).toContain('acme data-tier StatefulSet node-acme acme-postgres');
    expect(lines).toContain('acme data-tier Secret node-acme acme-db-credentials');

    expect(await world.lynq(['retained', hub, '--uid', 'acme', '--delete'])).toMatchObject({ code: 1, stdout: '' });
    const adopted = await world.lynq(['retained', hub, '--uid', 'acme', '--adopt']);
    expect(adopted).toMatchObject({ code: 1 });
    expect(adopted.stderr).toContain('it takes them back when the row returns');
    const removed = await world.lynq(['retained', hub, '--uid', 'acme', '--delete', '--yes']);
    expect(removed).toMatchObject({ code: 0 });
    expect(removed.stdout).toContain('StatefulSet node-acme/acme-postgres deleted');
    const left = await world.lynq(['retained', hub]);
    expect(left.stdout).not.toContain('acme-postgres');
    expect(left.stdout).toContain('beta-postgres');
  }, 120_000);

  test('uninstall --keep-objects takes hubs, forms and nodes away and leaves every object', async () => {
    const objects = Object.values(resourcesOf).reduce((sum, count) => sum + count, 0);
    const before = (await world.cluster.get(deployment('core'))).metadata.uid;
    expect(await world.lynq(['uninstall', '--keep-objects'])).toMatchObject({ code: 1, stdout: '' });
    const ended = await world.lynq(['uninstall', '--keep-objects', '--yes']);
    expect(ended).toMatchObject({ code: 0 });
    expect(ended.stderr).toContain(`${objects} objects stay, with orphan markers`);
    expect(await world.nodes()).toEqual([]);
    const kept = await world.cluster.get(deployment('core'));
    expect(kept.metadata.uid).toBe(before);
    expect(kept.metadata.deletionTimestamp).toBeUndefined();
  }, 180_000);
});
