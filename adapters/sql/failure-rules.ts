import { type FailureType, LynqFailure } from '../../domain/failures.ts';
import type { Place } from './row-source.ts';
import type { SessionErrorCode } from './session-error.ts';
import { TlsError, tlsProblem } from './tls.ts';

/**
 * What a failed exchange with a SQL server means, decided by numbers and codes alone. The server's own text is never read or passed on: it can quote
 * row values. Each server adds its own codes to these.
 */
export interface FailureRule {
  readonly type: FailureType;
  /** What is wrong and what to do. */
  readonly text: (place: Place) => string;
}

export type FailureRules = Readonly<Partial<Record<string | number, FailureRule>>>;

/** Block of the hub's source, as its user writes it. */
type SourceBlockName = 'mysql' | 'postgres';

export const serverName = ({ host, port }: Place): string => `${host}:${port}`;

export const busy: FailureRule = {
  type: 'SourceUnreachable',
  text: (place) => `${serverName(place)} takes no more connections at the moment`,
};
export const lost: FailureRule = {
  type: 'SourceUnreachable',
  text: (place) => `the connection to ${serverName(place)} broke`,
};
export const stopped: FailureRule = {
  type: 'SourceIncomplete',
  text: (place) => `the server stopped reading ${place.table}; it is read again`,
};
export const missingColumns: FailureRule = {
  type: 'SourceShapeWrong',
  text: (place) => `table ${place.table} has not all mapped columns: correct valueMappings or extraValueMappings`,
};
const refused: FailureRule = {
  type: 'SourceUnreachable',
  text: (place) => `${serverName(place)} cannot be reached: check host, port, network policy and that the server runs`,
};

export function noDatabase(block: SourceBlockName): FailureRule {
  return {
    type: 'SourceShapeWrong',
    text: (place) =>
      `${serverName(place)} has no database ${place.database}: create it or correct source.${block}.database`,
  };
}

export function noTls(block: SourceBlockName): FailureRule {
  return {
    type: 'SourceDenied',
    text: (place) =>
      `${serverName(place)} does not speak TLS, which source.${block}.tls asks for: nothing was sent; set the server up for TLS`,
  };
}

/** Codes of the operating system. */
export function networkRules(block: SourceBlockName): FailureRules {
  const unknownHost: FailureRule = {
    type: 'SourceUnreachable',
    text: (place) => `host name ${place.host} is not known: check source.${block}.host`,
  };
  return {
    ECONNREFUSED: refused,
    ETIMEDOUT: refused,
    EHOSTUNREACH: refused,
    ENETUNREACH: refused,
    EADDRNOTAVAIL: refused,
    ENOTFOUND: unknownHost,
    EAI_AGAIN: unknownHost,
    ECONNRESET: lost,
    EPIPE: lost,
  };
}

/** Codes of our own sessions; what a limit and a password in clear mean is told in the words of the server. */
export function sessionRules(own: {
  readonly overTime: FailureRule;
  readonly clearPassword: FailureRule;
}): FailureRules {
  return {
    SESSION_ABORTED: { type: 'SourceIncomplete', text: (place) => `reading ${place.table} was cancelled` },
    SESSION_OVERTIME: own.overTime,
    SESSION_ROW_TOO_LARGE: {
      type: 'SourceShapeWrong',
      text: (place) => `a row of ${place.table} is larger than 32 MiB: map smaller columns`,
    },
    SESSION_TOO_MUCH: {
      type: 'SourceShapeWrong',
      text: (place) =>
        `${serverName(place)} sends more than it was asked for, reading ${place.table}: check that it is the server that is meant`,
    },
    SESSION_OUT_OF_ORDER: stopped,
    SESSION_CLEAR_PASSWORD: own.clearPassword,
    SESSION_POOL_EXHAUSTED: {
      type: 'SourceUnreachable',
      text: (place) => `earlier reads of hub ${place.hub} from ${serverName(place)} are still under way`,
    },
  } satisfies Record<SessionErrorCode, FailureRule>;
}

/** Text code of an error: of the server, the operating system, a library or one of our sessions. */
export function codeOf(error: unknown): string | undefined {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return typeof code === 'string' && /^[A-Z0-9][A-Z0-9_]*$/.test(code) ? code : undefined;
}

export interface FailedExchange {
  readonly error: unknown;
  readonly place: Place;
  readonly phase: 'connect' | 'read';
  /** What the error calls itself, and the rule for that. */
  readonly cause: string | number;
  readonly rule: FailureRule | undefined;
}

/**
 * The failure for an error of a library or the socket. One that is ours passes through. A server that is not trusted is one attempt per sync, like a
 * refused login: nothing changes until a person acts. Without a rule it is SourceIncomplete once the server was reached, else SourceUnreachable:
 * both are retried and neither allows a plan.
 */
export function failureOf({ error, place, phase, cause, rule }: FailedExchange): LynqFailure {
  if (error instanceof LynqFailure) return error;
  const detail = { hub: place.hub, server: serverName(place), table: place.table, error: cause };
  const said = (type: FailureType, text: string): LynqFailure =>
    new LynqFailure(type, `${text} (error ${cause})`, detail);
  if (error instanceof TlsError)
    return said('SourceDenied', `${serverName(place)} cannot be trusted, nothing was sent to it: ${tlsProblem(error)}`);
  if (rule !== undefined) return said(rule.type, rule.text(place));
  return phase === 'connect'
    ? said('SourceUnreachable', `${serverName(place)} did not let us in`)
    : said('SourceIncomplete', `reading ${place.table} from ${serverName(place)} failed`);
}
