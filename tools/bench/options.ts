import { parseArgs } from 'node:util';
import { resolve } from 'node:path';
import { ToolError } from '../demo/failure.ts';

export const usage = `Usage: npm run bench [-- OPTION ...]

Measures on an embedded stack of its own, each benchmark against its floor in the same run.

  --only NAMES  names of benchmarks, separated by commas (default: all)
  --json FILE   write the results as {"B0":{"ratio":1.5,...}}
  --rows N      another number of rows; below the stated one the exit code is 2
  --data DIR    the folder of the stack (default: .stack/bench in the checkout)
  --help        show this

Exit code: 0 measured, also when above a limit (the line says so); 2 measured below the stated size; 1 a failure.
`;

export interface BenchOptions {
  readonly only: readonly string[];
  readonly json: string | undefined;
  readonly rows: number | undefined;
  readonly dataDir: string;
}

export interface Folders {
  readonly cwd: string;
  readonly defaultData: string;
}

/** Reads the arguments; undefined when help was asked for. `known` are the names of the benchmarks there are. */
export function parseOptions(
  args: readonly string[],
  folders: Folders,
  known: readonly string[],
): BenchOptions | undefined {
  const values = parse(args);
  if (values.help === true) return undefined;
  return {
    only: values.only === undefined ? known : parseNames(values.only, known),
    json: values.json === undefined ? undefined : resolve(folders.cwd, values.json),
    rows: values.rows === undefined ? undefined : parseRows(values.rows),
    dataDir: values.data === undefined ? folders.defaultData : resolve(folders.cwd, values.data),
  };
}

const options = {
  only: { type: 'string' },
  json: { type: 'string' },
  rows: { type: 'string' },
  data: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;

const fix = 'npm run bench -- --help lists the options';

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options, strict: true }).values;
  } catch (error) {
    throw new ToolError(error instanceof Error ? error.message : String(error), { fix });
  }
}

function parseNames(text: string, known: readonly string[]): readonly string[] {
  const names = [...new Set(text.split(',').map((name) => name.trim()))];
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length === 0) return names;
  throw new ToolError(`there is no benchmark ${unknown.join(', ')}`, { fix: `choose from ${known.join(', ')}` });
}

function parseRows(text: string): number {
  const rows = /^\d+$/.test(text) ? Number(text) : 0;
  if (rows >= 1 && rows <= 100_000) return rows;
  throw new ToolError(`--rows ${text} is not a number from 1 to 100000`, { fix });
}
