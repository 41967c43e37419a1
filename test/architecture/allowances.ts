/**
 * Who may import what (architecture.md "Arrows", CONTRIBUTING.md): the one table behind the arrow rules.
 * The longest matching `place` decides. A place is a file, or a folder with a closing slash.
 */
export interface Allowance {
  readonly place: string;
  /** Own files and folders that may be loaded. */
  readonly own: readonly string[];
  /** Own files of which the types may be used, nothing else. */
  readonly types?: readonly string[];
  /** Packages by name (`node:*` is every built-in); `not of adapters` is every package no adapter owns. */
  readonly packages: readonly string[] | 'all' | 'not of adapters';
}

/** The libraries of each adapter, besides zod (in its schema.ts) and Node's built-ins. A new adapter is one more line. */
export const adapterPackages: Readonly<Record<string, readonly string[]>> = {
  kubernetes: ['@kubernetes/client-node', 'undici', 'yaml', 'lru-cache'],
  mysql: ['mysql2'],
  postgres: ['pg'],
  telemetry: ['prom-client', 'lru-cache'],
  temporal: ['@temporalio/client', '@temporalio/common', '@temporalio/proto'],
};

/** Adapters that read rows from a SQL server share what is the same for all of them. */
const sqlAdapters: ReadonlySet<string> = new Set(['mysql', 'postgres']);

/** Libraries that speak to a foreign system behind a port: only their adapter, and what wires, serves or tests it, may load them. */
export const behindPorts: ReadonlySet<string> = new Set(['@kubernetes/client-node', 'undici', 'mysql2', 'pg']);

const domain = 'domain/';
const messages = ['workflows/messages.ts', 'workflows/search-attributes.ts'];
const crds = 'deploy/crds.ts';

const workerFiles = [domain, 'template/', 'activities/', 'workflows/', 'worker/', crds];
const clientFiles = [domain, 'template/', 'client/', ...messages, crds];

const allowances: readonly Allowance[] = [
  { place: 'domain/', own: [domain], packages: ['@noble/hashes'] },
  { place: 'domain/api/', own: [domain], packages: ['zod'] },
  { place: 'domain/readiness/ready-when.ts', own: [domain], packages: ['@marcbachmann/cel-js'] },
  {
    place: 'template/',
    own: [domain, 'template/'],
    packages: ['handlebars', 're2js', 'lru-cache', 'yaml', 'bcryptjs', 'node:buffer', 'node:crypto', 'node:util'],
  },
  { place: 'template/runtime/work-clock.ts', own: [domain, 'template/'], packages: ['node:process'] },
  { place: 'template/off-thread/', own: [domain, 'template/'], packages: ['node:worker_threads', 'tsx'] },
  { place: 'adapters/sql/', own: [domain, 'adapters/sql/'], packages: ['node:*'] },
  ...Object.entries(adapterPackages).map(([name, packages]) => ({
    place: `adapters/${name}/`,
    own: [domain, `adapters/${name}/`, ...(sqlAdapters.has(name) ? ['adapters/sql/'] : [])],
    packages: [...packages, 'zod', 'node:*'],
  })),
  {
    place: 'activities/',
    own: [domain, 'template/', 'activities/'],
    packages: ['@temporalio/activity', '@temporalio/common', 'lru-cache'],
  },
  { place: 'activities/contract.ts', own: [domain], packages: [] },
  {
    place: 'workflows/',
    own: [domain, 'workflows/'],
    types: ['activities/contract.ts'],
    packages: ['@temporalio/workflow', '@temporalio/common'],
  },
  { place: 'worker/', own: workerFiles, packages: 'not of adapters' },
  { place: 'worker/wiring.ts', own: [...workerFiles, 'adapters/'], packages: 'all' },
  { place: 'client/', own: clientFiles, packages: 'not of adapters' },
  // Planning runs the product's own activities over dry runs (docs/plan.md).
  { place: 'client/codec-wiring.ts', own: [...clientFiles, 'adapters/'], packages: 'all' },
  { place: 'client/plan-wiring.ts', own: [...clientFiles, 'adapters/', 'activities/'], packages: 'all' },
  { place: 'client/wiring.ts', own: [...clientFiles, 'adapters/'], packages: 'all' },
  { place: 'stack/', own: [domain, 'adapters/', 'stack/'], packages: 'all' },
  { place: 'deploy/', own: [domain], packages: ['yaml', 'node:fs'] },
  {
    place: 'bin/',
    own: ['bin/', 'client/', 'worker/', 'tools/install.mjs', 'tools/cli-bundle.mjs'],
    packages: 'not of adapters',
  },
  { place: 'tools/', own: [''], packages: 'all' },
  { place: 'test/', own: [''], packages: 'all' },
  { place: 'vitest.config.ts', own: [], packages: ['vitest'] },
];

function within(place: string, path: string): boolean {
  return place === '' || path === place || (place.endsWith('/') && path.startsWith(place));
}

/** The row for a file, or undefined when the table does not know its place. */
export function allowanceOf(path: string): Allowance | undefined {
  return allowances
    .filter(({ place }) => within(place, path))
    .toSorted((a, b) => b.place.length - a.place.length)
    .at(0);
}

/** Whether a row lets its files import `target`; `typeOnly` when the import is erased by the compiler. */
export function allowsOwn(allowance: Allowance, target: string, typeOnly: boolean): boolean {
  const places = typeOnly ? [...allowance.own, ...(allowance.types ?? [])] : allowance.own;
  return !target.startsWith('../') && places.some((place) => within(place, target));
}

/** Whether a row lets its files import a package, by its type or its value. */
export function allowsPackage({ packages }: Allowance, name: string): boolean {
  if (packages === 'all') return true;
  if (packages === 'not of adapters') return !behindPorts.has(name);
  return packages.includes(name) || (name.startsWith('node:') && packages.includes('node:*'));
}
