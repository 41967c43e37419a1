import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { HubRef } from '../../activities/contract.ts';
import { makeRoom } from '../../domain/crowd.ts';
import type { Logger } from '../../domain/ports.ts';
import { Refusals } from '../../domain/refusals.ts';
import { connectionLimits, requestLimits } from '../../domain/serving.ts';
import { carriesToken, readToken, type TokenSource } from './access.ts';
import type { HintOutcome } from './hints.ts';

export interface NotifyOptions {
  readonly host: string;
  /** 0 for any free one. */
  readonly port: number;
  readonly token: TokenSource;
}

export interface NotifyParts extends NotifyOptions {
  readonly hint: (hub: HubRef) => Promise<HintOutcome>;
  readonly logger: Logger;
}

export interface NotifyServer {
  readonly port: number;
  close(): Promise<void>;
}

interface Answer {
  readonly code: number;
  /** For the person who wrote the hook; constant texts only. */
  readonly says: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const answers = {
  accepted: { code: 202, says: 'accepted: a sync reads the table' },
  unknown: { code: 404, says: 'no such hub, or it has no schedule yet' },
  full: { code: 429, says: 'too many hubs wait for a sync', headers: { 'retry-after': '1' } },
} as const satisfies Record<HintOutcome['kind'], Answer>;

const wrongToken: Answer = {
  code: 401,
  says: 'Authorization: Bearer TOKEN is missing or wrong',
  headers: { 'www-authenticate': 'Bearer' },
};
const noSuchPath: Answer = { code: 404, says: 'the only path is /v1/notify/NAMESPACE/HUB' };
const wrongMethod: Answer = { code: 405, says: 'use POST', headers: { allow: 'POST' } };
const unavailable: Answer = {
  code: 503,
  says: 'the hint could not be taken; try again',
  headers: { 'retry-after': '5' },
};

/** Names of Kubernetes objects; anything else names no hub. */
const path = /^\/v1\/notify\/([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?)\/([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?)$/;

function hubOf(url: string): HubRef | undefined {
  const [, namespace, , hub] = path.exec(url.split('?', 1)[0] ?? '') ?? [];
  return namespace === undefined || hub === undefined ? undefined : { namespace, hub };
}

/** Who has no token learns nothing, not even which paths there are. */
async function answerTo(parts: NotifyParts, refusals: Refusals, request: IncomingMessage): Promise<Answer> {
  if (!carriesToken(request.headers.authorization, await readToken(parts.token))) {
    const seconds = refusals.add(Date.now());
    if (seconds === undefined) return wrongToken;
    return { code: 429, says: 'too many wrong tokens', headers: { 'retry-after': String(seconds) } };
  }
  const hub = hubOf(request.url ?? '');
  if (hub === undefined) return noSuchPath;
  if (request.method !== 'POST') return wrongMethod;
  return answers[(await parts.hint(hub)).kind];
}

function send(response: ServerResponse, { code, says, headers = {} }: Answer): void {
  const body = `${says}\n`;
  response.writeHead(code, {
    'content-type': 'text/plain; charset=utf-8',
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    ...headers,
  });
  response.end(body);
}

async function serve(
  parts: NotifyParts,
  refusals: Refusals,
  [request, response]: readonly [IncomingMessage, ServerResponse],
): Promise<void> {
  // A hint has no body; one that is sent is not kept.
  request.resume();
  try {
    send(response, await answerTo(parts, refusals, request));
  } catch (error) {
    parts.logger.warn('hint could not be taken', { error: String(error) });
    send(response, unavailable);
  }
}

/** Takes hints that rows of a hub have changed: `POST /v1/notify/NAMESPACE/HUB` with a bearer token. */
export async function openNotifyServer(parts: NotifyParts): Promise<NotifyServer> {
  const refusals = new Refusals();
  const server = createServer({ ...requestLimits, maxHeaderSize: 8_192 }, (request, response) => {
    serve(parts, refusals, [request, response]).catch(() => response.destroy());
  });
  server.timeout = connectionLimits.timeout;
  makeRoom(server, connectionLimits.maxConnections);
  server.listen(parts.port, parts.host);
  await once(server, 'listening');
  const port = portOf(server);
  parts.logger.info('hints are taken', { host: parts.host, port });
  return {
    port,
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}
