import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

/**
 * `npm run check:package`: builds and packs the package, has publint and attw look at the file that would be published, asks for known
 * vulnerabilities, and writes the bill of materials. Needs the registry.
 */
const root = fileURLToPath(new URL('../..', import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), 'lynqflow-package-'));
const attw = '@arethetypeswrong/cli@0.18.5';

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

const Packed = z.tuple([z.object({ filename: z.string(), unpackedSize: z.number(), entryCount: z.number() })]);
const Bill = z.object({
  bomFormat: z.literal('CycloneDX'),
  components: z.array(z.object({ name: z.string(), licenses: z.array(z.unknown()).optional() })).min(1),
});

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

/** The lines before the JSON are of the build. */
function pack(): z.infer<typeof Packed>[0] {
  const printed = run('pack', 'npm', ['pack', '--json', '--pack-destination', scratch], true);
  return Packed.parse(JSON.parse(printed.slice(printed.indexOf('[\n'))))[0];
}

const Lock = z.looseObject({
  packages: z.record(
    z.string(),
    z.looseObject({ dev: z.boolean().optional(), devDependencies: z.unknown().optional() }),
  ),
});

/**
 * The bill of what runs: `npm sbom --omit=dev` also leaves out what both the package and a tool for development need, so it is asked about a package that
 * has no tools for development. It has to name exactly what the lock file has for production.
 */
function writeBill(file: string): number {
  const folder = join(scratch, 'lynqflow');
  mkdirSync(folder);
  const read = (name: string): unknown => JSON.parse(readFileSync(join(root, name), 'utf8'));
  const { devDependencies: _tools, ...production } = z.looseObject({}).parse(read('package.json'));
  const lock = Lock.parse(read('package-lock.json'));
  const { devDependencies: _locked, ...top } = lock.packages[''] ?? {};
  writeFileSync(join(folder, 'package.json'), JSON.stringify(production));
  const packages = { ...lock.packages, '': top };
  writeFileSync(join(folder, 'package-lock.json'), JSON.stringify({ ...lock, packages }));
  const args = [
    '--prefix',
    folder,
    'sbom',
    '--package-lock-only',
    '--sbom-format=cyclonedx',
    '--sbom-type=application',
  ];
  const text = run('bill of materials', 'npm', args, true);
  const names = new Set(Bill.parse(JSON.parse(text)).components.map(({ name }) => name));
  const wanted = new Set(
    Object.entries(lock.packages).flatMap(([path, { dev }]) =>
      path === '' || dev === true ? [] : [path.replace(/^.*node_modules\//, '')],
    ),
  );
  const different = [...new Set([...names, ...wanted])].filter((name) => names.has(name) !== wanted.has(name));
  if (different.length > 0) throw new Error(`bill of materials and lock file differ in ${different.join(', ')}`);
  writeFileSync(file, text);
  return names.size;
}

try {
  const { filename, unpackedSize, entryCount } = pack();
  const tarball = join(scratch, filename);
  run('publint', 'npx', ['--no-install', 'publint', 'run', '--strict', tarball]);
  run('types for every way to import it', 'npx', ['--yes', attw, tarball, '--profile', 'esm-only', '--no-emoji']);
  audit();
  const bill = join(root, 'dist/sbom.cdx.json');
  const components = writeBill(bill);
  process.stdout.write(`${entryCount} files, ${unpackedSize} bytes; ${bill} names ${components} packages\n`);
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
