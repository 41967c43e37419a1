import type { ServerResponse } from 'node:http';
import { setImmediate as turn } from 'node:timers/promises';
import type { SeriesFamily } from '../../domain/measures.ts';
import type { BindAddress, Check } from '../../domain/serving.ts';
import type { Logger } from '../../domain/ports.ts';
import { refusalSeconds } from '../../domain/refusals.ts';
import { type AskServer, openAccess } from './access.ts';
import { exposition } from './exposition.ts';
import { answer, type Handler, listen, type Listening, type ServerIdentity } from './http.ts';
import type { HubExists, Meters } from './meters.ts';
import { probe } from './probes.ts';
import { renewIdentity } from './renewal.ts';

export { type Meters, openMeters } from './meters.ts';
export type { ServerIdentity } from './http.ts';

export interface TelemetryOptions {
  readonly metrics: BindAddress;
  readonly probes: BindAddress;
  /** Certificate of the metrics, asked for again and again; without one they are served in the clear, to everybody. */
  readonly identity: (() => ServerIdentity) | undefined;
  /** How often it is asked for; ten seconds when absent. */
  readonly renewalMilliseconds?: number;
  readonly ask: AskServer;
  /** Read at each scrape. */
  readonly families: () => Promise<readonly SeriesFamily[]>;
  readonly hubExists: HubExists;
  /** The process works at all; when not, it is to be started again. */
  readonly alive: readonly Check[];
  /** What it needs is there; when not, it is left alone. */
  readonly ready: readonly Check[];
  readonly logger: Logger;
}

export interface Telemetry {
  /** Begins to listen where it is told to. Rejects when it cannot. */
  start(): Promise<void>;
  close(): Promise<void>;
}

const contentType = 'text/plain; version=0.0.4; charset=utf-8';

async function writeMetrics(meters: Meters, options: TelemetryOptions, response: ServerResponse): Promise<void> {
  const present = await options.families();
  await meters.forgetHubs(options.hubExists);
  response.writeHead(200, { 'content-type': contentType });
  response.write(await meters.text());
  for (const piece of exposition(present)) {
    response.write(piece);
    await turn();
  }
  response.end();
}

function metricsHandler(meters: Meters, options: TelemetryOptions): Handler {
  if (options.identity === undefined) return (_request, response) => writeMetrics(meters, options, response);
  const judge = openAccess(options.ask);
  return async (request, response) => {
    const access = await judge(request.headers.authorization, request.socket.remoteAddress ?? '');
    if (access === 'flooding') {
      response.setHeader('retry-after', refusalSeconds);
      return answer(response, 429, 'too many wrong tokens\n');
    }
    if (access === 'unauthenticated') return answer(response, 401, 'a bearer token of a ServiceAccount is needed\n');
    if (access === 'forbidden') return answer(response, 403, 'needs the right to get the non-resource URL /metrics\n');
    await writeMetrics(meters, options, response);
  };
}

/** Metrics and probes of the worker (parity 7.1, 7.2). */
export function openTelemetry(meters: Meters, options: TelemetryOptions): Telemetry {
  const open: Listening[] = [];
  const renewals: (() => void)[] = [];
  const { metrics, probes, alive, ready, logger } = options;
  const onError = (error: unknown) => logger.warn('a metrics or health request failed', { error: String(error) });
  const serve = async (
    what: string,
    address: BindAddress,
    handlers: Readonly<Record<string, Handler>>,
    secure: boolean,
  ) => {
    if (address.kind === 'off') return;
    const identity = secure ? options.identity?.() : undefined;
    const listening = await listen({ address, identity, handlers, onError });
    open.push(listening);
    if (identity !== undefined && options.identity !== undefined)
      renewals.push(
        renewIdentity({
          listening,
          shown: identity,
          identity: options.identity,
          logger,
          everyMilliseconds: options.renewalMilliseconds,
        }),
      );
    logger.info('listening', { what, port: listening.port, tls: identity !== undefined });
  };
  return {
    async start() {
      await serve('metrics', metrics, { '/metrics': metricsHandler(meters, options) }, true);
      await serve('probes', probes, { '/healthz': probe('healthz', alive), '/readyz': probe('readyz', ready) }, false);
    },
    async close() {
      for (const end of renewals) end();
      await Promise.all(open.map((listening) => listening.close()));
    },
  };
}
