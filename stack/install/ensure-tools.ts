import { existsSync } from 'node:fs';
import type { Environment } from '../environment.ts';
import { StackError } from '../errors.ts';
import type { KubernetesRelease } from '../kubernetes-release.ts';
import { type OnProgress, withProgress } from '../progress.ts';
import { toolFolder } from '../paths.ts';
import type { Tools } from '../state.ts';
import { type InstallContext, installContext } from './context.ts';
import { buildGoTool, type GoTool, goProgram, goTools, kubernetesTools } from './go-tool.ts';
import { findMariadb, installMariadb } from './mariadb.ts';
import { findTemporal, installTemporal } from './temporal.ts';

interface Installer {
  readonly what: string;
  readonly isThere: (context: InstallContext) => boolean;
  readonly install: (context: InstallContext, say: (detail: string) => void) => Promise<void>;
}

function goInstaller(tool: GoTool, remark: string): Installer {
  return {
    what: `${tool.name} ${tool.version} (${remark})`,
    isThere: ({ cache }) => existsSync(toolFolder(cache, tool.name, tool.version)),
    install: (context, say) => buildGoTool(context, tool, say),
  };
}

/** In this order: what needs rights or a registry first, so that its failure is told before minutes of compiling. */
const installers = (kubernetes: GoTool): readonly Installer[] => [
  { what: 'MariaDB (apt-get)', isThere: (context) => findMariadb(context) !== undefined, install: installMariadb },
  { what: 'Temporal (pip)', isThere: (context) => findTemporal(context) !== undefined, install: installTemporal },
  goInstaller(goTools.etcd, 'built with go, about a minute on 2 cores'),
  goInstaller(goTools.kwok, 'built with go, about 2 minutes on 2 cores'),
  goInstaller(kubernetes, 'built with go, about 8 minutes on 2 cores'),
];

/** The helm program, built when the cache lacks it. Only those who render the chart need it; a stack does not. */
export async function ensureHelm(options: {
  readonly onProgress: OnProgress;
  readonly environment: Environment;
}): Promise<string> {
  const context = installContext(options.environment);
  const { what, isThere, install } = goInstaller(goTools.helm, 'built with go, about 2 minutes on 2 cores');
  const step = { phase: 'install', step: 1, of: 1, what } as const;
  if (!isThere(context)) await withProgress(options.onProgress, step, (say) => install(context, say));
  return goProgram(context, goTools.helm, 'helm');
}

/**
 * Installs what the machine and the cache lack and returns where everything is. Steps are reported; with a full cache
 * there are none and this takes milliseconds.
 */
export async function ensureTools(options: {
  readonly onProgress: OnProgress;
  readonly environment: Environment;
  readonly kubernetes: KubernetesRelease;
}): Promise<Tools> {
  const context = installContext(options.environment);
  const controlPlane = kubernetesTools[options.kubernetes];
  const missing = installers(controlPlane).filter((installer) => !installer.isThere(context));
  for (const [index, { what, install }] of missing.entries()) {
    const step = { phase: 'install', step: index + 1, of: missing.length, what } as const;
    await withProgress(options.onProgress, step, (say) => install(context, say));
  }
  return locate(context, controlPlane);
}

function locate(context: InstallContext, controlPlane: GoTool): Tools {
  const mariadb = findMariadb(context);
  const temporal = findTemporal(context);
  if (mariadb === undefined)
    throw new StackError({ kind: 'tool-missing', tool: 'mariadbd', neededFor: 'the database' });
  if (temporal === undefined) throw new StackError({ kind: 'tool-missing', tool: 'temporal', neededFor: 'Temporal' });
  const kubernetes = (program: string): string => goProgram(context, controlPlane, program);
  return {
    ...mariadb,
    temporal,
    etcd: goProgram(context, goTools.etcd, 'etcd'),
    kwok: goProgram(context, goTools.kwok, 'kwok'),
    kubeApiserver: kubernetes('kube-apiserver'),
    kubeControllerManager: kubernetes('kube-controller-manager'),
    kubeScheduler: kubernetes('kube-scheduler'),
    kubectl: kubernetes('kubectl'),
  };
}
