import { createServer, type ClientHttp2Session, connect, type Http2Server } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import proto from '@temporalio/proto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { answerAhead } from '../../../support/faults/grpc-clock.ts';
import { type GrpcProxy, openGrpcProxy } from '../../../support/faults/grpc-proxy.ts';

interface Answer {
  readonly body: Buffer;
  readonly status: string | undefined;
}

/** A frontend that answers what it was sent; `Fail` gets an error without a message. */
function openEcho(): Promise<{ server: Http2Server; seen: string[]; address: string }> {
  const seen: string[] = [];
  const server = createServer();
  server.on('stream', (stream, headers) => {
    const parts: Buffer[] = [];
    stream.on('data', (part: Buffer) => parts.push(part));
    stream.on('end', () => {
      seen.push(String(headers[':path']));
      if (String(headers[':path']).endsWith('/Fail')) {
        stream.respond({ ':status': 200, 'grpc-status': '5' }, { endStream: true });
        return;
      }
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
      stream.end(Buffer.concat(parts));
    });
  });
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      resolve({ server, seen, address: `127.0.0.1:${(server.address() as AddressInfo).port}` });
    });
  });
}

describe('test/support/faults/grpc-proxy', () => {
  let echo: Awaited<ReturnType<typeof openEcho>>;
  let proxy: GrpcProxy;
  const clients: ClientHttp2Session[] = [];

  beforeAll(async () => {
    echo = await openEcho();
    proxy = await openGrpcProxy(echo.address);
  });
  afterEach(() => {
    for (const client of clients.splice(0)) client.destroy();
    echo.seen.length = 0;
  });
  afterAll(async () => {
    await proxy.close();
    echo.server.close();
  });

  function open(): ClientHttp2Session {
    const client = connect(`http://${proxy.address}`);
    client.on('error', () => undefined);
    clients.push(client);
    return client;
  }

  function call(client: ClientHttp2Session, method: string, body: string): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const stream = client.request({ ':path': `/service/${method}`, ':method': 'POST', te: 'trailers' });
      const parts: Buffer[] = [];
      let status: string | undefined;
      stream.on('response', (headers) => (status = headers['grpc-status'] as string | undefined));
      stream.on('trailers', (trailers) => (status = trailers['grpc-status'] as string | undefined));
      stream.on('data', (part: Buffer) => parts.push(part));
      stream.on('end', () => resolve({ body: Buffer.concat(parts), status }));
      stream.on('error', reject);
      stream.end(body);
    });
  }

  it('passes calls and answers on, errors too', async () => {
    const client = open();

    expect(await call(client, 'Say', 'x'.repeat(300_000))).toEqual({
      body: Buffer.from('x'.repeat(300_000)),
      status: '0',
    });
    expect(await call(client, 'Fail', 'hello')).toEqual({ body: Buffer.alloc(0), status: '5' });
    expect(proxy.calls.get('Say')).toBe(1);
  });

  it('refuses, empties and holds what a rule is for, as often as it says, and nothing else', async () => {
    const client = open();
    const refused = proxy.add({ methods: ['Say'], about: 'secret', fault: 'refuse', times: 1 });
    expect((await call(client, 'Say', 'no match')).status).toBe('0');
    expect((await call(client, 'Say', 'a secret')).status).toBe('14');
    expect((await call(client, 'Say', 'a secret')).status).toBe('0');
    expect(refused.met()).toBe(1);
    refused.remove();

    const emptied = proxy.add({ methods: ['Count'], fault: 'empty' });
    expect(await call(client, 'Count', 'all')).toEqual({ body: Buffer.alloc(5), status: '0' });
    emptied.remove();
    expect((await call(client, 'Count', 'all')).body.toString()).toBe('all');

    const held = proxy.add({ methods: ['Complete'], fault: 'hold', times: 1 });
    const lost = call(client, 'Complete', 'done').catch(() => undefined);
    expect((await call(client, 'Say', 'meanwhile')).status).toBe('0');
    expect(held.met()).toBe(1);
    client.destroy();
    await lost;
    expect(echo.seen).not.toContain('/service/Complete');
  });

  it('is away and comes back at the same address', async () => {
    const before = open();
    await call(before, 'Say', 'hello');
    await proxy.down();
    await expect(call(open(), 'Say', 'hello')).rejects.toThrow();
    await proxy.up();

    expect((await call(open(), 'Say', 'hello')).status).toBe('0');
  });

  it('tells every time in an answer as late as a clock that is ahead would, and nothing else otherwise', () => {
    const type = proto.temporal.api.workflowservice.v1.PollWorkflowTaskQueueResponse;
    // A number is as good as a Long.
    const at = (seconds: number) => ({ seconds: seconds as never, nanos: 7 });
    const answerOf = (later: number) =>
      type
        .encode({
          attempt: 2,
          startedTime: at(100 + later),
          history: { events: [{ eventId: 1 as never, eventTime: at(50 + later) }] },
        })
        .finish();
    const framed = (message: Uint8Array, isCompressed: boolean): Buffer => {
      const body = isCompressed ? gzipSync(message) : Buffer.from(message);
      const prefix = Buffer.alloc(5, isCompressed ? 1 : 0);
      prefix.writeUInt32BE(body.length, 1);
      return Buffer.concat([prefix, body]);
    };
    for (const isCompressed of [false, true]) {
      const told = answerAhead('PollWorkflowTaskQueue', framed(answerOf(0), isCompressed), 3_600_000);
      expect(told).toEqual(framed(answerOf(3_600), false));
    }
    const unknown = framed(Buffer.from('text'), false);
    expect(answerAhead('NobodyKnowsThis', unknown, 3_600_000)).toEqual(unknown);
  });
});
