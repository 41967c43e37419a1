import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';

export interface Call {
  readonly url: string;
  readonly method?: 'GET' | 'POST';
  readonly body?: unknown;
  readonly token?: string;
  /** PEM of the authority to trust; without it the certificate of a loopback https address is not checked. */
  readonly ca?: string;
}

export interface Answer {
  readonly status: number;
  readonly text: string;
}

const timeoutMs = 5_000;

/** One HTTP call to a server of the stack, never through a proxy. Rejects when there is no answer within 5 s. */
export async function call(options: Call): Promise<Answer> {
  const body = options.body === undefined ? undefined : JSON.stringify(options.body);
  const secure = options.url.startsWith('https:');
  const send = secure ? httpsRequest : httpRequest;
  const headers: Record<string, string> = { accept: 'application/json' };
  if (options.token !== undefined) headers['authorization'] = `Bearer ${options.token}`;
  if (body !== undefined) headers['content-type'] = 'application/json';
  const tls = secure ? (options.ca === undefined ? { rejectUnauthorized: false } : { ca: options.ca }) : {};
  return new Promise((resolve, reject) => {
    const request = send(
      options.url,
      { method: options.method ?? 'GET', headers, agent: false, timeout: timeoutMs, ...tls },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') }),
        );
      },
    );
    request.on('timeout', () => request.destroy(new Error(`no answer within ${timeoutMs} ms`)));
    request.on('error', reject);
    request.end(body);
  });
}
