import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { at, type JsonObject, listAt, textAt } from '../../domain/api/json.ts';

/** Whether a caller may read the metrics, as the API server says it. */
export type Access = 'allowed' | 'unauthenticated' | 'forbidden';

/** Asks the API server; resolves with the status of its answer. */
export type AskServer = (kind: 'TokenReview' | 'SubjectAccessReview', spec: JsonObject) => Promise<JsonObject>;

/** An answer is kept this long; a right that is withdrawn ends with it. */
const keptMilliseconds = 30_000;

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

/**
 * Judges Authorization headers by TokenReview and SubjectAccessReview for GET /metrics, as kube-rbac-proxy does (parity 7.2). Answers are remembered by
 * a hash of the token for a while. Rejects when the API server cannot be asked.
 */
export function openAccess(ask: AskServer): (authorization: string | undefined) => Promise<Access> {
  const known = new LRUCache<string, Access>({ max: 1_000, ttl: keptMilliseconds });
  return async (authorization) => {
    const token = /^Bearer (?<token>\S+)$/.exec(authorization ?? '')?.groups?.['token'];
    if (token === undefined) return 'unauthenticated';
    const key = createHash('sha256').update(token).digest('base64');
    const before = known.get(key);
    if (before !== undefined) return before;
    const access = await judge(ask, token);
    known.set(key, access);
    return access;
  };
}
