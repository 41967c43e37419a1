import { Agent, request } from 'undici';
import { describe, expect, it } from 'vitest';
import { type AskServer, openAccess } from '../../../../adapters/telemetry/access.ts';
import { openMeters, openTelemetry } from '../../../../adapters/telemetry/index.ts';
import { selfSigned } from '../../../../worker/telemetry/certificate.ts';
import { textAt } from '../../../../domain/api/json.ts';
import { silentLogger } from '../../../contract/row-source.server.ts';

const server =
  (answers: Partial<Record<'TokenReview' | 'SubjectAccessReview', object>>, asked: unknown[] = []): AskServer =>
  async (kind, spec) => {
    asked.push([kind, spec]);
    return (answers[kind] ?? {}) as never;
  };
const known = { TokenReview: { authenticated: true, user: { username: 'sa', groups: ['g'] } } };

describe('adapters/telemetry/access', () => {
  it('lets in whom the API server knows and allows to get /metrics', async () => {
    const asked: unknown[] = [];
    const judge = openAccess(server({ ...known, SubjectAccessReview: { allowed: true } }, asked));

    expect(await judge('Bearer token', 'prometheus')).toBe('allowed');
    expect(asked).toEqual([
      ['TokenReview', { token: 'token' }],
      ['SubjectAccessReview', { user: 'sa', groups: ['g'], nonResourceAttributes: { path: '/metrics', verb: 'get' } }],
    ]);
  });

  it('asks once for the same token', async () => {
    const asked: unknown[] = [];
    const judge = openAccess(server({ ...known, SubjectAccessReview: { allowed: true } }, asked));
    await judge('Bearer token', 'prometheus');
    await judge('Bearer token', 'prometheus');

    expect(asked.length).toBe(2);
  });

  it.each([
    [undefined, {}, 'unauthenticated'],
    ['Basic dTpw', known, 'unauthenticated'],
    ['Bearer x', { TokenReview: { authenticated: false } }, 'unauthenticated'],
    ['Bearer x', known, 'forbidden'],
  ] as const)('answers %s with %j by %s', async (header, answers, access) => {
    expect(await openAccess(server(answers))(header, 'somebody')).toBe(access);
  });

  /** An API server that knows the tokens `right…`; `asked` counts its TokenReviews. */
  function reviews(begin: number = Date.now()) {
    const state = { asked: 0, now: begin, away: false };
    const ask: AskServer = async (kind, spec) => {
      if (kind === 'SubjectAccessReview') return { allowed: true };
      state.asked += 1;
      await new Promise((resolve) => setTimeout(resolve, 1));
      if (state.away) throw new Error('no answer');
      return (textAt(spec, 'token') ?? '').startsWith('right') ? { authenticated: true, user: { username: 'sa' } } : {};
    };
    return { state, judge: openAccess(ask, () => state.now) };
  }
  const guesses = (judge: ReturnType<typeof openAccess>, from: string, first: number, count: number) =>
    Promise.all(Array.from({ length: count }, (_, index) => judge(`Bearer guess-${first + index}`, from)));

  it('asks about few wrong tokens of one address, however many come at once, and again after a while', async () => {
    const { state, judge } = reviews();
    const said = await guesses(judge, 'flood', 0, 500);

    expect(state.asked).toBe(20);
    expect(said.filter((access) => access === 'unauthenticated').length).toBe(20);
    expect(said.filter((access) => access === 'flooding').length).toBe(480);
    state.now += 10_000;
    expect(await judge('Bearer guess-1000', 'flood')).toBe('unauthenticated');
  });

  it('lets nobody be locked out by the wrong tokens of another address', async () => {
    const { judge } = reviews();
    await guesses(judge, 'flood', 0, 500);

    expect(await judge('Bearer right', 'prometheus')).toBe('allowed');
  });

  it('goes on with a token that was right, although wrong ones come from the same address', async () => {
    const { state, judge } = reviews();
    expect(await judge('Bearer right', 'shared')).toBe('allowed');
    for (let round = 0; round < 10; round += 1) {
      await guesses(judge, 'shared', round * 500, 500);
      expect(await judge('Bearer right', 'shared')).toBe('allowed');
      state.now += 45_000;
    }
  });

  it('never counts right tokens, and asks once about one that comes many times at once', async () => {
    const { state, judge } = reviews();
    const many = Array.from({ length: 100 }, (_, index) => judge(`Bearer right-${index % 4}`, 'prometheus'));
    expect(new Set(await Promise.all(many))).toEqual(new Set(['allowed']));
    expect(state.asked).toBe(4);
    for (let index = 4; index < 60; index += 1) {
      expect(await judge(`Bearer right-${index}`, 'prometheus')).toBe('allowed');
    }
  });

  it('counts questions that have no answer, and rejects them', async () => {
    const { state, judge } = reviews();
    state.away = true;
    for (let index = 0; index < 20; index += 1)
      await expect(judge(`Bearer right-${index}`, 'flood')).rejects.toThrow('no answer');

    expect(await judge('Bearer right-20', 'flood')).toBe('flooding');
    expect(state.asked).toBe(20);
  });

  it('tells whoever guesses tokens to come back later, and serves the metrics to others meanwhile', async () => {
    const { state } = reviews();
    let port = 0;
    const info = (_: string, fields?: object) => {
      if (fields !== undefined && 'port' in fields) port = Number(fields.port);
    };
    const identity = selfSigned(new Date());
    const telemetry = openTelemetry(openMeters(), {
      metrics: { kind: 'at', host: '127.0.0.1', port: 0 },
      probes: { kind: 'off' },
      identity: () => identity,
      ask: async (kind, { token }) => {
        if (kind === 'SubjectAccessReview') return { allowed: true };
        state.asked += 1;
        return token === 'right' ? { authenticated: true } : {};
      },
      families: async () => [],
      hubExists: () => true,
      alive: [],
      ready: [],
      logger: { ...silentLogger, info },
    });
    await telemetry.start();
    const [flood, prometheus] = ['127.0.0.3', '127.0.0.2'].map(
      (localAddress) => new Agent({ connect: { rejectUnauthorized: false }, localAddress }),
    );
    const get = async (dispatcher: Agent | undefined, token: string) => {
      const headers = { authorization: `Bearer ${token}` };
      const answer = await request(`https://127.0.0.1:${port}/metrics`, { headers, ...(dispatcher && { dispatcher }) });
      await answer.body.dump();
      return { status: answer.statusCode, wait: answer.headers['retry-after'] };
    };
    try {
      for (let guess = 0; guess < 20; guess += 1)
        expect(await get(flood, `guess-${guess}`)).toMatchObject({ status: 401 });
      expect(await get(flood, 'one-more')).toEqual({ status: 429, wait: '10' });
      expect(await get(prometheus, 'right')).toMatchObject({ status: 200 });
      expect(state.asked).toBe(21);
    } finally {
      await Promise.all([flood?.close(), prometheus?.close(), telemetry.close()]);
    }
  });
});
