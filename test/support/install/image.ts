import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join, matchesGlob, relative } from 'node:path';
import type { Program } from '../e2e/programs.ts';

/**
 * Carries out a Dockerfile of the few instructions ours has, in folders instead of layers: what it copies and runs is real, the base image is this
 * machine. Anything it does not know is an error, so that the Dockerfile cannot outgrow it unseen.
 */

export interface Image {
  /** Folder that stands for `/`. */
  readonly root: string;
  readonly workdir: string;
  readonly entrypoint: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly user: { readonly uid: number; readonly gid: number };
  /** How Node of the image is started with a file of its working directory and arguments: as its user, and with what the caller has of variables. */
  node(file: string, ...args: readonly string[]): Program;
}

interface Stage {
  readonly root: string;
  readonly env: Record<string, string>;
  workdir: string;
  entrypoint: readonly string[];
  user: string;
}

/** Where a path of the image is on this machine. */
export const inImage = ({ root }: { readonly root: string }, path: string): string => join(root, path);

/** Instructions as `[word, rest]`, comments and blank lines left out. */
function instructions(text: string): readonly (readonly [string, string])[] {
  return text
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.startsWith('#'))
    .map((line) => {
      const [word = '', ...rest] = line.split(' ');
      return [word, rest.join(' ')] as const;
    });
}

/** Whether a file of the context is kept from the build, by the patterns of `.dockerignore`. */
function isIgnored(patterns: readonly string[], path: string): boolean {
  return patterns.some((pattern) => matchesGlob(path, pattern) || matchesGlob(path, `${pattern}/**`));
}

function copy(stage: Stage, from: string, words: readonly string[], ignored: readonly string[]): void {
  const target = words.at(-1) ?? '.';
  for (const source of words.slice(0, -1)) {
    const place = join(from, source);
    const into = inImage(stage, join(stage.workdir, target));
    const whole = statSync(place).isDirectory();
    mkdirSync(into, { recursive: true });
    cpSync(place, whole ? into : join(into, basename(source)), {
      recursive: true,
      verbatimSymlinks: true,
      filter: (file) => !isIgnored(ignored, relative(from, file)),
    });
  }
}

function runIn(stage: Stage, command: string, environment: NodeJS.ProcessEnv): void {
  const cwd = inImage(stage, stage.workdir);
  const env = { ...environment, ...stage.env };
  const { status, stdout, stderr } = spawnSync('sh', ['-c', command], { cwd, env, encoding: 'utf8' });
  if (status !== 0) throw new Error(`RUN ${command} ended with ${status}\n${stdout}${stderr}`);
}

export interface BuildOptions {
  /** The checkout. */
  readonly context: string;
  /** An empty folder. */
  readonly folder: string;
  /** Of the programs that RUN starts. */
  readonly environment: NodeJS.ProcessEnv;
}

export function buildImage({ context, folder, environment }: BuildOptions): Image {
  const ignore = join(context, '.dockerignore');
  const ignored = existsSync(ignore) ? readFileSync(ignore, 'utf8').split('\n').filter(Boolean) : [];
  const stages = new Map<string, Stage>();
  let stage: Stage | undefined;
  const present = (): Stage => {
    if (stage === undefined) throw new Error('FROM comes first');
    return stage;
  };
  const carryOut: Readonly<Record<string, (rest: string) => void>> = {
    FROM: (rest) => {
      const name = / AS (\S+)$/.exec(rest)?.[1] ?? `stage-${stages.size}`;
      stage = { root: join(folder, name), env: {}, workdir: '/', entrypoint: [], user: '0:0' };
      mkdirSync(stage.root, { recursive: true });
      stages.set(name, stage);
    },
    WORKDIR: (rest) => {
      present().workdir = rest;
      mkdirSync(inImage(present(), rest), { recursive: true });
    },
    COPY: (rest) => {
      const words = rest.split(' ');
      const from = /^--from=(.+)$/.exec(words[0] ?? '')?.[1];
      if (from === undefined) return copy(present(), context, words, ignored);
      const other = stages.get(from);
      if (other === undefined) throw new Error(`there is no stage ${from}`);
      return copy(present(), other.root, words.slice(1), []);
    },
    RUN: (rest) => runIn(present(), rest, environment),
    ENV: (rest) => {
      const [name = '', value = ''] = rest.split('=');
      present().env[name] = value;
    },
    USER: (rest) => {
      present().user = rest;
    },
    EXPOSE: () => undefined,
    ENTRYPOINT: (rest) => {
      present().entrypoint = JSON.parse(rest) as string[];
    },
  };
  for (const [word, rest] of instructions(readFileSync(join(context, 'Dockerfile'), 'utf8'))) {
    const step = carryOut[word];
    if (step === undefined) throw new Error(`the tests cannot carry out ${word}`);
    step(rest);
  }
  const { root, workdir, entrypoint, env, user } = present();
  const [uid = 0, gid = 0] = user.split(':').map(Number);
  const cwd = inImage({ root }, workdir);
  const owner = process.getuid?.() === 0 ? { user: { uid, gid } } : {};
  const node = (file: string, ...args: readonly string[]): Program => ({
    file: process.execPath,
    args: [join(cwd, file), ...args],
    cwd,
    ...owner,
  });
  return { root, workdir, entrypoint, env, user: { uid, gid }, node };
}
