import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import type { Image } from './image.ts';

/** What tools/check-image writes of an image that it has built. */
const Built = z.object({
  root: z.string(),
  workdir: z.string(),
  entrypoint: z.array(z.string()),
  env: z.record(z.string(), z.string()),
  user: z.object({ uid: z.number(), gid: z.number() }),
});
export type BuiltImage = z.infer<typeof Built>;

export const readBuiltImage = (file: string): BuiltImage => Built.parse(JSON.parse(readFileSync(file, 'utf8')));

/** An image whose programs are started in containers, by container-main.ts beside this file. */
export function containerImage(file: string): Image {
  const cwd = fileURLToPath(new URL('../../..', import.meta.url));
  const main = join('test', 'support', 'install', 'container-main.ts');
  return {
    ...readBuiltImage(file),
    node: (program, ...args) => ({
      file: '/usr/bin/env',
      args: [`LYNQ_IMAGE=${file}`, process.execPath, 'tools/run.mjs', main, program, ...args],
      cwd,
    }),
  };
}
