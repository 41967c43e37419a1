import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { z } from 'zod';
import { StackError } from './errors.ts';

/** Writes a file whole or not at all, readable by this user only; makes its folder. */
export function writeWhole(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true });
  const temporary = `${file}.${process.pid}.tmp`;
  writeFileSync(temporary, text, { mode: 0o600 });
  renameSync(temporary, file);
}

/** Reads and checks a JSON file; undefined when there is none, `bad-file` when it is not what the schema says. */
export function readJson<S extends z.ZodType>(file: string, schema: S): z.infer<S> | undefined {
  if (!existsSync(file)) return undefined;
  const parsed = schema.safeParse(parseJson(file));
  if (!parsed.success)
    throw new StackError({ kind: 'bad-file', file, reason: parsed.error.issues.map(issueText).join('; ') });
  return parsed.data;
}

function parseJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new StackError({ kind: 'bad-file', file, reason: error instanceof Error ? error.message : String(error) });
  }
}

function issueText(issue: { readonly path: readonly PropertyKey[]; readonly message: string }): string {
  return `${issue.path.length === 0 ? 'top level' : issue.path.map(String).join('.')}: ${issue.message}`;
}
