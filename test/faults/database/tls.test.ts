import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { type RunningStack, startStack } from '../../../stack/index.ts';
import { aRequest, type HubChange } from '../../contract/row-source.contract.ts';
import { type FakeServer, honest, openFakeServer } from '../../contract/row-source.fake-server.ts';
import { openRealWorld, openSource } from '../../contract/row-source.server.ts';
import { type TestCertificate, testAuthority } from '../../support/certificates.ts';

/** M27 on a real server that speaks TLS; nothing may be sent to one that is not verified. */
describe('faults/database/tls', () => {
  const authority = testAuthority('authority of the test');
  const stranger = testAuthority('another authority');
  const good = authority.issue(['db.test']);
  let stack: RunningStack;
  let world: Awaited<ReturnType<typeof openRealWorld>>;
  const fakes: FakeServer[] = [];

  const config = (): string => join(dirname(inject('stack').kubeconfig), 'config');

  function writeCertificate({ cert, key }: TestCertificate): void {
    writeFileSync(join(config(), 'mariadb-server.pem'), `${cert}${authority.cert}`);
    writeFileSync(join(config(), 'mariadb-server.key'), key);
  }

  async function present(certificate: TestCertificate): Promise<void> {
    writeCertificate(certificate);
    await world.server.sql('FLUSH SSL');
  }

  beforeAll(async () => {
    stack = await startStack({ dataDir: dirname(inject('stack').kubeconfig) });
    writeCertificate(good);
    await stack.stopServer('mariadb');
    await stack.startServer('mariadb');
    world = await openRealWorld();
    await world.putTable('lynq_contract', 'nodes', ['node_id', 'is_active'], [['acme', '1']]);
  });
  afterAll(async () => {
    for (const fake of fakes) await fake.close();
    await world?.close();
  });

  interface Trust {
    readonly ca?: string;
    readonly serverName?: string;
    readonly cert?: string;
    readonly key?: string;
    readonly port?: number;
  }

  async function read({ ca = authority.cert, serverName = 'db.test', port, ...client }: Trust = {}): Promise<unknown> {
    const refs = client.cert === undefined ? {} : { certRef: { name: 's', key: 'c' }, keyRef: { name: 's', key: 'k' } };
    const tls = { serverName, caRef: { name: 's', key: 'ca' }, ...refs };
    const change: HubChange = { block: { tls, ...(port === undefined ? {} : { port }) } };
    const source = openSource();
    try {
      return await source.read({ ...aRequest(world, change), tls: { ca, ...client } }, () => undefined);
    } catch (error) {
      return error;
    } finally {
      await source.close();
    }
  }

  test('M27 a verified server is read, encrypted', async () => {
    await present(good);
    expect(await read()).toMatchObject({ rows: 1, insecure: false });
  });

  test('M27 a client certificate is presented where the account asks for one', async () => {
    await present(good);
    await world.server.sql("ALTER USER 'lynq_reader'@'%' REQUIRE X509");
    try {
      expect(await read()).toMatchObject({ type: 'SourceDenied' });
      expect(await read({ ...authority.issue(['client']) })).toMatchObject({ rows: 1 });
    } finally {
      await world.server.sql("ALTER USER 'lynq_reader'@'%' REQUIRE NONE");
    }
  });

  test.each([
    ['has expired', () => present(authority.issue(['db.test'], { age: 100, days: 10 })), {}, 'CERT_HAS_EXPIRED'],
    ['is for another name', () => present(authority.issue(['other.test'])), {}, 'ERR_TLS_CERT_ALTNAME_INVALID'],
    ['is for another name', () => present(good), { serverName: 'localhost' }, 'ERR_TLS_CERT_ALTNAME_INVALID'],
    [
      'is signed by nobody we know',
      () => present(good),
      { ca: stranger.cert },
      expect.stringMatching(/^(UNABLE|SELF|DEPTH)/),
    ],
  ])('M27 a certificate that %s is refused', async (words, prepare, trust, code) => {
    await prepare();
    const before = await refusedLogins();

    expect(await read(trust)).toMatchObject({
      type: 'SourceDenied',
      message: expect.stringContaining(words),
      detail: { error: code },
    });
    expect(await refusedLogins()).toBe(before);
  });

  async function refusedLogins(): Promise<number> {
    return Number((await world.server.sql("SHOW GLOBAL STATUS LIKE 'Access_denied_errors'"))[0]?.['Value']);
  }

  test('M27 a server without TLS gets nothing, neither password nor user name', async () => {
    const fake = await openFakeServer({ answer: honest });
    fakes.push(fake);

    expect(await read({ port: fake.port })).toMatchObject({
      type: 'SourceDenied',
      message: expect.stringContaining('does not speak TLS'),
    });
    expect(fake.received()).toHaveLength(0);
    expect(fake.statements).toEqual([]);
  });

  test('M27 an address without serverName is an error of the hub', async () => {
    const source = openSource();
    const failed = source.read(aRequest(world, { block: { tls: {} } }), () => undefined);
    await expect(failed).rejects.toMatchObject({ type: 'HubInvalid', message: expect.stringContaining('serverName') });
  });

  test('a restart of the server is no change of the source', async () => {
    await present(good);
    const before = await read();
    await stack.stopServer('mariadb', { how: 'kill' });
    await stack.startServer('mariadb');

    const after = await read();
    expect(after).toMatchObject({ rows: 1 });
    expect(after).toEqual(before);
  });
});
