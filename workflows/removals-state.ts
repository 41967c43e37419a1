import type { HubRef, RemovalsOutcome } from '../activities/contract.ts';
import { aboutRemovals } from './removals-options.ts';

/** What a run that removes many nodes knows, as plain data: it travels through continue-as-new. The truth is in Kubernetes. */
export interface RemovalsInput extends HubRef {
  readonly carried?: CarriedRemovals;
}

export interface CarriedRemovals {
  readonly waiting: readonly string[];
  /** Their runs are to be told. */
  readonly untold: readonly string[];
  readonly removed: number;
  readonly left: number;
}

export interface RemovalsResult {
  readonly hub: string;
  readonly removed: number;
  readonly left: number;
}

/** Nodes of one activity. */
const pageSize = 100;
/** Characters of the names of a list, so that both together are far below the largest payload. What is beyond is left to the runs of the nodes. */
const longestList = 50_000;
const longestName = 253;
const nameOfObject = /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/;

/** Names without repetition, in the order in which they came. */
class Names {
  private readonly names: Set<string>;
  private characters: number;

  constructor(names: readonly string[]) {
    this.names = new Set(names);
    this.characters = lengthOf(names);
  }

  get size(): number {
    return this.names.size;
  }

  isLong(): boolean {
    return this.characters > longestList;
  }

  add(name: string): void {
    if (this.names.has(name)) return;
    this.names.add(name);
    this.characters += name.length;
  }

  takePage(): readonly string[] {
    const page = [...this.names].slice(0, pageSize);
    for (const name of page) this.names.delete(name);
    this.characters -= lengthOf(page);
    return page;
  }

  list(): readonly string[] {
    return [...this.names];
  }
}

const lengthOf = (names: readonly string[]): number => names.reduce((sum, { length }) => sum + length, 0);

/** Anybody may send anything, and a handler that throws would stop the run. Plain checks: no zod in workflow code. */
function namesOf(request: unknown): readonly string[] {
  if (typeof request !== 'object' || request === null || !('nodes' in request)) return [];
  const { nodes } = request;
  if (!Array.isArray(nodes)) return [];
  return (nodes as readonly unknown[]).filter(
    (name): name is string => typeof name === 'string' && name.length <= longestName && nameOfObject.test(name),
  );
}

/** Handlers only fill its lists; the main loop does the work. */
export class RemovalsRun {
  readonly hub: HubRef;
  private readonly isContinued: boolean;
  private readonly waiting: Names;
  private readonly untold: Names;
  private readonly atWork = new Set<string>();
  private removed: number;
  private left: number;

  constructor({ namespace, hub, carried }: RemovalsInput) {
    this.hub = { namespace, hub };
    this.isContinued = carried !== undefined;
    this.waiting = new Names(carried?.waiting ?? []);
    this.untold = new Names(carried?.untold ?? []);
    this.removed = carried?.removed ?? 0;
    this.left = carried?.left ?? 0;
  }

  take(request: unknown): void {
    for (const name of namesOf(request)) if (!this.atWork.has(name) && !this.waiting.isLong()) this.waiting.add(name);
  }

  hasWaiting(): boolean {
    return this.waiting.size > 0;
  }

  isAtWork(): boolean {
    return this.atWork.size > 0;
  }

  hasUntold(): boolean {
    return this.untold.size > 0;
  }

  /** So many runs are to be told that it cannot wait until all objects are gone. */
  mustTell(): boolean {
    return this.untold.isLong();
  }

  /** The next nodes to remove. */
  begin(): readonly string[] {
    const page = this.waiting.takePage();
    for (const name of page) this.atWork.add(name);
    return page;
  }

  end(page: readonly string[], { removed, left }: RemovalsOutcome): void {
    for (const name of page) {
      this.atWork.delete(name);
      this.untold.add(name);
    }
    this.removed += removed;
    this.left += left;
  }

  /** The next nodes whose runs are to be told. */
  tell(): readonly string[] {
    return this.untold.takePage();
  }

  tellAgain(page: readonly string[]): void {
    for (const name of page) this.untold.add(name);
  }

  /** Nothing more is removed. What was at work may have gone. */
  giveUp(): void {
    this.tellAgain([...this.atWork]);
    this.atWork.clear();
  }

  result(): RemovalsResult {
    return { hub: this.hub.hub, removed: this.removed, left: this.left };
  }

  /** Input of the run that goes on with this one's work. */
  carry(): RemovalsInput {
    const { removed, left } = this;
    const carried = { waiting: this.waiting.list(), untold: this.untold.list(), removed, left };
    return { ...this.hub, carried };
  }

  /** For the page of the run in the Temporal UI. Continue-as-new loses static summary and details, which only a start can give. */
  details(): string {
    const { summary, details } = aboutRemovals(this.hub);
    const about = this.isContinued ? [`# ${summary}`, '', details, ''] : [];
    const rows = [
      ['removed', this.removed],
      ['left to their own runs', this.left],
      ['at work', this.atWork.size],
      ['waiting', this.waiting.size],
      ['runs to be told', this.untold.size],
    ].map(([name, value]) => `| ${name} | ${value} |`);
    return [...about, '| | |', '| --- | --- |', ...rows].join('\n');
  }
}
