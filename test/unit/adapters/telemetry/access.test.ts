import { describe, expect, it } from 'vitest';
import { type AskServer, openAccess } from '../../../../adapters/telemetry/access.ts';

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

    expect(await judge('Bearer token')).toBe('allowed');
    expect(asked).toEqual([
      ['TokenReview', { token: 'token' }],
      ['SubjectAccessReview', { user: 'sa', groups: ['g'], nonResourceAttributes: { path: '/metrics', verb: 'get' } }],
    ]);
  });

  it('asks once for the same token', async () => {
    const asked: unknown[] = [];
    const judge = openAccess(server({ ...known, SubjectAccessReview: { allowed: true } }, asked));
    await judge('Bearer token');
    await judge('Bearer token');

    expect(asked.length).toBe(2);
  });

  it.each([
    [undefined, {}, 'unauthenticated'],
    ['Basic dTpw', known, 'unauthenticated'],
    ['Bearer x', { TokenReview: { authenticated: false } }, 'unauthenticated'],
    ['Bearer x', known, 'forbidden'],
  ] as const)('answers %s with %j by %s', async (header, answers, access) => {
    expect(await openAccess(server(answers))(header)).toBe(access);
  });
});
