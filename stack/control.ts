import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { StackError } from './errors.ts';
import { isPortFree } from './ports.ts';
import { type Ending, endProcess, isAlive, lastLines, spawnDetached } from './processes.ts';
import type { ServerContext } from './servers/definition.ts';
import { definitionOf } from './servers/table.ts';
import { readState, type ServerName, type ServerRecord, withServer, writeState } from './state.ts';

/** The log of one server. */
export function serverLog(context: Pick<ServerContext, 'paths'>, name: ServerName): string {
  return join(context.paths.logs, `${name}.log`);
}

/** True while the process recorded for the server lives. */
export function isRunning(context: Pick<ServerContext, 'paths'>, name: ServerName): boolean {
  const recorded = readState(context.paths.state)?.servers[name];
  return recorded !== undefined && isAlive(recorded);
}

/** Starts a server unless it runs, and returns when it is ready. Its needs must be ready. */
export async function bringUp(
  context: ServerContext,
  name: ServerName,
  say: (detail: string) => void,
): Promise<'started' | 'was-running'> {
  const definition = definitionOf(name);
  if (isRunning(context, name)) {
    await waitUntilReady(context, name, undefined, say);
    await definition.settle(context);
    return 'was-running';
  }
  await definition.prepare(context);
  await requireFreePorts(context, name);
  const { process, ending } = spawnDetached(definition.command(context), serverLog(context, name));
  if (process === undefined) {
    const why = await ending;
    const reason = why.kind === 'not-begun' ? why.reason : why.how;
    throw new StackError({ kind: 'server-cannot-start', server: name, reason });
  }
  record(context, name, { ...process, startedAt: new Date().toISOString() });
  await waitUntilReady(context, name, ending, say);
  await definition.settle(context);
  return 'started';
}

/** Ends a server and forgets it; does nothing when it is not running. A grace of 0 kills it at once. */
export async function bringDown(
  context: Pick<ServerContext, 'paths'>,
  name: ServerName,
  graceMs?: number,
): Promise<void> {
  const recorded = readState(context.paths.state)?.servers[name];
  if (recorded === undefined) return;
  const gone = await endProcess(recorded, graceMs ?? definitionOf(name).stopWithinMs);
  if (!gone) throw new StackError({ kind: 'wont-stop', server: name, pid: recorded.pid });
  record(context, name, undefined);
}

function record(context: Pick<ServerContext, 'paths'>, name: ServerName, server: ServerRecord | undefined): void {
  const file = context.paths.state;
  const state = readState(file);
  if (state !== undefined) writeState(file, withServer(state, name, server));
}

/** A killed process counts as gone while its last threads still close their sockets. */
const portWaitMs = 3_000;

async function requireFreePorts(context: ServerContext, name: ServerName): Promise<void> {
  for (const portName of definitionOf(name).ports) {
    const port = context.ports[portName];
    const until = performance.now() + portWaitMs;
    while (!(await isPortFree(port))) {
      if (performance.now() > until) throw new StackError({ kind: 'port-in-use', server: name, port });
      await sleep(50);
    }
  }
}

const firstPauseMs = 30;
const longestPauseMs = 500;

async function waitUntilReady(
  context: ServerContext,
  name: ServerName,
  ending: Promise<Ending> | undefined,
  say: (detail: string) => void,
): Promise<void> {
  const { readyWithinMs } = definitionOf(name);
  const startedAt = performance.now();
  const log = serverLog(context, name);
  for (let pause = firstPauseMs; ; pause = Math.min(pause * 1.5, longestPauseMs)) {
    const why = await probe(context, name);
    if (why === undefined) return;
    say(why);
    if (!isRunning(context, name)) {
      const exit = await describeEnding(ending);
      throw new StackError({ kind: 'server-stopped', server: name, exit, log, lastLines: lastLines(log, 15) });
    }
    const waitedMs = performance.now() - startedAt;
    if (waitedMs > readyWithinMs) {
      const problem = { server: name, waitedMs, lastAnswer: why, log, lastLines: lastLines(log, 15) };
      throw new StackError({ kind: 'server-not-ready', ...problem });
    }
    await sleep(pause);
  }
}

/** Undefined when ready, else why not. A refused connection or a missing file is an ordinary answer of a starting server. */
async function probe(context: ServerContext, name: ServerName): Promise<string | undefined> {
  try {
    const answer = await definitionOf(name).probe(context);
    return answer.kind === 'ready' ? undefined : answer.why;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

async function describeEnding(ending: Promise<Ending> | undefined): Promise<string> {
  const how = await Promise.race([ending, sleep(1_000)]);
  if (how === undefined) return 'how is not known';
  return how.kind === 'ended' ? how.how : how.reason;
}
