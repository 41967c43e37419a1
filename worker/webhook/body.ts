import type { IncomingMessage } from 'node:http';

/** An object has at most 3 MB, and an update brings two. */
const longestBody = 8 << 20;
/** Of all requests that are being read: what the memory of a worker bears. */
const mostHeld = 64 << 20;

export type BodyRead =
  | { readonly code: 200; readonly text: string }
  | { readonly code: 413 | 503; readonly why: string };

const tooLong: BodyRead = { code: 413, why: 'the request is too long' };
const tooMany: BodyRead = { code: 503, why: 'too many long requests are being read' };

/** Reads bodies of anybody's requests, so many bytes of them at a time. */
export class Bodies {
  private held = 0;

  async read(request: IncomingMessage): Promise<BodyRead> {
    if (Number(request.headers['content-length'] ?? 0) > longestBody) return tooLong;
    const chunks: Buffer[] = [];
    let length = 0;
    try {
      // The connection is still needed for the answer.
      for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
        length += chunk.length;
        this.held += chunk.length;
        if (length > longestBody) return tooLong;
        if (this.held > mostHeld) return tooMany;
        chunks.push(chunk);
      }
      return { code: 200, text: Buffer.concat(chunks).toString('utf8') };
    } finally {
      this.held -= length;
    }
  }
}
