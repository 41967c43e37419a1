import { type Access, type Limits, openSession, type Session, SessionError } from './session.ts';

/**
 * Connections of one hub. One is kept between syncs, so that a sync at rest costs no login; reads of a hub hardly ever overlap,
 * and when they do (a worker that was thought dead) a second connection is the most a server has to bear.
 */
export interface SessionPool {
  readonly access: Access;
  /**
   * Lends a session that has just answered, and keeps it when `work` ended well; after a failure nobody knows what is still on
   * the wire, so it is destroyed. Makes at most one login attempt: repeated ones lock accounts.
   */
  use<Result>(limits: Limits, work: (session: Session) => Promise<Result>): Promise<Result>;
  /** Closes what is idle now, and what is lent when it comes back. */
  retire(): void;
}

const maxLent = 2;

export function openSessionPool(access: Access): SessionPool {
  let idle: Session | undefined;
  let lent = 0;
  let isRetired = false;

  async function take(limits: Limits): Promise<Session> {
    const kept = idle;
    idle = undefined;
    // The server or a gateway may have dropped it meanwhile, without a word.
    if (kept !== undefined && (await kept.ping(limits))) return kept;
    kept?.destroy();
    return await openSession(access, limits);
  }

  function keep(session: Session): void {
    if (isRetired || idle !== undefined) session.end();
    else idle = session;
  }

  return {
    access,
    async use(limits, task) {
      if (lent >= maxLent) throw new SessionError('SESSION_POOL_EXHAUSTED');
      lent += 1;
      try {
        const session = await take(limits);
        const result = await orDestroy(session, task);
        keep(session);
        return result;
      } finally {
        lent -= 1;
      }
    },
    retire() {
      isRetired = true;
      idle?.end();
      idle = undefined;
    },
  };
}

async function orDestroy<Result>(session: Session, task: (session: Session) => Promise<Result>): Promise<Result> {
  try {
    return await task(session);
  } catch (error) {
    session.destroy();
    throw error;
  }
}
