import { timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Payload, PayloadCodec } from '@temporalio/common';
import { makeRoom } from '../../domain/crowd.ts';
import { connectionLimits, requestLimits, splitTarget } from '../../domain/serving.ts';
import { Body } from './schema.ts';

/** Decodes payloads for people: the Temporal UI in a browser, or the temporal CLI (`--codec-endpoint`). */
export interface CodecServerOptions {
  readonly codec: PayloadCodec;
  readonly host: string;
  readonly port: number;
  /** Origins of the UIs that may ask, e.g. http://localhost:8233. */
  readonly origins: readonly string[];
  /** Bearer token that callers have to send; without one the server is for this machine alone. */
  readonly token?: string | undefined;
}

export interface CodecServer {
  readonly url: string;
  close(): Promise<void>;
}

const longestBody = 8 * 1024 * 1024;
const directions = { '/decode': 'decode', '/encode': 'encode' } as const;

class Refusal extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

async function readBody(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > longestBody) throw new Refusal(413, `more than ${longestBody} bytes`);
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch {
    throw new Refusal(400, 'the body is not JSON');
  }
}

function payloadsOf(body: unknown): Payload[] {
  const parsed = Body.safeParse(body);
  if (!parsed.success) throw new Refusal(400, 'the body has no payloads as the Temporal UI sends them');
  return parsed.data.payloads.map(({ metadata = {}, data = '' }) => ({
    metadata: Object.fromEntries(Object.entries(metadata).map(([key, value]) => [key, Buffer.from(value, 'base64')])),
    data: Buffer.from(data, 'base64'),
  }));
}

function written({ metadata, data }: Payload) {
  const entries = Object.entries(metadata ?? {}).map(([key, value]) => [key, Buffer.from(value).toString('base64')]);
  return { metadata: Object.fromEntries(entries) as object, data: Buffer.from(data ?? []).toString('base64') };
}

function isAllowed(header: string | undefined, token: string | undefined): boolean {
  if (token === undefined) return true;
  const given = Buffer.from(header ?? '');
  const wanted = Buffer.from(`Bearer ${token}`);
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}

/** A name that a page of somebody else's cannot have, whatever its DNS says (rebinding). */
const ownName = /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/i;

/** What a browser sends on behalf of a page that is not to read payloads. Without a token nothing else keeps it out. */
function refuseStrangers({ headers }: IncomingMessage, { origins, token }: CodecServerOptions): void {
  if (token === undefined && !ownName.test(headers.host ?? '')) {
    throw new Refusal(403, 'without LYNQ_CODEC_TOKEN only localhost, 127.0.0.1 and [::1] are answered');
  }
  if (headers.origin !== undefined && !origins.includes(headers.origin)) {
    throw new Refusal(403, 'the origin is not one that --ui gives');
  }
}

function cors(request: IncomingMessage, response: ServerResponse, origins: readonly string[]): void {
  const { origin } = request.headers;
  if (origin === undefined || !origins.includes(origin)) return;
  response.setHeader('access-control-allow-origin', origin);
  response.setHeader('access-control-allow-methods', 'POST, OPTIONS');
  response.setHeader('access-control-allow-headers', 'authorization, content-type, x-namespace');
  response.setHeader('vary', 'origin');
}

async function handle(request: IncomingMessage, response: ServerResponse, options: CodecServerOptions): Promise<void> {
  refuseStrangers(request, options);
  cors(request, response, options.origins);
  if (request.method === 'OPTIONS') return void response.writeHead(204).end();
  const { path } = splitTarget(request.url);
  const direction = Object.entries(directions).find(([known]) => known === path)?.[1];
  if (direction === undefined) throw new Refusal(404, 'there are POST /decode and POST /encode');
  if (request.method !== 'POST') throw new Refusal(405, 'only POST');
  if (!isAllowed(request.headers.authorization, options.token)) throw new Refusal(401, 'a bearer token is needed');
  const payloads = payloadsOf(await readBody(request));
  const result = await options.codec[direction](payloads).catch(() => {
    throw new Refusal(422, 'a payload cannot be read with the keys that are here');
  });
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ payloads: result.map(written) }));
}

/** Rejects when the address is taken. */
export async function serveCodec(options: CodecServerOptions): Promise<CodecServer> {
  const server = createServer(requestLimits, (request, response) => {
    handle(request, response, options).catch((error: unknown) => {
      const [status, why] = error instanceof Refusal ? [error.status, error.message] : [500, 'failed'];
      if (response.headersSent) response.destroy();
      else response.writeHead(status, { 'content-type': 'text/plain', connection: 'close' }).end(`${why}\n`);
    });
  });
  server.timeout = connectionLimits.timeout;
  makeRoom(server, connectionLimits.maxConnections);
  server.listen({ host: options.host, port: options.port });
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://${options.host}:${port}`,
    async close() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
    },
  };
}
