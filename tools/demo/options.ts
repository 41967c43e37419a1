import { parseArgs } from 'node:util';
import { resolve } from 'node:path';
import { ToolError } from './failure.ts';

export const usage = `Usage: npm run demo [-- OPTION ...]

Plays the story of examples/multi-tier on an embedded stack of its own and stays up until Ctrl-C.

  --once       end after the story: everything is stopped and its data deleted
  --keep       go on with the data of the last demo instead of starting from nothing, and keep it at the end
  --own        play a shorter story on servers of yours: KUBECONFIG, TEMPORAL_ADDRESS and LYNQ_MYSQL_URL name them; they are shown
               and you are asked before anything is done, and everything is taken away again
  --yes        with --own: do not ask
  --data DIR   the folder of this demo (default: .stack/demo in the checkout)
  --help       show this
`;

export interface DemoOptions {
  readonly once: boolean;
  readonly keep: boolean;
  /** On servers of the person instead of a stack of our own. */
  readonly own: boolean;
  readonly yes: boolean;
  readonly dataDir: string;
}

/** Where relative paths start and which folder is used without `--data`. */
export interface Folders {
  readonly cwd: string;
  readonly defaultData: string;
}

/** Reads the arguments; undefined when help was asked for. */
export function parseOptions(args: readonly string[], folders: Folders): DemoOptions | undefined {
  const values = parse(args);
  if (values.help === true) return undefined;
  return {
    once: values.once === true,
    keep: values.keep === true,
    own: values.own === true,
    yes: values.yes === true,
    dataDir: values.data === undefined ? folders.defaultData : resolve(folders.cwd, values.data),
  };
}

const options = {
  once: { type: 'boolean' },
  keep: { type: 'boolean' },
  own: { type: 'boolean' },
  yes: { type: 'boolean' },
  data: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options, strict: true }).values;
  } catch (error) {
    throw new ToolError(error instanceof Error ? error.message : String(error), {
      fix: 'npm run demo -- --help lists the options',
    });
  }
}
