import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { type Ended, run } from '../e2e/programs.ts';
import { root } from './blocks.ts';

/** A shell in the checkout with the programs that the pages name, and nothing of the environment of the tests. */
export interface DocsShell {
  readonly environment: Readonly<Record<string, string>>;
  /** Runs a script as a person would type it; ends at the first command that fails. */
  run(script: string): Promise<Ended>;
  /** @throws with all that was printed when it does not end with 0. */
  well(script: string): Promise<Ended>;
}

export interface ShellOptions {
  /** Where programs and files of the shell are put. */
  readonly folder: string;
  /** By the name that is typed. */
  readonly programs: Readonly<Record<string, string>>;
  readonly environment: Readonly<Record<string, string>>;
}

export function openDocsShell({ folder, programs, environment }: ShellOptions): DocsShell {
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  for (const [name, program] of Object.entries(programs)) symlinkSync(program, join(bin, name));
  const script = (name: string, text: string): void => {
    writeFileSync(join(bin, name), `#!/bin/sh\n${text}\n`);
    chmodSync(join(bin, name), 0o755);
  };
  // npx asks the registry; the command it would find is this one.
  script('npx', `shift\nexec node ${root}/bin/lynq.mjs "$@"`);
  script('lynq', `exec node ${root}/bin/lynq.mjs "$@"`);
  const all = { HOME: folder, ...environment, PATH: `${bin}:${process.env['PATH']}` };
  const shell = (text: string): Promise<Ended> => run('bash', ['-euo', 'pipefail', '-c', text], all);
  return {
    environment: all,
    run: shell,
    well: async (text) => {
      const ended = await shell(text);
      expect(ended, `${ended.stdout}\n${ended.stderr}`).toMatchObject({ code: 0 });
      return ended;
    },
  };
}
