import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildah } from './buildah.ts';
import { standIn } from './stand-in.ts';

/**
 * `npm run check:image`: builds the Dockerfile with buildah, without Docker, and runs test/install/image.test.ts on the image, in containers of runc: not root, root file system
 * read-only, no capabilities. Where the image it is built from cannot be had, one of Debian's packages and this machine's Node takes its place.
 */
const root = fileURLToPath(new URL('../..', import.meta.url));
const needed = ['buildah', 'runc', 'mmdebstrap'];
const say = (line: string): void => void process.stderr.write(`== ${line}\n`);

/** Why nothing can be checked on this machine. */
function missing(): string | undefined {
  if (process.getuid?.() !== 0) return 'it has to be run as root';
  const absent = needed.filter((name) => spawnSync('which', [name]).status !== 0);
  return absent.length === 0 ? undefined : `this machine has no ${absent.join(', no ')}`;
}

/** Images that the Dockerfile begins with, but for its own stages. */
function bases(): readonly string[] {
  const lines = readFileSync(join(root, 'Dockerfile'), 'utf8').matchAll(/^FROM (\S+)(?: AS (\S+))?$/gm);
  const stages = new Set<string>();
  const names = new Set<string>();
  for (const [, name = '', stage] of lines) {
    if (!stages.has(name)) names.add(name);
    if (stage !== undefined) stages.add(stage);
  }
  return [...names];
}

function check(scratch: string): number {
  const images = buildah(scratch);
  for (const base of bases()) {
    if (images.pull(base)) continue;
    say(`${base} cannot be had here: Debian's packages and Node ${process.version} of this machine take its place`);
    standIn({ images, scratch, name: base });
  }
  say('build');
  const file = join(scratch, 'image.json');
  writeFileSync(file, JSON.stringify(images.build(root)));
  say('run');
  const { status } = spawnSync(
    join(root, 'node_modules/.bin/vitest'),
    ['run', '--project', 'install', 'test/install/image.test.ts'],
    { cwd: root, stdio: 'inherit', env: { ...process.env, LYNQ_IMAGE: file } },
  );
  images.clear();
  return status ?? 1;
}

const why = missing();
if (why === undefined) {
  const scratch = mkdtempSync(join(tmpdir(), 'lynqflow-check-image-'));
  try {
    process.exitCode = check(scratch);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
} else {
  say(`image: NOT CHECKED, ${why}`);
}
