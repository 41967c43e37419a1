import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { bin } from '../support/e2e/cli-world.ts';
import { configMap, openSmallWorld, type SmallWorld } from '../support/e2e/forms.ts';
import { environment, run } from '../support/e2e/programs.ts';

/** Temporal behind an HTTP proxy that demands a password, under a name that the proxy alone knows, so that nothing can go round it. */
describe('e2e/temporal-proxy', () => {
  const stack = inject('stack');
  const address = 'temporal.invalid:7233';
  const login = 'worker:pass word';
  const asked: string[] = [];
  const sockets = new Set<Socket>();
  let proxy: Server;
  let variables: Readonly<Record<string, string>>;
  let world: SmallWorld;

  function openProxy(): Server {
    const wanted = `Basic ${Buffer.from(login).toString('base64')}`;
    const [host = '', port = ''] = stack.temporalAddress.split(':');
    return createServer().on('connect', (request, socket: Socket) => {
      const isLetIn = request.headers['proxy-authorization'] === wanted && request.url === address;
      asked.push(`${request.headers['user-agent'] ?? 'without a name'}: ${isLetIn}`);
      if (!isLetIn) return void socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n');
      const server = connect(Number(port), host, () => {
        socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
        server.pipe(socket).pipe(server);
      });
      for (const end of [server, socket]) {
        sockets.add(end);
        end.on('error', () => undefined).on('close', () => [server, socket].forEach((other) => other.destroy()));
      }
    });
  }

  beforeAll(async () => {
    proxy = openProxy().listen(0, '127.0.0.1');
    await once(proxy, 'listening');
    const { port } = proxy.address() as AddressInfo;
    const [user, password = ''] = login.split(':');
    variables = {
      TEMPORAL_ADDRESS: address,
      https_proxy: `http://${user}:${encodeURIComponent(password)}@127.0.0.1:${port}`,
      no_proxy: 'localhost,.svc',
    };
    world = await openSmallWorld(stack, 'temporal-proxy', variables);
    await world.putForm('plain', { configMaps: [configMap('map')] });
    await world.addRow('acme');
  }, 240_000);
  afterAll(async () => {
    await world?.close();
    for (const socket of sockets) socket.destroy();
    proxy?.close();
  });

  test('a worker does its work through the proxy that the usual variables name', async () => {
    await world.ready(['acme-plain']);
    expect(asked.filter((line) => line.endsWith('true')).length).toBeGreaterThan(1);
    expect(asked.filter((line) => line.endsWith('false'))).toEqual([]);
  });

  test('so does lynq', async () => {
    const seen = await run(process.execPath, [bin('lynq'), '-n', world.namespace, 'history', 'acme-plain'], {
      ...environment(stack),
      ...variables,
    });
    expect(seen, seen.stderr).toMatchObject({ code: 0 });
    expect(seen.stdout).toContain(`node/${world.namespace}/acme-plain`);
  });

  test('a proxy that does not let in is named, and its password is not', async () => {
    const wrong = { ...variables, https_proxy: (variables['https_proxy'] ?? '').replace('worker:', 'other:') };
    const { host } = new URL(wrong.https_proxy);
    const env = { ...environment(stack), ...wrong, LYNQ_TASK_QUEUE: 'e2e-temporal-proxy-other' };
    const [worker, lynq] = await Promise.all([
      run(process.execPath, ['tools/run.mjs', 'worker/main.ts'], env),
      run(process.execPath, [bin('lynq'), '-n', world.namespace, 'history', 'acme-plain', '--timeout', '5s'], env),
    ]);
    for (const { code, stderr } of [worker, lynq]) {
      expect(code).not.toBe(0);
      expect(stderr).toContain(`Temporal at ${address} cannot be reached through the proxy ${host} (https_proxy)`);
      expect(stderr).not.toMatch(/pass( |%20)word/);
    }
  });
});
