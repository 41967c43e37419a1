import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Access, openSessionPool, type SqlSession } from '../../../../adapters/sql/pool.ts';

const access: Access = { host: 'db', port: 3306, user: 'u', password: 'p', database: 'd', tls: undefined };
const limits = { milliseconds: 1_000, signal: new AbortController().signal };
const minute = 60_000;

describe('adapters/sql/pool', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  /** What became of each login, in their order. */
  function aPool(random: () => number = () => 1) {
    const sessions: ('open' | 'ended' | 'destroyed')[] = [];
    const open = async (): Promise<SqlSession> => {
      const at = sessions.push('open') - 1;
      return {
        ping: async () => true,
        destroy: () => void (sessions[at] = 'destroyed'),
        end: () => void (sessions[at] = 'ended'),
      };
    };
    return { sessions, pool: openSessionPool(access, open, random) };
  }

  it('logs in once for many reads, and anew when the session is five minutes old, however often it is used', async () => {
    const { pool, sessions } = aPool();

    for (let second = 0; second < 299; second += 1) {
      await pool.use(limits, async () => undefined);
      await vi.advanceTimersByTimeAsync(1_000);
    }
    expect(sessions).toEqual(['open']);
    await vi.advanceTimersByTimeAsync(1_000);
    await pool.use(limits, async () => undefined);

    expect(sessions).toEqual(['ended', 'open']);
  });

  it('lends what is kept without a login, and nothing where nothing is kept or answers any more', async () => {
    const { pool, sessions } = aPool();
    expect(await pool.useKept(limits, async () => 'read')).toBeUndefined();
    expect(sessions).toEqual([]);
    await pool.use(limits, async () => undefined);
    expect(await pool.useKept(limits, async () => 'read')).toBe('read');
    expect(await pool.useKept(limits, async () => 'read')).toBe('read');
    await expect(pool.useKept(limits, () => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
    expect(await pool.useKept(limits, async () => 'read')).toBeUndefined();
    expect(sessions).toEqual(['destroyed']);
  });

  it('makes no login while nothing is read', async () => {
    const { pool, sessions } = aPool();
    await pool.use(limits, async () => undefined);

    await vi.advanceTimersByTimeAsync(60 * minute);

    expect(sessions).toEqual(['ended']);
  });

  it('lets a read that is under way end on its session, and logs in for the next one', async () => {
    const { pool, sessions } = aPool();

    const during = await pool.use(limits, async () => {
      await vi.advanceTimersByTimeAsync(20 * minute);
      return [...sessions];
    });
    expect(during).toEqual(['open']);
    expect(sessions).toEqual(['ended']);
    await pool.use(limits, async () => undefined);

    expect(sessions).toEqual(['ended', 'open']);
  });

  it('spreads the ends of sessions over a minute, so that the hubs of one server do not log in together', async () => {
    const { pool, sessions } = aPool(() => 0);
    await pool.use(limits, async () => undefined);
    await vi.advanceTimersByTimeAsync(4 * minute - 1);
    expect(sessions).toEqual(['open']);

    await vi.advanceTimersByTimeAsync(1);

    expect(sessions).toEqual(['ended']);
  });

  it('leaves no timer behind for a session that failed or was given back', async () => {
    const { pool, sessions } = aPool();
    await expect(pool.use(limits, () => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
    await pool.use(limits, async () => undefined);

    pool.retire();

    expect(sessions).toEqual(['destroyed', 'ended']);
    expect(vi.getTimerCount()).toBe(0);
  });
});
