import { afterEach, describe, expect, it } from 'vitest';
import { answer, listen, type Listening } from '../../../../adapters/telemetry/http.ts';
import { probe } from '../../../../adapters/telemetry/probes.ts';

describe('adapters/telemetry/http', () => {
  let open: Listening | undefined;
  const errors: unknown[] = [];
  afterEach(() => open?.close());

  async function serve(handlers: Parameters<typeof listen>[0]['handlers']): Promise<string> {
    const address = { kind: 'at', host: '127.0.0.1', port: 0 } as const;
    open = await listen({ address, handlers, onError: (error) => errors.push(error) });
    return `http://127.0.0.1:${open.port}`;
  }

  it('answers GET of a known path only', async () => {
    const url = await serve({ '/metrics': async (_, response) => answer(response, 200, 'here\n') });

    expect(await (await fetch(`${url}/metrics`)).text()).toBe('here\n');
    expect((await fetch(`${url}/metrics`, { method: 'POST' })).status).toBe(405);
    expect((await fetch(`${url}/other`)).status).toBe(404);
  });

  it('answers 503 without the reason when a handler fails, and reports it', async () => {
    const url = await serve({
      '/metrics': async () => {
        throw new Error('secret reason');
      },
    });
    const response = await fetch(`${url}/metrics`);

    expect(response.status).toBe(503);
    expect(await response.text()).not.toContain('secret');
    expect(String(errors.at(-1))).toContain('secret reason');
  });

  it('says ok when all is well, and which check fails how otherwise', async () => {
    const good = { name: 'temporal', problem: () => undefined };
    const bad = { name: 'watches', problem: async () => 'no list' };
    const url = await serve({ '/healthz': probe('healthz', [good]), '/readyz': probe('readyz', [good, bad]) });

    expect(await (await fetch(`${url}/healthz`)).text()).toBe('ok\n');
    expect(await (await fetch(`${url}/healthz?verbose`)).text()).toBe('[+]temporal ok\nhealthz check passed\n');
    const failed = await fetch(`${url}/readyz`);
    expect(failed.status).toBe(503);
    expect(await failed.text()).toBe('[+]temporal ok\n[-]watches failed: no list\nreadyz check failed\n');
  });

  it('takes a check that throws for failed and shows the class of the error only', async () => {
    const url = await serve({
      '/readyz': probe('readyz', [
        {
          name: 'apiserver',
          problem: async () => {
            throw new TypeError('quotes something');
          },
        },
      ]),
    });

    expect(await (await fetch(`${url}/readyz`)).text()).toContain('[-]apiserver failed: TypeError');
  });
});
