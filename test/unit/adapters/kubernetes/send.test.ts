import { describe, expect, it } from 'vitest';
import { createSend } from '../../../../adapters/kubernetes/send.ts';
import { systemTiming } from '../../../../adapters/kubernetes/timing.ts';
import { createTransport, type ApiRequest } from '../../../../adapters/kubernetes/transport.ts';
import { createRequestMeter } from '../../../../adapters/kubernetes/counters.ts';
import { localServer, scriptedServer, statusAnswer, type Scripted } from './support.ts';

const read: ApiRequest = { verb: 'get', method: 'GET', path: '/api/v1/x' };
const ok: Scripted = { code: 200, body: { fine: true } };
const busy = statusAnswer(503, { reason: 'ServiceUnavailable', message: 'busy' });

describe('adapters/kubernetes/send', () => {
  it.each([
    ['a broken connection', { error: 'ECONNRESET' }],
    ['a refused connection', { error: 'ECONNREFUSED' }],
    ['a 500', statusAnswer(500, { reason: 'InternalError', message: 'x' })],
    ['a 502 page', { code: 502, text: '<html>' }],
    ['a 503', busy],
    ['a 504', statusAnswer(504, { reason: 'Timeout', message: 'x' })],
  ] as const)('sends an idempotent request again after %s', async (_, failure) => {
    const server = scriptedServer();
    server.answer(failure, failure, failure, ok);
    expect((await server.send(read, 'idempotent')).code).toBe(200);
    expect(server.timing.sleeps).toEqual([200, 400, 800]);
  });

  it('gives up after four tries and says with which code', async () => {
    const server = scriptedServer();
    server.answer(busy, busy, busy, busy, ok);
    await expect(server.send(read, 'idempotent')).rejects.toMatchObject({
      type: 'ClusterUnreachable',
      detail: { verb: 'get', code: '503', tries: 4 },
    });
    expect(server.meter.snapshot()).toEqual([{ verb: 'get', code: '503', count: 4 }]);
  });

  it('leaves half of a pause to chance', async () => {
    const server = scriptedServer();
    server.answer(busy, ok);
    const timing = { ...server.timing, random: () => 0, sleeps: [] };
    await createSend(server.transport, timing)(read, 'idempotent');
    expect(server.timing.sleeps).toEqual([100]);
  });

  it.each([
    ['a broken connection', { error: 'ECONNRESET' }],
    ['a 500', statusAnswer(500, { reason: 'InternalError', message: 'x' })],
    ['a 503', busy],
  ] as const)('does not send a create again after %s', async (_, failure) => {
    const server = scriptedServer();
    server.answer(failure, ok);
    await expect(server.send({ ...read, method: 'POST' }, 'once')).rejects.toMatchObject({
      type: 'ClusterUnreachable',
    });
    expect(server.timing.sleeps).toEqual([]);
  });

  it.each(['ECONNREFUSED', 'ENOTFOUND', 'UND_ERR_CONNECT_TIMEOUT'])(
    'sends a create again after %s, which cannot have reached the server',
    async (error) => {
      const server = scriptedServer();
      server.answer({ error }, ok);
      expect((await server.send({ ...read, method: 'POST' }, 'once')).code).toBe(200);
    },
  );

  it('sends a create again that met others at a quota', async () => {
    const server = scriptedServer();
    const race = statusAnswer(409, {
      reason: 'Conflict',
      message: 'x',
      details: { name: 'quo', kind: 'resourcequotas' },
    });
    server.answer(race, ok);
    expect((await server.send({ ...read, method: 'POST' }, 'once')).code).toBe(200);
  });

  it('does not try a bad certificate again', async () => {
    const server = scriptedServer();
    server.answer({ error: 'CERT_HAS_EXPIRED' }, ok);
    await expect(server.send(read, 'idempotent')).rejects.toMatchObject({
      message: 'The API server is not believed over TLS (CERT_HAS_EXPIRED).',
      detail: { code: 'CERT_HAS_EXPIRED', tries: 1, tls: 'failed' },
    });
  });

  it('waits as long as the server asks, by header or status', async () => {
    const server = scriptedServer();
    server.answer(
      { code: 503, headers: { 'retry-after': '3' } },
      statusAnswer(500, { reason: 'ServerTimeout', details: { retryAfterSeconds: 5 } }),
      ok,
    );
    await server.send(read, 'idempotent');
    expect(server.timing.sleeps).toEqual([3_000, 5_000]);
  });

  it('leaves a long wait to the caller', async () => {
    const server = scriptedServer();
    server.answer({ code: 503, headers: { 'retry-after': '60' } }, ok);
    await expect(server.send(read, 'idempotent')).rejects.toMatchObject({
      type: 'ClusterUnreachable',
      retryAfterSeconds: 60,
    });
  });

  it.each([
    [{ 'retry-after': '7' }, {}, 7],
    [{}, { details: { retryAfterSeconds: 9 } }, 9],
    [{}, {}, 1],
    [{ 'retry-after': 'Wed, 21 Oct 2015 07:28:00 GMT' }, {}, 1],
  ])('sends any request again after the pause of a 429 (%j %j)', async (headers, status, seconds) => {
    const server = scriptedServer();
    server.answer({ ...statusAnswer(429, { reason: 'TooManyRequests', ...status }), headers } as Scripted, ok);
    expect((await server.send({ ...read, method: 'POST' }, 'once')).code).toBe(200);
    expect(server.timing.sleeps.map((pause) => Math.floor(pause / 1_000))).toEqual([seconds]);
  });

  it.each([
    ['a long pause', '60', 1],
    ['the fourth 429', '2', 4],
  ])('leaves %s to the caller', async (_, seconds, answers) => {
    const server = scriptedServer();
    const refused = { ...statusAnswer(429, { reason: 'TooManyRequests' }), headers: { 'retry-after': seconds } };
    server.answer(...Array.from({ length: answers }, () => refused as Scripted), ok);
    await expect(server.send(read, 'idempotent')).rejects.toMatchObject({
      type: 'ClusterThrottled',
      retryAfterSeconds: Number(seconds),
    });
  });

  it('takes new credentials after a 401, once', async () => {
    const server = scriptedServer();
    const denied = statusAnswer(401, { reason: 'Unauthorized', message: 'Unauthorized' });
    server.answer(denied, ok, denied, denied, ok);
    expect((await server.send(read, 'once')).code).toBe(200);
    await expect(server.send(read, 'once')).rejects.toMatchObject({ type: 'ClusterForbidden' });
    expect(server.renewals()).toBe(2);
  });

  it.each([400, 403, 404, 409, 410, 422])('hands back %i as it is', async (code) => {
    const server = scriptedServer();
    server.answer(statusAnswer(code, { reason: 'x' }));
    expect((await server.send(read, 'idempotent')).code).toBe(code);
  });

  it('takes the 500 of a wrong apply as the answer it is', async () => {
    const server = scriptedServer();
    server.answer(
      statusAnswer(500, {
        message: 'failed to create typed patch object (a/b; v1, Kind=X): .foo: field not declared in schema',
      }),
      ok,
    );
    expect((await server.send(read, 'idempotent')).code).toBe(500);
  });

  it('ends a request that is not answered in time, and counts it', async () => {
    const server = await localServer(() => undefined);
    const meter = createRequestMeter();
    const limits = { tries: 2, backoff: { first: 1, most: 1 }, timeout: 30, longestWait: 1 };
    const send = createSend(createTransport(server.connection, meter), systemTiming, limits);
    await expect(send(read, 'idempotent')).rejects.toMatchObject({
      type: 'ClusterUnreachable',
      detail: { code: 'timeout', tries: 2 },
    });
    expect(meter.snapshot()).toEqual([{ verb: 'get', code: 'error', count: 2 }]);
    await server.close();
  });

  it('ends a request whose answer stops in the middle', async () => {
    const server = await localServer((_, response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('{"a":');
      setTimeout(() => response.destroy(), 5);
    });
    const limits = { tries: 2, backoff: { first: 1, most: 1 }, timeout: 500, longestWait: 1 };
    const send = createSend(createTransport(server.connection, createRequestMeter()), systemTiming, limits);
    await expect(send(read, 'idempotent')).rejects.toMatchObject({ type: 'ClusterUnreachable' });
    await server.close();
  });

  it('gives up with the reason of the signal, in a request and in a pause', async () => {
    const server = await localServer(() => undefined);
    const send = createSend(createTransport(server.connection, createRequestMeter()), systemTiming);
    const reason = new Error('enough');
    const abort = new AbortController();
    setTimeout(() => abort.abort(reason), 20);
    await expect(send({ ...read, signal: abort.signal }, 'idempotent')).rejects.toBe(reason);
    await server.close();
    const pausing = scriptedServer();
    pausing.answer({ code: 503, headers: { 'retry-after': '9' } });
    const later = new AbortController();
    setTimeout(() => later.abort(reason), 20);
    const slow = createSend(pausing.transport, systemTiming);
    await expect(slow({ ...read, signal: later.signal }, 'idempotent')).rejects.toBe(reason);
  });
});
