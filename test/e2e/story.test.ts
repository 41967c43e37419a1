import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { created, describeRequest, identityOf } from '../support/e2e/audit.ts';
import { childPath, conditionOf, everythingIn, type KubeObject } from '../support/e2e/cluster.ts';
import { eventually, notYet, there, window } from '../support/e2e/eventually.ts';
import { isReady, nodesOf, openWorld, resourcesOf, seedForms, type World } from '../support/e2e/world.ts';

/** The seed's story, step by step: each test goes on where the one before it ended. */
describe('e2e/story', () => {
  const uid = 'acme-corp';
  const home = `node-${uid}`;
  const nodes = nodesOf(uid);
  const syncSeconds = 3;
  let world: World;
  /** What must survive: objects as they were before the row was deactivated. */
  let kept: readonly KubeObject[] = [];

  const deployment = (name: string): Promise<KubeObject> => world.cluster.get(childPath('Deployment', home, name));
  const retained = (): Promise<readonly KubeObject[]> =>
    Promise.all([
      world.cluster.get(childPath('Namespace', '', home)),
      world.cluster.get(childPath('Secret', home, `${uid}-db-credentials`)),
      world.cluster.get(childPath('StatefulSet', home, `${uid}-postgres`)),
      world.cluster.get(childPath('PersistentVolumeClaim', home, `data-${uid}-postgres-0`)),
    ]);
  /** Objects of the customer that nobody else's controller made. */
  async function ownObjects(): Promise<readonly string[]> {
    return (await everythingIn(world.cluster, home))
      .filter(({ kind, metadata }) => metadata.ownerReferences === undefined && kind !== 'Endpoints')
      .map(({ kind, metadata }) => `${kind}/${metadata.name}`)
      .toSorted();
  }
  const writesIntoHome = (place: number) =>
    world.audit
      .ofWorker(place)
      .filter(({ objectRef }) => objectRef?.namespace === home || objectRef?.name === home)
      .map(describeRequest);
  async function nextSync(): Promise<void> {
    const before = (await world.hub()).status.lastSyncTime as string;
    await eventually('a later sync', async () => {
      const last = (await world.hub()).status.lastSyncTime as string;
      return last > before ? there(last) : notYet(last);
    });
  }

  beforeAll(async () => {
    world = await openWorld(inject('stack'), {
      name: 'story',
      namespace: 'lynq-system',
      database: 'nodes_db',
      reader: 'lynq_reader',
    });
    await world.apply(world.hubText(`${syncSeconds}s`));
  });
  afterAll(() => world?.close());

  test("the seed's four files are applied as they are, unquoted template scalars included", async () => {
    for (const form of seedForms) {
      const ended = await world.lynq(['apply', '-f', `examples/multi-tier/${form}.yaml`]);
      expect(ended, form).toMatchObject({ code: 0 });
    }
  });

  test('an inserted row becomes four Ready LynqNodes with as many objects as their forms have', async () => {
    await world.database.sql("INSERT INTO nodes (node_id) VALUES ('acme-corp')");
    const ready = await world.ready(nodes);
    expect(
      ready.map(({ status }) => [status.readyResources, status.desiredResources, status.skippedResources]),
    ).toEqual(seedForms.map((form) => [resourcesOf[form], resourcesOf[form], 0]));
    expect(ready.map(({ metadata }) => metadata.labels)).toEqual(
      seedForms.map(() => expect.objectContaining({ 'lynq.sh/hub': 'multi-tier-nodes', 'lynq.sh/uid': uid })),
    );
    expect(await world.nodes()).toHaveLength(4);
  });

  test("the customer's namespace holds exactly the objects of the forms and what controllers made for them", async () => {
    expect(await ownObjects()).toEqual(
      [
        'ConfigMap/kube-root-ca.crt',
        'ServiceAccount/default',
        `Secret/${uid}-db-credentials`,
        `StatefulSet/${uid}-postgres`,
        `PersistentVolumeClaim/data-${uid}-postgres-0`,
        ...['redis', 'api', 'web', 'worker'].map((name) => `Deployment/${uid}-${name}`),
        ...['postgres', 'redis', 'api', 'web'].map((name) => `Service/${uid}-${name}`),
        `Ingress/${uid}-ingress`,
      ].toSorted(),
    );
    const pods = (await everythingIn(world.cluster, home)).filter(({ kind }) => kind === 'Pod');
    expect(pods).toHaveLength(1 + 1 + 3 + 2 + 2);
  });

  test('numbers of the row arrive as numbers, switches of the row as the text the column has', async () => {
    const [api, web, worker] = await Promise.all(['api', 'web', 'worker'].map((name) => deployment(`${uid}-${name}`)));
    expect([api, web, worker].map((one) => one?.spec.replicas)).toEqual([3, 2, 2]);
    const environment = (one: KubeObject | undefined) => one?.spec.template.spec.containers[0].env;
    expect(environment(api)).toContainEqual({ name: 'ENABLE_ANALYTICS', value: '0' });
    expect(environment(worker)).toContainEqual({ name: 'ENABLE_NOTIFICATIONS', value: '1' });
    const postgres = await world.cluster.get(childPath('StatefulSet', home, `${uid}-postgres`));
    expect(postgres.spec.template.spec.containers[0].resources.requests).toEqual({ cpu: '500m', memory: '1Gi' });
    expect(postgres.spec.volumeClaimTemplates[0].spec.resources.requests.storage).toBe('20Gi');
  });

  test('the generated password is 32 letters and digits; the placeholder stays as the file has it', async () => {
    const secret = await world.cluster.get(childPath('Secret', home, `${uid}-db-credentials`));
    const text = (key: string) => Buffer.from(secret.data?.[key] ?? '', 'base64').toString();
    expect(text('password')).toMatch(/^[A-Za-z0-9]{32}$/);
    expect(text('connection-string')).toBe(
      'postgresql://acme-corp:REPLACE_WITH_PASSWORD@acme-corp-postgres:5432/acme-corp',
    );
  });

  test('every child names its node in both tracking labels and has its deletion policy; none has an owner', async () => {
    const inventories = await Promise.all(nodes.map(async (name) => [name, (await world.node(name))?.status] as const));
    const children = inventories.flatMap(([name, status]) =>
      (status.inventory as readonly KubeObject[]).map((entry) => [name, entry as never] as const),
    ) as readonly (readonly [string, { kind: 'Deployment'; namespace?: string; name: string; uid: string }])[];
    expect(children).toHaveLength(12);
    for (const [node, { kind, namespace, name, uid: recorded }] of children) {
      const { metadata } = await world.cluster.get(childPath(kind, namespace ?? '', name));
      expect(metadata.labels, name).toMatchObject({
        'lynq.sh/node': node,
        'lynq.sh/node-namespace': world.namespace,
      });
      expect(metadata.annotations?.['lynq.sh/deletion-policy'], name).toMatch(/^(Delete|Retain)$/);
      expect(metadata.ownerReferences, name).toBeUndefined();
      expect(metadata.uid, name).toBe(recorded);
    }
    expect((await world.cluster.get(childPath('Namespace', '', home))).metadata.labels).toMatchObject({
      'node-id': uid,
    });
  });

  test('`lynq get nodes` prints NAME READY RESOURCES SKIPPED AGE', async () => {
    const { code, stdout } = await world.lynq(['get', 'nodes']);
    expect(code).toBe(0);
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map((line) => line.trim().split(/\s+/));
    expect(lines[0]).toEqual(['NAME', 'READY', 'RESOURCES', 'SKIPPED', 'AGE']);
    expect(
      lines
        .slice(1)
        .map((line) => line.slice(0, 4).join(' '))
        .toSorted(),
    ).toEqual(seedForms.map((form) => `${uid}-${form} True ${resourcesOf[form]}/${resourcesOf[form]} 0`).toSorted());
  });

  test('`kubectl get lynqnodes` prints the columns of the Go operator', async () => {
    const { code, stdout } = await world.kubectl(['get', 'lynqnodes', '-n', world.namespace]);
    expect(code).toBe(0);
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map((line) => line.trim().split(/\s+/));
    expect(lines[0]).toEqual(['NAME', 'UID', 'FORM', 'READY', 'DESIRED', 'SKIPPED', 'CONFLICTED', 'CONDITIONS', 'AGE']);
    expect(lines.find(([name]) => name === `${uid}-data-tier`)?.slice(1, 8)).toEqual([
      uid,
      'data-tier',
      '6',
      '6',
      '0',
      'False',
      'Reconciled',
    ]);
  });

  test('hub and forms count their nodes', async () => {
    await eventually('the counts of the hub', async () => {
      const { status } = await world.hub();
      const counts = [status.referencingTemplates, status.desired, status.ready, status.failed, status.rows.active];
      return JSON.stringify(counts) === '[4,4,4,0,1]' ? there(counts) : notYet(counts);
    });
    expect(conditionOf(await world.hub(), 'Ready')).toMatchObject({ status: 'True', reason: 'DatabaseConnected' });
    const forms = await world.cluster.list('/apis/operator.lynq.sh/v1/namespaces/lynq-system/lynqforms');
    expect(forms.map((form) => conditionOf(form, 'Valid')?.status)).toEqual(['True', 'True', 'True', 'True']);
    await eventually('the counts of the forms', async () => {
      const now = await world.cluster.list('/apis/operator.lynq.sh/v1/namespaces/lynq-system/lynqforms');
      const counts = now.map(({ status }) => [status.totalNodes, status.readyNodes]);
      return counts.every(([total, ready]) => total === 1 && ready === 1) ? there(counts) : notYet(counts);
    });
  });

  test('at rest nothing is written over several syncs but the status of the hub', async () => {
    await nextSync();
    const place = world.audit.now();
    await window(4 * syncSeconds * 1000);
    const writes = world.audit.ofWorker(place).map(describeRequest);
    expect(writes.filter((write) => write !== 'patch lynqhubs/status/multi-tier-nodes')).toEqual([]);
  });

  test('a changed column is in the Deployment at the next sync, and nothing else of the customer is written', async () => {
    const place = world.audit.now();
    await world.database.sql("UPDATE nodes SET api_replicas = 5 WHERE node_id = 'acme-corp'");
    await eventually('five replicas are available', async () => {
      const { spec, status } = await deployment(`${uid}-api`);
      return spec.replicas === 5 && status.availableReplicas === 5 ? there(spec) : notYet(status);
    });
    await world.ready(nodes);
    await nextSync();
    expect(writesIntoHome(place)).toEqual([`patch deployments/${uid}-api`]);
  });

  test('`lynq scale` and a later change of the column: the override holds until then', async () => {
    const ended = await world.lynq(['scale', uid, 'api-tier', '--set', 'apiReplicas=4']);
    expect(ended).toMatchObject({ code: 0 });
    await eventually('four replicas', async () => {
      const { spec } = await deployment(`${uid}-api`);
      return spec.replicas === 4 ? there(4) : notYet(spec.replicas);
    });
    await eventually('the node says that it is overridden', async () => {
      const condition = conditionOf(await world.node(`${uid}-api-tier`), 'Overridden');
      return condition?.status === 'True' ? there(condition) : notYet(condition);
    });
    await nextSync();
    await nextSync();
    expect((await deployment(`${uid}-api`)).spec.replicas).toBe(4);
    await world.database.sql("UPDATE nodes SET api_replicas = 6 WHERE node_id = 'acme-corp'");
    await eventually('six replicas', async () => {
      const { spec } = await deployment(`${uid}-api`);
      return spec.replicas === 6 ? there(6) : notYet(spec.replicas);
    });
    await eventually('the condition has ended', async () => {
      const condition = conditionOf(await world.node(`${uid}-api-tier`), 'Overridden');
      return condition?.status === 'True' ? notYet(condition.message) : there(condition);
    });
  });

  test('a deactivated row goes in reverse dependency order, but PostgreSQL and what it needs stay', async () => {
    await world.ready(nodes);
    kept = await retained();
    const uids = new Map(
      (await everythingIn(world.cluster, home)).map(({ kind, metadata }) => [`${kind}/${metadata.name}`, metadata.uid]),
    );
    const place = world.audit.now();
    await world.database.sql("UPDATE nodes SET is_active = FALSE WHERE node_id = 'acme-corp'");
    await world.gone(nodes);

    const deletes = world.audit
      .ofWorker(place)
      .filter(({ verb, objectRef }) => verb.startsWith('delete') && objectRef?.namespace !== world.namespace);
    const names = deletes.map(describeRequest);
    expect(names.toSorted()).toEqual(
      [
        `delete ingresses/${uid}-ingress`,
        ...['web', 'api', 'redis', 'postgres'].map((name) => `delete services/${uid}-${name}`),
        ...['web', 'api', 'redis', 'worker'].map((name) => `delete deployments/${uid}-${name}`),
      ].toSorted(),
    );
    const at = (name: string) => deletes[names.indexOf(`delete ${name}`)]!;
    const before = (dependent: string, dependency: string) =>
      expect([dependent, at(dependent).stageTimestamp < at(dependency).requestReceivedTimestamp]).toEqual([
        dependent,
        true,
      ]);
    before(`ingresses/${uid}-ingress`, `services/${uid}-web`);
    before(`services/${uid}-web`, `deployments/${uid}-web`);
    before(`services/${uid}-api`, `deployments/${uid}-api`);
    before(`services/${uid}-redis`, `deployments/${uid}-redis`);

    const kinds = { ingresses: 'Ingress', services: 'Service', deployments: 'Deployment' } as Record<string, string>;
    expect(deletes.map(({ requestObject }) => requestObject?.preconditions?.uid)).toEqual(
      deletes.map(({ objectRef }) => uids.get(`${kinds[objectRef?.resource ?? '']}/${objectRef?.name}`)),
    );
  });

  test('the retained objects are the same ones, marked as orphans of the row and no longer tracked', async () => {
    const now = await retained();
    expect(now.map(({ metadata }) => metadata.uid)).toEqual(kept.map(({ metadata }) => metadata.uid));
    for (const { kind, metadata } of now.filter((one) => one.kind !== 'PersistentVolumeClaim')) {
      expect(metadata.labels?.['lynq.sh/orphaned'], kind).toBe('true');
      expect(metadata.labels, kind).not.toHaveProperty('lynq.sh/node');
      expect(metadata.labels, kind).not.toHaveProperty('lynq.sh/node-namespace');
      expect(metadata.annotations?.['lynq.sh/orphaned-reason'], kind).toBe('LynqNodeDeleted');
      expect(Date.parse(metadata.annotations?.['lynq.sh/orphaned-at'] ?? ''), kind).not.toBeNaN();
      const from = metadata.annotations?.['lynq.sh/orphaned-from'] ?? '';
      for (const part of ['multi-tier-nodes', 'data-tier', uid]) expect(from, kind).toContain(part);
      expect(metadata.deletionTimestamp, kind).toBeUndefined();
    }
    const left = (await ownObjects()).filter((name) => !/kube-root-ca|ServiceAccount/.test(name));
    expect(left).toEqual(
      [
        `PersistentVolumeClaim/data-${uid}-postgres-0`,
        `Secret/${uid}-db-credentials`,
        `StatefulSet/${uid}-postgres`,
      ].toSorted(),
    );
  });

  test('the returned row finds its database: same UIDs, same Secret, no markers, Ready again', async () => {
    const place = world.audit.now();
    await world.database.sql("UPDATE nodes SET is_active = TRUE WHERE node_id = 'acme-corp'");
    const ready = await world.ready(nodes);
    expect(ready.every(isReady)).toBe(true);
    const now = await retained();
    expect(now.map(({ metadata }) => metadata.uid)).toEqual(kept.map(({ metadata }) => metadata.uid));
    expect(now.map(({ data }) => data)).toEqual(kept.map(({ data }) => data));
    expect(now.map(({ spec }) => spec)).toEqual(kept.map(({ spec }) => spec));
    for (const { kind, metadata } of now.filter((one) => one.kind !== 'PersistentVolumeClaim')) {
      expect(metadata.labels, kind).toMatchObject({
        'lynq.sh/node': `${uid}-data-tier`,
        'lynq.sh/node-namespace': world.namespace,
      });
      const markers = [...Object.keys(metadata.labels ?? {}), ...Object.keys(metadata.annotations ?? {})];
      expect(
        markers.filter((key) => key.startsWith('lynq.sh/orphaned')),
        kind,
      ).toEqual([]);
    }
    const made = world.audit.ofWorker(place).filter(created).map(identityOf);
    expect(made).toHaveLength(new Set(made).size);
    expect(made.filter((identity) => /statefulsets|secrets|namespaces\//.test(identity))).toEqual([]);
    expect((await deployment(`${uid}-api`)).spec.replicas).toBe(6);
  });
});
