import { at, isJsonObject, type JsonObject } from '../../domain/api/json.ts';
import { LynqFailure } from '../../domain/failures.ts';
import type { Send } from './send.ts';

/** Questions to the API server that are asked by a POST and kept nowhere. */
const reviews = {
  TokenReview: 'authentication.k8s.io/v1',
  SubjectAccessReview: 'authorization.k8s.io/v1',
} as const;

export type ReviewKind = keyof typeof reviews;

/** Resolves with the status of the answer. */
export type Review = (kind: ReviewKind, spec: JsonObject, signal?: AbortSignal) => Promise<JsonObject>;

/** The returned function throws LynqFailure ClusterForbidden when the worker's account may not ask, and whatever `send` throws. */
export function createReview(send: Send): Review {
  return async (kind, spec, signal) => {
    const apiVersion = reviews[kind];
    const path = `/apis/${apiVersion}/${kind.toLowerCase()}s`;
    const text = JSON.stringify({ apiVersion, kind, spec });
    const body = { type: 'application/json', text };
    const { code, body: answer } = await send({ verb: 'create', method: 'POST', path, body, signal }, 'idempotent');
    const status = at(answer, 'status');
    if (code >= 200 && code < 300 && isJsonObject(status)) return status;
    throw new LynqFailure('ClusterForbidden', `the API server answers no ${kind} of this account`, { kind, code });
  };
}
