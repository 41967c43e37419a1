import { commandGroups, commands } from '../commands/index.ts';
import { type Host, makeContext } from '../context.ts';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import { globalOptions } from '../global-flags.ts';
import { completionAt, type Place } from './complete.ts';
import { type Candidate, directives, formatAnswer } from './protocol.ts';

/** A person waits with a finger on the Tab key: what a cluster does not say within this time is not offered. */
const patienceMilliseconds = 1_500;

/** Answers a shell that asks what could stand at the end of a line. Says nothing on standard error and never fails: the line is unfinished. */
export async function answerShell(argv: readonly string[], host: Host): Promise<ExitCode> {
  const words = argv[0] === '--' ? argv.slice(1) : argv;
  const place = completionAt(words, { commands, groups: commandGroups });
  if (place.offer.kind === 'files') host.out.write(formatAnswer([], directives.files));
  else {
    const all = place.offer.kind === 'values' ? place.offer.values : await liveNames(place, host);
    const matching = all.filter(({ value }) => value.startsWith(place.partial) && !isWhole(value, place.partial));
    // A value follows at once.
    const goesOn = matching.some(({ value }) => value.endsWith('='));
    host.out.write(formatAnswer(matching, goesOn ? directives.noFilesNoSpace : directives.noFiles));
  }
  return exitCodes.ok;
}

/** `NAME=` is there already, and nobody knows the value. */
const isWhole = (value: string, partial: string): boolean => value.endsWith('=') && partial === value;

async function liveNames({ offer, globals }: Place, host: Host): Promise<readonly Candidate[]> {
  if (offer.kind !== 'live') return [];
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<readonly Candidate[]>((resolve) => {
    timer = setTimeout(() => resolve([]), patienceMilliseconds);
  });
  try {
    const { findNames } = await import('./names.ts');
    const options = { ...globalOptions({ ...globals, timeout: undefined }), timeoutMilliseconds: patienceMilliseconds };
    const context = makeContext(host, options, 'lynq');
    return await Promise.race([findNames(context, offer.of, offer.args), late]);
  } catch {
    return [];
  } finally {
    clearTimeout(timer);
  }
}
