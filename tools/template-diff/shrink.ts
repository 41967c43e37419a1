import type { VectorFile } from '../vectors/vectors.ts';
import { compareAll, type Difference } from './compare.ts';

const PIECES = /\{\{-?|-?\}\}|"(?:\\.|[^"\\])*"|`[^`]*`|[\w.$]+|\s+|[^]/g;
const MAX_ROUNDS = 25;
const MAX_CANDIDATES = 400;

/** The template without one run of its pieces, for every run, the shortest results first. */
function shorter(template: string): string[] {
  const pieces = template.match(PIECES) ?? [];
  const found = new Set<string>();
  for (let size = Math.max(pieces.length - 1, 1); size >= 1; size = size > 12 ? Math.floor(size * 0.7) : size - 1) {
    for (let at = 0; at + size <= pieces.length; at += 1) {
      found.add([...pieces.slice(0, at), ...pieces.slice(at + size)].join(''));
    }
  }
  for (const word of ['""', '"a"', '1', 'nil']) {
    for (const [from, to] of parentheses(template)) found.add(template.slice(0, from) + word + template.slice(to));
  }
  found.delete(template);
  const all = [...found].filter((text) => text.length < template.length && text.includes('{{'));
  return all.sort((left, right) => left.length - right.length);
}

function parentheses(template: string): [number, number][] {
  const open: number[] = [];
  const found: [number, number][] = [];
  for (const { 0: character, index } of template.matchAll(/[()]/g)) {
    if (character === '(') open.push(index);
    const from = character === ')' ? open.pop() : undefined;
    if (from !== undefined) found.push([from, index + 1]);
  }
  return found;
}

/** What kind of difference it is: a smaller template must not show another one. */
function kindOf({ difference, vector }: Difference): string {
  return `${vector.error ?? 'text'}/${/ got (\w+ error)/.exec(difference)?.[1] ?? 'text'}`;
}

/** The smallest template we find that shows the same kind of difference. */
export function shrink(program: string, vars: VectorFile['vars'], found: Difference): Difference {
  let smallest = found;
  const kind = kindOf(found);
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    const all = shorter(smallest.vector.template);
    const step = Math.max(1, Math.ceil(all.length / MAX_CANDIDATES));
    const candidates = all.filter((_template, index) => index % step === 0);
    const cases = candidates.map((template) => ({ template, vars: found.vector.vars }));
    const [next] = compareAll(program, vars, cases).differences.filter((other) => kindOf(other) === kind);
    if (next === undefined) return smallest;
    smallest = next;
  }
  return smallest;
}
