import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Agent, MockAgent } from 'undici';
import type { Json, JsonObject } from '../../../../domain/api/json.ts';
import type { Cluster, Logger } from '../../../../domain/ports.ts';
import { createCluster } from '../../../../adapters/kubernetes/client.ts';
import type { Connection } from '../../../../adapters/kubernetes/connection.ts';
import { createRequestMeter, type RequestMeter } from '../../../../adapters/kubernetes/counters.ts';
import { createDiscovery, type Discovery } from '../../../../adapters/kubernetes/discovery.ts';
import { createSend, sendLimits, type Send } from '../../../../adapters/kubernetes/send.ts';
import type { Timing } from '../../../../adapters/kubernetes/timing.ts';
import { createTransport, type Transport } from '../../../../adapters/kubernetes/transport.ts';

const origin = 'https://k8s.test';

/** One answer of a scripted server; `error` breaks the connection instead. */
export type Scripted =
  | { readonly code: number; readonly body?: Json; readonly text?: string; readonly headers?: Record<string, string> }
  | { readonly error: string };

export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface ScriptedServer {
  readonly transport: Transport;
  readonly send: Send;
  readonly discovery: Discovery;
  readonly cluster: Cluster;
  readonly timing: FakeTiming;
  readonly seen: readonly SeenRequest[];
  readonly meter: RequestMeter;
  renewals(): number;
  /** Answers to the next requests, in order; a request beyond them breaks. */
  answer(...answers: readonly Scripted[]): void;
}

/** The adapter on a server that answers from a script, with a clock that jumps. */
export function scriptedServer(): ScriptedServer {
  const agent = new MockAgent();
  agent.disableNetConnect();
  const seen: SeenRequest[] = [];
  const meter = createRequestMeter();
  let renewals = 0;
  const connection: Connection = {
    origin,
    prefix: '/gate',
    session: () => Promise.resolve({ headers: { Authorization: 'Bearer token' }, requests: agent, streams: agent }),
    renew: () => (renewals += 1),
    close: () => agent.close(),
  };
  const timing = fakeTiming();
  const transport = createTransport(connection, meter);
  const send = createSend(transport, timing, { ...sendLimits, timeout: 200 });
  const discovery = createDiscovery(send, timing);
  return {
    transport,
    send,
    discovery,
    cluster: createCluster(send, discovery),
    timing,
    seen,
    meter,
    renewals: () => renewals,
    answer(...answers) {
      for (const scripted of answers) addAnswer(agent, scripted, seen);
    },
  };
}

function addAnswer(agent: MockAgent, scripted: Scripted, seen: SeenRequest[]): void {
  const expected = agent.get(origin).intercept({ path: () => true, method: () => true });
  if ('error' in scripted) {
    expected.replyWithError(Object.assign(new Error('broken'), { code: scripted.error }));
    return;
  }
  expected.reply((request) => {
    const headers = request.headers as Record<string, string>;
    seen.push({
      method: request.method,
      path: request.path,
      headers,
      body: typeof request.body === 'string' ? request.body : '',
    });
    const data = scripted.text ?? (scripted.body === undefined ? '' : JSON.stringify(scripted.body));
    return { statusCode: scripted.code, data, responseOptions: { headers: scripted.headers ?? {} } };
  });
}

export interface FakeTiming extends Timing {
  readonly sleeps: readonly number[];
  advance(milliseconds: number): void;
}

export function fakeTiming(): FakeTiming {
  const sleeps: number[] = [];
  let now = 0;
  return {
    now: () => now,
    random: () => 1,
    sleep(milliseconds, signal) {
      signal?.throwIfAborted();
      sleeps.push(milliseconds);
      now += milliseconds;
      return new Promise((resolve) => setImmediate(resolve));
    },
    sleeps,
    advance: (milliseconds) => void (now += milliseconds),
  };
}

/** A failed answer as the server writes it. */
export function statusAnswer(code: number, status: JsonObject = {}): Scripted {
  return { code, body: { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', code, ...status } };
}

/** Discovery document of the core group with one namespaced kind, one cluster-scoped one, and subresources. */
export const coreDocument: Scripted = {
  code: 200,
  body: {
    kind: 'APIResourceList',
    groupVersion: 'v1',
    resources: [
      resource('configmaps', 'ConfigMap'),
      resource('namespaces', 'Namespace', false),
      resource('pods', 'Pod'),
      resource('pods/status', 'Pod'),
      resource('pods/eviction', 'Eviction'),
    ],
  },
};

export function resource(name: string, kind: string, namespaced = true, verbs = ['get', 'list', 'watch']): JsonObject {
  return { name, singularName: '', namespaced, kind, verbs };
}

export function configMap(name: string, extra: JsonObject = {}): JsonObject {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace: 'ns', uid: `uid-${name}`, resourceVersion: '7' },
    ...extra,
  };
}

export function listAnswer(items: readonly JsonObject[], metadata: JsonObject = {}): Scripted {
  const bare = items.map(({ metadata: itemMetadata, ...rest }) => ({ ...rest, metadata: itemMetadata }));
  return {
    code: 200,
    body: { kind: 'ConfigMapList', apiVersion: 'v1', metadata: { resourceVersion: '100', ...metadata }, items: bare },
  };
}

export interface LocalServer {
  readonly origin: string;
  readonly connection: Connection;
  close(): Promise<void>;
}

/** A server on a free port, for what needs real connections. */
export async function localServer(
  handle: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<LocalServer> {
  const server = createServer(handle);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const agent = new Agent();
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    origin: address,
    connection: {
      origin: address,
      prefix: '',
      session: () => Promise.resolve({ headers: {}, requests: agent, streams: agent }),
      renew: () => undefined,
      close: () => agent.destroy(),
    },
    async close() {
      await agent.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export interface LoggedLine {
  readonly level: 'info' | 'warn' | 'error';
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

export function recordingLogger(): Logger & { readonly lines: readonly LoggedLine[] } {
  const lines: LoggedLine[] = [];
  const at =
    (level: LoggedLine['level']) =>
    (message: string, fields: Readonly<Record<string, unknown>> = {}) =>
      void lines.push({ level, message, fields });
  return { lines, info: at('info'), warn: at('warn'), error: at('error') };
}

/** Waits until a condition holds, on real time. */
export async function until(condition: () => boolean, milliseconds = 3_000): Promise<void> {
  const end = Date.now() + milliseconds;
  while (!condition()) {
    if (Date.now() > end) throw new Error('did not happen in time');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
