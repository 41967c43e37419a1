import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { z } from 'zod';

/** Images in a folder of their own, by buildah; what RUN starts is in a chroot, so no other service is needed. */
export interface Images {
  /** Whether the image is here now. */
  pull(name: string): boolean;
  /** What a command of buildah prints. @throws with its output. */
  run(...args: readonly string[]): string;
  /** Builds the Dockerfile of a folder, and what its image says of itself, with its root file system as a folder. */
  build(context: string): BuiltImage;
  /** Lets go of mounts and containers, so that the folder can be deleted. */
  clear(): void;
}

export interface BuiltImage {
  readonly root: string;
  readonly workdir: string;
  readonly entrypoint: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly user: { readonly uid: number; readonly gid: number };
}

const Inspected = z.object({
  OCIv1: z.object({
    config: z.object({
      User: z.string(),
      WorkingDir: z.string(),
      Env: z.array(z.string()),
      Entrypoint: z.array(z.string()),
    }),
  }),
});

const tag = 'lynqflow:check';

export function buildah(scratch: string): Images {
  const place = ['--root', join(scratch, 'storage'), '--runroot', join(scratch, 'run'), '--storage-driver', 'vfs'];
  const start = (args: readonly string[], timeout?: number) =>
    spawnSync('buildah', [...place, ...args], {
      encoding: 'utf8',
      env: { ...process.env, BUILDAH_ISOLATION: 'chroot' },
      maxBuffer: 64 << 20,
      ...(timeout === undefined ? {} : { timeout }),
    });
  const run = (...args: readonly string[]): string => {
    const { status, stdout, stderr, error } = start(args);
    if (error !== undefined) throw error;
    if (status !== 0) throw new Error(`buildah ${args.join(' ')} ended with ${status}\n${stdout}${stderr}`);
    return stdout.trim();
  };
  return {
    pull: (name) => start(['pull', '--quiet', name], 120_000).status === 0,
    run,
    build: (context) => {
      run('bud', '--pull-never', '--layers=false', '--tag', tag, '--file', join(context, 'Dockerfile'), context);
      const { User, WorkingDir, Env, Entrypoint } = Inspected.parse(JSON.parse(run('inspect', '--type=image', tag)))
        .OCIv1.config;
      const [uid = 0, gid = 0] = User.split(':').map(Number);
      const env = Object.fromEntries(Env.map((line) => line.split(/=(.*)/s, 2)));
      const root = run('mount', run('from', '--pull-never', tag));
      return { root, workdir: WorkingDir, entrypoint: Entrypoint, env, user: { uid, gid } };
    },
    clear: () => void run('rm', '--all'),
  };
}
