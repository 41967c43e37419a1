import { columns, seconds } from '../demo/text.ts';
import type { Machine } from './machine.ts';

/** Durations of one measurement, in milliseconds, one for each round. */
export type Rounds = readonly number[];

/** One line for the table about what something cost: a label and a text for the floor and for ours, by round. */
export interface CostLine {
  readonly label: string;
  readonly floor: readonly string[];
  readonly ours: readonly string[];
}

/** What a benchmark found. Only the ratio of one run means something: machines differ. */
export interface BenchResult {
  readonly name: string;
  readonly title: string;
  readonly limit: number;
  readonly rows: number;
  readonly statedRows: number;
  readonly nodes: number;
  readonly floor: Rounds;
  readonly ours: Rounds;
  /** From the commit to the start of the sync that saw the rows: part of `ours`. */
  readonly syncWait: Rounds;
  readonly costs: readonly CostLine[];
}

/** The middle value, or the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError('no value');
  const sorted = values.toSorted((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
  const lower = sorted[Math.floor((sorted.length - 1) / 2)] ?? Number.NaN;
  return (lower + upper) / 2;
}

/** Median of ours divided by the median of the floor. */
export function ratioOf({ floor, ours }: Pick<BenchResult, 'floor' | 'ours'>): number {
  return median(ours) / median(floor);
}

function verdict(result: BenchResult): string {
  const ratio = ratioOf(result);
  const place = ratio <= result.limit ? 'within the limit' : 'ABOVE THE LIMIT';
  const size = result.rows < result.statedRows ? `, but below the stated size of ${result.statedRows} rows` : '';
  return `${result.name}  ratio ${ratio.toFixed(2)}, limit ${result.limit}: ${place}${size}`;
}

function timeRow(label: string, rounds: Rounds): readonly string[] {
  return [label, ...rounds.map(seconds), seconds(median(rounds))];
}

/** Texts that would tear the table apart are listed under it. */
const widestCell = 20;

function isWide({ floor, ours }: CostLine): boolean {
  return [...floor, ...ours].some((cell) => cell.length > widestCell);
}

type Side = readonly [name: string, cells: readonly string[]];

function sidesOf({ label, floor, ours }: CostLine): readonly Side[] {
  const sides: readonly Side[] = [
    [`floor: ${label}`, floor],
    [`ours: ${label}`, ours],
  ];
  return sides.filter(([, cells]) => cells.some((cell) => cell !== ''));
}

/** The table of one benchmark. */
export function resultLines(result: BenchResult, machine: Machine): readonly string[] {
  const rounds = result.floor.map((_, index) => `round ${index + 1}`);
  const narrow = result.costs.filter((line) => !isWide(line)).flatMap(sidesOf);
  const wide = result.costs.filter(isWide).flatMap(sidesOf);
  return [
    `${result.name}: ${result.title}`,
    `${result.rows} rows, ${result.nodes} LynqNodes`,
    machineText(machine),
    '',
    ...columns([
      ['', ...rounds, 'median'],
      timeRow('floor', result.floor),
      timeRow('ours', result.ours),
      timeRow('  of it: until the sync began', result.syncWait),
      ...narrow.map(([label, cells]) => [label, ...cells]),
    ]),
    '',
    ...wide.flatMap(([label, cells]) => cells.map((cell, index) => `${label}, ${rounds[index]}: ${cell}`)),
    '',
    verdict(result),
  ];
}

export function machineText(machine: Machine): string {
  const { cores, processor, memoryGiB, platform, node, commit, date, loadBefore } = machine;
  return `${cores} cores (${processor}), ${memoryGiB} GiB, ${platform}, Node ${node}, commit ${commit}, ${date}, load ${loadBefore} before`;
}

const round = (value: number): number => Math.round(value * 1_000) / 1_000;
const inSeconds = (rounds: Rounds): readonly number[] => rounds.map((ms) => round(ms / 1_000));

/** `{"B0":{"ratio":1.5,...}}`, times in seconds. */
export function resultsJson(results: readonly BenchResult[], machine: Machine): string {
  const entries = results.map((result) => {
    const { name, title, limit, rows, statedRows, nodes, costs } = result;
    const ratio = round(ratioOf(result));
    const times = {
      floorSeconds: inSeconds(result.floor),
      oursSeconds: inSeconds(result.ours),
      syncWaitSeconds: inSeconds(result.syncWait),
    };
    const within = ratio <= limit && rows >= statedRows;
    return [name, { ratio, limit, within, title, rows, statedRows, nodes, ...times, costs, machine }] as const;
  });
  return `${JSON.stringify(Object.fromEntries(entries), null, 2)}\n`;
}
