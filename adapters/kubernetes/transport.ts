import type { Readable } from 'node:stream';
import type { Dispatcher } from 'undici';
import type { Json } from '../../domain/api/json.ts';
import { isLynqFailure } from '../../domain/failures.ts';
import type { Connection } from './connection.ts';
import type { RequestMeter } from './counters.ts';
import { orAbort } from './timing.ts';

export type Verb = 'get' | 'list' | 'watch' | 'create' | 'apply' | 'update' | 'patch' | 'delete' | 'discover';

export interface ApiRequest {
  readonly verb: Verb;
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Path with query, below the prefix of the server. */
  readonly path: string;
  readonly body?: { readonly type: string; readonly text: string } | undefined;
  /** Media type of the answer; plain JSON when absent. */
  readonly accept?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** User in whose name the API server is to carry it out; that of the credentials when absent. */
  readonly as?: string | undefined;
}

export interface ApiAnswer {
  readonly code: number;
  /** The parsed body; undefined when it is not JSON. Integers beyond 2^53 lose digits (plain JSON.parse). */
  readonly body: Json | undefined;
  /** The body when it is not JSON, cut; matched, never shown. */
  readonly text: string;
  readonly retryAfterSeconds: number | undefined;
}

export interface ApiStream {
  readonly code: number;
  /** Already read and thrown away when the code is not 200. */
  readonly body: Readable;
  readonly retryAfterSeconds: number | undefined;
}

/** Thrown when no complete answer came in time; `code` is of Node, of undici, or `timeout`. */
export class NoAnswer extends Error {
  readonly code: string;
  /** The request cannot have reached the server, so that any request may be sent again. */
  readonly unsent: boolean;

  constructor(code: string) {
    super(`no answer (${code})`);
    this.name = 'NoAnswer';
    this.code = code;
    this.unsent = unsentCodes.has(code) || isCertificateProblem(code);
  }
}

const unsentCodes: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
  // The pool was retired between the credentials and the request.
  'UND_ERR_CLOSED',
]);

/** Certificates do not mend within seconds: such a request is not tried again. */
export function isCertificateProblem(code: string): boolean {
  return /CERT|SELF_SIGNED|VERIFY|ERR_TLS|ERR_SSL|EPROTO/.test(code);
}

/** One request, one answer; no retry, no reading of what the answer means. */
export interface Transport {
  /** @throws NoAnswer, LynqFailure when there are no credentials, or the reason of the request's signal when the caller gave up. */
  exchange(request: ApiRequest, timeoutMilliseconds: number): Promise<ApiAnswer>;
  /** Opens a stream whose head arrives within the time; the body ends with the signal. */
  stream(request: ApiRequest & { readonly signal: AbortSignal }, timeoutMilliseconds: number): Promise<ApiStream>;
  /** Forgets the credentials after a 401. */
  renew(): void;
}

/** `onDate` gets the Date header of every answer. */
export function createTransport(
  connection: Connection,
  meter: RequestMeter,
  onDate: (date: string | string[] | undefined) => void = () => undefined,
): Transport {
  return {
    exchange: (request, timeout) => exchange({ connection, meter, onDate }, request, timeout),
    stream: (request, timeout) => openStream(connection, meter, request, timeout),
    renew: () => connection.renew(),
  };
}

interface Line {
  readonly connection: Connection;
  readonly meter: RequestMeter;
  readonly onDate: (date: string | string[] | undefined) => void;
}

async function exchange(
  { connection, meter, onDate }: Line,
  request: ApiRequest,
  timeoutMilliseconds: number,
): Promise<ApiAnswer> {
  request.signal?.throwIfAborted();
  const limit = deadline(timeoutMilliseconds, request.signal);
  try {
    const session = await orAbort(connection.session(), limit.signal);
    const options = requestOptions(connection, session.headers, request);
    const answer = await session.requests.request({ ...options, signal: limit.signal });
    onDate(answer.headers['date']);
    const text = await answer.body.text();
    meter.add(request.verb, answer.statusCode);
    return { code: answer.statusCode, ...parseBody(text), retryAfterSeconds: retryAfter(answer.headers) };
  } catch (error) {
    meter.add(request.verb, 'error');
    throw noAnswer(error, request.signal);
  } finally {
    limit.clear();
  }
}

async function openStream(
  connection: Connection,
  meter: RequestMeter,
  request: ApiRequest & { readonly signal: AbortSignal },
  timeoutMilliseconds: number,
): Promise<ApiStream> {
  request.signal.throwIfAborted();
  const limit = deadline(timeoutMilliseconds, request.signal);
  try {
    const session = await orAbort(connection.session(), limit.signal);
    const options = requestOptions(connection, session.headers, request);
    const answer = await session.streams.request({ ...options, signal: limit.signal });
    meter.add(request.verb, answer.statusCode);
    answer.body.once('close', limit.clear);
    // A body that is destroyed, by us or by the signal, reports it; without a listener that would end the process.
    answer.body.on('error', () => undefined);
    if (answer.statusCode !== 200) await answer.body.dump({ limit: 16_384 });
    limit.disarm();
    return { code: answer.statusCode, body: answer.body, retryAfterSeconds: retryAfter(answer.headers) };
  } catch (error) {
    limit.clear();
    meter.add(request.verb, 'error');
    throw noAnswer(error, request.signal);
  }
}

function requestOptions(
  connection: Connection,
  credentials: Readonly<Record<string, string>>,
  request: ApiRequest,
): Dispatcher.RequestOptions {
  return {
    origin: connection.origin,
    method: request.method,
    path: `${connection.prefix}${request.path}`,
    headers: {
      ...credentials,
      accept: request.accept ?? 'application/json',
      'user-agent': 'lynqflow',
      ...(request.as === undefined ? {} : { 'impersonate-user': request.as }),
      ...(request.body === undefined ? {} : { 'content-type': request.body.type }),
    },
    body: request.body?.text ?? null,
    // The dispatcher would close the connection after a DELETE with a body, in case the server does not read it; the API server does.
    reset: false,
  };
}

/** A signal that follows the caller's and the clock; made by hand because `AbortSignal.any` keeps what a long-lived signal is part of. */
function deadline(milliseconds: number, caller: AbortSignal | undefined) {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(new NoAnswer('timeout')), milliseconds);
  const follow = () => controller.abort(caller?.reason);
  caller?.addEventListener('abort', follow, { once: true });
  return {
    signal: controller.signal,
    /** Stops the clock, goes on following the caller. */
    disarm: () => clearTimeout(timer),
    clear: () => {
      clearTimeout(timer);
      caller?.removeEventListener('abort', follow);
    },
  };
}

function noAnswer(error: unknown, caller: AbortSignal | undefined): unknown {
  if (caller?.aborted === true) return caller.reason;
  if (error instanceof NoAnswer || isLynqFailure(error)) return error;
  return new NoAnswer(codeOf(error));
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  if ('code' in error && typeof error.code === 'string') return error.code;
  return error.cause instanceof Error ? codeOf(error.cause) : error.name;
}

function parseBody(text: string): { readonly body: Json | undefined; readonly text: string } {
  try {
    return { body: JSON.parse(text) as Json, text: '' };
  } catch {
    return { body: undefined, text: text.slice(0, 200) };
  }
}

/** Seconds of a Retry-After header; the server only sends numbers. */
function retryAfter(headers: Readonly<Record<string, string | string[] | undefined>>): number | undefined {
  const seconds = Number(headers['retry-after']);
  return headers['retry-after'] !== undefined && Number.isFinite(seconds) && seconds >= 0 ? seconds : undefined;
}
