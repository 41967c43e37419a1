import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { type BuiltImage, readBuiltImage } from './container.ts';

/**
 * Runs a program of an image in a container of runc, as its process 1 and as a kubelet would with the chart's securityContext: its user, a root file system that is
 * read-only, no capability and no way to get one. Writable is /tmp alone. It has the network of this machine, where the servers of the tests are.
 */

interface Mount {
  readonly destination: string;
  readonly type: string;
  readonly source: string;
  readonly options?: readonly string[];
}
interface Spec {
  readonly process: Record<string, unknown>;
  readonly mounts: readonly Mount[];
  readonly linux: { readonly namespaces: readonly { readonly type: string }[] };
}

/** What only the programs outside of the container are told. */
const outside = new Set(['LYNQ_IMAGE', 'PATH', 'HOME']);

function processOf(image: BuiltImage, args: readonly string[]) {
  const own = Object.entries(process.env).filter(([name]) => !outside.has(name));
  return {
    terminal: false,
    user: image.user,
    cwd: image.workdir,
    args: ['node', ...args],
    // HOME as a runtime gives it to a user that /etc/passwd of the image does not know.
    env: Object.entries({ HOME: '/', ...image.env, ...Object.fromEntries(own) }).map(
      ([name, value]) => `${name}=${value}`,
    ),
    noNewPrivileges: true,
    capabilities: {},
  };
}

const temporary: Mount = {
  destination: '/tmp',
  type: 'tmpfs',
  source: 'tmpfs',
  options: ['nosuid', 'nodev', 'mode=1777'],
};
/** The kubeconfig, which a pod has from its account. */
function given(): readonly Mount[] {
  const file = process.env['KUBECONFIG'];
  if (file === undefined || !existsSync(file)) return [];
  return [{ destination: file, type: 'bind', source: file, options: ['bind', 'ro'] }];
}

const image = readBuiltImage(process.env['LYNQ_IMAGE'] ?? '');
const bundle = mkdtempSync(join(tmpdir(), 'lynqflow-container-'));
spawnSync('runc', ['spec', '--bundle', bundle]);
const file = join(bundle, 'config.json');
const spec = JSON.parse(readFileSync(file, 'utf8')) as Spec;
const container = {
  ...spec,
  process: processOf(image, process.argv.slice(2)),
  root: { path: image.root, readonly: true },
  mounts: [...spec.mounts.filter(({ type }) => type !== 'cgroup'), temporary, ...given()],
  linux: { ...spec.linux, resources: {}, namespaces: spec.linux.namespaces.filter(({ type }) => type !== 'network') },
};
writeFileSync(file, JSON.stringify(container));

const args = ['--root', join(bundle, 'state'), 'run', '--bundle', bundle, basename(bundle)];
const child = spawn('runc', args, { stdio: 'inherit' });
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => child.kill(signal));
child.on('close', (code) => {
  rmSync(bundle, { recursive: true, force: true });
  process.exitCode = code ?? 1;
});
