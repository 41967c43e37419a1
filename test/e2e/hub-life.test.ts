import { ScheduleNotFoundError } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { childPath, type ClusterAnswer, type KubeObject, lynqPath } from '../support/e2e/cluster.ts';
import { eventually, notYet, there } from '../support/e2e/eventually.ts';
import { configMapForm, hubObject } from '../support/e2e/manifests.ts';
import { openWorld, type World } from '../support/e2e/world.ts';

/** What happens to a hub as an object: edited, deleted while a sync runs, deleted without its nodes. */
describe('e2e/hub-life', () => {
  let world: World;

  beforeAll(async () => {
    world = await openWorld(inject('stack'), { name: 'hub-life', schema: 'CREATE TABLE seed (id INT)' });
  });
  afterAll(() => world?.close());

  const path = (name: string): string => lynqPath(world.namespace, 'lynqhubs', name);
  const nodesOf = async (hub: string): Promise<readonly KubeObject[]> =>
    (await world.nodes()).filter(({ spec }) => spec?.templateRef === `${hub}-form`);

  async function open(name: string, rows: readonly string[], syncInterval = '2s'): Promise<void> {
    const { database, namespace, cluster } = world;
    await database.sql(
      `CREATE TABLE \`${name}\` (id VARCHAR(63), active INT DEFAULT 1, size INT DEFAULT 1, other INT DEFAULT 7)`,
    );
    await database.sql(`INSERT INTO \`${name}\` (id) VALUES ${rows.map((row) => `('${row}')`).join(', ')}`);
    const hub = hubObject({ name, namespace, database, table: name, extra: { size: 'size' }, syncInterval });
    await cluster.create(lynqPath(namespace, 'lynqhubs'), hub);
    const form = configMapForm({ name: `${name}-form`, namespace, hub: name }, [
      { id: 'map', data: { size: '{{ .size }}' } },
      { id: 'kept', deletionPolicy: 'Retain', data: { size: '{{ .size }}' } },
    ]);
    await cluster.create(lynqPath(namespace, 'lynqforms'), form);
  }

  test('an edited mapping is taken over at once, without waiting for the interval', async () => {
    await open('edited', ['one'], '1h');
    await world.ready(['one-edited-form']);
    await world.cluster.merge(path('edited'), { spec: { extraValueMappings: { size: 'other' } } });
    await eventually('the other column is used', async () => {
      const map = await world.cluster.get(childPath('ConfigMap', world.namespace, 'one-edited-form-map'));
      return map.data?.['size'] === '7' ? there(map) : notYet(map.data);
    });
  });

  test('a hub deleted while its first sync runs leaves nothing behind and makes nothing afterwards', async () => {
    const rows = Array.from({ length: 40 }, (_, index) => `r${index}`);
    await open('hasty', rows);
    await eventually('the first nodes are there', async () => {
      const found = await nodesOf('hasty');
      return found.length > 0 ? there(found) : notYet('none');
    });
    const place = world.audit.now();
    await world.cluster.remove(path('hasty'));
    await eventually('the hub is gone', async () => {
      const found = await world.cluster.find(path('hasty'));
      return found === undefined ? there(true) : notYet(`${(await nodesOf('hasty')).length} nodes left`);
    });

    expect(await nodesOf('hasty')).toEqual([]);
    const deleted = world.audit
      .ofWorker(place)
      .filter(({ verb, objectRef }) => verb === 'delete' && objectRef?.name?.endsWith('-hasty-form-kept') === true);
    expect(deleted).toEqual([]);
  });

  test.each(['2s', '0s'])(
    'the schedule of a hub that went while no worker ran goes with the next worker, with a timer or without: %s',
    async (syncInterval) => {
      const name = `unseen-${syncInterval}`;
      await open(name, ['one'], syncInterval);
      await world.ready([`one-${name}-form`]);
      const schedule = world.engine.client.schedule.getHandle(`hub/${world.namespace}/${name}`);
      await schedule.describe();
      await world.worker.stop();
      try {
        await world.cluster.merge(path(name), { metadata: { finalizers: [] } });
        await world.cluster.remove(path(name));
        await eventually('the hub is gone', async () =>
          (await world.cluster.find(path(name))) === undefined ? there(true) : notYet('not yet'),
        );
      } finally {
        await world.worker.start();
      }
      await eventually('the schedule is gone', () =>
        schedule.describe().then(
          ({ info }) => notYet(`it has started ${info.numActionsTaken} syncs`),
          (error: unknown) => (error instanceof ScheduleNotFoundError ? there(true) : notYet(String(error))),
        ),
      );
    },
    120_000,
  );
  /** An admission policy of this namespace; the function returned takes it away. */
  async function denyDeletion(node: string): Promise<() => Promise<void>> {
    const { namespace, cluster } = world;
    const admission = '/apis/admissionregistration.k8s.io/v1';
    const parts: readonly (readonly [path: string, kind: string, spec: object])[] = [
      [
        `${admission}/validatingadmissionpolicies`,
        'ValidatingAdmissionPolicy',
        {
          matchConstraints: {
            namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
            resourceRules: [
              { apiGroups: ['operator.lynq.sh'], apiVersions: ['*'], operations: ['DELETE'], resources: ['lynqnodes'] },
            ],
          },
          validations: [{ expression: `oldObject.metadata.name != '${node}'`, message: 'not this one' }],
        },
      ],
      [
        `${admission}/validatingadmissionpolicybindings`,
        'ValidatingAdmissionPolicyBinding',
        { policyName: namespace, validationActions: ['Deny'] },
      ],
    ];
    for (const [of, kind, spec] of parts)
      await cluster.create(of, {
        apiVersion: 'admissionregistration.k8s.io/v1',
        kind,
        metadata: { name: namespace },
        spec,
      });
    await eventually('the policy is in force', () =>
      cluster.call('DELETE', `${lynqPath(namespace, 'lynqnodes', node)}?dryRun=All`).then(
        () => notYet('admitted'),
        () => there(true),
      ),
    );
    return async () => {
      for (const [of] of parts.toReversed()) await cluster.remove(`${of}/${namespace}`);
    };
  }

  test('a node that an admission policy does not let go holds up no other row, and goes when it may', async () => {
    await open('denied', ['stays', 'goes']);
    await world.ready(['stays-denied-form', 'goes-denied-form']);
    const lift = await denyDeletion('stays-denied-form');
    try {
      await world.database.sql("DELETE FROM denied WHERE id IN ('stays', 'goes')");
      await world.database.sql("INSERT INTO denied (id) VALUES ('new')");

      await world.ready(['new-denied-form']);
      await world.gone(['goes-denied-form']);
      const hub = await eventually('the hub names the row', async () => {
        const { status } = await world.cluster.get(path('denied'));
        return Array.isArray(status?.['frozenRows']) && status['frozenRows'].length > 0
          ? there(status)
          : notYet(status);
      });
      const message = `LynqNode ${world.namespace}/stays-denied-form cannot be deleted: LynqNode ${world.namespace}/stays-denied-form: denied by ValidatingAdmissionPolicy ${world.namespace}`;
      expect(hub['frozenRows']).toEqual([{ uid: 'stays', reason: 'NodeRefused', message }]);
      expect(hub['warnings']).toEqual([`1 LynqNodes cannot be deleted: ${message}`]);
      expect((await world.node('stays-denied-form'))?.metadata.deletionTimestamp).toBeUndefined();
    } finally {
      await lift();
    }

    await world.gone(['stays-denied-form']);
  });

  test('an API group without a backend stops no form of the hub, and is named', async () => {
    const { namespace, cluster } = world;
    await open('beside', ['one']);
    await world.ready(['one-beside-form']);
    const services = '/apis/apiregistration.k8s.io/v1/apiservices';
    const group = 'backend.example.com';
    await cluster.create(services, {
      apiVersion: 'apiregistration.k8s.io/v1',
      kind: 'APIService',
      metadata: { name: `v1.${group}` },
      spec: {
        group,
        version: 'v1',
        groupPriorityMinimum: 100,
        versionPriority: 10,
        insecureSkipTLSVerify: true,
        service: { name: 'nowhere', namespace },
      },
    });
    try {
      await eventually('the group cannot be read', () =>
        cluster.call('GET', `/apis/${group}/v1`).then(
          () => notYet('it can'),
          (error: ClusterAnswer) => (error.status === 503 ? there(true) : notYet(error.message)),
        ),
      );
      const spec = { apiVersion: `${group}/v1`, kind: 'Widget' };
      await cluster.create(lynqPath(namespace, 'lynqforms'), {
        apiVersion: 'operator.lynq.sh/v1',
        kind: 'LynqForm',
        metadata: { name: 'widgets', namespace },
        spec: { hubId: 'beside', manifests: [{ id: 'widget', nameTemplate: '{{ .uid }}', spec }] },
      });
      await world.database.sql("INSERT INTO beside (id) VALUES ('two')");

      await world.ready(['two-beside-form']);
      await eventually('every row has its node of the other form', async () => {
        const names = (await world.nodes()).map(({ metadata }) => metadata.name);
        return ['one-widgets', 'two-widgets'].every((name) => names.includes(name)) ? there(true) : notYet(names);
      });
      const warnings = await eventually('the hub says what is not looked for', async () => {
        const said = (await cluster.get(path('beside'))).status?.['warnings'];
        return Array.isArray(said) && said.length > 0 ? there(said as readonly string[]) : notYet(said);
      });
      expect(warnings).toEqual([
        'objects that have lost their LynqNodes are not all looked for: backend.example.com/v1: The API server answers only with 503.',
      ]);
    } finally {
      await cluster.remove(`${services}/v1.${group}`);
    }
    await cluster.remove(lynqPath(namespace, 'lynqforms', 'widgets'));
    await world.gone(['one-widgets', 'two-widgets']);
  });

  const hubTable = (name: string, table: string) =>
    hubObject({
      name,
      namespace: world.namespace,
      database: world.database,
      table,
      extra: { size: 'size' },
      syncInterval: '2s',
    });

  /** Takes the hub away and leaves its nodes. */
  async function removeAlone(name: string): Promise<void> {
    const args = ['delete', 'lynqhub', name, '-n', world.namespace, '--cascade=orphan', '--wait=false'];
    expect(await world.kubectl(args)).toMatchObject({ code: 0 });
    await eventually(`hub ${name} is gone`, async () => {
      const found = await world.cluster.find(path(name));
      return found === undefined ? there(true) : notYet(JSON.stringify(found.metadata.finalizers));
    });
  }

  test('a hub is renamed without losing anything: its nodes and their objects go over to the new one', async () => {
    await open('former', ['one', 'two']);
    const names = ['one-former-form', 'two-former-form'];
    await world.ready(names);
    const children = names.flatMap((name) => ['map', 'kept'].map((id) => `${name}-${id}`));
    const uids = async () => {
      const maps = children.map((name) => world.cluster.get(childPath('ConfigMap', world.namespace, name)));
      const found = [...(await nodesOf('former')), ...(await Promise.all(maps))];
      return new Map(found.map(({ kind, metadata }) => [`${kind} ${metadata.name}`, metadata.uid]));
    };
    const before = await uids();
    const place = world.audit.now();

    await removeAlone('former');
    await world.cluster.create(lynqPath(world.namespace, 'lynqhubs'), hubTable('latter', 'former'));
    // `spec.hubId` cannot be edited; this is `kubectl replace --force`.
    const { spec } = await world.cluster.get(lynqPath(world.namespace, 'lynqforms', 'former-form'));
    await world.cluster.remove(lynqPath(world.namespace, 'lynqforms', 'former-form'));
    await world.cluster.create(lynqPath(world.namespace, 'lynqforms'), {
      apiVersion: 'operator.lynq.sh/v1',
      kind: 'LynqForm',
      metadata: { name: 'former-form', namespace: world.namespace },
      spec: { ...spec, hubId: 'latter' },
    });
    await eventually('the new hub owns the nodes', async () => {
      const owners = (await nodesOf('former')).map(({ metadata }) => metadata.ownerReferences?.[0]?.name);
      return owners.every((owner) => owner === 'latter') ? there(owners) : notYet(owners);
    });
    await world.database.sql("UPDATE former SET size = 2 WHERE id = 'one'");
    await world.database.sql("INSERT INTO former (id) VALUES ('three')");
    await world.ready([...names, 'three-former-form']);
    await eventually('values of the table arrive as ever', async () => {
      const map = await world.cluster.get(childPath('ConfigMap', world.namespace, 'one-former-form-map'));
      return map.data?.['size'] === '2' ? there(map) : notYet(map.data);
    });

    const after = await uids();
    expect([...before].every(([name, uid]) => after.get(name) === uid)).toBe(true);
    const deleted = world.audit.ofWorker(place).filter(({ verb }) => verb === 'delete');
    expect(deleted.map(({ objectRef }) => `${objectRef?.resource} ${objectRef?.name}`)).toEqual([]);
    await world.database.sql("DELETE FROM former WHERE id = 'two'");
    await world.gone(['two-former-form']);
    expect((await world.cluster.get(path('latter'))).status).toMatchObject({ rows: { seen: 2, active: 2 } });
  });

  test('--cascade=orphan leaves the nodes and their objects as they are', async () => {
    await open('left', ['one', 'two']);
    await world.ready(['one-left-form', 'two-left-form']);
    const before = new Map((await nodesOf('left')).map(({ metadata }) => [metadata.name, metadata.uid]));
    const ended = await world.kubectl([
      'delete',
      'lynqhub',
      'left',
      '-n',
      world.namespace,
      '--cascade=orphan',
      '--wait=false',
    ]);
    expect(ended).toMatchObject({ code: 0 });
    await eventually('the hub is gone', async () => {
      const found = await world.cluster.find(path('left'));
      return found === undefined ? there(true) : notYet(JSON.stringify(found.metadata.finalizers));
    });

    const after = await nodesOf('left');
    expect(new Map(after.map(({ metadata }) => [metadata.name, metadata.uid]))).toEqual(before);
    expect(after.every(({ metadata }) => metadata.deletionTimestamp === undefined)).toBe(true);
    for (const name of before.keys()) await world.cluster.remove(lynqPath(world.namespace, 'lynqnodes', name));
    await world.gone([...before.keys()]);
  });
});
