import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import type { StackEndpoints } from '../stack-setup.ts';
import { eventually, notYet, there } from './eventually.ts';
import { follow, type Following } from './following.ts';
import { configMap, openSmallWorld, type SmallWorld } from './forms.ts';
import { environment, run } from './programs.ts';

/** A program of the package, as a shell finds it. */
export const bin = (name: string): string => fileURLToPath(new URL(`../../../bin/${name}.mjs`, import.meta.url));

/** A small fleet that is Ready, and `lynq` and kubectl as a person has them. */
export interface CliWorld extends SmallWorld {
  /** Environment of a shell, with an address of the Temporal UI. */
  readonly env: NodeJS.ProcessEnv;
  /** What `lynq` prints on standard output; it has to end well. */
  said(...args: readonly string[]): Promise<string>;
  kubectlSaid(...args: readonly string[]): Promise<string>;
  /** `lynq` for something that goes on until it is told to end. */
  following(...args: readonly string[]): Following;
}

/** Address of the Temporal UI in these worlds. */
export const uiAddress = 'http://ui.example.com';

/** Pods of a Deployment named `<uid>-<name>`. */
export function podSpec(name: string, replicas: unknown, pod: object = {}): object {
  const labels = { app: `{{ .uid }}-${name}` };
  const containers = [{ name: 'web', image: 'registry.example.com/web:1' }];
  const template = { metadata: { labels }, spec: { containers, ...pod } };
  return { apiVersion: 'apps/v1', kind: 'Deployment', spec: { replicas, selector: { matchLabels: labels }, template } };
}

export function serviceSpec(name: string): object {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    spec: { selector: { app: `{{ .uid }}-${name}` }, ports: [{ port: 80 }] },
  };
}

export const settings = configMap('settings', {}, { size: '{{ .size }}' });
export const note = configMap('note', { deletionPolicy: 'Retain' }, { text: 'keep' });

/** Hub `things` with form `shop`: two ConfigMaps, one of them retained, a Deployment that needs one, and a Service that needs the Deployment. */
export async function openCliWorld(stack: StackEndpoints, name: string, uids: readonly string[]): Promise<CliWorld> {
  const world = await openSmallWorld(stack, name);
  const env = { ...environment(stack), LYNQ_TEMPORAL_UI: uiAddress };
  const command = (args: readonly string[]): readonly string[] => [bin('lynq'), '-n', world.namespace, ...args];
  await world.putForm('shop', {
    configMaps: [settings, note],
    deployments: [
      { id: 'web', nameTemplate: '{{ .uid }}-web', dependIds: ['settings'], spec: podSpec('web', '{{ .size | int }}') },
    ],
    services: [{ id: 'web-svc', nameTemplate: '{{ .uid }}-web', dependIds: ['web'], spec: serviceSpec('web') }],
  });
  for (const uid of uids) await world.addRow(uid);
  await world.ready(uids.map((uid) => `${uid}-shop`));
  return {
    ...world,
    env,
    said: async (...args) => {
      const ended = await run(process.execPath, command(args), env);
      expect(ended, ended.stderr).toMatchObject({ code: 0 });
      return ended.stdout;
    },
    kubectlSaid: async (...args) => {
      const ended = await world.kubectl(['-n', world.namespace, ...args]);
      expect(ended, ended.stderr).toMatchObject({ code: 0 });
      return ended.stdout;
    },
    following: (...args) => follow(process.execPath, command(args), env),
  };
}

/** Waits until the program has printed it. */
export function printed(following: Following, what: RegExp | string): Promise<true> {
  return eventually(`the output has ${what}`, () => {
    const text = following.output();
    return (typeof what === 'string' ? text.includes(what) : what.test(text)) ? there(true) : notYet(text);
  });
}

/** A table as kubectl and lynq print it, without the ages: cells stand below the beginnings of the headers, and may be empty. */
export function cellsOf(table: string): readonly (readonly string[])[] {
  const lines = table.trimEnd().split('\n');
  const header = [...(lines[0] ?? '').matchAll(/\S+(?: \S+)*/g)];
  return lines.map((line) =>
    header.flatMap(({ 0: title, index }, column) =>
      title === 'AGE' ? [] : [line.slice(index, header[column + 1]?.index).trim()],
    ),
  );
}
