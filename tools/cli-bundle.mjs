/**
 * The command line of a checkout as one program that starts fast: the sources of `client` and what they import, bundled when any of them has changed
 * since the last start. Translating 150 files at every start would take most of a second; a bundle that is there already takes none of it.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const store = join(root, 'node_modules/.cache/lynqflow-cli');
const sourceFolders = ['activities', 'adapters', 'client', 'deploy', 'domain', 'template', 'workflows'];
/** A bundle that nobody started for a day belongs to sources that are gone; younger ones may still be running. */
const keptMilliseconds = 24 * 3_600_000;

/** Builds the bundle if the sources have changed; resolves to the URL of its entry, `client/main.ts`. */
export async function bundledCli() {
  const folder = join(store, sourcesKey());
  const entry = join(folder, 'main.js');
  if (!existsSync(entry)) await build(folder);
  return pathToFileURL(entry).href;
}

/** Changes with every edit of a source and with every installation of packages. */
function sourcesKey() {
  const hash = createHash('sha256');
  const add = (path) => {
    const { mtimeMs, size } = statSync(path);
    hash.update(`${path}\0${mtimeMs}\0${size}\n`);
  };
  for (const folder of sourceFolders) for (const path of sourcesIn(join(root, folder))) add(path);
  add(join(root, 'node_modules/.package-lock.json'));
  add(fileURLToPath(import.meta.url));
  return hash.digest('hex').slice(0, 16);
}

function sourcesIn(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return sourcesIn(path);
    return entry.name.endsWith('.ts') ? [path] : [];
  });
}

/** Several processes may build the same bundle at once: each makes its own, the first one to be done counts. */
async function build(folder) {
  const own = `${folder}.${process.pid}`;
  await bundleCli(own);
  try {
    renameSync(own, folder);
  } catch (error) {
    rmSync(own, { recursive: true, force: true });
    if (!existsSync(join(folder, 'main.js'))) throw error;
  }
  removeOld();
}

function removeOld() {
  for (const name of readdirSync(store)) {
    const path = join(store, name);
    if (statSync(path).mtimeMs < Date.now() - keptMilliseconds) rmSync(path, { recursive: true, force: true });
  }
}

/** The sources of a checkout; a bundle of them is for this checkout only. */
const ofCheckout = {
  entry: join(root, 'client/main.ts'),
  extension: '.ts',
  placeOf: (path) => JSON.stringify(pathToFileURL(path).href),
  small: false,
};

/** What the compiler made of them in a folder, for the package: the bundle is in a folder of that folder. */
export function ofPackage(dist) {
  return {
    entry: join(dist, 'client/main.js'),
    extension: '.js',
    placeOf: (path) => `new URL(${JSON.stringify(`../${relative(dist, path)}`)}, import.meta.url).href`,
    small: true,
  };
}

/** Bundles the command line into a folder, what commands import lazily in files of its own; resolves to esbuild's account of what is where. */
export async function bundleCli(folder, { entry, extension, placeOf, small } = ofCheckout) {
  const { build: bundle } = await import('esbuild');
  mkdirSync(store, { recursive: true });
  const { metafile } = await bundle({
    entryPoints: [entry],
    outdir: folder,
    absWorkingDir: root,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    metafile: true,
    // Names stay, for stack traces.
    minifyWhitespace: small,
    minifySyntax: small,
    logLevel: 'error',
    // CommonJS packages inside an ES module ask for Node's own modules by `require`.
    banner: {
      js: "import { createRequire as lynqRequire } from 'node:module';\nconst require = lynqRequire(import.meta.url);",
    },
    // Its generated protocol files do not survive bundling, and it is loaded by few commands.
    // One copy of grpc-js: credentials of another one are none to @temporalio/client.
    external: ['@temporalio/*', '@grpc/grpc-js', 'tsx', 'tsx/*'],
    plugins: [ownPlaces(extension, placeOf), kubeConfigOnly, lazyPackages],
  });
  return metafile;
}

/** Files beside a source are found where the source is, not where the bundle is. */
const ownPlaces = (extension, placeOf) => ({
  name: 'own-places',
  setup(builder) {
    builder.onLoad({ filter: /\.[jt]s$/ }, ({ path }) => {
      if (path.includes('node_modules') || !path.endsWith(extension)) return undefined;
      const text = readFileSync(path, 'utf8');
      if (!text.includes('import.meta.url')) return undefined;
      return { contents: text.replaceAll('import.meta.url', placeOf(path)), loader: extension.slice(1) };
    });
  },
});

/** Of the Kubernetes library only its reader of kubeconfigs is used; the rest is 15 MB of generated calls that take half a second to load. */
const kubeConfigOnly = {
  name: 'kubeconfig-only',
  setup(builder) {
    const name = '@kubernetes/client-node';
    builder.onResolve({ filter: /^@kubernetes\/client-node$/ }, ({ importer }) =>
      importer.includes('adapters') ? { path: name, namespace: 'kubeconfig-only' } : undefined,
    );
    builder.onLoad({ filter: /.*/, namespace: 'kubeconfig-only' }, () => ({
      contents: `export { KubeConfig } from '${name}/dist/config.js';`,
      resolveDir: root,
    }));
  },
};

/**
 * A CommonJS package that is imported lazily would come without its names: esbuild gives `await import()` of one a default export only. It is loaded through a
 * module that says them.
 */
const commonJs = { undici: () => import('undici'), yaml: () => import('yaml') };

const lazyPackages = {
  name: 'lazy-packages',
  setup(builder) {
    const namespace = 'lazy-packages';
    builder.onResolve({ filter: /^(?:yaml|undici)$/ }, ({ path, kind }) =>
      kind === 'dynamic-import' ? { path, namespace } : undefined,
    );
    builder.onLoad({ filter: /.*/, namespace }, async ({ path }) => {
      const names = Object.keys(await commonJs[path]()).filter(
        (name) => /^[A-Za-z_$][\w$]*$/.test(name) && name !== 'default',
      );
      const lines = names.map(
        (name, index) => `const export${index} = all.${name};\nexport { export${index} as ${name} };`,
      );
      return { contents: `import * as all from '${path}';\n${lines.join('\n')}\n`, resolveDir: root };
    });
  },
};
