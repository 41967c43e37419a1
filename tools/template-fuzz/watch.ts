import childProcess from 'node:child_process';
import dns from 'node:dns';
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import net from 'node:net';

/** What templates must never reach. */
const modules: Readonly<Record<string, object>> = { fs, net, dns, child_process: childProcess };
const prototypes: readonly object[] = [
  Object.prototype,
  Array.prototype,
  Function.prototype,
  Map.prototype,
  String.prototype,
];

/** The only place that may generate code: Handlebars, from a tree that the whitelist has checked. */
const COMPILER = /handlebars[\\/](?:dist|lib)[^)]*javascript-compiler/;

/** Watches the process while templates run. */
export interface Watch {
  /** What was touched since the last call, in words. */
  readonly touched: () => readonly string[];
  /** Functions that Handlebars' compiler has generated. */
  readonly generated: () => number;
  readonly stop: () => void;
}

function shapes(): string {
  return prototypes.map((prototype) => Reflect.ownKeys(prototype).map(String).join()).join('|');
}

/**
 * Puts watchers around `eval`, `Function`, `process.env`, and every function of `fs`, `net`, `dns` and `child_process`. Until `stop` is
 * called nothing else may run in this process.
 */
export function watchProcess(): Watch {
  const seen = new Set<string>();
  const undo: (() => void)[] = [];
  let generated = 0;
  const before = shapes();
  for (const [name, module] of Object.entries(modules)) undo.push(watchModule(name, module, (call) => seen.add(call)));
  undo.push(
    watchGlobal('Function', (stack) => {
      if (COMPILER.test(stack)) generated += 1;
      else seen.add('Function');
    }),
  );
  undo.push(watchGlobal('eval', () => seen.add('eval')));
  undo.push(
    watchEnvironment((key) => {
      // Where source maps are on, Node looks for a variable of its own whenever code is generated.
      if (!(new Error('env').stack ?? '').includes('node:internal/source_map')) seen.add(`process.env.${key}`);
    }),
  );
  const touched = (): string[] => {
    if (shapes() !== before) seen.add('a prototype');
    const found = [...seen];
    seen.clear();
    return found;
  };
  return { touched, generated: () => generated, stop: () => undo.reverse().forEach((step) => step()) };
}

function watchModule(name: string, module: object, report: (call: string) => void): () => void {
  const own = Object.entries(Object.getOwnPropertyDescriptors(module)).filter(
    ([, { value, writable, configurable }]) =>
      typeof value === 'function' && writable === true && configurable === true,
  );
  for (const [key, { value }] of own) {
    const watched = new Proxy(value as (...args: unknown[]) => unknown, {
      apply: (target, self, args) => {
        report(`${name}.${key}`);
        return Reflect.apply(target, self, args);
      },
    });
    Object.defineProperty(module, key, { value: watched, writable: true, configurable: true, enumerable: true });
  }
  syncBuiltinESMExports();
  return () => {
    for (const [key, descriptor] of own) Object.defineProperty(module, key, descriptor);
    syncBuiltinESMExports();
  };
}

function watchGlobal(name: 'Function' | 'eval', report: (stack: string) => void): () => void {
  const descriptor = Object.getOwnPropertyDescriptor(globalThis, name);
  if (descriptor === undefined) return () => undefined;
  const note = (): void => report(new Error(name).stack ?? '');
  const watched = new Proxy(descriptor.value as FunctionConstructor, {
    apply: (target, self, args) => {
      note();
      return Reflect.apply(target, self, args);
    },
    construct: (target, args) => {
      note();
      return Reflect.construct(target, args) as object;
    },
  });
  Object.defineProperty(globalThis, name, { ...descriptor, value: watched });
  // `(() => {}).constructor` is another way to the same function.
  const { constructor } = Function.prototype;
  if (name === 'Function')
    Object.defineProperty(Function.prototype, 'constructor', { value: watched, writable: true, configurable: true });
  return () => {
    Object.defineProperty(globalThis, name, descriptor);
    Object.defineProperty(Function.prototype, 'constructor', {
      value: constructor,
      writable: true,
      configurable: true,
    });
  };
}

function watchEnvironment(report: (key: string) => void): () => void {
  const { env } = process;
  const watched = new Proxy(env, {
    get: (target, key) => {
      report(String(key));
      return Reflect.get(target, key) as unknown;
    },
    ownKeys: (target) => {
      report('*');
      return Reflect.ownKeys(target);
    },
  });
  Object.defineProperty(process, 'env', { value: watched, configurable: true, writable: true, enumerable: true });
  return () =>
    Object.defineProperty(process, 'env', { value: env, configurable: true, writable: true, enumerable: true });
}
