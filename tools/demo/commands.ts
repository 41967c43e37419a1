import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { ToolError } from './failure.ts';
import type { Session } from './session.ts';
import { checkout } from './worker-process.ts';

interface Program {
  readonly file: string;
  /** Arguments in front of those that are shown. */
  readonly before: readonly string[];
  /** The name a person types. */
  readonly shown: string;
}

/** Runs `kubectl` of the stack as shown, and prints what it prints. */
export function kubectl(session: Session, args: readonly string[]): Promise<string> {
  return runShown(session, { file: session.endpoints.kubectl, before: [], shown: 'kubectl' }, args);
}

/** Runs the CLI of this checkout, shown as it is typed in it. */
export function lynq(session: Session, args: readonly string[]): Promise<string> {
  return runShown(session, { file: process.execPath, before: ['bin/lynq.mjs'], shown: 'npx lynq' }, args);
}

async function runShown(session: Session, program: Program, args: readonly string[]): Promise<string> {
  const shown = [program.shown, ...args.map(shellWord)].join(' ');
  session.printer.command(shown);
  const { code, stdout, stderr } = await run(session, program, args);
  session.printer.block(stdout.trimEnd().split('\n'));
  if (code === 0) return stdout;
  session.signal.throwIfAborted();
  throw new ToolError(`"${shown}" failed (${code})`, {
    details: stderr.trimEnd().split('\n'),
    fix: `look into the logs in ${session.folder.root} and start again`,
  });
}

interface Ended {
  readonly code: number | string;
  readonly stdout: string;
  readonly stderr: string;
}

function run(session: Session, { file, before }: Program, args: readonly string[]): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, [...before, ...args], {
      cwd: checkout,
      env: session.environment,
      stdio: ['ignore', 'pipe', 'pipe'],
      signal: session.signal,
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code: code ?? signal ?? 'unknown', stdout, stderr }));
  });
}

/** A word as a shell needs it. */
export function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** The kubectl a person can type: by name when it is on PATH, else the stack's own with its path. */
export function kubectlWord(session: Session): string {
  const folders = (session.environment['PATH'] ?? '').split(delimiter);
  return folders.some((folder) => existsSync(join(folder, 'kubectl'))) ? 'kubectl' : session.endpoints.kubectl;
}
