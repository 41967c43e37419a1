import { afterEach, describe, expect, it } from 'vitest';
import { answer, listen, type Listening } from '../../../../adapters/telemetry/http.ts';
import { probe } from '../../../../adapters/telemetry/probes.ts';
import { selfSigned } from '../../../../worker/telemetry/certificate.ts';
import { firstLine, hostileRequests, rawGet } from '../../../support/raw-http.ts';

describe('adapters/telemetry/http', () => {
  let open: Listening | undefined;
  const errors: unknown[] = [];
  afterEach(async () => {
    await open?.close();
    errors.length = 0;
  });

  const address = { kind: 'at', host: '127.0.0.1', port: 0 } as const;
  const handlers = {
    '/healthz': probe('healthz', []),
    '/metrics': async (_request, response) => answer(response, 200, 'here\n'),
  } satisfies Parameters<typeof listen>[0]['handlers'];

  const says = (bytes: string, secure = false): Promise<string> => firstLine(open?.port ?? 0, bytes, secure);

  it.each([
    ['in the clear', false],
    ['by TLS', true],
  ] as const)('refuses what is no path of it and goes on answering, %s', async (_how, secure) => {
    const identity = secure ? selfSigned(new Date()) : undefined;
    open = await listen({ address, identity, handlers, onError: (error) => errors.push(error) });

    for (const bytes of hostileRequests) expect(await says(bytes, secure), bytes).toMatch(/^HTTP\/1\.1 4\d\d /);
    expect(await says(rawGet('/healthz'), secure)).toBe('HTTP/1.1 200 OK');
    expect(await says(rawGet('/healthz?verbose'), secure)).toBe('HTTP/1.1 200 OK');
    expect(await says(rawGet('/metrics?x=//['), secure)).toBe('HTTP/1.1 200 OK');
    expect(errors).toEqual([]);
  });

  it('answers 503 to a handler that throws before it begins, and goes on', async () => {
    const broken = () => {
      throw new Error('at once');
    };
    open = await listen({ address, handlers: { ...handlers, '/broken': broken }, onError: (e) => errors.push(e) });

    expect(await says(rawGet('/broken'))).toMatch(/ 503 /);
    expect(await says(rawGet('/healthz'))).toMatch(/ 200 /);
    expect(String(errors.at(-1))).toContain('at once');
  });
});
