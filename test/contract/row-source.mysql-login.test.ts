import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { testAuthority } from '../support/certificates.ts';
import { aRequest, type HubChange } from './row-source.contract.ts';
import { openRealWorld, openSource } from './row-source.server.ts';

/** MySQL's own login, which MariaDB does not have, against a MySQL whose certificate is ours. */
describe('adapters/mysql and caching_sha2_password over TLS', () => {
  const authority = testAuthority('authority of the test');
  const folder = mkdtempSync(join(tmpdir(), 'lynqflow-mysql-tls-'));
  let world: Awaited<ReturnType<typeof openRealWorld>>;

  beforeAll(async () => {
    world = await openRealWorld();
    await world.putTable('lynq_contract', 'nodes', ['node_id', 'is_active'], [['acme', '1']]);
    const { cert, key } = authority.issue(['db.test']);
    writeFileSync(join(folder, 'server.pem'), `${cert}${authority.cert}`);
    writeFileSync(join(folder, 'server.key'), key);
    writeFileSync(join(folder, 'ca.pem'), authority.cert);
    // The server may run as another user.
    for (const path of ['', 'ca.pem', 'server.pem', 'server.key']) chmodSync(join(folder, path), 0o755);
    await world.server.sql(
      `SET GLOBAL ssl_cert = '${folder}/server.pem', ssl_key = '${folder}/server.key', ssl_ca = '${folder}/ca.pem'`,
    );
    await world.server.sql('ALTER INSTANCE RELOAD TLS');
    await world.server.sql("DROP USER IF EXISTS 'lynq_sha2'@'%'");
    await world.server.sql("CREATE USER 'lynq_sha2'@'%' IDENTIFIED WITH caching_sha2_password BY 'pw' REQUIRE SSL");
    await world.server.sql("GRANT SELECT ON lynq_contract.* TO 'lynq_sha2'@'%'");
  });
  afterAll(async () => {
    await world?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function read(ca: string | undefined, password = 'pw'): Promise<unknown> {
    const tls = ca === undefined ? {} : { tls: { serverName: 'db.test', caRef: { name: 's', key: 'ca' } } };
    const change: HubChange = { block: { username: 'lynq_sha2', ...tls }, password };
    const source = openSource();
    try {
      return await source.read({ ...aRequest(world, change), ...(ca && { tls: { ca } }) }, () => undefined);
    } catch (error) {
      return error;
    } finally {
      await source.close();
    }
  }

  it('logs in with the whole password the first time, and with a proof of it the next', async () => {
    for (const _time of ['first', 'next'])
      expect(await read(authority.cert)).toMatchObject({ rows: 1, insecure: false });
    // The server forgets what it has seen, and has to be told the whole password again.
    await world.server.sql('FLUSH PRIVILEGES');
    expect(await read(authority.cert)).toMatchObject({ rows: 1, insecure: false });
  });

  it('is refused with a wrong password once, and without TLS where the account asks for it', async () => {
    const before = await world.server.refusedLogins();
    expect(await read(authority.cert, 'wrong')).toMatchObject({ type: 'SourceDenied' });
    expect((await world.server.refusedLogins()) - before).toBe(1);
    expect(await read(undefined)).toMatchObject({ type: 'SourceDenied' });
  });

  it('tells a server with a certificate of somebody else nothing', async () => {
    const before = await world.server.refusedLogins();
    expect(await read(testAuthority('another').cert, 'wrong')).toMatchObject({
      type: 'SourceDenied',
      message: expect.stringContaining('is signed by nobody we know'),
    });
    expect(await world.server.refusedLogins()).toBe(before);
  });
});
