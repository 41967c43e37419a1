import { textAt } from '../../domain/api/json.ts';
import { type FailureDetail, type FailureType, LynqFailure } from '../../domain/failures.ts';
import type {
  DeleteResult,
  FieldConflict,
  KindRef,
  ObjectRef,
  RefusedReason,
  WriteResult,
} from '../../domain/ports.ts';
import { readStatus, type Status } from './status.ts';
import { fieldsByText, managerByText, refusalByText, saysImmutable, saysTooLarge } from './texts.ts';
import type { ApiAnswer, Verb } from './transport.ts';

export type Refused = Extract<WriteResult, { readonly kind: 'refused' }>;

/** What an answer to a write is read against. */
export interface WriteContext {
  readonly ref: ObjectRef;
  readonly verb: Extract<Verb, 'create' | 'apply' | 'update' | 'patch'>;
  /** The body named a uid, so that a missing object is a stale write. */
  readonly uidDemanded: boolean;
}

/** `unknownPath`: a 404 about the path, not about the object or its namespace; the kind has to be looked up again. */
export type WriteRefusal = Exclude<WriteResult, { readonly kind: 'ok' }> | { readonly kind: 'unknownPath' };

/** The table from answers that are not a success to results of a write. Messages of the server are not repeated. */
export function writeRefusal(context: WriteContext, answer: ApiAnswer): WriteRefusal {
  const status = readStatus(answer.body);
  if (answer.code === 404) return notFound(context, status);
  if (answer.code === 409) return conflict(context, status);
  if (!refusalCodes.has(answer.code)) throw unexpected(context.verb, context.ref, answer.code);
  if (demandsOtherUid(context, status)) return { kind: 'stale' };
  return refused(context.ref, answer.code, status, context.verb);
}

/** A 5xx gets here only when it is a permanent one. */
const refusalCodes: ReadonlySet<number> = new Set([400, 403, 405, 406, 413, 415, 422, 500, 501]);

function notFound(context: WriteContext, status: Status): WriteRefusal {
  if (isMissingNamespace(context.ref, status)) return refusal(context.ref, 'MissingNamespace', ['no such namespace']);
  if (isAboutObject(context.ref, status)) return { kind: context.uidDemanded ? 'stale' : 'missing' };
  return { kind: 'unknownPath' };
}

/** A 404 that names the namespace of a namespaced object. */
function isMissingNamespace(ref: ObjectRef, status: Status): boolean {
  return ref.namespace !== undefined && status.genuine && status.kind === 'namespaces' && status.name === ref.namespace;
}

/** A 404 that proves the absence of this object; a proxy's page or an unknown path does not. */
export function isAboutObject(ref: ObjectRef, status: Status): boolean {
  return status.genuine && status.reason === 'NotFound' && status.name === ref.name;
}

function conflict(context: WriteContext, status: Status): WriteRefusal {
  const fields = conflictingFields(status);
  if (fields.length > 0) return { kind: 'conflict', fields };
  if (status.reason === 'AlreadyExists') return { kind: 'exists' };
  const told = refusalByText(409, status.message);
  return told === undefined ? { kind: 'stale' } : refusal(context.ref, told.reason, [told.told]);
}

function conflictingFields(status: Status): readonly FieldConflict[] {
  return status.causes
    .filter((cause) => cause.reason === 'FieldManagerConflict')
    .map((cause) => ({ manager: managerByText(cause.message), field: cause.field }));
}

/** A uid in the body that is not the object's is a 422 about that field. */
function demandsOtherUid(context: WriteContext, status: Status): boolean {
  return context.uidDemanded && status.causes.some((cause) => cause.field === 'metadata.uid');
}

/** The refusal that an answer of 400, 403, 405, 406, 413, 415, 422 or a permanent 5xx stands for. */
export function refused(ref: ObjectRef, code: number, status: Status, verb: Verb): Refused {
  if (status.causes.some((cause) => cause.reason === 'NamespaceTerminating')) {
    return refusal(ref, 'TerminatingNamespace', ['the namespace is being deleted']);
  }
  const known = refusalByText(code, status.message);
  if (known !== undefined) return refusal(ref, known.reason, [known.told, ...fieldsByText(status.message)]);
  if (code === 403) return refusal(ref, 'Forbidden', fieldReasons(status));
  if (code === 413) return refusal(ref, 'TooLarge', ['the request is too large']);
  if (code === 405) return refusal(ref, 'Invalid', [`the kind does not take ${verb}`]);
  if (status.causes.some((cause) => saysTooLarge(cause.reason, cause.message))) {
    return refusal(ref, 'TooLarge', fieldReasons(status));
  }
  const changed = verb !== 'create' && status.causes.some((cause) => saysImmutable(cause.reason, cause.message));
  const told = [...fieldReasons(status), ...fieldsByText(status.message)];
  if (changed) return refusal(ref, 'Immutable', told);
  return { ...refusal(ref, 'Invalid', told), fields: causeFields(status) };
}

const causeFields = ({ causes }: Status): readonly string[] =>
  [...new Set(causes.map(({ field }) => field).filter((field) => field !== ''))].slice(0, 20);

