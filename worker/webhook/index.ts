import { createServer, type Server } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { once } from 'node:events';
import { type AddressInfo, isIP } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import type { Cluster, Logger } from '../../domain/ports.ts';
import { splitTarget } from '../../domain/serving.ts';
import { isVerified, readCallerAuthority } from './callers.ts';
import type { WebhookCertificate } from './certificate.ts';
import { type Judge, review } from './review.ts';
import { WebhookTrust } from './trust.ts';

export interface WebhookSettings {
  /** Empty for every address of this machine. */
  readonly host: string;
  readonly port: number;
  /** Of the webhook configurations. */
  readonly name: string;
  readonly service: string;
  /** PEM file with the authority of the API server's client certificates; without it no caller is known to be one. */
  readonly callerAuthority?: string | undefined;
}

export interface WebhookParts {
  readonly settings: WebhookSettings;
  readonly cluster: Pick<Cluster, 'get' | 'create' | 'patch'>;
  readonly namespace: string;
  readonly judge: Judge;
  readonly logger: Logger;
}

export interface Webhook {
  /** Resolves when the API server has been told whom to trust and the port is open. */
  start(): Promise<void>;
  close(): Promise<void>;
}

/** Certificates are looked at this often: another worker may have renewed them, or somebody may have taken the trust away. */
const refreshMilliseconds = 60_000;
/** An object has at most 3 MB, and an update brings two. */
const longestBody = 8 << 20;
/** How long a question that is being answered may take when the worker stops. */
const longestGoodbye = 2_000;

/** The webhooks of one worker. */
export function createWebhook(parts: WebhookParts): Webhook {
  const { settings, logger } = parts;
  const trust = trustOf(parts);
  let server: Server | undefined;
  let timer: NodeJS.Timeout | undefined;
  return {
    async start() {
      const callers = { requestCert: settings.callerAuthority !== undefined, rejectUnauthorized: false };
      const identity = identityOf(settings, await trust.refresh());
      const opened = createServer({ ...identity, ...callers }, (request, response) => {
        answer(parts, request, response).catch(() => response.destroy());
      });
      server = opened.listen(settings.port, settings.host === '' ? undefined : settings.host);
      await once(opened, 'listening');
      timer = setInterval(() => void renew(parts, trust, opened), refreshMilliseconds);
      timer.unref();
      logger.info('webhook ready', { port: (opened.address() as AddressInfo).port, knowsCallers: callers.requestCert });
    },
    async close() {
      clearInterval(timer);
      const closing = server;
      if (closing === undefined) return;
      const closed = once(closing, 'close');
      closing.close();
      closing.closeIdleConnections();
      await Promise.race([closed, pause(longestGoodbye, undefined, { ref: false })]);
      closing.closeAllConnections();
    },
  };
}

function trustOf({ settings, cluster, namespace, logger }: WebhookParts): WebhookTrust {
  const inCluster = `${settings.service}.${namespace}.svc`;
  return new WebhookTrust({
    cluster,
    namespace,
    name: settings.name,
    names: [inCluster, `${inCluster}.cluster.local`],
    addresses: isIP(settings.host) === 0 ? [] : [settings.host],
    logger,
    now: () => new Date(),
  });
}

/** What is shown to callers, and what they are judged by. @throws when the file of the authority cannot be used. */
function identityOf({ callerAuthority }: WebhookSettings, { cert, key }: WebhookCertificate) {
  const ca = callerAuthority === undefined ? {} : { ca: readCallerAuthority(callerAuthority) };
  return { cert, key, minVersion: 'TLSv1.2', ...ca } as const;
}

async function renew({ settings, logger }: WebhookParts, trust: WebhookTrust, server: Server): Promise<void> {
  try {
    server.setSecureContext(identityOf(settings, await trust.refresh()));
  } catch (error) {
    logger.warn('the certificate of the webhook could not be looked at', { error: nameOf(error) });
  }
}

async function answer(
  { judge, logger }: WebhookParts,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { path } = splitTarget(request.url);
  const fromApiServer = isVerified(request.socket);
  try {
    const reviewed = await review({ path, text: await bodyOf(request), fromApiServer }, judge);
    const body = reviewed.code === 200 ? JSON.stringify(reviewed.body) : reviewed.why;
    const type = reviewed.code === 200 ? 'application/json' : 'text/plain';
    response.writeHead(reviewed.code, { 'content-type': type }).end(body);
  } catch (error) {
    // The failurePolicy of the webhook decides what that means.
    logger.warn('a webhook request could not be answered', { path, error: nameOf(error) });
    response.writeHead(500, { 'content-type': 'text/plain' }).end('this could not be judged now');
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > longestBody) throw new RangeError('the request is too long');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

const nameOf = (error: unknown): string =>
  error instanceof Error ? ('type' in error ? String(error.type) : error.name) : 'unknown';
