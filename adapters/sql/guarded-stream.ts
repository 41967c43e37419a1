import type { Duplex } from 'node:stream';
import { SessionError } from './session-error.ts';

/** Largest answer between two rows that is taken in; a row beyond it could not become annotations anyway (256 KiB). */
export const maxRowBytes = 32 * 1024 * 1024;

/** Counts what came since the last row, over all streams that it guards (a socket and the TLS on it). */
export interface StreamGuard {
  rowSeen(): void;
  /**
   * From now on no handler of the stream's data can throw into the event loop, where it would end the process, and an answer larger than any row
   * destroys the stream. Both end the stream with an error.
   */
  guard(stream: Duplex): void;
}

export function openStreamGuard(): StreamGuard {
  let sinceRow = 0;

  function take(stream: Duplex, chunk: unknown, deliver: () => boolean): boolean {
    sinceRow += chunk instanceof Uint8Array ? chunk.length : 0;
    try {
      deliver();
    } catch (error) {
      stream.destroy(error instanceof Error ? error : new Error('packet handler threw'));
    }
    if (sinceRow > maxRowBytes) stream.destroy(new SessionError('SESSION_ROW_TOO_LARGE'));
    return true;
  }

  return {
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
