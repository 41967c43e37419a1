import { spawnSync } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { cacheRoot } from '../../stack/paths.ts';

/** What the reference cannot do; the message says what to do about it. */
export class ReferenceError extends Error {
  override readonly name = 'ReferenceError';
}

const sources = fileURLToPath(new URL('../../test/template-diff/go/', import.meta.url));
const MAX_OUTPUT = 512 * 1_048_576;

/** What Go made of one template. */
const Answer = z.object({
  text: z.string().optional(),
  value: z.union([z.number(), z.boolean()]).optional(),
  error: z.enum(['parse', 'exec']).optional(),
  goMessage: z.string().optional(),
  unknown: z.boolean().optional(),
});
export type Answer = z.infer<typeof Answer> & { readonly valueText?: string };

export interface Case {
  readonly template: string;
  readonly vars: string;
}

function goVersion(): string {
  const result = spawnSync('go', ['version'], { encoding: 'utf8' });
  if (result.error !== undefined || result.status !== 0) {
    throw new ReferenceError(
      'Go cannot be started (`go version`): install Go 1.24 or newer; there is no comparison without it',
    );
  }
  return result.stdout.trim();
}

/** The program of `test/template-diff/go`, built into the cache folder when its sources or Go have changed. Its path. */
export function buildReference(environment: Readonly<Record<string, string | undefined>>): string {
  const version = goVersion();
  const hash = createHash('sha256').update(version);
  for (const name of readdirSync(sources).sort()) hash.update(name).update(readFileSync(join(sources, name)));
  const folder = join(cacheRoot(environment, homedir()), 'template-reference', hash.digest('hex').slice(0, 20));
  const program = join(folder, 'reference');
  if (existsSync(program)) return program;
  mkdirSync(folder, { recursive: true });
  const unfinished = join(folder, randomUUID());
  const result = spawnSync('go', ['build', '-trimpath', '-o', unfinished, '.'], { cwd: sources, encoding: 'utf8' });
  if (result.status !== 0) throw new ReferenceError(`the Go program cannot be built:\n${result.stderr}`);
  renameSync(unfinished, program);
  return program;
}

/**
 * Go's answers to some cases, in their order. `died` is the case that ended the process: it took too much time or memory, or cannot be
 * stopped in Go; the answers end before it.
 */
export function askGo(
  program: string,
  vars: Readonly<Record<string, unknown>>,
  cases: readonly Case[],
): { readonly answers: readonly Answer[]; readonly died: Case | undefined } {
  const lines = [{ vars }, ...cases].map((line) => JSON.stringify(line));
  const result = spawnSync(program, [], { input: lines.join('\n'), encoding: 'utf8', maxBuffer: MAX_OUTPUT });
  const printed = result.stdout.split('\n');
  const answers = printed.slice(0, -1).map(answerOf);
  return { answers, died: answers.length < cases.length ? cases[answers.length] : undefined };
}

/** The value keeps its digits: a whole number may be wider than a number of ours. */
function answerOf(line: string): Answer {
  const valueText = /,"value":([^,}]+)/.exec(line)?.[1];
  return { ...Answer.parse(JSON.parse(line)), ...(valueText === undefined ? {} : { valueText }) };
}
