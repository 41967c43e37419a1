import { listAt, numberAt, textAt, isJsonObject, type Json } from '../../domain/api/json.ts';

/** One cause of a refusal. `message` quotes values: it is matched, never shown. */
export interface StatusCause {
  readonly reason: string;
  readonly field: string;
  readonly message: string;
}

/** A `v1.Status`, with empty text where the server said nothing. `message` quotes values: it is matched, never shown. */
export interface Status {
  /** False when the body was something else, for example the page of a proxy. */
  readonly genuine: boolean;
  readonly reason: string;
  readonly message: string;
  /** Plural of the kind the answer is about; `namespaces` when a namespace is what is missing. */
  readonly kind: string;
  readonly name: string;
  readonly causes: readonly StatusCause[];
  readonly retryAfterSeconds: number | undefined;
}

/** Reads the body of an answer that is not a success; never fails. */
export function readStatus(body: Json | undefined): Status {
  return {
    genuine: isJsonObject(body) && textAt(body, 'kind') === 'Status',
    reason: textAt(body, 'reason') ?? '',
    message: textAt(body, 'message') ?? '',
    kind: textAt(body, 'details', 'kind') ?? '',
    name: textAt(body, 'details', 'name') ?? '',
    causes: listAt(body, 'details', 'causes').map((cause) => ({
      reason: textAt(cause, 'reason') ?? '',
      field: textAt(cause, 'field') ?? '',
      message: textAt(cause, 'message') ?? '',
    })),
    retryAfterSeconds: numberAt(body, 'details', 'retryAfterSeconds'),
  };
}
