import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import type { HintOutcome } from '../../../../worker/notify/hints.ts';
import { type NotifyParts, type NotifyServer, openNotifyServer } from '../../../../worker/notify/server.ts';
import { silentLogger } from '../../../contract/row-source.server.ts';
import { firstLine, hostileRequests } from '../../../support/raw-http.ts';

const token = 'token-of-sixteen-or-more';

describe('worker/notify/server', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lynqflow-notify-'));
  const opened: NotifyServer[] = [];
  const hinted: string[] = [];
  afterEach(async () => {
    for (const server of opened.splice(0)) await server.close();
    hinted.length = 0;
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  async function open(change: Partial<NotifyParts> = {}, outcome: HintOutcome = { kind: 'accepted' }) {
    const server = await openNotifyServer({
      host: '127.0.0.1',
      port: 0,
      token: { kind: 'text', text: token },
      hint: async ({ namespace, hub }) => {
        hinted.push(`${namespace}/${hub}`);
        return outcome;
      },
      logger: silentLogger,
      ...change,
    });
    opened.push(server);
    return (path: string, given: string | undefined = `Bearer ${token}`, method = 'POST') =>
      fetch(`http://127.0.0.1:${server.port}${path}`, {
        method,
        headers: given === undefined ? {} : { authorization: given },
      });
  }

  it('takes a hint with the token, with or without a row', async () => {
    const post = await open();

    expect((await post('/v1/notify/lynq-system/tenants')).status).toBe(202);
    expect((await post('/v1/notify/lynq-system/tenants?uid=acme-corp')).status).toBe(202);
    expect(hinted).toEqual(['lynq-system/tenants', 'lynq-system/tenants']);
  });

  it.each([
    ['no header', ''],
    ['another token', 'Bearer token-of-sixteen-or-most'],
    ['a token that begins alike', 'Bearer token-of-sixteen'],
    ['another scheme', `Basic ${token}`],
    ['an empty token', 'Bearer '],
  ])('refuses %s with 401, whatever the path, and takes no hint', async (_story, given) => {
    const post = await open();

    for (const path of ['/v1/notify/lynq-system/tenants', '/anything']) {
      const answer = await post(path, given);
      expect(answer.status).toBe(401);
      expect(answer.headers.get('www-authenticate')).toBe('Bearer');
    }
    expect(hinted).toEqual([]);
  });

  it('tells whoever guesses tokens to come back later, and goes on serving those who have it', async () => {
    const post = await open();
    const codes: number[] = [];
    for (let guess = 0; guess < 25; guess += 1)
      codes.push((await post('/v1/notify/a/b', `Bearer guess-${guess}`)).status);

    expect(codes).toEqual([...Array.from({ length: 20 }, () => 401), ...Array.from({ length: 5 }, () => 429)]);
    expect((await post('/v1/notify/a/b')).status).toBe(202);
  });

  it.each([
    '/',
    '/v1/notify',
    '/v1/notify/a',
    '/v1/notify/a/b/c',
    '/v1/notify/A/b',
    '/v1/notify/a/..%2Fb',
    '/v2/notify/a/b',
  ])('has nothing at %s', async (path) => {
    const post = await open();

    expect((await post(path)).status).toBe(404);
    expect(hinted).toEqual([]);
  });

  it('refuses what is no path of it, whoever asks, and goes on', async () => {
    const post = await open();
    const port = opened.at(-1)?.port ?? 0;

    for (const bytes of hostileRequests) expect(await firstLine(port, bytes), bytes).toMatch(/^HTTP\/1\.1 4\d\d /);
    expect((await post('/v1/notify/a/b')).status).toBe(202);
  });

  it('knows POST only', async () => {
    const post = await open();
    const answer = await post('/v1/notify/a/b', '', 'GET');

    expect(answer.status).toBe(401);
    const allowed = await post('/v1/notify/a/b', `Bearer ${token}`, 'GET');
    expect([allowed.status, allowed.headers.get('allow')]).toEqual([405, 'POST']);
  });

  it.each([
    ['unknown', 404],
    ['full', 429],
  ] as const)('answers %s with %i', async (kind, code) => {
    const post = await open({}, { kind });

    expect((await post('/v1/notify/a/b')).status).toBe(code);
  });

  it('answers 503 when the hint could not be taken', async () => {
    const post = await open({ hint: () => Promise.reject(new Error('Temporal is away')) });
    const answer = await post('/v1/notify/a/b');

    expect([answer.status, await answer.text()]).toEqual([503, 'the hint could not be taken; try again\n']);
  });

  it('takes a token that was changed in its file without a restart', async () => {
    const path = join(folder, 'token');
    writeFileSync(path, `${token}\n`);
    const post = await open({ token: { kind: 'file', path } });
    expect((await post('/v1/notify/a/b')).status).toBe(202);
    writeFileSync(path, 'another-token-of-sixteen');

    expect((await post('/v1/notify/a/b')).status).toBe(401);
    expect((await post('/v1/notify/a/b', 'Bearer another-token-of-sixteen')).status).toBe(202);
  });

  it('takes no hint while the file holds no token that is long enough', async () => {
    const path = join(folder, 'short');
    writeFileSync(path, '');
    const post = await open({ token: { kind: 'file', path } });

    expect((await post('/v1/notify/a/b', 'Bearer ')).status).toBe(401);
    writeFileSync(path, 'short');
    expect((await post('/v1/notify/a/b', 'Bearer short')).status).toBe(401);
    expect(hinted).toEqual([]);
  });
});
