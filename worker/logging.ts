import { asyncLocalStorage } from '@temporalio/activity';
import { DefaultLogger, type LogEntry, type LogLevel } from '@temporalio/worker';
import { type Logger as Pino, pino } from 'pino';
import type { Logger } from '../domain/ports.ts';

/** JSON lines on standard output. */
export function openLogger(level: string): Pino {
  return pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime });
}

/** Which run the line belongs to, when it is written by an activity: `node/<namespace>/<LynqNode>` and the like. */
function ofActivity(): Readonly<Record<string, unknown>> {
  const info = asyncLocalStorage.getStore()?.info;
  if (info === undefined) return {};
  const { workflowId, runId } = info.workflowExecution ?? {};
  return { workflowId, runId, activity: info.activityType, attempt: info.attempt };
}

export function asPort(log: Pino): Logger {
  return {
    info: (message, fields) => log.info({ ...ofActivity(), ...fields }, message),
    warn: (message, fields) => log.warn({ ...ofActivity(), ...fields }, message),
    error: (message, fields) => log.error({ ...ofActivity(), ...fields }, message),
  };
}

const levels: Readonly<Record<LogLevel, 'trace' | 'debug' | 'info' | 'warn' | 'error'>> = {
  TRACE: 'trace',
  DEBUG: 'debug',
  INFO: 'debug',
  WARN: 'warn',
  ERROR: 'error',
};

/** The SDK's log lines, in the same stream; its INFO is our debug. */
export function temporalLogger(log: Pino): DefaultLogger {
  return new DefaultLogger('INFO', ({ level, message, meta }: LogEntry) => log[levels[level]]({ ...meta }, message));
}
