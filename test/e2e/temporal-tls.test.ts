import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { testAuthority } from '../support/certificates.ts';
import { openSmallWorld, configMap, type SmallWorld } from '../support/e2e/forms.ts';
import { environment, run } from '../support/e2e/programs.ts';
import { bin } from '../support/e2e/cli-world.ts';
import { type GrpcProxy, openGrpcProxy } from '../support/faults/grpc-proxy.ts';

/** Temporal behind certificates of both sides, and behind an API key, as Temporal Cloud is: for the worker and for `lynq`. */
describe('e2e/temporal-tls', () => {
  const stack = inject('stack');
  const folder = mkdtempSync(join(tmpdir(), 'lynqflow-temporal-tls-'));
  const name = 'temporal.test';
  let key = 'an-api-key-of-the-tests';
  const file = (title: string, text: string): string => {
    const path = join(folder, title);
    writeFileSync(path, text);
    return path;
  };
  let mutual: GrpcProxy;
  let keyed: GrpcProxy;
  let world: SmallWorld;
  let files: Readonly<Record<'ca' | 'cert' | 'key', string>>;

  const lynq = (args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
    run(process.execPath, [bin('lynq'), '-n', world.namespace, ...args, '--timeout', '5s'], {
      ...environment(stack),
      ...env,
    });
  const server = (): readonly string[] => ['--address', mutual.address, '--tls-server-name', name];

  beforeAll(async () => {
    const servers = testAuthority('servers');
    const clients = testAuthority('clients');
    const own = servers.issue([name]);
    const client = clients.issue(['lynqflow']);
    files = { ca: file('ca.pem', servers.cert), cert: file('cert.pem', client.cert), key: file('key.pem', client.key) };
    mutual = await openGrpcProxy(stack.temporalAddress, { ...own, clientCa: clients.cert });
    keyed = await openGrpcProxy(stack.temporalAddress, { ...own, apiKey: () => key });
    world = await openSmallWorld(stack, 'temporal-tls', {
      TEMPORAL_ADDRESS: mutual.address,
      TEMPORAL_TLS_SERVER_NAME: name,
      TEMPORAL_TLS_SERVER_CA_CERT_PATH: files.ca,
      TEMPORAL_TLS_CLIENT_CERT_PATH: files.cert,
      TEMPORAL_TLS_CLIENT_KEY_PATH: files.key,
    });
    await world.putForm('plain', { configMaps: [configMap('map')] });
    await world.addRow('acme');
  }, 240_000);
  afterAll(async () => {
    await world?.close();
    await Promise.all([mutual?.close(), keyed?.close()]);
    rmSync(folder, { recursive: true, force: true });
  });

  test('a worker with a certificate does its work', async () => {
    await world.ready(['acme-plain']);
    expect(mutual.calls.get('RespondActivityTaskCompleted') ?? 0).toBeGreaterThan(0);
  });

  test('lynq with a certificate is let in by its flags, without one it is not', async () => {
    const tls = ['--tls-ca-path', files.ca, '--tls-cert-path', files.cert, '--tls-key-path', files.key];
    const seen = await lynq(['history', 'acme-plain', ...server(), ...tls]);
    expect(seen, seen.stderr).toMatchObject({ code: 0 });
    expect(seen.stdout).toContain(`node/${world.namespace}/acme-plain`);
    const without = await lynq(['history', 'acme-plain', ...server(), '--tls-ca-path', files.ca]);
    expect(without).toMatchObject({ code: 3, stdout: '' });
    const unknown = await lynq(['history', 'acme-plain', ...server(), ...tls.slice(2)]);
    expect(unknown, 'a server whose authority is not known').toMatchObject({ code: 3, stdout: '' });
  });

  test('lynq with --profile goes where the configuration file of the temporal CLI says, and nowhere without that profile', async () => {
    const text = `[profile.default]
address = "127.0.0.1:1"

[profile.behind]
address = "${mutual.address}"
namespace = "default"

[profile.behind.tls]
server_name = "${name}"
server_ca_cert_path = "${files.ca}"
client_cert_path = "${files.cert}"
client_key_path = "${files.key}"
`;
    const { TEMPORAL_ADDRESS: _, TEMPORAL_NAMESPACE: __, ...without } = environment(stack);
    const env = { ...without, TEMPORAL_CONFIG_FILE: file('temporal.toml', text) };
    const history = (...more: readonly string[]) =>
      run(
        process.execPath,
        [bin('lynq'), '-n', world.namespace, 'history', 'acme-plain', '--timeout', '5s', ...more],
        env,
      );
    const seen = await history('--profile', 'behind');
    expect(seen, seen.stderr).toMatchObject({ code: 0 });
    expect(seen.stdout).toContain(`node/${world.namespace}/acme-plain`);
    const other = await history();
    expect(other).toMatchObject({ code: 3, stdout: '' });
    expect(other.stderr).toContain('127.0.0.1:1');
    const unknown = await history('--profile', 'beside');
    expect(unknown.code).not.toBe(0);
    expect(unknown.stderr).toContain('beside');
  });

  test('lynq believes any server where it is told to, but sends no API key to it', async () => {
    const trusting = ['history', 'acme-plain', '--tls-disable-host-verification'];
    const pair = ['--tls-cert-path', files.cert, '--tls-key-path', files.key];
    const seen = await lynq([...trusting, '--address', mutual.address, ...pair]);
    expect(seen, seen.stderr).toMatchObject({ code: 0 });
    const calls = [...keyed.calls.values()];
    const refused = await lynq([...trusting, '--address', keyed.address], { TEMPORAL_API_KEY: key });
    expect(refused).toMatchObject({ code: 2, stdout: '' });
    expect(refused.stderr).toContain('an API key is sent to no server that is not verified');
    expect([...keyed.calls.values()]).toEqual(calls);
  });

  test('with an API key the worker does its work, and lynq is let in; with another key it is not', async () => {
    const tls = { TEMPORAL_TLS_SERVER_NAME: name, TEMPORAL_TLS_SERVER_CA_CERT_PATH: files.ca };
    const env = { ...tls, TEMPORAL_ADDRESS: keyed.address, TEMPORAL_API_KEY: key };
    await world.worker.stop();
    const other = world.shifted(env);
    await other.start();
    try {
      await world.addRow('beta');
      await world.ready(['beta-plain']);
      expect(keyed.calls.get('RespondActivityTaskCompleted') ?? 0).toBeGreaterThan(0);
      expect(await lynq(['resync', 'beta-plain', '--wait'], env)).toMatchObject({ code: 0 });
      const wrong = await lynq(['resync', 'beta-plain'], { ...env, TEMPORAL_API_KEY: 'another-key' });
      expect(wrong.code).not.toBe(0);
      expect(wrong.stdout).toBe('');
      expect(wrong.stderr).not.toContain('another-key');
    } finally {
      await other.stop();
      await world.worker.start();
    }
  });

  test('a key that is rotated in its file is taken up by the worker that runs', async () => {
    const apiKeyFile = file('api-key', `${key}\n`);
    await world.worker.stop();
    const other = world.shifted({
      TEMPORAL_TLS_SERVER_NAME: name,
      TEMPORAL_TLS_SERVER_CA_CERT_PATH: files.ca,
      TEMPORAL_ADDRESS: keyed.address,
      LYNQ_TEMPORAL_API_KEY_FILE: apiKeyFile,
    });
    await other.start();
    try {
      await world.addRow('gamma');
      await world.ready(['gamma-plain']);
      key = 'the-next-key-of-the-tests';
      writeFileSync(apiKeyFile, key);
      await world.addRow('delta');
      await world.ready(['delta-plain'], { withinMs: 60_000 });
      expect(other.output()).toContain('the API key of Temporal was renewed');
      expect(other.output()).not.toContain(key);
    } finally {
      await other.stop();
      await world.worker.start();
    }
  });
});
