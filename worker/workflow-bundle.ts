import { createHash, randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, type Logger, type WorkflowBundleOption } from '@temporalio/worker';

/**
 * The workflow code as one file for Temporal's sandbox. Making it takes seconds and much memory, so it is kept under the hash of its sources: a
 * file of that name is what these sources give, and none is ever changed.
 */

const root = fileURLToPath(new URL('..', import.meta.url));
const sources = ['workflows', 'domain'] as const;
/** `.ts` in a checkout, `.js` in what is built from it, of which `root` is the folder `dist`. */
const ending = extname(fileURLToPath(import.meta.url));
/** Where `npm run build:workflows`, a build of the package and the first start of a worker leave it. */
export const keptBundles = join(root, ending === '.ts' ? 'dist/workflow-bundles' : 'workflow-bundles');

export interface BundleRequest {
  /** Folder of kept bundles. */
  readonly folder: string;
  readonly logger: Logger;
  /** Further interceptors of workflows, as paths of modules. */
  readonly interceptors?: readonly string[];
}

/** The bundle of the present sources: the kept one, or a new one, which is kept when the folder can be written to. */
export async function workflowBundle(request: BundleRequest): Promise<WorkflowBundleOption> {
  const codePath = join(request.folder, `${sourcesHash(request.interceptors ?? [])}.cjs`);
  if (existsSync(codePath)) return { codePath };
  const bundle = await bundleWorkflowCode({
    workflowsPath: join(root, `workflows/index${ending}`),
    workflowInterceptorModules: [...(request.interceptors ?? [])],
    logger: request.logger,
  });
  return keep(codePath, bundle.code) ? { codePath } : bundle;
}

/** Over everything a workflow may load: own files by path and content, and the version of the SDK, which both sides of the sandbox must share. */
function sourcesHash(interceptors: readonly string[]): string {
  const hash = createHash('sha256').update(sdkManifest());
  const own = sources.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => extname(name) === ending)
      .map((name) => join(folder, name)),
  );
  // By the path below the root: a package is built in one place and installed in another.
  for (const file of own.toSorted()) hash.update(`\0${file}\0`).update(readFileSync(join(root, file)));
  for (const file of interceptors) hash.update(`\0${file}\0`).update(readFileSync(file));
  return hash.digest('hex').slice(0, 32);
}

function sdkManifest(): Buffer {
  return readFileSync(createRequire(import.meta.url).resolve('@temporalio/worker/package.json'));
}

/** Complete or not there at all: workers that start at the same time may all write it. False when it cannot be written. */
function keep(codePath: string, code: string): boolean {
  const draft = `${codePath}.${randomUUID()}`;
  try {
    mkdirSync(join(codePath, '..'), { recursive: true });
    writeFileSync(draft, code);
    renameSync(draft, codePath);
    return true;
  } catch {
    return false;
  }
}
