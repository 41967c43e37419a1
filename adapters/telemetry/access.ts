import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { at, type JsonObject, listAt, textAt } from '../../domain/api/json.ts';
import { Refusals } from '../../domain/refusals.ts';

/** Whether a caller may read the metrics, as the API server says it; `flooding` when it is not asked, for so many wrong tokens came from there. */
export type Access = 'allowed' | 'unauthenticated' | 'forbidden' | 'flooding';

/** Asks the API server; resolves with the status of its answer. */
export type AskServer = (kind: 'TokenReview' | 'SubjectAccessReview', spec: JsonObject) => Promise<JsonObject>;

/** An answer is kept this long; a right that is withdrawn ends with it. */
const keptMilliseconds = 30_000;
/** Of tokens and of addresses, so that memory is bounded whoever asks. */
const most = 1_000;
/** A token that was right is asked about again this long, whatever else comes from its address. */
const trustedMilliseconds = 3_600_000;

async function judge(ask: AskServer, token: string): Promise<Access> {
  const who = await ask('TokenReview', { token });
  if (at(who, 'authenticated') !== true) return 'unauthenticated';
  const groups = listAt(who, 'user', 'groups').filter((group) => typeof group === 'string');
  const user = textAt(who, 'user', 'username') ?? '';
  const may = await ask('SubjectAccessReview', {
    user,
    groups,
    nonResourceAttributes: { path: '/metrics', verb: 'get' },
  });
  return at(may, 'allowed') === true ? 'allowed' : 'forbidden';
}

const keyOf = (token: string): string => createHash('sha256').update(token).digest('base64');

/** What is known of tokens by their hashes, and of the addresses that wrong ones come from. */
class Judge {
  private readonly ask: AskServer;
  private readonly now: () => number;
  private readonly known: LRUCache<string, Access>;
  private readonly trusted: LRUCache<string, true>;
  private readonly pending = new Map<string, Promise<Access>>();
  private readonly refusals = new LRUCache<string, Refusals>({ max: most });

  constructor(ask: AskServer, now: () => number) {
    this.ask = ask;
    this.now = now;
    const perf = { now };
    this.known = new LRUCache({ max: most, ttl: keptMilliseconds, ttlResolution: 0, perf });
    this.trusted = new LRUCache({ max: most, ttl: trustedMilliseconds, ttlResolution: 0, perf });
  }

  async judge(token: string, from: string): Promise<Access> {
    const key = keyOf(token);
    const before = this.known.get(key) ?? this.pending.get(key);
    if (before !== undefined) return before;
    const refusals = this.refusals.get(from) ?? new Refusals();
    this.refusals.set(from, refusals);
    // Counted before it is known, for a flood does not wait for answers.
    const isFlood = refusals.add(this.now()) !== undefined;
    if (isFlood && !this.trusted.has(key)) return 'flooding';
    const asking = this.review(key, token, refusals).finally(() => this.pending.delete(key));
    this.pending.set(key, asking);
    return asking;
  }

  private async review(key: string, token: string, refusals: Refusals): Promise<Access> {
    const access = await judge(this.ask, token);
    this.known.set(key, access);
    if (access === 'allowed') {
      refusals.takeBack();
      this.trusted.set(key, true);
    } else {
      this.trusted.delete(key);
    }
    return access;
  }
}

/**
 * Judges Authorization headers by TokenReview and SubjectAccessReview for GET /metrics, as kube-rbac-proxy does (parity 7.2). Answers are remembered by
 * a hash of the token for a while. Of the wrong tokens of one address few are asked about; nobody else's tokens, nor one that was right, wait for that.
 * Rejects when the API server cannot be asked.
 */
export function openAccess(
  ask: AskServer,
  now: () => number = Date.now,
): (authorization: string | undefined, from: string) => Promise<Access> {
  const known = new Judge(ask, now);
  return async (authorization, from) => {
    const token = /^Bearer (?<token>\S+)$/.exec(authorization ?? '')?.groups?.['token'];
    return token === undefined ? 'unauthenticated' : known.judge(token, from);
  };
}
