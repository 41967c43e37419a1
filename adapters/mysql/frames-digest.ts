import { createHash } from 'node:crypto';

/** In front of each row: three bytes of its length, lowest first, and one that counts. */
const frameSize = 4;

/** A row as long as this comes in several frames, which the library joins. */
const joinedLength = 0xff_ff_ff;

/**
 * Hash over the rows of one read, in the order and the bytes in which the server sent them: two reads with equal digests had equal rows. Rows that lie one after
 * the other in what was received go into it at once, with the frames between them, since to copy each would cost more than all the rest of a row; for the
 * first of them the frame is made again, so that it does not matter how the bytes were cut on their way. Kept in memory and nowhere else.
 */
export class FramesDigest {
  private readonly hash = createHash('sha256');
  private received: Buffer | undefined;
  private from = 0;
  private to = 0;

  /**
   * One row: its bytes, from `start` to before `end`, behind the frame that they came in. They must stay as they are until the next row is added: what a
   * socket has received is used once.
   */
  add(bytes: Buffer, start: number, end: number): void {
    if (bytes !== this.received || start !== this.to + frameSize) {
      this.flush();
      this.hash.update(frameOf(bytes, start, end));
      this.received = bytes;
      this.from = start;
    }
    this.to = end;
  }

  /** The digest; nothing may be added afterwards. */
  finish(): string {
    this.flush();
    return this.hash.digest('base64url');
  }

  private flush(): void {
    if (this.received !== undefined) this.hash.update(this.received.subarray(this.from, this.to));
    this.received = undefined;
  }
}

/** Of a row that came in pieces the library keeps no more of the frame than the byte that counts. */
function frameOf(bytes: Buffer, start: number, end: number): Buffer {
  const length = end - start;
  const frame = Buffer.alloc(length < joinedLength ? frameSize : frameSize + 4);
  frame.writeUIntLE(Math.min(length, joinedLength), 0, 3);
  frame[3] = bytes[start - 1] ?? 0;
  if (length >= joinedLength) frame.writeUInt32LE(length, frameSize);
  return frame;
}
