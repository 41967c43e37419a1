import { createHash } from 'node:crypto';

/**
 * Hash over the rows of one read, in the order and the bytes in which the server sent them: two reads with equal digests had equal rows. Fed in blocks, since
 * a call of the hash for each row would cost more than all the rest of a row. Kept in memory and nowhere else.
 */
export class RowsDigest {
  private readonly hash = createHash('sha256');
  private readonly block = Buffer.allocUnsafe(blockSize);
  private used = 0;

  /** One row: its bytes, from `start` to before `end`. The length goes first, so that no two series of rows give the same bytes. */
  add(bytes: Buffer, start: number, end: number): void {
    const length = end - start;
    if (this.used + lengthSize + length > blockSize) this.flush();
    this.used = this.block.writeUInt32LE(length, this.used);
    if (this.used + length > blockSize) {
      this.flush();
      this.hash.update(bytes.subarray(start, end));
      return;
    }
    bytes.copy(this.block, this.used, start, end);
    this.used += length;
  }

  /** One row, as texts; null is NULL. */
  addTexts(values: readonly (string | null)[]): void {
    const bytes = Buffer.from(JSON.stringify(values), 'utf8');
    this.add(bytes, 0, bytes.length);
  }

  /** The digest; nothing may be added afterwards. */
  finish(): string {
    this.flush();
    return this.hash.digest('base64url');
  }

  private flush(): void {
    this.hash.update(this.block.subarray(0, this.used));
    this.used = 0;
  }
}

const blockSize = 65_536;
const lengthSize = 4;
