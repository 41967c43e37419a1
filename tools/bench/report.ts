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

/** A figure beside the ratio that has a limit of its own. */
export interface Check {
  readonly label: string;
  readonly value: number;
  readonly atMost: number;
  readonly unit: string;
}

/** What the two sides of a ratio are, where they are not the durations of the floor and of ours. */
export interface Sides {
  readonly unit: 'ms' | 'writes';
  readonly floor: string;
  readonly ours: string;
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
  /** Each of ours was measured between two of the floor, of which there is one more. */
  readonly flanked?: true;
  readonly sides?: Sides;
  /** From the commit to the start of the sync that saw the rows: part of `ours`. */
  readonly syncWait?: Rounds;
  readonly checks?: readonly Check[];
  readonly costs: readonly CostLine[];
}

/** What was counted for each round, by label; a side of which something was not counted has no text for it. */
export function costLines(floor: readonly Costed[], ours: readonly Costed[]): readonly CostLine[] {
  const labels = [...new Set([...floor, ...ours].flatMap(({ costs }) => Object.keys(costs)))];
  const cells = (side: readonly Costed[], label: string): readonly string[] =>
    side.map(({ costs }) => costs[label] ?? '');
  return labels.map((label) => ({ label, floor: cells(floor, label), ours: cells(ours, label) }));
}

interface Costed {
  readonly costs: Readonly<Record<string, string>>;
}

/** The middle value, or the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError('no value');
  const sorted = values.toSorted((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
  const lower = sorted[Math.floor((sorted.length - 1) / 2)] ?? Number.NaN;
  return (lower + upper) / 2;
}

/**
 * Median of ours divided by the median of the floor. Where ours is flanked by the floor, the median of the rounds' ratios, each to the mean of its neighbours: a machine
 * whose speed changes from minute to minute changes both alike.
 */
export function ratioOf({ floor, ours, flanked }: Pick<BenchResult, 'floor' | 'ours' | 'flanked'>): number {
  if (flanked === undefined) return median(ours) / median(floor);
  return median(ours.map((value, at) => value / median(floor.slice(at, at + 2))));
}

/** Within all its limits, at the stated size. */
export function isWithin(result: BenchResult): boolean {
  const checks = result.checks ?? [];
  const kept = checks.every(({ value, atMost }) => value <= atMost);
  return kept && ratioOf(result) <= result.limit && result.rows >= result.statedRows;
}

/** 2 where a benchmark ran below its stated size: what it says counts for nothing then. One above a limit was measured all the same: the line says so. */
export function exitCodeOf(results: readonly BenchResult[]): 0 | 2 {
  return results.some(({ rows, statedRows }) => rows < statedRows) ? 2 : 0;
}

function verdict(result: BenchResult): string {
  const ratio = ratioOf(result);
  const size = result.rows < result.statedRows ? `, but below the stated size of ${result.statedRows} rows` : '';
  const how = result.flanked === undefined ? '' : ' (median of the rounds, each to the floors before and after it)';
  return `${result.name}  ratio ${ratio.toFixed(2)}${how}, limit ${result.limit}: ${place(ratio <= result.limit)}${size}`;
}

const place = (within: boolean): string => (within ? 'within the limit' : 'ABOVE THE LIMIT');

function checkText(name: string, { label, value, atMost, unit }: Check): string {
  const figure = `${round(value)}${unit === '' ? '' : ` ${unit}`}`;
  return `${name}  ${label}: ${figure}, at most ${atMost}: ${place(value <= atMost)}`;
}

/** Few values stand each in a column, many as their range. */
const mostRounds = 5;

function measureText(value: number, unit: Sides['unit']): string {
  if (unit === 'writes') return String(value);
  return value < 1_000 ? `${Math.round(value)} ms` : seconds(value);
}

function timeRow(
  label: string,
  rounds: Rounds,
  { unit, cells }: { unit: Sides['unit']; cells: number },
): readonly string[] {
  const texts =
    rounds.length > 1 && cells === 1
      ? [`${measureText(Math.min(...rounds), unit)} to ${measureText(Math.max(...rounds), unit)}`]
      : rounds.map((value) => measureText(value, unit));
  const absent = Array.from({ length: cells - texts.length }, () => '');
  return [label, ...texts, ...absent, measureText(median(rounds), unit)];
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

function headings({ floor, ours }: BenchResult): readonly string[] {
  const repeats = Math.max(floor.length, ours.length);
  return repeats > mostRounds
    ? [`${repeats} repeats`]
    : Array.from({ length: repeats }, (_, index) => `round ${index + 1}`);
}

const durations: Sides = { unit: 'ms', floor: 'floor', ours: 'ours' };

/** The table of one benchmark. */
export function resultLines(result: BenchResult, machine: Machine): readonly string[] {
  const rounds = headings(result);
  const { unit, floor, ours } = result.sides ?? durations;
  const row = { unit, cells: rounds.length };
  const narrow = result.costs.filter((line) => !isWide(line)).flatMap(sidesOf);
  const wide = result.costs.filter(isWide).flatMap(sidesOf);
  return [
    `${result.name}: ${result.title}`,
    `${result.rows} rows, ${result.nodes} LynqNodes`,
    machineText(machine),
    '',
    ...columns([
      ['', ...rounds, 'median'],
      timeRow(floor, result.floor, row),
      timeRow(ours, result.ours, row),
      ...(result.syncWait === undefined ? [] : [timeRow('  of it: until the sync began', result.syncWait, row)]),
      ...narrow.map(([label, cells]) => [label, ...cells]),
    ]),
    '',
    ...wide.flatMap(([label, cells]) => cells.map((cell, index) => `${label}, ${rounds[index] ?? 'all'}: ${cell}`)),
    '',
    verdict(result),
    ...(result.checks ?? []).map((check) => checkText(result.name, check)),
  ];
}

export function machineText(machine: Machine): string {
  const { cores, processor, memoryGiB, platform, node, commit, date, loadBefore } = machine;
  return `${cores} cores (${processor}), ${memoryGiB} GiB, ${platform}, Node ${node}, commit ${commit}, ${date}, load ${loadBefore} before`;
}

const round = (value: number): number => Math.round(value * 1_000) / 1_000;
const inSeconds = (rounds: Rounds): readonly number[] => rounds.map((ms) => round(ms / 1_000));

function sidesJson(result: BenchResult) {
  if (result.sides?.unit === 'writes') return { needed: result.floor, made: result.ours };
  return {
    floorSeconds: inSeconds(result.floor),
    oursSeconds: inSeconds(result.ours),
    ...(result.syncWait === undefined ? {} : { syncWaitSeconds: inSeconds(result.syncWait) }),
    ...(result.flanked === undefined ? {} : { flanked: true }),
  };
}

/** `{"B0":{"ratio":1.5,...}}`, times in seconds. */
export function resultsJson(results: readonly BenchResult[], machine: Machine): string {
  const entries = results.map((result) => {
    const { name, title, limit, rows, statedRows, nodes, costs, checks = [] } = result;
    const ratio = round(ratioOf(result));
    const found = checks.map((check) => ({ ...check, value: round(check.value) }));
    const size = { title, rows, statedRows, nodes };
    const figures = { ratio, limit, within: isWithin(result), checks: found };
    return [name, { ...figures, ...size, ...sidesJson(result), costs, machine }] as const;
  });
  return `${JSON.stringify(Object.fromEntries(entries), null, 2)}\n`;
}
