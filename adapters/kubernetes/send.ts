import { LynqFailure } from '../../domain/failures.ts';
import { readStatus } from './status.ts';
import { createThrottle } from './throttle.ts';
import { isPermanent } from './texts.ts';
import { pauseAfter, type Backoff, type Timing } from './timing.ts';
import { isCertificateProblem, NoAnswer, type ApiAnswer, type ApiRequest, type Transport } from './transport.ts';

/**
 * What may be sent again after a lost answer. `idempotent`: the same request twice leaves the same state. `once`: only when it
 * cannot have reached the server.
 */
export type Repeat = 'idempotent' | 'once';

/** Sends a request until there is an answer that means something: every code but 401, 429 and the transient 5xx. */
export type Send = (request: ApiRequest, repeat: Repeat) => Promise<ApiAnswer>;

export interface SendLimits {
  readonly tries: number;
  readonly backoff: Backoff;
  /** Of one try, milliseconds. */
  readonly timeout: number;
  /** A server that asks for a longer pause than this is left to the caller's own retries, milliseconds. */
  readonly longestWait: number;
}

export const sendLimits: SendLimits = {
  tries: 4,
  backoff: { first: 200, most: 5_000 },
  timeout: 30_000,
  longestWait: 10_000,
};

/**
 * Puts retries around a transport.
 *
 * After a 429 no request about that resource is sent before the time the server asked for; since nothing was carried out, any request may be sent
 * again then. The returned function throws LynqFailure ClusterThrottled (429 again and again, or with a long pause), ClusterForbidden (401 twice),
 * ClusterUnreachable (tries used up), or the reason of the request's signal.
 */
export function createSend(transport: Transport, timing: Timing, limits: SendLimits = sendLimits): Send {
  const throttle = createThrottle(timing);
  return async (request, repeat) => {
    let renewed = false;
    for (let tried = 1; ; tried += 1) {
      await throttle.pass(request.path, request.signal);
      const outcome = await tryOnce(transport, request, limits);
      const asked = throttlePause(outcome);
      if (asked !== undefined) {
        if (tried >= limits.tries || asked > limits.longestWait) throw throttled(request, asked);
        throttle.hold(request.path, asked);
        continue;
      }
      if (outcome.kind === 'answer' && outcome.answer.code === 401 && !renewed) {
        transport.renew();
        renewed = true;
        continue;
      }
      const settled = settle(request, outcome);
      if (settled !== undefined) return settled;
      const pause = nextPause(outcome, tried, { repeat, limits, timing });
      if (pause === undefined) throw unreachable(request, outcome, tried);
      await timing.sleep(pause, request.signal);
    }
  };
}

type Outcome =
  | { readonly kind: 'answer'; readonly answer: ApiAnswer }
  | { readonly kind: 'lost'; readonly error: NoAnswer };

async function tryOnce(transport: Transport, request: ApiRequest, limits: SendLimits): Promise<Outcome> {
  try {
    return { kind: 'answer', answer: await transport.exchange(request, limits.timeout) };
  } catch (error) {
    if (error instanceof NoAnswer) return { kind: 'lost', error };
    throw error;
  }
}

/** The answer when it is final, a failure when it is one whatever was asked, undefined when another try may help. */
function settle(request: ApiRequest, outcome: Outcome): ApiAnswer | undefined {
  if (outcome.kind === 'lost') return undefined;
  const { answer } = outcome;
  if (answer.code === 401) {
    throw new LynqFailure('ClusterForbidden', 'The API server does not accept the credentials.', {
      verb: request.verb,
      code: answer.code,
    });
  }
  const status = readStatus(answer.body);
  if (answer.code < 500) return isQuotaRace(status) ? undefined : answer;
  return isPermanent(answer.code, status.message) ? answer : undefined;
}

/** Two creates met at the same ResourceQuota: nothing was written, and the conflict is not about the object of the request. */
function isQuotaRace(status: { readonly reason: string; readonly kind: string }): boolean {
  return status.reason === 'Conflict' && status.kind === 'resourcequotas';
}

/** Milliseconds to wait before the next try; undefined when there is none. */
function nextPause(
  outcome: Outcome,
  tried: number,
  { repeat, limits, timing }: { readonly repeat: Repeat; readonly limits: SendLimits; readonly timing: Timing },
): number | undefined {
  if (tried >= limits.tries) return undefined;
  if (outcome.kind === 'lost') {
    if (isCertificateProblem(outcome.error.code)) return undefined;
    if (repeat === 'once' && !outcome.error.unsent) return undefined;
  } else if (repeat === 'once' && outcome.answer.code >= 500) return undefined;
  const asked = outcome.kind === 'answer' ? (retryAfterOf(outcome.answer) ?? 0) * 1_000 : 0;
  if (asked > limits.longestWait) return undefined;
  return Math.max(
    asked,
    pauseAfter(tried, limits.backoff, () => timing.random()),
  );
}

/** Seconds the server asks to wait, from the header or the Status. */
export function retryAfterOf(answer: ApiAnswer): number | undefined {
  return answer.retryAfterSeconds ?? readStatus(answer.body).retryAfterSeconds;
}

/** Milliseconds that a 429 asks to wait; undefined for every other outcome. */
function throttlePause(outcome: Outcome): number | undefined {
  if (outcome.kind === 'lost' || outcome.answer.code !== 429) return undefined;
  return (retryAfterOf(outcome.answer) ?? 1) * 1_000;
}

function throttled(request: ApiRequest, milliseconds: number): LynqFailure {
  return new LynqFailure(
    'ClusterThrottled',
    'The API server has too many requests and asks to wait.',
    { verb: request.verb },
    milliseconds / 1_000,
  );
}

function unreachable(request: ApiRequest, outcome: Outcome, tries: number): LynqFailure {
  const code = outcome.kind === 'lost' ? outcome.error.code : String(outcome.answer.code);
  const detail = { verb: request.verb, code, tries };
  const seconds = outcome.kind === 'answer' ? retryAfterOf(outcome.answer) : undefined;
  if (outcome.kind === 'answer' && outcome.answer.code === 409) {
    return new LynqFailure('ClusterStale', 'The write met others at the same quota several times.', detail);
  }
  if (outcome.kind === 'lost' && isCertificateProblem(code))
    return new LynqFailure('ClusterUnreachable', `The API server is not believed over TLS (${code}).`, {
      ...detail,
      tls: 'failed',
    });
  const told = outcome.kind === 'lost' ? `does not answer (${code})` : `answers only with ${code}`;
  return new LynqFailure('ClusterUnreachable', `The API server ${told}.`, detail, seconds);
}
