import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { describeRequest } from '../support/e2e/audit.ts';
import { childPath, type Condition, conditionOf, type KubeObject, lynqPath } from '../support/e2e/cluster.ts';
import { eventually, notYet, there, window } from '../support/e2e/eventually.ts';
import { configMapForm, type FormObject, hubObject } from '../support/e2e/manifests.ts';
import { openWorld, setSecret, type World } from '../support/e2e/world.ts';

const schema = 'CREATE TABLE things (id VARCHAR(100), active BOOLEAN DEFAULT TRUE, size INT);';

describe('e2e/bad-input', () => {
  const hub = 'things';
  const rows = Array.from({ length: 12 }, (_, index) => `row-${String(index).padStart(2, '0')}`);
  const nodes = rows.map((row) => `${row}-good`);
  let world: World;

  const form = (name: string, entries: Parameters<typeof configMapForm>[1]): FormObject =>
    configMapForm({ name, namespace: world.namespace, hub }, entries);
  const put = (object: FormObject) => world.cluster.create(lynqPath(world.namespace, 'lynqforms'), object);
  const drop = (name: string) => world.cluster.remove(lynqPath(world.namespace, 'lynqforms', name));
  const hubCondition = (type: string, holds: (condition: Condition | undefined) => boolean) =>
    eventually(`condition ${type} of the hub`, async () => {
      const found = conditionOf(await world.hub(hub), type);
      return holds(found) ? there(found) : notYet((await world.hub(hub)).status);
    });
  const hubIsNotReady = async (): Promise<string> =>
    (await hubCondition('Ready', (found) => found?.status === 'False'))?.message ?? '';
  const hubIsReady = () => hubCondition('Ready', (found) => found?.status === 'True');
  const formIsInvalid = (name: string): Promise<string> =>
    eventually(`form ${name} is not valid`, async () => {
      const found = conditionOf(await world.cluster.get(lynqPath(world.namespace, 'lynqforms', name)), 'Valid');
      return found?.status === 'False' ? there(found.message) : notYet(found ?? 'no condition');
    });
  const sizeOf = async (row: string): Promise<string | undefined> =>
    (await world.cluster.find(childPath('ConfigMap', world.namespace, `${row}-good-map`)))?.data?.['size'];
  const identities = async (): Promise<readonly string[]> =>
    [...(await world.nodes()), ...(await world.cluster.list(childPath('ConfigMap', world.namespace)))].map(
      ({ metadata }) => `${metadata.name} ${metadata.uid}`,
    );
  /** Runs a test's trouble and proves that nodes and children are as they were, and that nobody wrote to them. */
  async function untouched(trouble: () => Promise<void>): Promise<void> {
    const before = await identities();
    const place = world.audit.now();
    await trouble();
    await window(5_000);
    const writes = world.audit.ofWorker(place).filter(({ objectRef }) => objectRef?.resource !== 'lynqhubs');
    expect(writes.map(describeRequest)).toEqual([]);
    expect(await identities()).toEqual(before);
  }

  beforeAll(async () => {
    world = await openWorld(inject('stack'), { name: 'bad-input', schema });
    await world.database.sql('INSERT INTO things (id, size) VALUES ?', [rows.map((row) => [row, 1])] as never);
    const { namespace, database } = world;
    const extra = { size: 'size' };
    const object = hubObject({ name: hub, namespace, database, table: 'things', extra, syncInterval: '2s' });
    await world.cluster.create(lynqPath(namespace, 'lynqhubs'), object);
    await put(form('good', [{ id: 'map', data: { size: '{{ .size }}' } }]));
    await world.ready(nodes);
  });
  afterAll(() => world?.close());

  test('an unparseable form file is reported by file, line and column, and nothing is applied', async () => {
    const ended = await world.lynq(['apply', '-f', 'test/support/e2e/files/unparseable.yaml']);
    expect(ended.code).not.toBe(0);
    expect(ended.stderr + ended.stdout).toMatch(/unparseable\.yaml:1[23]:\d+/);
    const forms = await world.cluster.list(lynqPath(world.namespace, 'lynqforms'));
    expect(forms.map(({ metadata }) => metadata.name)).toEqual(['good']);
  });

  test('a template that cannot be parsed is reported by file, line and column', async () => {
    const ended = await world.lynq(['apply', '-f', 'test/support/e2e/files/bad-template.yaml']);
    expect(ended.code).not.toBe(0);
    expect(ended.stderr + ended.stdout).toMatch(/bad-template\.yaml:14:\d+/);
  });

  test('an unknown variable is named by `lynq apply`, with the declared ones', async () => {
    const ended = await world.lynq(['apply', '-f', 'test/support/e2e/files/unknown-variable.yaml']);
    expect(ended.code).not.toBe(0);
    const said = ended.stderr + ended.stdout;
    expect(said).toMatch(/unknown-variable\.yaml:14:\d+/);
    expect(said).toContain('sice');
    expect(said).toMatch(/\bsize\b/);
    expect(said).toMatch(/\buid\b/);
  });

  test('an unknown variable in a form that got past the command is named on the form or its nodes', async () => {
    await put(form('unknown-variable', [{ id: 'map', data: { size: '{{ .sice }}' } }]));
    await eventually('the variable and the declared ones are named', async () => {
      const objects: readonly (KubeObject | undefined)[] = [
        await world.cluster.get(lynqPath(world.namespace, 'lynqforms', 'unknown-variable')),
        await world.node('row-00-unknown-variable'),
      ];
      const messages = objects.map((object) => JSON.stringify(object?.status ?? {}));
      return messages.some((text) => /sice/.test(text) && /\bsize\b/.test(text)) ? there(true) : notYet(messages);
    });
    await drop('unknown-variable');
  });

  test('a cycle is a condition of the form with its chain', async () => {
    await put(
      form('cycle', [
        { id: 'first', dependIds: ['third'] },
        { id: 'second', dependIds: ['first'] },
        { id: 'third', dependIds: ['second'] },
        { id: 'fourth', dependIds: ['first'] },
      ]),
    );
    const message = await formIsInvalid('cycle');
    const chain = ['first', 'second', 'third'].map((id) => message.split(id).length - 1);
    expect(
      chain.every((times) => times >= 1),
      message,
    ).toBe(true);
    expect(
      chain.some((times) => times >= 2),
      message,
    ).toBe(true);
    expect(message).not.toContain('fourth');
  });

  test('an unknown dependId is a condition of the form that names both ids', async () => {
    await put(form('dangling', [{ id: 'lonely', dependIds: ['nobody'] }]));
    const message = await formIsInvalid('dangling');
    expect(message).toContain('lonely');
    expect(message).toContain('nobody');
  });

  test('broken forms do not stop the good one beside them', async () => {
    await world.database.sql("INSERT INTO things (id, size) VALUES ('late', 7)");
    await world.ready(['late-good']);
    await world.database.sql("UPDATE things SET size = 8 WHERE id = 'late'");
    await eventually('the change', async () => {
      const size = await sizeOf('late');
      return size === '8' ? there(size) : notYet(size ?? 'absent');
    });
    expect(await world.cluster.find(childPath('ConfigMap', world.namespace, 'late-dangling-lonely'))).toBeUndefined();
    await drop('cycle');
    await drop('dangling');
  });

  test('rows with an invalid, a duplicate or no uid are frozen and named; the others go on', async () => {
    await world.database.sql(`INSERT INTO things (id, size) VALUES
      ('Not A Name!', 1), (NULL, 1), ('', 1), ('row-00', 99), ('neighbour', 3)`);
    await world.database.sql("UPDATE things SET size = 4 WHERE id = 'row-01'");
    await world.ready(['neighbour-good', 'row-01-good']);
    await eventually('the change of a good row', async () => {
      const size = await sizeOf('row-01');
      return size === '4' ? there(size) : notYet(size ?? 'absent');
    });
    expect(await sizeOf('row-00')).toBe('1');
    const { status } = await world.hub(hub);
    expect(status.rows.frozen).toBeGreaterThanOrEqual(3);
    expect(JSON.stringify(status.frozenRows)).toContain('Not A Name!');
    expect(JSON.stringify(status.frozenRows)).toContain('row-00');

    await world.database.sql("DELETE FROM things WHERE id IS NULL OR id IN ('', 'Not A Name!') OR size = 99");
    await eventually('nothing is frozen', async () => {
      const { rows: counts } = (await world.hub(hub)).status;
      return counts.frozen === 0 ? there(counts) : notYet(counts);
    });
    await world.database.sql("UPDATE things SET size = 2 WHERE id = 'row-00'");
    await eventually('the row that was frozen moves again', async () => {
      const size = await sizeOf('row-00');
      return size === '2' ? there(size) : notYet(size ?? 'absent');
    });
  });

  test('a missing column is a condition of the hub with table and column; existing nodes stay as they are', async () => {
    await untouched(async () => {
      await world.database.sql('ALTER TABLE things CHANGE size sizes INT');
      const message = await hubIsNotReady();
      expect(message).toContain('things');
      expect(message).toMatch(/\bsize\b/);
    });
    await world.database.sql('ALTER TABLE things CHANGE sizes size INT');
    await hubIsReady();
  });

  test('a wrong password is a condition of the hub; existing nodes stay as they are', async () => {
    await untouched(async () => {
      await world.database.setPassword('another one');
      const message = await hubIsNotReady();
      expect(message).toMatch(/denied|password|credentials/i);
      expect(message).not.toContain(world.database.password);
    });
    await setSecret(world.cluster, world.namespace, 'mysql-credentials', { password: 'another one' });
    await hubIsReady();
  });

  test('a Secret without the key is a condition of the hub that names both', async () => {
    const secret = `/api/v1/namespaces/${world.namespace}/secrets/mysql-credentials`;
    await untouched(async () => {
      await world.cluster.merge(secret, { data: { password: null } });
      const message = await hubIsNotReady();
      expect(message).toContain('mysql-credentials');
      expect(message).toContain('password');
    });
    await setSecret(world.cluster, world.namespace, 'mysql-credentials', { password: 'another one' });
    await hubIsReady();
  });

  test('an unreachable database is a condition of the hub; existing nodes stay as they are', async () => {
    const path = lynqPath(world.namespace, 'lynqhubs', hub);
    await untouched(async () => {
      await world.cluster.merge(path, { spec: { source: { mysql: { port: 1 } } } });
      expect(await hubIsNotReady()).toMatch(/refused|reach|connect/i);
    });
    await world.cluster.merge(path, { spec: { source: { mysql: { port: world.database.port } } } });
    await hubIsReady();
  });

  test('an emptied table with more than ten rows with nodes deletes nothing, and heals when the rows return', async () => {
    await world.database.sql('CREATE TABLE kept AS SELECT * FROM things');
    await untouched(async () => {
      await world.database.sql('DELETE FROM things');
      const held = await hubCondition('DeletionHeld', (found) => found?.status === 'True');
      expect(held?.message).toMatch(/\b14\b/);
    });
    await world.database.sql('INSERT INTO things SELECT * FROM kept');
    await hubCondition('DeletionHeld', (found) => found?.status !== 'True');
    await world.database.sql("UPDATE things SET size = 5 WHERE id = 'row-02'");
    await eventually('work goes on', async () => {
      const size = await sizeOf('row-02');
      return size === '5' ? there(size) : notYet(size ?? 'absent');
    });
    await world.ready([...nodes, 'late-good', 'neighbour-good']);
  });

  test('a single removed row is not held', async () => {
    await world.database.sql("DELETE FROM things WHERE id = 'late'");
    await world.gone(['late-good']);
    expect(await sizeOf('late')).toBeUndefined();
  });

  test('a row with a uid with dots, which Kubernetes takes, is as any other', async () => {
    const uid = 'acme.example.com';
    await world.database.sql('INSERT INTO things (id, size) VALUES (?, 7)', [uid]);
    await world.ready([`${uid}-good`]);
    expect(await sizeOf(uid)).toBe('7');
    await world.database.sql('DELETE FROM things WHERE id = ?', [uid]);
    await world.gone([`${uid}-good`]);
    expect(await sizeOf(uid)).toBeUndefined();
  });
});
