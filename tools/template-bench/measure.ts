import { spawnSync } from 'node:child_process';
import { setImmediate as yieldToOthers } from 'node:timers/promises';
import { z } from 'zod';
import {
  compileForm,
  type CompiledForm,
  type FormResources,
  renderForm,
  type RenderContext,
} from '../../template/index.ts';
import { type BenchForm, row, variant } from './form.ts';

/** Rate of renders of all fields of the form, and milliseconds to get it ready. */
export interface Rate {
  readonly rendersPerSecond: number;
  readonly compileMs: number;
}

const GoRate = z.object({ rendersPerSecond: z.number(), compileMs: z.number() });

/** Go's figures, on one core as ours. */
export function goRate(program: string, form: BenchForm, seconds: number): Rate {
  const input = JSON.stringify({ fields: form.fields, vars: row, seconds });
  const result = spawnSync(program, ['bench'], { input, encoding: 'utf8', env: { ...process.env, GOMAXPROCS: '1' } });
  if (result.status !== 0) throw new Error(`the Go program failed: ${result.stderr}`);
  return GoRate.parse(JSON.parse(result.stdout));
}

export function compiled(resources: FormResources['resources'], contentHash: string): CompiledForm {
  const result = compileForm({ form: 'data-tier', contentHash, resources, declared: new Set(Object.keys(row)) });
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  return result.form;
}

const hubKey = new Uint8Array(32).fill(7);

/** A row of its own: nothing of a render can be used for the next one. */
export function contextOf(index: number): RenderContext {
  const uid = `tenant-${index}`;
  return {
    hub: 'multi-tier-nodes',
    uid,
    form: 'data-tier',
    variables: new Map(Object.entries({ ...row, uid })),
    hubKey,
    now: new Date(0),
    kept: new Map(),
  };
}

function renderOnce(form: CompiledForm, index: number): void {
  const result = renderForm(form, contextOf(index));
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
}

/** Our figures. Compiling includes the first render: Handlebars generates code when a program is run for the first time. */
export function ourRate(form: BenchForm, seconds: number, round: number): Rate {
  const forms = 10;
  const compiling = performance.now();
  for (let index = 0; index < forms; index += 1) {
    const mark = `-${round}-${index}`;
    renderOnce(compiled(variant(form, mark), mark), index);
  }
  const compileMs = (performance.now() - compiling) / forms;
  const ready = compiled(form.resources, 'bench');
  const warm = performance.now();
  for (let index = 0; performance.now() - warm < seconds * 100; index += 1) renderOnce(ready, index);
  let renders = 0;
  const started = performance.now();
  for (; performance.now() - started < seconds * 1_000; renders += 1) renderOnce(ready, renders);
  return { rendersPerSecond: (renders * 1_000) / (performance.now() - started), compileMs };
}

/** Milliseconds the event loop was kept busy without a break. */
export interface Blocks {
  readonly nodes: number;
  readonly median: number;
  /** By the clock, with what the machine gave to others meanwhile. */
  readonly longestWall: number;
  /** What this process worked in a turn at most: the smaller of wall clock and processor time of each turn. */
  readonly longest: number;
  readonly seconds: number;
}

/** Renders many nodes as a caller does, one turn of the event loop for each; the first one compiles the form. */
export async function blocks(form: BenchForm, nodes: number): Promise<Blocks> {
  const ready = compiled(variant(form, '-blocks'), 'blocks');
  const times = new Float64Array(nodes);
  let longest = 0;
  const started = performance.now();
  for (let index = 0; index < nodes; index += 1) {
    const turn = performance.now();
    const before = process.cpuUsage();
    renderOnce(ready, index);
    const { user, system } = process.cpuUsage(before);
    const wall = performance.now() - turn;
    times[index] = wall;
    longest = Math.max(longest, Math.min(wall, (user + system) / 1_000));
    await yieldToOthers();
  }
  const seconds = (performance.now() - started) / 1_000;
  times.sort();
  return { nodes, median: times[nodes >> 1] ?? 0, longestWall: times[nodes - 1] ?? 0, longest, seconds };
}
