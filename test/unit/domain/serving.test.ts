import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { answer, listen } from '../../../adapters/telemetry/http.ts';
import { probe } from '../../../adapters/telemetry/probes.ts';
import { keylessCodec, serveCodec } from '../../../adapters/temporal/index.ts';
import { openNotifyServer } from '../../../worker/notify/server.ts';
import { selfSigned } from '../../../worker/telemetry/certificate.ts';
import { createWebhook } from '../../../worker/webhook/index.ts';
import { silentLogger } from '../../contract/row-source.server.ts';
import { createFakeCluster } from '../../support/fake-cluster.ts';
import { firstLine, rawGet } from '../../support/raw-http.ts';

const names = ['probes', 'metrics', 'webhook', 'notify', 'codec'] as const;
type Name = (typeof names)[number];
const isSecure = (name: Name): boolean => name === 'metrics' || name === 'webhook';

/** What every HTTP server of ours bears from callers that mean no good. */
describe('domain/serving', () => {
  const ports = new Map<Name, number>();
  const closing: (() => Promise<void>)[] = [];

  async function openTelemetryServers(): Promise<void> {
    const address = { kind: 'at', host: '127.0.0.1', port: 0 } as const;
    const onError = () => undefined;
    const probes = await listen({ address, handlers: { '/healthz': probe('healthz', []) }, onError });
    const handlers = {
      '/metrics': async (_: unknown, response: Parameters<typeof answer>[0]) => answer(response, 200, 'x'),
    };
    const metrics = await listen({ address, identity: selfSigned(new Date()), handlers, onError });
    ports.set('probes', probes.port).set('metrics', metrics.port);
    closing.push(
      () => probes.close(),
      () => metrics.close(),
    );
  }
  async function openWebhook(): Promise<void> {
    const cluster = createFakeCluster();
    for (const kind of ['MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration'])
      cluster.addKind({ apiVersion: 'admissionregistration.k8s.io/v1', kind }, { namespaced: false });
    cluster.seed({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'n' } });
    const info = (_: string, fields?: object) => {
      if (fields !== undefined && 'port' in fields) ports.set('webhook', Number(fields.port));
    };
    const settings = { host: '127.0.0.1', port: 0, name: 'lynqflow', service: 'lynqflow-webhook' };
    const judge = async () => ({ warnings: [] });
    const webhook = createWebhook({ settings, cluster, namespace: 'n', judge, logger: { ...silentLogger, info } });
    await webhook.start();
    closing.push(() => webhook.close());
  }
  beforeAll(async () => {
    await Promise.all([openTelemetryServers(), openWebhook()]);
    const notify = await openNotifyServer({
      host: '127.0.0.1',
      port: 0,
      token: { kind: 'text', text: 'token-of-sixteen-or-more' },
      hint: async () => ({ kind: 'accepted' }),
      logger: silentLogger,
    });
    const codec = keylessCodec(() => new Error('no keys'));
    const server = await serveCodec({ codec, host: '127.0.0.1', port: 0, origins: [] });
    ports.set('notify', notify.port).set('codec', Number(new URL(server.url).port));
    closing.push(
      () => notify.close(),
      () => server.close(),
    );
  });
  afterAll(() => Promise.all(closing.map((close) => close())));

  const portOf = (name: Name): number => ports.get(name) ?? 0;
  async function open(name: Name, handshake = isSecure(name)): Promise<Socket> {
    const to = { host: '127.0.0.1', port: portOf(name) };
    const socket = handshake ? connectTls({ ...to, rejectUnauthorized: false }) : connect(to);
    socket.on('error', () => undefined);
    socket.resume();
    await once(socket, handshake ? 'secureConnect' : 'connect');
    return socket;
  }
  /** How long the server bears a connection on which this is sent. */
  async function borne(socket: Socket, sent: string): Promise<number> {
    const began = performance.now();
    if (sent !== '') socket.write(sent);
    await once(socket, 'close', { signal: AbortSignal.timeout(15_000) });
    return performance.now() - began;
  }

  it.concurrent.each(names)(
    '%s lets go whoever is slow with the head or the body of a request',
    async (name) => {
      const sent = [
        '',
        'GET /healthz HTTP/1.1\r\nX-',
        'POST /decode HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{',
      ];
      const times = await Promise.all(sent.map(async (text) => borne(await open(name), text)));

      expect(Math.max(...times)).toBeLessThan(13_000);
    },
    20_000,
  );

  it.concurrent.each(['metrics', 'webhook'] as const)(
    '%s lets go whoever never says hello',
    async (name) => {
      expect(await borne(await open(name, false), '')).toBeLessThan(8_000);
    },
    20_000,
  );

  it.concurrent('probes and metrics take no body', async () => {
    for (const name of ['probes', 'metrics'] as const) {
      const path = name === 'probes' ? '/healthz' : '/metrics';
      const long = `GET ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 900000000\r\n\r\n${'x'.repeat(1_000)}`;
      const chunked = `GET ${path} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n`;
      for (const bytes of [long, chunked]) {
        expect(await firstLine(portOf(name), bytes, isSecure(name))).toMatch(/ 413 /);
        expect(await borne(await open(name), bytes)).toBeLessThan(2_000);
      }
    }
  });

  it.concurrent('the webhook refuses a body that is too long, before it has it', async () => {
    const long = `POST /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${9 << 20}\r\n\r\n`;

    expect(await firstLine(portOf('webhook'), long, true)).toMatch(/ 413 /);
  });

  it.each(names)(
    'callers of %s are answered although somebody holds all connections that it has',
    async (name) => {
      const held: Socket[] = [];
      for (let count = 0; count < 1_100; count += 1) held.push(await open(name, false));

      expect(await firstLine(portOf(name), rawGet('/healthz'), isSecure(name))).toMatch(/^HTTP\/1.1 \d{3} /);
      expect(held.filter((socket) => !socket.destroyed).length).toBeLessThanOrEqual(1_000);
      for (const socket of held) socket.destroy();
    },
    20_000,
  );
});
