import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  createSecureServer,
  createServer,
  type Http2SecureServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { answerAhead } from './grpc-clock.ts';

/** What is done to a call instead of passing it on. */
export type GrpcFault =
  /** Takes the call and never answers; what it says never reaches the server. */
  | 'hold'
  /** Answers UNAVAILABLE. */
  | 'refuse'
  /** Answers PERMISSION_DENIED. */
  | 'deny'
  /** Answers with a message without fields: an empty list, a count of 0. */
  | 'empty';

export interface GrpcRule {
  /** Last part of the method's name, e.g. `RespondActivityTaskCompleted`. */
  readonly methods: readonly string[];
  /** Text that the request has to contain. */
  readonly about?: string;
  readonly fault: GrpcFault;
  /** How many calls it is for; all when absent. */
  readonly times?: number;
}

/** A call that was passed on to the server. */
export interface FollowedCall {
  /** Whether the request contains a text, such as the id of a workflow. */
  isAbout(text: string): boolean;
  /** `cut` when the server went before it had answered. */
  outcome: 'open' | 'done' | 'refused' | 'cut';
}

export interface GrpcProxy {
  /** `127.0.0.1:port`, as TEMPORAL_ADDRESS. */
  readonly address: string;
  /** Calls that came, by method; what rules did to them is counted too. */
  readonly calls: ReadonlyMap<string, number>;
  /** How many calls a rule has met; ends with `remove`. */
  add(rule: GrpcRule): { met(): number; remove(): void };
  /** Keeps every call of a method from now on that is passed on, and tells of each when it is on its way to the server. */
  follow(method: string, told?: (call: FollowedCall) => void): readonly FollowedCall[];
  /** Lets the server's clock be so far ahead, as its answers tell it. */
  ahead(milliseconds: number): void;
  /** Refuses and breaks connections until `up`. */
  down(): Promise<void>;
  up(): Promise<void>;
  close(): Promise<void>;
}

/** How clients have to come, as Temporal Cloud and a server behind TLS want it. */
export interface GrpcDoor {
  readonly cert: string;
  readonly key: string;
  /** Of the certificates that clients have to present; none are asked for without it. */
  readonly clientCa?: string;
  /** The key that clients have to send now; none is asked for without it. */
  readonly apiKey?: () => string;
}

interface Active {
  readonly rule: GrpcRule;
  met: number;
}

/** Stands between a client and Temporal's frontend, without TLS unless it has a door, and does to calls what its rules say. */
export async function openGrpcProxy(target: string, door?: GrpcDoor): Promise<GrpcProxy> {
  const rules = new Set<Active>();
  const calls = new Map<string, number>();
  const followers = new Map<string, (call: FollowedCall) => void>();
  const sessions = new Set<ServerHttp2Session>();
  const upstreams = new Set<ClientHttp2Session>();
  let server: Http2Server | Http2SecureServer | undefined;
  let port = 0;
  let ahead = 0;
  const clocked = (method: string) => (answer: Buffer) => (ahead === 0 ? answer : answerAhead(method, answer, ahead));

  const matching = (method: string, body: Buffer): Active | undefined =>
    [...rules].find(
      ({ rule, met }) =>
        rule.methods.includes(method) &&
        met < (rule.times ?? Number.POSITIVE_INFINITY) &&
        (rule.about === undefined || plain(body).includes(rule.about)),
    );

  function open(): Http2Server | Http2SecureServer {
    const options = { settings: { maxConcurrentStreams: 10_000, initialWindowSize: 4_194_304 } };
    const opened = door === undefined ? createServer(options) : createSecureServer({ ...options, ...tlsOf(door) });
    opened.on('session', (session) => {
      sessions.add(session);
      const upstream = connect(`http://${target}`, { settings: { initialWindowSize: 4_194_304 } });
      upstreams.add(upstream);
      upstream.on('error', () => session.destroy());
      upstream.on('close', () => {
        upstreams.delete(upstream);
        session.destroy();
      });
      session.on('error', () => undefined);
      session.on('close', () => {
        sessions.delete(session);
        upstream.destroy();
      });
      session.on('stream', (stream, headers) => {
        void serve(upstream, stream, headers);
      });
    });
    return opened;
  }

  async function serve(
    upstream: ClientHttp2Session,
    stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders,
  ): Promise<void> {
    stream.on('error', () => undefined);
    const method = String(headers[':path']).split('/').at(-1) ?? '';
    calls.set(method, (calls.get(method) ?? 0) + 1);
    const body = await bodyOf(stream).catch(() => undefined);
    if (body === undefined || stream.destroyed) return;
    if (door?.apiKey !== undefined && headers.authorization !== `Bearer ${door.apiKey()}`) {
      stream.respond({ ...fine, 'grpc-status': '16', 'grpc-message': 'no such key' }, { endStream: true });
      return;
    }
    const found = matching(method, body);
    if (found === undefined) {
      const followed: FollowedCall = { isAbout: (text) => plain(body).includes(text), outcome: 'open' };
      pass(upstream, stream, { headers, body, followed, clocked: clocked(method) });
      followers.get(method)?.(followed);
      return;
    }
    found.met += 1;
    answerWith(stream, found.rule.fault);
  }

  async function listen(): Promise<void> {
    const opening = open();
    server = opening;
    await new Promise<void>((resolve, reject) => {
      opening.once('error', reject);
      opening.listen(port, '127.0.0.1', resolve);
    });
    port = (opening.address() as AddressInfo).port;
  }

  async function down(): Promise<void> {
    const closing = server;
    server = undefined;
    if (closing === undefined) return;
    const closed = new Promise<void>((resolve) => closing.close(() => resolve()));
    for (const session of sessions) session.destroy();
    for (const upstream of upstreams) upstream.destroy();
    await closed;
  }

  await listen();
  return {
    address: `127.0.0.1:${port}`,
    calls,
    add(rule) {
      const active: Active = { rule, met: 0 };
      rules.add(active);
      return { met: () => active.met, remove: () => rules.delete(active) };
    },
    follow(method, told) {
      const kept: FollowedCall[] = [];
      followers.set(method, (call) => {
        kept.push(call);
        told?.(call);
      });
      return kept;
    },
    ahead: (milliseconds) => {
      ahead = milliseconds;
    },
    down,
    up: listen,
    close: down,
  };
}

