import { relative, sep } from 'node:path';
import { bundleWorkflowCode, type BundleOptions } from '@temporalio/worker';
import { root } from './tree.ts';

type WebpackConfig = Parameters<NonNullable<BundleOptions['webpackConfigHook']>>[0];
type Plugin = Extract<NonNullable<WebpackConfig['plugins']>[number], (...args: never) => unknown>;

const silent = { trace: nothing, debug: nothing, info: nothing, warn: nothing, error: nothing, log: nothing };

function nothing(): void {
  // The bundler reports sizes and progress; failures reject.
}

/**
 * What a workflow file drags into the sandbox: own files by path, packages by name, each once and sorted.
 * The bundler's own generated entry is left out.
 */
export async function bundledModules(workflowsPath: string): Promise<readonly string[]> {
  const found = new Set<string>();
  await bundleWorkflowCode({
    workflowsPath,
    logger: silent,
    webpackConfigHook: (config) => ({ ...config, plugins: [...(config.plugins ?? []), collector(found)] }),
  });
  return [...found].toSorted();
}

function collector(found: Set<string>): Plugin {
  return (compiler) => {
    compiler.hooks.done.tap('collector', ({ compilation }) => {
      for (const module of compilation.modules) {
        const resource = (module as { readonly resource?: string }).resource;
        if (resource !== undefined) found.add(moduleName(resource));
      }
    });
  };
}

function moduleName(resource: string): string {
  const path = relative(root, resource).split(sep).join('/');
  const inPackage = path.split('node_modules/').at(-1) ?? path;
  if (inPackage === path) return path;
  return inPackage
    .split('/')
    .slice(0, inPackage.startsWith('@') ? 2 : 1)
    .join('/');
}
