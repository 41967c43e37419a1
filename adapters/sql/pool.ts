import { type Limits, SessionError } from './session-error.ts';
import { isSameTls, type TlsAccess } from './tls.ts';

/** Where and as whom to connect. */
export interface Access {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  readonly tls: TlsAccess | undefined;
}

export function isSameAccess(left: Access, right: Access): boolean {
  const names = ['host', 'port', 'user', 'password', 'database'] as const;
  return names.every((name) => left[name] === right[name]) && isSameTls(left.tls, right.tls);
}

/** One logged-in connection. */
export interface SqlSession {
  /** Whether the server still answers. */
  ping(limits: Limits): Promise<boolean>;
  /** Closes the socket now; a statement under way rejects. */
  destroy(): void;
  /** Says good-bye to the server and closes. */
  end(): void;
}

/** Connects and logs in, once. */
export type OpenSession<Session extends SqlSession> = (access: Access, limits: Limits) => Promise<Session>;

/**
 * Connections of one hub. One is kept between syncs, so that a sync at rest costs no login; reads of a hub hardly ever overlap,
 * and when they do (a worker that was thought dead) a second connection is the most a server has to bear.
 */
export interface SessionPool<Session extends SqlSession> {
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
/** A connection that nobody needed for so long is given back: its hub may be gone, or be read by another worker now. */
const idleMilliseconds = 15 * 60_000;

interface IdleSlot<Session> {
  take(): Session | undefined;
  /** False when it is taken already. */
  put(session: Session): boolean;
}

function openIdleSlot<Session extends SqlSession>(): IdleSlot<Session> {
  let idle: { readonly session: Session; readonly timer: NodeJS.Timeout } | undefined;
  function take(): Session | undefined {
    const kept = idle;
    idle = undefined;
    clearTimeout(kept?.timer);
    return kept?.session;
  }
  return {
    take,
    put(session) {
      if (idle !== undefined) return false;
      idle = { session, timer: setTimeout(() => take()?.end(), idleMilliseconds).unref() };
      return true;
    },
  };
}

export function openSessionPool<Session extends SqlSession>(
  access: Access,
  open: OpenSession<Session>,
): SessionPool<Session> {
  const idle = openIdleSlot<Session>();
  let lent = 0;
  let isRetired = false;

  async function take(limits: Limits): Promise<Session> {
    const kept = idle.take();
    // The server or a gateway may have dropped it meanwhile, without a word.
    if (kept !== undefined && (await kept.ping(limits))) return kept;
    kept?.destroy();
    return await open(access, limits);
  }

  return {
    access,
    async use(limits, task) {
      if (lent >= maxLent) throw new SessionError('SESSION_POOL_EXHAUSTED');
      lent += 1;
      try {
        const session = await take(limits);
        const result = await orDestroy(session, task);
        if (isRetired || !idle.put(session)) session.end();
        return result;
      } finally {
        lent -= 1;
      }
    },
    retire() {
      isRetired = true;
      idle.take()?.end();
    },
  };
}

async function orDestroy<Session extends SqlSession, Result>(
  session: Session,
  task: (session: Session) => Promise<Result>,
): Promise<Result> {
  try {
    return await task(session);
  } catch (error) {
    session.destroy();
    throw error;
  }
}
