import { createServer, type IncomingMessage, type RequestOptions, type ServerResponse } from 'node:http';
import { Agent, request as httpsRequest } from 'node:https';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import {
  type ApiCall,
  type CallMatch,
  type Fault,
  matches,
  openRuleBook,
  readCall,
  type RuleBook,
} from './proxy-rules.ts';
import { carryWatch, type EventFilter, type OpenWatch } from './proxy-watch.ts';

/** A request and what became of it. */
export interface PassedCall extends ApiCall {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly fault: Fault['kind'] | 'none';
  /** What the client was told; undefined when it got no answer (yet). */
  code?: number;
  /** What the API server said, when the request reached it. */
  upstream?: number;
}

/**
 * Stands between a client and the API server, on 127.0.0.1 without TLS, and does to requests and watches what its rules say. Credentials pass
 * through. Everything is on record.
 */
export interface ApiProxy extends Pick<RuleBook, 'add' | 'clear'> {
  readonly port: number;
  readonly calls: readonly PassedCall[];
  /** A kubeconfig file that leads through the proxy, with the user of the original or another one. */
  readonly kubeconfig: (user?: Readonly<Record<string, unknown>>) => string;
  readonly watches: () => readonly OpenWatch[];
  /** Loses events until the function returned is called. */
  lose(filter: EventFilter): () => void;
  of(match: CallMatch): readonly PassedCall[];
  /** Lets the server's clock be so far ahead: the time of its answers is all that a client sees of it. */
  ahead(milliseconds: number): void;
  /** Refuses and breaks connections, as a server that is down, until the function returned is called. */
  down(): () => Promise<void>;
  close(): Promise<void>;
}

const Kubeconfig = z.looseObject({
  clusters: z.array(
    z.object({ name: z.string(), cluster: z.object({ server: z.string(), 'certificate-authority-data': z.string() }) }),
  ),
  users: z.array(z.object({ name: z.string(), user: z.record(z.string(), z.unknown()) })),
});

interface Upstream {
  readonly url: URL;
  readonly agent: Agent;
}

interface Parts {
  readonly upstream: Upstream;
  readonly rules: RuleBook;
  readonly calls: PassedCall[];
  readonly watches: Set<OpenWatch>;
  readonly filters: Set<EventFilter>;
  ahead: number;
}

