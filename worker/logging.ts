import { asyncLocalStorage } from '@temporalio/activity';
import { DefaultLogger, type LogEntry, type LogLevel, type RuntimeOptions } from '@temporalio/worker';
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

/** What Temporal's lines call what ours name otherwise: one search in the log has to find all of a run. */
const ourNames: Readonly<Record<string, string>> = {
  workflowRunId: 'runId',
  activityType: 'activity',
  workflow_id: 'workflowId',
  run_id: 'runId',
};

/** Of Temporal's native part: what a line may bring along. Anything else, such as a task as a whole, may quote what was sent to a run. */
const coreFields: ReadonlySet<string> = new Set([
  'sdkComponent',
  'target',
  'error',
  'failure',
  'details',
  'namespace',
  'task_queue',
  'workflow_id',
  'run_id',
]);
/** A cause is at the beginning of a failure; what follows can be as long as the task it is about. */
const longestCoreText = 500;

const cut = (text: string): string => (text.length <= longestCoreText ? text : `${text.slice(0, longestCoreText)}…`);

type Meta = Readonly<Record<string, unknown>>;

/** `entry`: the SDK could not read a line of the native part, and has it whole. */
const isOfCore = (meta: Meta): boolean => meta['sdkComponent'] === 'core' || 'entry' in meta;

const named = (meta: Meta): Meta =>
  Object.fromEntries(Object.entries(meta).map(([name, value]) => [ourNames[name] ?? name, value]));

function ofCore(meta: Meta): Meta {
  const texts = Object.entries(meta).flatMap(([name, value]) =>
    coreFields.has(name) && typeof value === 'string' ? [[name, cut(value)]] : [],
  );
  return Object.fromEntries(texts) as Meta;
}

/** The SDK's log lines, in the same stream; its INFO is our debug. */
export function temporalLogger(log: Pino): DefaultLogger {
  return new DefaultLogger('INFO', ({ level, message, meta = {} }: LogEntry) => {
    if (isOfCore(meta)) log[levels[level]](named(ofCore(meta)), cut(message));
    else log[levels[level]](named(meta), message);
  });
}

/** Has the native part of the SDK write through our logger; left alone it prints coloured text beside our lines, whatever the level. */
export function runtimeLogging(log: Pino): Pick<RuntimeOptions, 'logger' | 'telemetryOptions'> {
  const core = log.isLevelEnabled('debug') ? 'INFO' : log.isLevelEnabled('warn') ? 'WARN' : 'ERROR';
  return {
    logger: temporalLogger(log),
    telemetryOptions: { logging: { filter: { core, other: 'ERROR' }, forward: {} } },
  };
}
