import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Program } from '../e2e/programs.ts';
import type { Manifest } from './account.ts';

/** The worker's container of a rendered chart, as a process of this machine: with its arguments, its variables and the files of its volumes. */

interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string };
}
interface Variable {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: { readonly secretKeyRef: { readonly name: string; readonly key: string } };
}
interface Container {
  readonly args: readonly string[];
  readonly env: readonly Variable[];
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
  readonly livenessProbe: Probe;
  readonly readinessProbe: Probe;
}
interface Volume {
  readonly name: string;
  readonly emptyDir?: object;
  readonly secret?: {
    readonly secretName: string;
    readonly items?: readonly { readonly key: string; readonly path: string }[];
  };
}

/** Data of the Secrets that a pod names, by name and key. */
export type Secrets = Readonly<Record<string, Readonly<Record<string, string>>>>;

export interface Pod {
  readonly args: readonly string[];
  /** All that the chart gives the container, and nothing else. */
  readonly env: Readonly<Record<string, string>>;
  /** Number of a port by its name. @throws when the container has no such port. */
  port(name: string): number;
  /** Where kubelet asks. */
  readonly readiness: string;
  readonly liveness: string;
}

function workerOf(manifests: readonly Manifest[]): {
  readonly container: Container;
  readonly volumes: readonly Volume[];
} {
  const deployment = manifests.find(({ kind }) => kind === 'Deployment');
  if (deployment === undefined) throw new Error('there is no Deployment');
  const { template } = deployment['spec'] as {
    readonly template: {
      readonly spec: { readonly containers: readonly [Container]; readonly volumes: readonly Volume[] };
    };
  };
  return { container: template.spec.containers[0], volumes: template.spec.volumes };
}

function keyOf(secrets: Secrets, name: string, key: string): string {
  const value = secrets[name]?.[key];
  if (value === undefined) throw new Error(`the pod needs key ${key} of Secret ${name}`);
  return value;
}

/** Writes the files of the Secrets below `folder`, where their volumes are mounted. */
function mount(
  folder: string,
  { container, volumes }: ReturnType<typeof workerOf>,
  secrets: Secrets,
): readonly string[] {
  return container.volumeMounts.flatMap(({ name, mountPath }) => {
    const volume = volumes.find((one) => one.name === name);
    if (volume?.emptyDir !== undefined) return [];
    if (volume?.secret === undefined) throw new Error(`the pod has no volume ${name} that a test can give`);
    const { secretName, items } = volume.secret;
    const files = items ?? Object.keys(secrets[secretName] ?? {}).map((key) => ({ key, path: key }));
    if (files.length === 0) throw new Error(`the pod needs Secret ${secretName}`);
    for (const { key, path } of files) {
      const file = join(folder, mountPath, path);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, keyOf(secrets, secretName, key));
    }
    return [mountPath];
  });
}

/** What its container is started with; of the paths, those of mounted Secrets are below `folder`. @throws for what the pod needs and has not got. */
export function podOf(manifests: readonly Manifest[], folder: string, secrets: Secrets = {}): Pod {
  const worker = workerOf(manifests);
  const { args, env, ports, livenessProbe, readinessProbe } = worker.container;
  const mounts = mount(folder, worker, secrets);
  const placed = (text: string): string =>
    mounts.reduce((changed, path) => changed.replaceAll(new RegExp(`${path}(?=/|$)`, 'g'), join(folder, path)), text);
  const valueOf = ({ name, value, valueFrom }: Variable): string => {
    if (value !== undefined) return placed(value);
    if (valueFrom === undefined) throw new Error(`variable ${name} has no value`);
    return keyOf(secrets, valueFrom.secretKeyRef.name, valueFrom.secretKeyRef.key);
  };
  const port = (name: string): number => {
    const found = ports.find((one) => one.name === name);
    if (found === undefined) throw new Error(`the container has no port ${name}`);
    return found.containerPort;
  };
  const url = ({ httpGet }: Probe): string => `http://127.0.0.1:${port(httpGet.port)}${httpGet.path}`;
  return {
    args: args.map(placed),
    // Of a name that comes twice the last one counts, as for kubelet.
    env: Object.fromEntries(env.map((variable) => [variable.name, valueOf(variable)])),
    port,
    readiness: url(readinessProbe),
    liveness: url(livenessProbe),
  };
}

/**
 * The sources of this checkout, started with what the pod has and nothing of the environment of the tests, but for what a pod has of its own: programs, and the way
 * to the API server with the token of its account.
 */
export function podProgram({ args, env }: Pod, kubeconfig: string): Program {
  const own = { PATH: process.env['PATH'] ?? '', HOME: '/nonexistent', KUBECONFIG: kubeconfig };
  const variables = Object.entries({ ...own, ...env }).map(([name, value]) => `${name}=${value}`);
  const worker = [process.execPath, 'tools/run.mjs', 'worker/main.ts', ...args];
  return {
    file: '/usr/bin/env',
    args: ['-i', ...variables, ...worker],
    cwd: fileURLToPath(new URL('../../..', import.meta.url)),
  };
}
