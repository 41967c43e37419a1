import type { z } from 'zod';
import type { PathStep } from '../manifest/located.ts';

/**
 * What is left of a value when all that its schema refuses is taken away, so that one mistake hides no other. Lists keep their length, since
 * problems are told by place: what is wrong inside of one takes the whole list along, unless a field of its element can go alone.
 */
export interface Salvaged<T> {
  /** Undefined when nothing is left that fits. */
  readonly value: T | undefined;
  /** First steps of the paths at which something was taken away. */
  readonly dropped: ReadonlySet<PathStep>;
}

export function salvage<T>(schema: z.ZodType<T>, value: unknown): Salvaged<T> {
  const dropped = new Set<PathStep>();
  let left: unknown = value;
  for (;;) {
    const parsed = schema.safeParse(left);
    if (parsed.success) return { value: parsed.data, dropped };
    for (const { path } of parsed.error.issues) {
      const steps = droppable(left, path.map(toStep));
      const [first] = steps;
      if (first === undefined) return { value: undefined, dropped };
      dropped.add(first);
      left = without(left, steps);
    }
  }
}

const toStep = (step: PropertyKey): PathStep => (typeof step === 'number' ? step : String(step));

const memberOf = (value: unknown, step: PathStep): unknown =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, step)
    ? (value as Readonly<Record<PathStep, unknown>>)[step]
    : undefined;

/** The path as far as it exists; what lacks something goes as a whole. Ends with the key of a map. */
function droppable(value: unknown, path: readonly PathStep[]): readonly PathStep[] {
  let current = value;
  let depth = 0;
  for (const step of path) {
    current = memberOf(current, step);
    if (current === undefined) break;
    depth += 1;
  }
  const existing = path.slice(0, depth);
  return existing.slice(0, existing.findLastIndex((step) => typeof step === 'string') + 1);
}

function without(value: unknown, [step, ...rest]: readonly PathStep[]): unknown {
  if (step === undefined || typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((item, index) => (index === step ? without(item, rest) : item));
  const entries = Object.entries(value);
  if (rest.length === 0) return Object.fromEntries(entries.filter(([key]) => key !== step));
  return Object.fromEntries(entries.map(([key, item]) => [key, key === step ? without(item, rest) : item]));
}
