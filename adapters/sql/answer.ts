import { maxRowBytes } from './guarded-stream.ts';
import { SessionError } from './session-error.ts';

/**
 * Answers to questions about the server and the table: what is kept of them is bounded, for a server may send rows as long as it is listened to. The
 * most that is asked for are the columns of a table, of which a server has 4,096 at most.
 */
export const answerLimits = { columns: 32, rows: 5_000, bytes: maxRowBytes } as const;

/** A value as the server sent it. */
type Value = string | Uint8Array | null;

/** Keeps the rows of one answer as texts. `add` throws when they are more than an answer can be. */
export function openAnswer<Raw extends Value>(
  textOf: (value: NonNullable<Raw>) => string,
): {
  readonly rows: readonly (readonly (string | null)[])[];
  readonly add: (values: readonly (Raw | null)[]) => void;
} {
  const rows: (readonly (string | null)[])[] = [];
  let bytes = 0;
  return {
    rows,
    add(values) {
      bytes += values.reduce((sum, value) => sum + (value?.length ?? 0), 0);
      const fits =
        values.length <= answerLimits.columns && rows.length < answerLimits.rows && bytes <= answerLimits.bytes;
      if (!fits) throw new SessionError('SESSION_TOO_MUCH');
      rows.push(values.map((value) => (value === null ? null : textOf(value))));
    },
  };
}
