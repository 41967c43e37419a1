import { readFileSync } from 'node:fs';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { type Answer, askPerson } from './asking.ts';
import type { Files, Host, Output } from './context.ts';
import { heedEnding } from './endings.ts';
import { CommandError } from './errors.ts';
import { wireServices } from './wiring.ts';

/** This process as a `Host`. `stop` aborts when nobody reads its output any more; Ctrl-C ends the process itself. */
export function processHost(stop: AbortSignal = new AbortController().signal): Host {
  return {
    out: outputOf(process.stdout),
    err: outputOf(process.stderr),
    files,
    clock: { now: () => new Date() },
    debug: Boolean(process.env['LYNQ_DEBUG']),
    stop,
    version: readVersion,
    ask,
    heedInterrupt: heedEnding,
    services: (options) => wireServices(options, process.env),
  };
}

function outputOf(stream: NodeJS.WriteStream): Output {
  return {
    write: (text) => {
      if (text !== '') stream.write(text);
    },
    isTerminal: isTerminal(stream),
    colours: isTerminal(stream) && (process.env['NO_COLOR'] ?? '') === '',
    // A terminal that does not know its size says 0; it may change at any time.
    get columns() {
      return stream.columns || 80;
    },
    get rows() {
      return stream.isTTY === true ? stream.rows || 24 : undefined;
    },
  };
}

const goneCodes: ReadonlySet<string | undefined> = new Set(['EPIPE', 'ERR_STREAM_DESTROYED']);

/** Whether a failed write says that nobody is there to read: a pipe that was closed, or a terminal, whose own way to say so is EIO. */
export function isReaderGone({ isTTY }: { readonly isTTY?: boolean }, code: string | undefined): boolean {
  return goneCodes.has(code) || (isTTY === true && code === 'EIO');
}

/** One that can write a line over. */
function isTerminal(stream: NodeJS.WriteStream): boolean {
  return stream.isTTY === true && process.env['TERM'] !== 'dumb';
}

const files: Files = {
  async kind(path) {
    const found = await stat(path).catch(() => undefined);
    if (found === undefined) return 'absent';
    return found.isDirectory() ? 'folder' : 'file';
  },
  read: (path) => readFile(path).catch((error: unknown) => unreadable(path, error)),
  write: (path, text) => writeFile(path, text, { mode: 0o600 }),
  list: async (path) => (await readdir(path).catch((error: unknown) => unreadable(path, error))).toSorted(),
  async standardInput() {
    const chunks: Buffer[] = [];
    for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
    return Buffer.concat(chunks);
  },
};

const unreadableReasons: Readonly<Record<string, string>> = {
  EACCES: 'you may not read it',
  EISDIR: 'it is a folder',
  ELOOP: 'its links lead in a circle',
  ENOENT: 'it does not exist',
  ENOTDIR: 'it is no folder',
  EPERM: 'you may not read it',
};

function unreadable(path: string, error: unknown): never {
  const { code = '', message } = error as NodeJS.ErrnoException;
  throw new CommandError(`${path} cannot be read: ${unreadableReasons[code] ?? message}`, {
    fix: 'check the path and its permissions',
  });
}

async function ask(question: string): Promise<Answer | undefined> {
  if (!process.stdin.isTTY || !process.stderr.isTTY) return undefined;
  return askPerson(question, { input: process.stdin, output: process.stderr });
}

/** Version of the package this file is in: one folder up from the sources, two from `dist`. */
function readVersion(): string {
  for (const path of ['../package.json', '../../package.json']) {
    try {
      const { version } = JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8')) as { version?: string };
      if (version !== undefined) return version;
    } catch {
      // Not there: the other layout.
    }
  }
  return 'unknown';
}
