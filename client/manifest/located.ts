import type { Json } from '../../domain/api/json.ts';

/** How a scalar stands in its file, enough to find a character of its value again. */
export type ScalarStyle = 'plain' | 'single' | 'double' | 'block';

/** A JSON value together with the place it was read from; offsets into the file's text. */
export interface Located {
  readonly value: Json;
  readonly start: number;
  readonly end: number;
  /** Where the key of this value begins, for entries of a map. */
  readonly keyStart?: number;
  readonly style?: ScalarStyle;
  /** The scalar holds template actions that were written without quotes. */
  readonly unquotedTemplate?: true;
  readonly entries?: ReadonlyMap<string, Located>;
  readonly items?: readonly Located[];
}

export type PathStep = string | number;

export interface Found {
  readonly located: Located;
  /** Steps that could be taken; shorter than the path when something on it is absent. */
  readonly depth: number;
}

/** Follows a path as far as it goes. */
export function findPath(root: Located, path: readonly PathStep[]): Found {
  let located = root;
  for (const [depth, step] of path.entries()) {
    const next: Located | undefined = typeof step === 'number' ? located.items?.[step] : located.entries?.get(step);
    if (next === undefined) return { located, depth };
    located = next;
  }
  return { located, depth: path.length };
}

/** Offset to show for a path: its key when it is an entry, else its value; for an absent one the nearest parent's. */
export function offsetOf(root: Located, path: readonly PathStep[]): number {
  const { located } = findPath(root, path);
  return located.keyStart ?? located.start;
}

/** Path as a person writes it: `spec.deployments[0].spec.replicas`. */
export function pathText(path: readonly PathStep[]): string {
  return path
    .map((step, index) => {
      if (typeof step === 'number') return `[${step}]`;
      if (!/^[\w-]+$/.test(step)) return `["${step}"]`;
      return index === 0 ? step : `.${step}`;
    })
    .join('');
}
