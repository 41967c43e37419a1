import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defaultPayloadConverter, type Payload } from '@temporalio/common';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { firstLine, hostileRequests } from '../../../support/raw-http.ts';
import { keylessCodec, openCodec, readCodecKeys, serveCodec } from '../../../../adapters/temporal/index.ts';

const keys = new Map([
  ['2026-01', randomBytes(32)],
  ['2026-02', randomBytes(32)],
]);
const old = openCodec({ current: '2026-01', keys });
const present = openCodec({ current: '2026-02', keys });
const payloadOf = (value: unknown): Payload => defaultPayloadConverter.toPayload(value) as Payload;
const valueOf = (payload: Payload | undefined): unknown => defaultPayloadConverter.fromPayload(payload as Payload);

describe('adapters/temporal/codec', () => {
  it('gives back what was encoded, and shows nothing of it meanwhile', async () => {
    await fc.assert(
      fc.asyncProperty(fc.jsonValue(), fc.string({ minLength: 8 }), async (value, canary) => {
        const [sealed] = await present.encode([payloadOf({ value, canary })]);
        expect(Buffer.from(sealed?.data ?? []).includes(canary)).toBe(false);
        const [opened] = await present.decode([sealed as Payload]);
        expect(valueOf(opened)).toEqual(JSON.parse(JSON.stringify({ value, canary })));
      }),
      { numRuns: 200 },
    );
  });

  it('reads what an earlier key wrote, and what was written without one', async () => {
    const [before] = await old.encode([payloadOf('text')]);
    const plain = payloadOf('plain');

    expect((await present.decode([before as Payload, plain])).map(valueOf)).toEqual(['text', 'plain']);
    expect(Buffer.from(before?.metadata?.['encryption-key-id'] ?? []).toString()).toBe('2026-01');
  });

  it('refuses a key that is gone by its name, a changed text, and a key id that was swapped', async () => {
    const [sealed] = (await old.encode([payloadOf('text')])) as [Payload];
    const without = openCodec({ current: '2026-02', keys: new Map([['2026-02', keys.get('2026-02') as Uint8Array]]) });
    const changed = {
      ...sealed,
      data: Buffer.from(sealed.data ?? []).map((byte, at) => (at === 20 ? byte ^ 1 : byte)),
    };
    const twins = openCodec({
      current: 'b',
      keys: new Map([
        ['a', keys.get('2026-01')!],
        ['b', keys.get('2026-01')!],
      ]),
    });
    const [mine] = (await twins.encode([payloadOf('text')])) as [Payload];
    const swapped = { ...mine, metadata: { ...mine.metadata, 'encryption-key-id': Buffer.from('a') } };

    await expect(without.decode([sealed])).rejects.toThrow(/key 2026-01 is not among/);
    await expect(present.decode([changed])).rejects.toThrow();
    await expect(twins.decode([swapped])).rejects.toThrow();
  });

  it('without keys passes what nobody encrypted, and refuses the rest in the words it is given', async () => {
    const keyless = keylessCodec(() => new Error('there are no keys'));
    const plain = payloadOf('plain');

    expect(await keyless.decode(await keyless.encode([plain]))).toEqual([plain]);
    await expect(keyless.decode([plain, ...(await present.encode([plain]))])).rejects.toThrow('there are no keys');
  });

  describe('keys', () => {
    const folder = mkdtempSync(join(tmpdir(), 'lynqflow-codec-'));
    afterAll(() => rmSync(folder, { recursive: true }));
    const write = (name: string, text: string) => writeFileSync(join(folder, name), text);

    it('are the files of a mounted Secret; the last by name writes unless another is named', () => {
      mkdirSync(join(folder, '..data'));
      write('2026-01', `${keys.get('2026-01')?.toString('base64')}\n`);
      write('2026-02', keys.get('2026-02')?.toString('base64') ?? '');

      expect(readCodecKeys(folder)).toEqual({ current: '2026-02', keys });
      expect(readCodecKeys(folder, '2026-01').current).toBe('2026-01');
    });

    it('are refused by name, never by content', () => {
      write('short', 'c2hvcnQ=');

      expect(() => readCodecKeys(folder)).toThrow(/key short .* 32 bytes/);
      expect(() => readCodecKeys(folder)).not.toThrow(/c2hvcnQ/);
      expect(() => readCodecKeys(folder, 'absent')).toThrow(/absent is not in .*2026-01, 2026-02/);
    });
  });

  describe('server', () => {
    const origins = ['http://ui.example'];
    const sealedBody = async (value: unknown): Promise<string> => {
      const [{ metadata, data }] = (await present.encode([payloadOf(value)])) as [Payload];
      const entries = Object.entries(metadata ?? {}).map(([key, part]) => [key, Buffer.from(part).toString('base64')]);
      return JSON.stringify({
        payloads: [
          { metadata: Object.fromEntries(entries) as object, data: Buffer.from(data ?? []).toString('base64') },
        ],
      });
    };

    it('decodes for the UI that it knows', async () => {
      const server = await serveCodec({ codec: present, host: '127.0.0.1', port: 0, origins });
      const headers = { origin: 'http://ui.example' };
      const answer = await fetch(`${server.url}/decode`, { method: 'POST', headers, body: await sealedBody('hello') });
      const { payloads } = (await answer.json()) as { payloads: { data: string }[] };
      const preflight = await fetch(`${server.url}/decode`, {
        method: 'OPTIONS',
        headers: { origin: 'http://evil.example' },
      });
      await server.close();

      expect(Buffer.from(payloads[0]?.data ?? '', 'base64').toString()).toBe('"hello"');
      expect(answer.headers.get('access-control-allow-origin')).toBe('http://ui.example');
      expect(preflight.headers.get('access-control-allow-origin')).toBeNull();
    });

    it.each([
      ['localhost', undefined, 200],
      ['LocalHost:8234', undefined, 200],
      ['127.0.0.1:1', undefined, 200],
      ['[::1]:8234', undefined, 200],
      ['localhost', 'http://ui.example', 200],
      ['evil.example', undefined, 403],
      ['evil.example:8234', 'http://evil.example:8234', 403],
      ['evil.example', 'http://ui.example', 403],
      ['localhost.evil.example', undefined, 403],
      ['127.0.0.1.evil.example', undefined, 403],
      ['localhost@evil.example', undefined, 403],
      ['', undefined, 403],
      ['localhost', 'http://evil.example', 403],
      ['localhost', 'null', 403],
    ])('without a token answers a request to %j from %s with %i', async (host, origin, status) => {
      const server = await serveCodec({ codec: present, host: '127.0.0.1', port: 0, origins });
      const body = await sealedBody('hello');
      const from = origin === undefined ? '' : `Origin: ${origin}\r\n`;
      const head = `Host: ${host}\r\n${from}Content-Length: ${body.length}\r\n\r\n`;

      const said = await firstLine(Number(new URL(server.url).port), `POST /decode HTTP/1.1\r\n${head}${body}`);
      await server.close();

      expect(said).toContain(` ${status} `);
    });

    it('with a token answers by any name, and still no page that it does not know', async () => {
      const server = await serveCodec({ codec: present, host: '127.0.0.1', port: 0, origins, token: 'token' });
      const body = await sealedBody('hello');
      const post = (origin: string) =>
        `POST /decode HTTP/1.1\r\nHost: codec.example\r\nOrigin: ${origin}\r\nAuthorization: Bearer token\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
      const port = Number(new URL(server.url).port);

      expect(await firstLine(port, post('http://ui.example'))).toContain(' 200 ');
      expect(await firstLine(port, post('http://evil.example'))).toContain(' 403 ');
      await server.close();
    });

    it('refuses what is no path of it and goes on', async () => {
      const server = await serveCodec({ codec: present, host: '127.0.0.1', port: 0, origins });
      const port = Number(new URL(server.url).port);

      const said: string[] = [];
      for (const bytes of hostileRequests) said.push(await firstLine(port, bytes));
      const { status } = await fetch(`${server.url}/decode`, { method: 'POST', body: await sealedBody('hello') });
      await server.close();

      expect(said.filter((line) => !/^HTTP\/1\.1 (4\d\d|204) /.test(line))).toEqual([]);
      expect(status).toBe(200);
    });

    it.each([
      ['/decode', 'POST', 'Bearer wrong', '{}', 401],
      ['/decode', 'GET', 'Bearer token', undefined, 405],
      ['/other', 'POST', 'Bearer token', '{}', 404],
      ['/decode', 'POST', 'Bearer token', '{', 400],
      ['/decode', 'POST', 'Bearer token', '{"payloads":[1]}', 400],
      [
        '/decode',
        'POST',
        'Bearer token',
        JSON.stringify({ payloads: [{ metadata: { encoding: Buffer.from('binary/encrypted').toString('base64') } }] }),
        422,
      ],
    ])('answers %s %s with %s by its status', async (path, method, authorization, body, status) => {
      const server = await serveCodec({ codec: present, host: '127.0.0.1', port: 0, origins, token: 'token' });
      const init = { method, headers: { authorization }, ...(body === undefined ? {} : { body }) };
      const answer = await fetch(`${server.url}${path}`, init);
      await server.close();

      expect(answer.status).toBe(status);
    });
  });
});