function tlsOf({ cert, key, clientCa }: GrpcDoor) {
  const asked = clientCa === undefined ? {} : { ca: clientCa, requestCert: true, rejectUnauthorized: true };
  return { cert, key, ...asked };
}

/** Every call of Temporal has one message each way, so a request and an answer can be read whole before they are passed on. */
function bodyOf(stream: ServerHttp2Stream | ClientHttp2Stream): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    stream.on('data', (part: Buffer) => parts.push(part));
    stream.on('end', () => resolve(Buffer.concat(parts)));
    stream.on('close', () => reject(new Error('the call was given up')));
  });
}

/** A message follows five bytes, of which the first says whether it is compressed. */
const plain = (body: Buffer): Buffer => (body[0] === 1 ? gunzipSync(body.subarray(5)) : body);

const fine = { ':status': 200, 'content-type': 'application/grpc' } as const;

function answerWith(stream: ServerHttp2Stream, fault: GrpcFault): void {
  if (fault === 'hold') return;
  if (fault === 'deny') {
    stream.respond({ ...fine, 'grpc-status': '7', 'grpc-message': 'denied by the test' }, { endStream: true });
    return;
  }
  if (fault === 'refuse') {
    stream.respond({ ...fine, 'grpc-status': '14', 'grpc-message': 'refused by the test' }, { endStream: true });
    return;
  }
  stream.respond(fine, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
  stream.end(Buffer.alloc(5));
}

interface Passed {
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly followed: FollowedCall;
  /** What the answer becomes before it is passed on. */
  readonly clocked: (answer: Buffer) => Buffer;
}

function pass(
  upstream: ClientHttp2Session,
  stream: ServerHttp2Stream,
  { headers, body, followed, clocked }: Passed,
): void {
  const judge = (found: IncomingHttpHeaders): void => {
    const status = found['grpc-status'];
    if (status !== undefined) followed.outcome = status === '0' ? 'done' : 'refused';
  };
  if (upstream.destroyed || upstream.closed) {
    followed.outcome = 'cut';
    stream.close();
    return;
  }
  const request = upstream.request({ ...headers });
  let trailers: IncomingHttpHeaders = {};
  request.on('error', () => stream.close());
  request.on('close', () => {
    if (followed.outcome === 'open') followed.outcome = 'cut';
  });
  stream.on('close', () => request.close());
  request.on('trailers', (found) => {
    trailers = found;
    judge(found);
  });
  request.on('response', (found) => {
    judge(found);
    if (stream.destroyed) return;
    const isWhole = found['grpc-status'] !== undefined;
    stream.respond({ ...found }, isWhole ? { endStream: true } : { waitForTrailers: true });
    if (isWhole) return;
    stream.on('wantTrailers', () => stream.sendTrailers({ ...trailers }));
    bodyOf(request).then(
      (answer) => stream.end(clocked(answer)),
      () => stream.close(),
    );
  });
  request.end(body);
}
