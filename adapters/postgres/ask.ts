import { answerLimits, openAnswer } from '../sql/answer.ts';
import type { Limits } from '../sql/session-error.ts';
import type { Session } from './session.ts';

/** Runs a statement with a small answer and gives it as text, null for NULL. Not for tables of users. */
export type Ask = (sql: string) => Promise<readonly (readonly (string | null)[])[]>;

export function askSession(session: Session, limits: Limits): Ask {
  return async (sql) => {
    const { rows, add } = openAnswer((value: string) => value);
    await session.run(sql, { columns: answerLimits.columns, onRow: add }, limits);
    return rows;
  };
}
