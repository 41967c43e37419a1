import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { openPostgresServer, type PostgresServer } from '../contract/row-source.postgres.server.ts';
import { testAuthority } from '../support/certificates.ts';
import { childPath, conditionOf, lynqPath } from '../support/e2e/cluster.ts';
import { eventually, notYet, there } from '../support/e2e/eventually.ts';
import { configMapForm } from '../support/e2e/manifests.ts';
import { openWorld, setSecret, type World } from '../support/e2e/world.ts';

describe('e2e/hub-postgres', () => {
  const authority = testAuthority('authority of the test');
  const issued = authority.issue(['db.test']);
  let server: PostgresServer;
  let world: World;

  beforeAll(async () => {
    server = await openPostgresServer({ tls: { cert: `${issued.cert}${authority.cert}`, key: issued.key } });
    await server.sql(`CREATE SCHEMA app; CREATE TABLE app.tenants (id text, active boolean DEFAULT true, size int DEFAULT 1);
      CREATE ROLE reader LOGIN PASSWORD 'reader-pw'; GRANT USAGE ON SCHEMA app TO reader; GRANT SELECT ON app.tenants TO reader;
      INSERT INTO app.tenants (id) VALUES ('one'), ('two'); INSERT INTO app.tenants VALUES ('off', false, 1)`);
    world = await openWorld(inject('stack'), { name: 'postgres', schema: 'CREATE TABLE seed (id INT)' });
    await setSecret(world.cluster, world.namespace, 'pg', {
      password: 'reader-pw',
      ca: authority.cert,
      other: issued.cert,
    });
  }, 600_000);
  afterAll(async () => {
    await world?.close();
    await server?.close();
  });

  const hubPath = (): string => lynqPath(world.namespace, 'lynqhubs', 'tenants');
  const hub = async () => world.cluster.get(hubPath());
  const until = (type: string, status: string, reason?: string) =>
    eventually(`${type} is ${status}`, async () => {
      const found = conditionOf(await hub(), type);
      const fits = found?.status === status && (reason === undefined || found.reason === reason);
      return fits ? there(found) : notYet((await hub()).status ?? 'no status');
    });

  test('rows of a PostgreSQL table become nodes, over a verified connection', async () => {
    const { host, port } = server.running;
    const tls = { caRef: { name: 'pg', key: 'ca' }, serverName: 'db.test' };
    const place = { host, port, username: 'reader', passwordRef: { name: 'pg', key: 'password' } };
    await world.apply(
      JSON.stringify({
        apiVersion: 'operator.lynq.sh/v1',
        kind: 'LynqHub',
        metadata: { name: 'tenants', namespace: world.namespace },
        spec: {
          source: {
            type: 'postgres',
            syncInterval: '1s',
            postgres: { ...place, database: 'postgres', schema: 'app', table: 'tenants', tls },
          },
          valueMappings: { uid: 'id', activate: 'active' },
          extraValueMappings: { size: 'size' },
        },
      }),
    );
    const form = configMapForm({ name: 'tenant', namespace: world.namespace, hub: 'tenants' }, [
      { id: 'map', data: { size: '{{ .size }}' } },
    ]);
    await world.cluster.create(lynqPath(world.namespace, 'lynqforms'), form);
    await world.ready(['one-tenant', 'two-tenant']);

    await until('InsecureTransport', 'False', 'Tls');
    expect((await hub()).status.rows).toMatchObject({ seen: 3, active: 2, inactive: 1 });
    expect((await world.nodes()).map(({ metadata }) => metadata.name).toSorted()).toEqual(['one-tenant', 'two-tenant']);
  });

  test('a changed, a new and a removed row are followed', async () => {
    await server.sql(
      "UPDATE app.tenants SET size = 2 WHERE id = 'one'; INSERT INTO app.tenants (id) VALUES ('three'); UPDATE app.tenants SET active = false WHERE id = 'two'",
    );
    await world.ready(['three-tenant']);
    await world.gone(['two-tenant']);
    await eventually('the change arrives', async () => {
      const map = await world.cluster.get(childPath('ConfigMap', world.namespace, 'one-tenant-map'));
      return map.data?.['size'] === '2' ? there(map) : notYet(map.data);
    });
  });

  test('a certificate that is not trusted stops the syncs with its reason and removes nothing', async () => {
    const before = (await world.nodes()).map(({ metadata }) => metadata.uid).toSorted();
    const change = (key: string) =>
      world.cluster.merge(hubPath(), { spec: { source: { postgres: { tls: { caRef: { key } } } } } });
    await change('other');
    const failed = await until('Ready', 'False', 'DatabaseConnectionFailed');
    expect(failed?.message).toContain('cannot be trusted');
    expect((await world.nodes()).map(({ metadata }) => metadata.uid).toSorted()).toEqual(before);
    await change('ca');
    await until('Ready', 'True');
  });

  test('a restart of the server is no change of the source', async () => {
    const { source } = (await hub()).status;
    const place = world.audit.now();
    await server.running.restart('kill');
    await server.sql("INSERT INTO app.tenants (id) VALUES ('after')");
    await world.ready(['after-tenant']);

    expect((await hub()).status.source).toEqual(source);
    const deleted = world.audit.ofWorker(place).filter(({ verb }) => verb === 'delete');
    expect(deleted).toEqual([]);
  });

  test('nothing of a row and no password is in the log of the worker', () => {
    expect(world.worker.output()).not.toContain('reader-pw');
  });
});
