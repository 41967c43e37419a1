import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { StackError } from '../errors.ts';
import type { KubernetesRelease } from '../kubernetes-release.ts';
import { toolFolder } from '../paths.ts';
import { fillOnce } from './cached.ts';
import type { InstallContext } from './context.ts';
import { findProgram } from './find.ts';
import { runLogged } from './run.ts';

/** Programs built by Go from one module of `stack/tools/`, whose go.mod pins every version. */
export interface GoTool {
  readonly name: string;
  readonly version: string;
  /** The folder of its module; default: its name. */
  readonly module?: string;
  /** Program name → package. The name is the last part of the package path unless there is only one. */
  readonly programs: Readonly<Record<string, string>>;
  /** `package.variable=value`, set by the linker. */
  readonly stamps: readonly string[];
}

const versionPackage = 'k8s.io/component-base/version';

export const goTools = {
  etcd: { name: 'etcd', version: 'v3.6.5', programs: { etcd: 'go.etcd.io/etcd/server/v3' }, stamps: [] },
  kwok: {
    name: 'kwok',
    version: 'v0.7.0',
    programs: { kwok: 'sigs.k8s.io/kwok/cmd/kwok' },
    stamps: ['sigs.k8s.io/kwok/pkg/consts.Version=v0.7.0'],
  },
  helm: {
    name: 'helm',
    version: 'v3.19.4',
    programs: { helm: 'helm.sh/helm/v3/cmd/helm' },
    stamps: ['helm.sh/helm/v3/internal/version.version=v3.19.4'],
  },
  temporal: {
    name: 'temporal',
    version: 'v1.5.1',
    programs: { temporal: 'github.com/temporalio/cli/cmd/temporal' },
    stamps: [],
  },
} as const satisfies Record<string, GoTool>;

function controlPlane(release: KubernetesRelease, version: string, module: string): GoTool {
  const [major, minor] = release.split('.');
  return {
    name: 'kubernetes',
    version,
    module,
    programs: {
      'kube-apiserver': 'k8s.io/kubernetes/cmd/kube-apiserver',
      'kube-controller-manager': 'k8s.io/kubernetes/cmd/kube-controller-manager',
      'kube-scheduler': 'k8s.io/kubernetes/cmd/kube-scheduler',
      kubectl: 'k8s.io/kubernetes/cmd/kubectl',
    },
    // Without them the servers call themselves v0.0.0 and `kubectl version` fails.
    stamps: [
      `${versionPackage}.gitVersion=${version}`,
      `${versionPackage}.gitMajor=${major}`,
      `${versionPackage}.gitMinor=${minor}`,
    ],
  };
}

/** The control plane of each release, with the kubectl of the same version. */
export const kubernetesTools: Readonly<Record<KubernetesRelease, GoTool>> = {
  '1.35': controlPlane('1.35', 'v1.35.4', 'kubernetes'),
  '1.30': controlPlane('1.30', 'v1.30.14', 'kubernetes-1.30'),
};

/** The folder of the tool's module in `stack/tools/`. */
export function moduleFolder({ name, module = name }: GoTool): string {
  return fileURLToPath(new URL(`../tools/${module}/`, import.meta.url));
}

/** Where a program of a tool is, or will be. */
export function goProgram(context: InstallContext, tool: GoTool, program: string): string {
  return join(toolFolder(context.cache, tool.name, tool.version), program);
}

/** Arguments of `go` that build the tool into a folder. */
export function goBuildArgs(tool: GoTool, folder: string): readonly string[] {
  const names = Object.keys(tool.programs);
  const output = names.length === 1 ? join(folder, names.join('')) : `${folder}/`;
  const linker = ['-s', '-w', ...tool.stamps.map((stamp) => `-X ${stamp}`)].join(' ');
  return [
    'build',
    '-v',
    '-mod=readonly',
    '-trimpath',
    '-ldflags',
    linker,
    '-o',
    output,
    ...Object.values(tool.programs),
  ];
}

/** Builds the tool unless its folder is in the cache. Minutes of all cores the first time. */
export async function buildGoTool(context: InstallContext, tool: GoTool, say: (detail: string) => void): Promise<void> {
  const what = `${tool.name} ${tool.version}`;
  await fillOnce(context, toolFolder(context.cache, tool.name, tool.version), say, async (aside) => {
    const module = moduleFolder(tool);
    const go = requireGo(context, module, what);
    const env = { ...context.env, CGO_ENABLED: '0', GOWORK: 'off' };
    const log = join(context.logs, `${tool.name}-${tool.version}.log`);
    const onLine = goProgressReader(say);
    await runLogged({ file: go, args: goBuildArgs(tool, aside), cwd: module, env, log, what, onLine });
  });
}

/** The go command, once it is clear that it (or a newer one it may fetch itself) can build the module. */
function requireGo(context: InstallContext, module: string, neededFor: string): string {
  const go = findProgram('go', context.path);
  if (go === undefined) throw new StackError({ kind: 'tool-missing', tool: 'go', neededFor: `building ${neededFor}` });
  const needed = goDirective(readFileSync(join(module, 'go.mod'), 'utf8'));
  const env = { ...context.env, GOWORK: 'off' };
  // In the module's folder go switches to the version the module asks for, or refuses.
  const usable = spawnSync(go, ['env', 'GOVERSION'], { cwd: module, env, encoding: 'utf8' });
  if (usable.status === 0 && isAtLeast(usable.stdout, needed)) return go;
  const own = spawnSync(go, ['version'], { cwd: '/', env: { ...env, GOTOOLCHAIN: 'local' }, encoding: 'utf8' });
  const found = /go\d[\w.]*/.exec(own.stdout ?? '')?.[0] ?? 'nothing it can read';
  throw new StackError({ kind: 'go-too-old', found, needed, neededFor });
}

/** The version in the `go` line of a go.mod. */
export function goDirective(goMod: string): string {
  return /^go (\d[\w.]*)$/m.exec(goMod)?.[1] ?? '1.25';
}

/** Compares versions like `go1.26.8` and `1.25.0` by their numbers. */
export function isAtLeast(found: string, needed: string): boolean {
  const numbers = (text: string): readonly number[] => (text.match(/\d+/g) ?? []).map(Number);
  const [have, want] = [numbers(found), numbers(needed)];
  for (const [index, number] of want.entries()) {
    const difference = (have[index] ?? 0) - number;
    if (difference !== 0) return difference > 0;
  }
  return true;
}

/** Turns the lines of `go build -v` into one short sentence about where it is. */
export function goProgressReader(say: (detail: string) => void): (line: string) => void {
  let downloaded = 0;
  let compiled = 0;
  return (line) => {
    if (line.startsWith('go: downloading ')) {
      downloaded += 1;
      say(`fetched ${downloaded} modules, now ${line.slice('go: downloading '.length)}`);
    } else if (/^[\w.~-]+(\/[\w.~-]+)*$/.test(line)) {
      compiled += 1;
      say(`compiled ${compiled} packages, now ${line}`);
    }
  };
}