/** `field (reason)` of every cause; the messages quote values and stay out. */
function fieldReasons(status: Status): readonly string[] {
  const told = status.causes.map(({ field, reason }) => [field, reason && `(${reason})`].filter(Boolean).join(' '));
  return [...new Set(told.filter((text) => text !== ''))].slice(0, 20);
}

/**
 * The same refusal as the server worded it, for whoever sent the object and reads the answer on a screen. Its text quotes what was sent: it must never
 * get where it is kept (decisions.md section 6), which is why no worker asks for it.
 */
export function asServerSaid<R extends object>(ref: ObjectRef, result: R | Refused, answer: ApiAnswer): R | Refused {
  const { message } = readStatus(answer.body);
  if (!isRefused(result) || message === '') return result;
  return { ...result, message: message.includes(`"${ref.name}"`) ? message : `${describe(ref)}: ${message}` };
}

const isRefused = (result: object): result is Refused => 'kind' in result && result.kind === 'refused';

/** A refusal in our own words. */
export function refusal(ref: ObjectRef, reason: RefusedReason, told: readonly string[]): Refused {
  const why = told.length === 0 ? reason : told.join(', ');
  return { kind: 'refused', reason, message: `${describe(ref)}: ${why}` };
}

/**
 * An object that nothing holds (no finalizer, no grace period) is out of the store when the API server answers, which says so with a Status that names
 * its uid; for any other the answer is the object as it stays for now.
 */
function isDeletedNow({ name }: ObjectRef, uid: string, { body }: ApiAnswer): boolean {
  if (textAt(body, 'kind') !== 'Status' || textAt(body, 'status') !== 'Success') return false;
  return textAt(body, 'details', 'name') === name && textAt(body, 'details', 'uid') === uid;
}

/** What an answer to a delete means; `conflict` and `unknownPath` have to be looked into. */
export function deleteOutcome(
  ref: ObjectRef,
  uid: string,
  answer: ApiAnswer,
): DeleteResult | { readonly kind: 'conflict' | 'unknownPath' } {
  const status = readStatus(answer.body);
  if (answer.code >= 200 && answer.code < 300) return { kind: isDeletedNow(ref, uid, answer) ? 'deleted' : 'accepted' };
  switch (answer.code) {
    case 404:
      return isAboutObject(ref, status) || isMissingNamespace(ref, status) ? { kind: 'gone' } : { kind: 'unknownPath' };
    case 409:
      return { kind: 'conflict' };
    default:
      if (!refusalCodes.has(answer.code)) throw unexpected('delete', ref, answer.code);
      return refused(ref, answer.code, status, 'delete');
  }
}

const readFailures: Readonly<Record<number, readonly [FailureType, string]>> = {
  400: ['ClusterInvalid', 'The API server refuses the request as malformed.'],
  403: ['ClusterForbidden', 'The account may not read this.'],
  405: ['ClusterInvalid', 'The kind cannot be read this way.'],
  406: ['ClusterInvalid', 'The API server does not speak JSON for this kind.'],
  410: ['ClusterStale', 'The list changed faster than it could be read.'],
  422: ['ClusterInvalid', 'The API server refuses the request.'],
};

/** The failure that an answer to a list stands for; a right to list is one for a namespace, or for all of them. */
export function listFailure(kind: KindRef, namespace: string | undefined, code: number): LynqFailure {
  const { type, message, detail } = readFailure('list', kind, code);
  const where = namespace === undefined ? 'the whole cluster' : `namespace ${namespace}`;
  const told = code === 403 ? `${describe(kind)}: The account may not list this in ${where}.` : message;
  return new LynqFailure(type, told, { ...detail, namespace: namespace ?? '' });
}

/** The failure that an answer to a read stands for. */
export function readFailure(verb: Verb, target: KindRef | ObjectRef, code: number): LynqFailure {
  const known = readFailures[code];
  if (known === undefined) return unexpected(verb, target, code);
  return new LynqFailure(known[0], `${describe(target)}: ${known[1]}`, detailOf(verb, target, code));
}

/** An answer that no version of the API server gives; nothing may be concluded from it. */
export function unexpected(verb: Verb, target: KindRef | ObjectRef, code: number): LynqFailure {
  const message = `${describe(target)}: the answer to ${verb} (${code}) cannot be used.`;
  return new LynqFailure('ClusterUnreachable', message, detailOf(verb, target, code));
}

function detailOf(verb: Verb, target: KindRef | ObjectRef, code: number): FailureDetail {
  const namespace = 'namespace' in target ? (target.namespace ?? '') : '';
  const name = 'name' in target ? target.name : '';
  return { verb, code, apiVersion: target.apiVersion, kind: target.kind, namespace, name };
}

/** `Deployment acme/web`, or the kind alone. */
export function describe(target: KindRef | ObjectRef): string {
  if (!('name' in target)) return target.kind;
  return `${target.kind} ${target.namespace === undefined ? '' : `${target.namespace}/`}${target.name}`;
}
