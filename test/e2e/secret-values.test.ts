import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { childPath, conditionOf, everythingAnywhere, type KubeObject, lynqPath } from '../support/e2e/cluster.ts';
import { everythingStored, whereIs } from '../support/e2e/engine.ts';
import { eventually, notYet, there } from '../support/e2e/eventually.ts';
import { hubObject } from '../support/e2e/manifests.ts';
import { openWorld, type World } from '../support/e2e/world.ts';

const schema = 'CREATE TABLE rows_ (id VARCHAR(63), active BOOLEAN DEFAULT TRUE, size INT DEFAULT 1, token LONGTEXT);';

describe('e2e/secret-values', () => {
  const hub = 'discreet-values';
  const [first, second] = ['canary-one-"value"-ä', 'canary-two-value'];
  let world: World;

  const form = (name: string, spec: unknown, metadata: Readonly<Record<string, unknown>> = {}) => ({
    apiVersion: 'operator.lynq.sh/v1',
    kind: 'LynqForm',
    metadata: { name, namespace: world.namespace },
    spec: { hubId: hub, secrets: [{ id: 'made', nameTemplate: `{{ .uid }}-${name}`, ...metadata, spec }] },
  });
  const put = (object: unknown) => world.cluster.create(lynqPath(world.namespace, 'lynqforms'), object);
  const secretOf = async (name: string): Promise<string | undefined> => {
    const found = await world.cluster.find(childPath('Secret', world.namespace, name));
    const text = found?.data?.['token'];
    return text === undefined ? undefined : Buffer.from(text, 'base64').toString();
  };
  const tokenBecomes = (value: string) =>
    eventually('the rendered Secret has the value', async () => {
      const found = await secretOf('acme-form');
      return found === value ? there(found) : notYet(found === undefined ? 'absent' : 'another value');
    });
  /** Everything in the cluster that has a text in it, in the clear or in base64; what is in another namespace, or in none, with that. */
  const holdersOf = async (canary: string): Promise<readonly string[]> => {
    const objects = await everythingAnywhere(world.cluster);
    const base64 = Buffer.from(canary).toString('base64');
    const isOurs = ({ metadata }: KubeObject): boolean => metadata.namespace === world.namespace;
    expect([objects.some(isOurs), objects.some((object) => !isOurs(object))]).toEqual([true, true]);
    return objects
      .filter((object) => {
        const text = JSON.stringify(object);
        return whereIs(canary, Buffer.from(text)) !== undefined || text.includes(base64);
      })
      .map((object) => {
        const place = isOurs(object) ? '' : `${object.metadata.namespace ?? 'cluster'}: `;
        return `${place}${object.kind}/${object.metadata.name}`;
      })
      .toSorted();
  };

  beforeAll(async () => {
    world = await openWorld(inject('stack'), { name: 'secret-values', schema });
    await world.database.sql('INSERT INTO rows_ (id, token) VALUES (?, ?)', ['acme', first]);
    const object = hubObject({
      name: hub,
      namespace: world.namespace,
      database: world.database,
      table: 'rows_',
      extra: { size: 'size' },
      syncInterval: '2s',
    }) as { spec: Record<string, unknown> };
    await world.cluster.create(lynqPath(world.namespace, 'lynqhubs'), {
      ...object,
      spec: { ...object.spec, secretValueMappings: { token: 'token' } },
    });
    await put(form('form', { apiVersion: 'v1', kind: 'Secret', stringData: { token: '{{ .token }}' } }));
    await world.ready(['acme-form']);
  });
  afterAll(() => world?.close());

  test('a secret value is in the Secret made from it and in that beside the node, and nowhere else', async () => {
    await tokenBecomes(first);
    expect(await holdersOf(first)).toEqual(['Secret/acme-form', 'Secret/acme-form-values']);
    const node = await world.node('acme-form');
    expect(node?.metadata.annotations?.['lynq.sh/secret-values']).toMatch(/^[0-9a-f]{64}$/);
    expect(node?.metadata.annotations?.['lynq.sh/extra']).toBe('{"size":"1"}');
    const beside = await world.cluster.get(childPath('Secret', world.namespace, 'acme-form-values'));
    expect(beside.metadata.ownerReferences).toMatchObject([{ kind: 'LynqNode', uid: node?.metadata.uid }]);
  });

  test('a change of the value is rendered', async () => {
    const before = (await world.node('acme-form'))?.metadata.annotations?.['lynq.sh/secret-values'];
    await world.database.sql('UPDATE rows_ SET token = ?', [second]);
    await tokenBecomes(second);
    await world.ready(['acme-form']);
    expect((await world.node('acme-form'))?.metadata.annotations?.['lynq.sh/secret-values']).not.toBe(before);
    expect(await holdersOf(second)).toEqual(['Secret/acme-form', 'Secret/acme-form-values']);
    expect(await holdersOf(first)).toEqual([]);
  });

  test('a Secret beside the node that someone removes is written again', async () => {
    await world.cluster.remove(childPath('Secret', world.namespace, 'acme-form-values'));
    expect(await world.lynq(['resync', 'node/acme-form'])).toMatchObject({ code: 0 });
    await eventually('it is back', async () => {
      const found = await world.cluster.find(childPath('Secret', world.namespace, 'acme-form-values'));
      return found === undefined ? notYet('absent') : there(found);
    });
    await world.ready(['acme-form']);
    await tokenBecomes(second);
  });

  test('an override of a secret is refused by name', async () => {
    const ended = await world.lynq(['scale', 'acme', 'form', '--set', 'token=mine']);
    expect(ended.code).toBe(1);
    expect(ended.stderr).toContain('token is a secret of the row');
  });

  test('a secret in metadata is refused, whatever way the template takes', async () => {
    const spec = { apiVersion: 'v1', kind: 'ConfigMap', data: {} };
    for (const [name, template] of [
      ['named', '{{ .token }}'],
      ['indexed', '{{ index . "token" }}'],
      ['whole', '{{ toJson . | sha256sum | trunc 8 }}'],
    ] as const) {
      await put(form(name, spec, { annotationsTemplate: { note: template } }));
    }
    await eventually('the refusals are said', async () => {
      const valid = conditionOf(await world.cluster.get(lynqPath(world.namespace, 'lynqforms', 'named')), 'Valid');
      const said = [valid?.message ?? '', JSON.stringify((await world.node('acme-indexed'))?.status?.resources ?? [])];
      const named = valid?.status === 'False' && said[0]?.includes('token is secret') === true;
      const indexed = await world.cluster.find(childPath('ConfigMap', world.namespace, 'acme-indexed'));
      return named && !said.some((text) => text.includes('canary')) ? there(indexed) : notYet(said);
    });
    expect(await world.node('acme-named')).toBeUndefined();
    const beside = ['form', 'indexed', 'whole'].map((name) => `Secret/acme-${name}-values`);
    expect(await holdersOf(second)).toEqual(['Secret/acme-form', ...beside]);
  });

  test('the values are not in Temporal, in the log, in an event or in what lynq prints', async () => {
    const stored = await everythingStored(world.engine);
    const events = await world.cluster.list('/api/v1/events');
    const printed = [
      await world.lynq(['describe', 'node', 'acme-form']),
      await world.lynq(['get', 'nodes', '-o', 'yaml']),
      await world.lynq(
        ['render', '-f', '-', '--row', 'id=acme', '--row', `token=${second}`],
        `${JSON.stringify(await world.hub(hub))}\n---\n${JSON.stringify(
          form('shown', { apiVersion: 'v1', kind: 'ConfigMap', data: { token: '{{ .token }}' } }),
        )}`,
      ),
    ];
    expect(printed.at(-1)?.stdout).toContain('token: "***"');
    const said = [world.worker.output(), JSON.stringify(events), JSON.stringify(printed)].join('\n');
    for (const canary of [first, second, 'canary-one', 'canary-two']) {
      expect(whereIs(canary, stored), canary).toBeUndefined();
      expect(whereIs(canary, Buffer.from(said)), canary).toBeUndefined();
    }
  });

  test('a variable in both mappings makes the hub not valid, and changes nothing', async () => {
    const before = await secretOf('acme-form');
    await world.cluster.merge(lynqPath(world.namespace, 'lynqhubs', hub), {
      spec: { extraValueMappings: { token: 'token' } },
    });
    const condition = await eventually('the hub says so', async () => {
      const found = conditionOf(await world.hub(hub), 'Ready');
      return found?.status === 'False' ? there(found) : notYet(found ?? 'none');
    });
    expect(condition).toMatchObject({ reason: 'InvalidConfiguration' });
    expect(condition.message).toContain('token in both extraValueMappings and secretValueMappings');
    expect(await secretOf('acme-form')).toBe(before);
    await world.cluster.merge(lynqPath(world.namespace, 'lynqhubs', hub), {
      spec: { extraValueMappings: { token: null } },
    });
  });

  test('a row whose values cannot be kept is named, and no other waits for it', async () => {
    const metadata = { name: 'taken-form-values', namespace: world.namespace };
    await world.cluster.create(childPath('Secret', world.namespace), { apiVersion: 'v1', kind: 'Secret', metadata });
    await world.database.sql(
      "INSERT INTO rows_ (id, token) VALUES ('heavy', REPEAT('x', 1048577)), ('taken', 'of-taken')",
    );
    await world.database.sql(
      "INSERT INTO rows_ (id, token) VALUES ('full', REPEAT('x', 1048576)), ('late', 'of-late')",
    );
    await world.ready(['late-form']);
    await eventually('the rows are named', async () => {
      const { status } = await world.hub(hub);
      const named = (status.frozenRows ?? []).map(({ uid, reason }: Record<string, string>) => `${uid} ${reason}`);
      const wanted = ['heavy TooLarge', 'taken SecretRefused'];
      return wanted.every((one) => named.includes(one)) ? there(named) : notYet(named);
    });
    const kept = await world.cluster.get(childPath('Secret', world.namespace, 'full-form-values'));
    const [value = ''] = Object.values(kept.data ?? {});
    expect(Buffer.from(value, 'base64')).toHaveLength(1024 * 1024);
    expect(await world.node('heavy-form')).toBeUndefined();

    await world.cluster.remove(childPath('Secret', world.namespace, 'taken-form-values'));
    await world.ready(['taken-form']);
  });

  test('a row that returns as soon as its node has gone gets its values', async () => {
    await world.database.sql("DELETE FROM rows_ WHERE id = 'late'");
    await world.gone(['late-form']);
    await world.database.sql("INSERT INTO rows_ (id, token) VALUES ('late', 'of-late-again')");
    await world.ready(['late-form']);
  });

  test('the Secret beside a node goes with it', async () => {
    await world.database.sql('DELETE FROM rows_');
    await world.gone(['acme-form']);
    await eventually('it is gone', async () => {
      const found = await world.cluster.find(childPath('Secret', world.namespace, 'acme-form-values'));
      return found === undefined ? there(true) : notYet('there');
    });
  });
});
