import { describe, expect, it } from 'vitest';
import type { Ask } from '../../../../adapters/postgres/ask.ts';
import { readIdentity } from '../../../../adapters/postgres/identity.ts';
import type { PostgresReadPlan } from '../../../../adapters/postgres/statement.ts';

const plan: PostgresReadPlan = {
  schema: 'public',
  table: 'nodes',
  title: 'public.nodes',
  columns: [],
  select: '',
  count: '',
};

/** A primary that answers the question for its timeline with this error, or tells it, and has this address. */
function aPrimary(answer: { readonly code: string } | { readonly timeline: string }, address = '10.0.0.1') {
  const asked: string[] = [];
  const ask: Ask = async (sql) => {
    asked.push(sql);
    if (sql.includes('pg_is_in_recovery')) return [['f']];
    if (sql.includes('inet_server_addr')) return [[address, '5432']];
    if (!sql.includes('pg_walfile_name')) return [];
    if ('timeline' in answer) return [[answer.timeline]];
    throw Object.assign(new Error('refused'), answer);
  };
  return { ask, asked };
}

describe('adapters/postgres/identity', () => {
  it.each(['42501', '42883', '55000', '0A000'])(
    'knows a primary that does not tell its timeline (%s) by its address, within the same snapshot',
    async (code) => {
      const { ask, asked } = aPrimary({ code });
      const { hash } = await readIdentity(ask, plan);

      expect((await readIdentity(aPrimary({ code }).ask, plan)).hash).toBe(hash);
      expect((await readIdentity(aPrimary({ code }, '10.0.0.2').ask, plan)).hash).not.toBe(hash);
      expect(asked.filter((sql) => /SAVEPOINT/.test(sql))).toEqual([
        'SAVEPOINT untold',
        'ROLLBACK TO SAVEPOINT untold',
      ]);
    },
  );

  it('knows one that tells its timeline by that, whatever its address', async () => {
    const hashOf = async (timeline: string, address: string) =>
      (await readIdentity(aPrimary({ timeline }, address).ask, plan)).hash;

    expect(await hashOf('00000001', '10.0.0.1')).toBe(await hashOf('00000001', '10.0.0.2'));
    expect(await hashOf('00000001', '10.0.0.1')).not.toBe(await hashOf('00000002', '10.0.0.1'));
  });

  it('takes a read that is cut for no answer', async () => {
    await expect(readIdentity(aPrimary({ code: '57014' }).ask, plan)).rejects.toMatchObject({ code: '57014' });
  });
});
