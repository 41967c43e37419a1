import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { billOfMaterials } from '../build/bill.ts';
import { typeProblems } from './types.ts';

/**
 * `npm run check:package`: builds and packs the package, has publint and attw look at the file that would be published, asks for known
 * vulnerabilities, and looks for the bill of materials in it. Needs the registry.
 */
const root = fileURLToPath(new URL('../..', import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), 'lynqflow-package-'));

function run(what: string, command: string, args: readonly string[], quiet = false): string {
  process.stderr.write(`== ${what}\n`);
  const { status, stdout, error } = spawnSync(command, args, {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    maxBuffer: 64 << 20,
  });
  if (error !== undefined) throw error;
  if (!quiet || status !== 0) process.stderr.write(stdout);
  if (status === 0) return stdout;
  process.stderr.write(`== ${what}: failed\n`);
  process.exit(1);
}

const Packed = z.tuple([
  z.object({
    filename: z.string(),
    unpackedSize: z.number(),
    entryCount: z.number(),
    files: z.array(z.object({ path: z.string() })),
  }),
]);
const Bill = z.object({ components: z.array(z.object({ name: z.string() })) });
/** Not every registry answers the question; then it stays open, and that is said. */
function audit(): void {
  process.stderr.write('== known vulnerabilities\n');
  const { status, stdout } = spawnSync('npm', ['audit', '--audit-level=high', '--json'], {
    cwd: root,
    encoding: 'utf8',
  });
  const answer = z.object({ vulnerabilities: z.unknown().optional() }).safeParse(JSON.parse(stdout));
  if (answer.data?.vulnerabilities === undefined) {
    process.stderr.write('== known vulnerabilities: NOT CHECKED, the registry does not answer npm audit\n');
    return;
  }
  if (status === 0) return;
  process.stderr.write(`${stdout}\n== known vulnerabilities: found\n`);
  process.exit(1);
}

async function types(tarball: string): Promise<void> {
  process.stderr.write('== types for every way to import it\n');
  const problems = await typeProblems(readFileSync(tarball));
  if (problems.length === 0) return;
  process.stderr.write(`${problems.join('\n')}\n== types for every way to import it: failed\n`);
  process.exit(1);
}

/** The lines before the JSON are of the build. */
function pack(): z.infer<typeof Packed>[0] {
  const printed = run('pack', 'npm', ['pack', '--json', '--pack-destination', scratch], true);
  return Packed.parse(JSON.parse(printed.slice(printed.indexOf('[\n'))))[0];
}

/** The bill of materials has to be in the file that would be published, and to say what the lock file says. */
function billed(files: readonly { readonly path: string }[]): number {
  const path = 'dist/sbom.cdx.json';
  if (!files.some((file) => file.path === path)) throw new Error(`the package has no ${path}`);
  const { components } = Bill.parse(JSON.parse(readFileSync(join(root, path), 'utf8')));
  const names = new Set(components.map(({ name }) => name));
  const wanted = billOfMaterials(root).components;
  if (names.size !== wanted) throw new Error(`${path} names ${names.size} packages of ${wanted}`);
  return wanted;
}

try {
  const { filename, unpackedSize, entryCount, files } = pack();
  const tarball = join(scratch, filename);
  run('publint', 'npx', ['--no-install', 'publint', 'run', '--strict', tarball]);
  await types(tarball);
  audit();
  const components = billed(files);
  process.stdout.write(
    `${entryCount} files, ${unpackedSize} bytes; its bill of materials names ${components} packages\n`,
  );
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
