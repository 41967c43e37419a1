import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { StackError } from './errors.ts';
import { defaultKubernetes, kubernetesReleases } from './kubernetes-release.ts';
import type { ServerStatus } from './stack.ts';
import { TemporalStore } from './state.ts';

export const usage = `Usage: npm run --silent stack -- COMMAND [--data DIR]

  up       start what is not running and return when all is ready; builds the servers the first time (minutes)
             --temporal-store memory|file   where Temporal keeps workflows (default: as last time, else memory)
  down     end every server that "up" started; the data stays
             --purge                        delete the data as well
  status   show each server; exit code 0 when all run, 1 when not
  env      print the variables for a shell: eval "$(npm run --silent stack -- env)"

  --data DIR   the folder of this stack (default: .stack in the checkout); another folder is another stack

  LYNQ_STACK_KUBERNETES=${kubernetesReleases.join('|')} in the environment: the Kubernetes of a new stack (default: ${defaultKubernetes})
`;

/** A command line, understood. */
export type Command =
  | { readonly kind: 'up'; readonly dataDir: string; readonly temporalStore: TemporalStore | undefined }
  | { readonly kind: 'down'; readonly dataDir: string; readonly purge: boolean }
  | { readonly kind: 'status'; readonly dataDir: string }
  | { readonly kind: 'env'; readonly dataDir: string }
  | { readonly kind: 'help' };

/** Where relative paths start and which folder is used without `--data`. */
export interface Folders {
  readonly cwd: string;
  readonly defaultData: string;
}

/** Reads the arguments; throws `usage` for what it does not know. */
export function parseCommand(args: readonly string[], folders: Folders): Command {
  const { values, positionals } = parse(args);
  const [verb] = positionals;
  if (values.help === true || verb === undefined || verb === 'help') return { kind: 'help' };
  requireFits(values, positionals);
  const dataDir = values.data === undefined ? folders.defaultData : resolve(folders.cwd, values.data);
  switch (verb) {
    case 'up':
      return { kind: 'up', dataDir, temporalStore: parseStore(values['temporal-store']) };
    case 'down':
      return { kind: 'down', dataDir, purge: values.purge === true };
    case 'status':
    case 'env':
      return { kind: verb, dataDir };
    default:
      throw usageError(`There is no command "${verb}".`);
  }
}

function requireFits(values: ReturnType<typeof parse>['values'], positionals: readonly string[]): void {
  const [verb] = positionals;
  if (positionals.length > 1) throw usageError(`One command at a time, not "${positionals.join(' ')}".`);
  if (values.purge === true && verb !== 'down') throw usageError('--purge goes with "down" only.');
  if (values['temporal-store'] !== undefined && verb !== 'up')
    throw usageError('--temporal-store goes with "up" only.');
}

const options = {
  data: { type: 'string' },
  purge: { type: 'boolean' },
  'temporal-store': { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (error) {
    throw usageError(error instanceof Error ? error.message : String(error));
  }
}

function parseStore(text: string | undefined): TemporalStore | undefined {
  if (text === undefined) return undefined;
  const parsed = TemporalStore.safeParse(text);
  if (!parsed.success) throw usageError(`--temporal-store is memory or file, not "${text}".`);
  return parsed.data;
}

function usageError(reason: string): StackError {
  return new StackError({ kind: 'usage', reason: `${reason}\n\n${usage}` });
}

/** The table of `status`, one line for each server under a heading. */
export function statusTable(rows: readonly ServerStatus[]): readonly string[] {
  const cells = [
    ['SERVER', 'PID', 'STATE', 'ADDRESS'],
    ...rows.map(({ name, pid, state, address }) => [name, pid === undefined ? '-' : String(pid), state, address]),
  ];
  const widths = [0, 1, 2].map((column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  return cells.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
