import type { Duplex } from 'node:stream';
import { SessionError } from './session-error.ts';

/** Largest answer between two rows that is taken in; a row beyond it could not become annotations anyway (256 KiB). */
export const maxRowBytes = 32 * 1024 * 1024;

/** Room for what describes one column of an answer, names of 256 characters included, and for what else comes before the first row. */
const columnBytes = 4_096;
const headerBytes = 64 * 1024;

/** Counts what came since the last row, over all streams that it guards (a socket and the TLS on it). */
export interface StreamGuard {
  /** A statement is sent whose answer has this many columns at most: a description of more is not taken in. */
  asked(columns: number): void;
  columnsSeen(): void;
  rowSeen(): void;
  /**
   * From now on no handler of the stream's data can throw into the event loop, where it would end the process, and an answer larger than any row
   * destroys the stream. Both end the stream with an error.
   */
  guard(stream: Duplex): void;
}

export function openStreamGuard(): StreamGuard {
  let sinceRow = 0;
  let columns: number | undefined;

  function excess(): SessionError | undefined {
    if (columns !== undefined && sinceRow > columns * columnBytes + headerBytes)
      return new SessionError('SESSION_TOO_MUCH');
    return sinceRow > maxRowBytes ? new SessionError('SESSION_ROW_TOO_LARGE') : undefined;
  }

  function take(stream: Duplex, chunk: unknown, deliver: () => boolean): boolean {
    sinceRow += chunk instanceof Uint8Array ? chunk.length : 0;
    try {
      deliver();
    } catch (error) {
      stream.destroy(error instanceof Error ? error : new Error('packet handler threw'));
    }
    const problem = excess();
    if (problem !== undefined) stream.destroy(problem);
    return true;
  }

  return {
    asked(most) {
      sinceRow = 0;
      columns = most;
    },
    columnsSeen() {
      columns = undefined;
    },
    rowSeen() {
      sinceRow = 0;
    },
    guard(stream) {
      const emit: (event: string | symbol, ...values: unknown[]) => boolean = stream.emit.bind(stream);
      stream.emit = (event: string | symbol, ...values: unknown[]): boolean =>
        event === 'data' ? take(stream, values[0], () => emit(event, ...values)) : emit(event, ...values);
    },
  };
}
