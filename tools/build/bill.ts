import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';

const Bill = z.object({
  bomFormat: z.literal('CycloneDX'),
  components: z.array(z.object({ name: z.string(), licenses: z.array(z.unknown()).optional() })).min(1),
});

const Lock = z.looseObject({
  packages: z.record(
    z.string(),
    z.looseObject({ dev: z.boolean().optional(), devDependencies: z.unknown().optional() }),
  ),
});

/** `npm sbom --omit=dev` also leaves out what both the package and a tool for development need, so it is asked about a package without tools for development. */
function askNpm(folder: string): string {
  const flags = ['--package-lock-only', '--sbom-format=cyclonedx', '--sbom-type=application'];
  const { status, stdout, stderr, error } = spawnSync('npm', ['--prefix', folder, 'sbom', ...flags], {
    cwd: folder,
    encoding: 'utf8',
    maxBuffer: 64 << 20,
    // npm tells what it starts where it was started; the answer would be about that package.
    env: { ...process.env, npm_config_local_prefix: folder },
  });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`npm sbom ended with ${status}\n${stderr}`);
  return stdout;
}

/** The production half of package and lock file, in a folder of its own. */
function writeProduction(root: string, folder: string): z.infer<typeof Lock> {
  const read = (name: string): unknown => JSON.parse(readFileSync(join(root, name), 'utf8'));
  const { devDependencies: _tools, scripts: _scripts, ...production } = z.looseObject({}).parse(read('package.json'));
  const lock = Lock.parse(read('package-lock.json'));
  const { devDependencies: _locked, ...top } = lock.packages[''] ?? {};
  writeFileSync(join(folder, 'package.json'), JSON.stringify(production));
  const packages = { ...lock.packages, '': top };
  writeFileSync(join(folder, 'package-lock.json'), JSON.stringify({ ...lock, packages }));
  return lock;
}

/**
 * The CycloneDX bill of what runs, as text, and how many packages it names: exactly those that the lock file has for production. Needs no network.
 *
 * @throws Error when they differ.
 */
export function billOfMaterials(root: string): { readonly text: string; readonly components: number } {
  const scratch = mkdtempSync(join(tmpdir(), 'lynqflow-bill-'));
  // npm names the application after its folder.
  const folder = join(scratch, 'lynqflow');
  try {
    mkdirSync(folder);
    const lock = writeProduction(root, folder);
    const text = askNpm(folder);
    const names = new Set(Bill.parse(JSON.parse(text)).components.map(({ name }) => name));
    const wanted = new Set(
      Object.entries(lock.packages).flatMap(([path, { dev }]) =>
        path === '' || dev === true ? [] : [path.replace(/^.*node_modules\//, '')],
      ),
    );
    const different = [...new Set([...names, ...wanted])].filter((name) => names.has(name) !== wanted.has(name));
    if (different.length > 0) throw new Error(`bill of materials and lock file differ in ${different.join(', ')}`);
    return { text, components: names.size };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
