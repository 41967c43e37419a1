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
 * Connections of one hub. One is kept between syncs, so that a sync at rest costs hardly a login; reads of a hub hardly ever overlap,
 * and when they do (a worker that was thought dead) a second connection is the most a server has to bear.
 */
export interface SessionPool<Session extends SqlSession> {
  readonly access: Access;
  /**
   * Lends a session that has just answered, and keeps it when `work` ended well and it is not too old; after a failure nobody knows what is still on
   * the wire, so it is destroyed. Makes at most one login attempt: repeated ones lock accounts.
   */
  use<Result>(limits: Limits, work: (session: Session) => Promise<Result>): Promise<Result>;
  /** The same with a session that is there; undefined, without a login, when none is or when it does not answer. */
  useKept<Result>(limits: Limits, work: (session: Session) => Promise<Result>): Promise<Result | undefined>;
  /** Closes what is idle now, and what is lent when it comes back. */
  retire(): void;
}

const maxLent = 2;
/**
 * A connection is not kept for longer, spread so that the hubs of one server do not log in together: a name or a Service that leads to another server
 * now (a fail-over) is followed even while the old one still answers, and a hub that is gone or is read by another worker leaves none behind.
 */
const lifetimeMilliseconds = { shortest: 4 * 60_000, longest: 5 * 60_000 };

/** A session whose time runs from its login. */
interface Ageing<Session> {
  readonly session: Session;
  readonly timer: NodeJS.Timeout;
  isOld: boolean;
}

/** Calls back when the session is old, unless it is closed before. */
function startAgeing<Session>(
  session: Session,
  random: () => number,
  onOld: (ageing: Ageing<Session>) => void,
): Ageing<Session> {
  const { shortest, longest } = lifetimeMilliseconds;
  const grownOld = (): void => {
    ageing.isOld = true;
    onOld(ageing);
  };
  const timer = setTimeout(grownOld, shortest + random() * (longest - shortest)).unref();
  const ageing: Ageing<Session> = { session, timer, isOld: false };
  return ageing;
}

interface IdleSlot<Session> {
  take(): Ageing<Session> | undefined;
  /** Closes what there is no place for any more. */
  put(ageing: Ageing<Session>): void;
  retire(): void;
  /** For a session that has grown old. */
  drop(ageing: Ageing<Session>): void;
}

function openIdleSlot<Session extends SqlSession>(): IdleSlot<Session> {
  let idle: Ageing<Session> | undefined;
  let isRetired = false;
  function take(): Ageing<Session> | undefined {
    const kept = idle;
    idle = undefined;
    return kept;
  }
  return {
    take,
    put(ageing) {
      if (isRetired || ageing.isOld || idle !== undefined) end(ageing);
      else idle = ageing;
    },
    retire() {
      isRetired = true;
      const kept = take();
      if (kept !== undefined) end(kept);
    },
    drop(ageing) {
      if (idle !== ageing) return;
      idle = undefined;
      end(ageing);
    },
  };
}

/** Runs what has a session lent, unless as many have as may. */
function openCounter(): <Result>(lending: () => Promise<Result>) => Promise<Result> {
  let lent = 0;
  return async (lending) => {
    if (lent >= maxLent) throw new SessionError('SESSION_POOL_EXHAUSTED');
    lent += 1;
    try {
      return await lending();
    } finally {
      lent -= 1;
    }
  };
}

export function openSessionPool<Session extends SqlSession>(
  access: Access,
  open: OpenSession<Session>,
  random: () => number = Math.random,
): SessionPool<Session> {
  const idle = openIdleSlot<Session>();
  const counted = openCounter();

  async function takeKept(limits: Limits): Promise<Ageing<Session> | undefined> {
    const kept = idle.take();
    // The server or a gateway may have dropped it meanwhile, without a word.
    if (kept === undefined || (await kept.session.ping(limits))) return kept;
    destroy(kept);
    return undefined;
  }

  async function take(limits: Limits): Promise<Ageing<Session>> {
    return (await takeKept(limits)) ?? startAgeing(await open(access, limits), random, (old) => idle.drop(old));
  }

  async function lend<Result>(ageing: Ageing<Session>, task: (session: Session) => Promise<Result>): Promise<Result> {
    const result = await orDestroy(ageing, task);
    idle.put(ageing);
    return result;
  }

  return {
    access,
    use: (limits, task) => counted(async () => lend(await take(limits), task)),
    useKept: (limits, task) =>
      counted(async () => {
        const kept = await takeKept(limits);
        return kept === undefined ? undefined : lend(kept, task);
      }),
    retire: () => idle.retire(),
  };
}

function end<Session extends SqlSession>({ session, timer }: Ageing<Session>): void {
  clearTimeout(timer);
  session.end();
}

function destroy<Session extends SqlSession>({ session, timer }: Ageing<Session>): void {
  clearTimeout(timer);
  session.destroy();
}

async function orDestroy<Session extends SqlSession, Result>(
  ageing: Ageing<Session>,
  task: (session: Session) => Promise<Result>,
): Promise<Result> {
  try {
    return await task(ageing.session);
  } catch (error) {
    destroy(ageing);
    throw error;
  }
}