export async function openProxy(kubeconfigPath: string): Promise<ApiProxy> {
  const config = Kubeconfig.parse(JSON.parse(readFileSync(kubeconfigPath, 'utf8')));
  const { server: address, 'certificate-authority-data': ca } = config.clusters[0]!.cluster;
  const agent = new Agent({ ca: Buffer.from(ca, 'base64'), keepAlive: true, maxSockets: 200 });
  const rules = openRuleBook();
  const parts: Parts = {
    upstream: { url: new URL(address), agent },
    rules,
    calls: [],
    watches: new Set(),
    filters: new Set(),
    ahead: 0,
  };
  const server = createServer((incoming, answer) => {
    handle(parts, incoming, answer).catch(() => answer.destroy());
  });
  const listen = async (port: number): Promise<void> => {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
  };
  await listen(0);
  const { port } = server.address() as AddressInfo;
  const folder = mkdtempSync(join(tmpdir(), 'lynqflow-proxy-'));
  const stop = (): Promise<unknown> => {
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    return closed;
  };
  let files = 0;
  return {
    port,
    calls: parts.calls,
    add: (rule) => rules.add(rule),
    clear: () => rules.clear(),
    watches: () => [...parts.watches],
    kubeconfig: (user) => {
      files += 1;
      const file = join(folder, `kubeconfig-${files}`);
      const cluster = { server: `http://127.0.0.1:${port}`, 'insecure-skip-tls-verify': true };
      const users = config.users.map(({ name, user: original }) => ({ name, user: user ?? original }));
      writeFileSync(
        file,
        JSON.stringify({ ...config, clusters: [{ name: config.clusters[0]!.name, cluster }], users }),
      );
      return file;
    },
    lose: (filter) => {
      parts.filters.add(filter);
      return () => parts.filters.delete(filter);
    },
    ahead: (milliseconds) => {
      parts.ahead = milliseconds;
    },
    of: (match) => parts.calls.filter((call) => matches(match, call)),
    down: () => {
      const down = stop();
      return async () => {
        await down;
        await listen(port);
      };
    },
    close: async () => {
      if (server.listening) await stop();
      agent.destroy();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function readIncoming(incoming: IncomingMessage): Promise<ApiCall> {
  let body = '';
  for await (const chunk of incoming.setEncoding('utf8')) body += String(chunk);
  const { method = 'GET', url: target = '/', headers } = incoming;
  const contentType = headers['content-type'] ?? '';
  return readCall({ method, target, contentType, authorization: headers.authorization ?? '', body });
}

async function handle(parts: Parts, incoming: IncomingMessage, answer: ServerResponse): Promise<void> {
  const call = await readIncoming(incoming);
  answer.setHeader('date', new Date(Date.now() + parts.ahead).toUTCString());
  const fault = parts.rules.decide(call);
  const passed: PassedCall = { ...call, at: Date.now(), fault: fault?.kind ?? 'none' };
  parts.calls.push(passed);
  const exchange = { incoming, answer, passed };
  if (fault !== undefined) return treat(parts, exchange, fault);
  return call.verb === 'watch' ? streamWatch(parts, exchange) : pass(parts, exchange);
}

interface Exchange {
  readonly incoming: IncomingMessage;
  readonly answer: ServerResponse;
  readonly passed: PassedCall;
}

type Treatments = {
  readonly [K in Fault['kind']]: (
    parts: Parts,
    exchange: Exchange,
    fault: Extract<Fault, { kind: K }>,
  ) => Promise<void>;
};

/** What each fault does to a request. */
const treatments: Treatments = {
  answer: async (_parts, exchange, fault) => tell(exchange, fault.code, statusBody(fault), fault.retryAfterSeconds),
  answerAfter: async (parts, exchange, { code }) => {
    await forward(parts, exchange);
    tell(exchange, code, statusBody({ code }));
  },
  dropAnswer: async (parts, exchange, fault) => {
    await forward(parts, exchange);
    await fault.before?.();
    exchange.answer.destroy();
  },
  reset: async (_parts, { answer }) => void answer.destroy(),
  late: async (parts, exchange, { until }) => {
    exchange.answer.destroy();
    await until;
    await forward(parts, exchange);
  },
  silence: async () => undefined,
  asOf: (parts, exchange, { version }) => tellAsOf(parts, exchange, version),
  delay: async (parts, exchange, { milliseconds }) => {
    await sleep(milliseconds);
    await pass(parts, exchange);
  },
  hold: async (parts, exchange, { until }) => {
    await until;
    await pass(parts, exchange);
  },
  closeAfter: async (parts, exchange) => {
    exchange.answer.setHeader('connection', 'close');
    await pass(parts, exchange);
  },
  pages: (parts, exchange, { size }) => pass(parts, exchange, withLimit(exchange.passed, size)),
};

function treat<K extends Fault['kind']>(
  parts: Parts,
  exchange: Exchange,
  fault: Extract<Fault, { kind: K }>,
): Promise<void> {
  return (treatments[fault.kind as K] as Treatments[K])(parts, exchange, fault);
}

async function pass(parts: Parts, exchange: Exchange, target = exchange.passed.target): Promise<void> {
  const { code, text, retryAfter } = await forward(parts, exchange, target);
  tell(exchange, code, text, retryAfter);
}

interface Told {
  readonly code: number;
  readonly text: string;
  readonly retryAfter: number | undefined;
}

function optionsOf(
  { url, agent }: Upstream,
  { incoming, passed }: Exchange,
  target: string,
): RequestOptions & { agent: Agent } {
  const { connection: _connection, host: _host, 'content-length': _length, ...headers } = incoming.headers;
  const length = passed.body === '' ? {} : { 'content-length': String(Buffer.byteLength(passed.body)) };
  return {
    host: url.hostname,
    port: url.port,
    method: passed.method,
    path: target,
    headers: { ...headers, ...length },
    agent,
  };
}

async function forward(parts: Parts, exchange: Exchange, target = exchange.passed.target): Promise<Told> {
  const sent = httpsRequest(optionsOf(parts.upstream, exchange, target));
  sent.end(exchange.passed.body);
  const [reply] = (await once(sent, 'response')) as [IncomingMessage];
  let text = '';
  for await (const chunk of reply.setEncoding('utf8')) text += String(chunk);
  const code = reply.statusCode ?? 0;
  exchange.passed.upstream = code;
  const retryAfter = reply.headers['retry-after'];
  return { code, text, retryAfter: retryAfter === undefined ? undefined : Number(retryAfter) };
}

function tell({ answer, passed }: Exchange, code: number, text: string, retryAfter?: number): void {
  passed.code = code;
  const headers = {
    'content-type': 'application/json',
    ...(retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) }),
  };
  answer.writeHead(code, headers).end(text);
}

function statusBody(fault: {
  readonly code: number;
  readonly status?: { readonly reason: string; readonly message: string };
}): string {
  const { reason, message } = fault.status ?? { reason: reasons[fault.code] ?? '', message: 'a fault of the test' };
  return JSON.stringify({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    reason,
    message,
    code: fault.code,
  });
}

const reasons: Readonly<Record<number, string>> = {
  401: 'Unauthorized',
  403: 'Forbidden',
  409: 'Conflict',
  410: 'Expired',
  429: 'TooManyRequests',
  500: 'InternalError',
  503: 'ServiceUnavailable',
  504: 'Timeout',
};

function withLimit({ target, query }: ApiCall, size: number): string {
  const changed = new URLSearchParams(query);
  changed.set('limit', String(size));
  return `${target.split('?')[0]}?${changed.toString()}`;
}

/** A read as of an older resourceVersion: lists take it exactly, and a single object is a list of one. */
async function tellAsOf(parts: Parts, exchange: Exchange, version: string): Promise<void> {
  const { passed } = exchange;
  const query = new URLSearchParams(passed.query);
  query.delete('continue');
  query.set('resourceVersion', version);
  query.set('resourceVersionMatch', 'Exact');
  const [path = ''] = passed.target.split('?');
  if (passed.verb === 'list') {
    const { code, text } = await forward(parts, exchange, `${path}?${query.toString()}`);
    return tell(exchange, code, text);
  }
  query.set('fieldSelector', `metadata.name=${passed.name}`);
  const folder = path.slice(0, path.lastIndexOf('/'));
  const { text } = await forward(parts, exchange, `${folder}?${query.toString()}`);
  const list = JSON.parse(text) as { apiVersion: string; kind: string; items?: readonly object[] };
  const found = list.items?.[0];
  if (found !== undefined) {
    const whole = { apiVersion: list.apiVersion, kind: list.kind.replace(/List$/, ''), ...found };
    return tell(exchange, 200, JSON.stringify(whole));
  }
  const details = { name: passed.name, kind: passed.resource };
  tell(
    exchange,
    404,
    JSON.stringify({ kind: 'Status', apiVersion: 'v1', status: 'Failure', reason: 'NotFound', details, code: 404 }),
  );
}

async function streamWatch(parts: Parts, exchange: Exchange): Promise<void> {
  const { answer, passed } = exchange;
  const sent = httpsRequest(optionsOf(parts.upstream, exchange, passed.target));
  sent.on('error', () => answer.destroy());
  sent.end();
  const [reply] = (await once(sent, 'response')) as [IncomingMessage];
  passed.upstream = passed.code = reply.statusCode ?? 0;
  answer.writeHead(passed.code, { 'content-type': 'application/json' });
  answer.flushHeaders();
  const isLost: EventFilter = (event, call) => [...parts.filters].some((filter) => filter(event, call));
  const watch = carryWatch(passed, answer, isLost);
  parts.watches.add(watch);
  answer.on('close', () => {
    parts.watches.delete(watch);
    sent.destroy();
  });
  reply.on('error', () => answer.destroy());
  if (passed.code !== 200) return void reply.pipe(answer);
  reply.setEncoding('utf8').on('data', (chunk: string) => watch.feed(chunk));
  reply.on('end', () => watch.end());
}
