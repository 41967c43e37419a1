import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { hasBody, makeRoom } from '../../domain/crowd.ts';
import {
  type BindAddress,
  connectionLimits,
  handshakeLimits,
  requestLimits,
  splitTarget,
} from '../../domain/serving.ts';

/** PEM texts of a server. */
export interface ServerIdentity {
  readonly cert: string;
  readonly key: string;
}

export interface Listening {
  readonly port: number;
  /** Shows callers another certificate from now on; connections that are open keep theirs. */
  renew(identity: ServerIdentity): void;
  close(): Promise<void>;
}

export type Handler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

export function answer(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' });
  response.end(text);
}

async function serve(
  handlers: Readonly<Record<string, Handler>>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { path } = splitTarget(request.url);
  const handler = Object.hasOwn(handlers, path) ? handlers[path] : undefined;
  // None of ours has one.
  if (hasBody(request)) return answer(response.setHeader('connection', 'close'), 413, 'no body\n');
  if (handler === undefined) return answer(response, 404, 'not found\n');
  if (request.method !== 'GET' && request.method !== 'HEAD') return answer(response, 405, 'only GET\n');
  await handler(request, response);
}

/** What a listener throws ends the process, and anybody may ask: whatever goes wrong is an answer. */
function listener(handlers: Readonly<Record<string, Handler>>, onError: (error: unknown) => void): RequestListener {
  return (request, response) => {
    serve(handlers, request, response).catch((error: unknown) => {
      onError(error);
      if (response.headersSent) response.destroy();
      else answer(response, 503, 'not available now; the log of the worker says why\n');
    });
  };
}

export interface ServerOptions {
  readonly address: Extract<BindAddress, { kind: 'at' }>;
  readonly identity?: ServerIdentity | undefined;
  readonly handlers: Readonly<Record<string, Handler>>;
  readonly onError: (error: unknown) => void;
}

const contextOf = (identity: ServerIdentity) => ({ ...identity, minVersion: 'TLSv1.2' }) as const;

/** Serves GET requests by path. Rejects when the address is taken or not this machine's. */
export async function listen({ address, identity, handlers, onError }: ServerOptions): Promise<Listening> {
  const listening = listener(handlers, onError);
  const secured =
    identity === undefined
      ? undefined
      : createSecureServer({ ...contextOf(identity), ...requestLimits, ...handshakeLimits }, listening);
  const server: Server = secured ?? createServer(requestLimits, listening);
  server.timeout = connectionLimits.timeout;
  makeRoom(server, connectionLimits.maxConnections);
  server.listen({ port: address.port, ...(address.host === undefined ? {} : { host: address.host }) });
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    renew: (next) => secured?.setSecureContext(contextOf(next)),
    async close() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
    },
  };
}
