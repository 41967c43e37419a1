import { createServer, type Server } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { once } from 'node:events';
import { type AddressInfo, isIP } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { makeRoom } from '../../domain/crowd.ts';
import type { Cluster, Logger } from '../../domain/ports.ts';
import { connectionLimits, handshakeLimits, requestLimits, splitTarget } from '../../domain/serving.ts';
import { Bodies } from './body.ts';
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
      const bodies = new Bodies();
      const limits = { ...requestLimits, ...handshakeLimits };
      const opened = createServer({ ...identity, ...callers, ...limits }, (request, response) => {
        answer(parts, bodies, [request, response]).catch(() => response.destroy());
      });
      opened.timeout = connectionLimits.timeout;
      makeRoom(opened, connectionLimits.maxConnections);
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
  bodies: Bodies,
  [request, response]: readonly [IncomingMessage, ServerResponse],
): Promise<void> {
  const { path } = splitTarget(request.url);
  const fromApiServer = isVerified(request.socket);
  try {
    const body = await bodies.read(request);
    // What is left of it is not waited for.
    if (body.code !== 200) return refuse(response.setHeader('connection', 'close'), body);
    const reviewed = await review({ path, text: body.text, fromApiServer }, judge);
    if (reviewed.code !== 200) return refuse(response, reviewed);
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(reviewed.body));
  } catch (error) {
    // The failurePolicy of the webhook decides what that means.
    logger.warn('a webhook request could not be answered', { path, error: nameOf(error) });
    refuse(response, { code: 500, why: 'this could not be judged now' });
  }
}

function refuse(response: ServerResponse, { code, why }: { readonly code: number; readonly why: string }): void {
  response.writeHead(code, { 'content-type': 'text/plain' }).end(why);
}

const nameOf = (error: unknown): string =>
  error instanceof Error ? ('type' in error ? String(error.type) : error.name) : 'unknown';
