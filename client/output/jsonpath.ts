import { query } from 'json-p3';
import type { Json } from '../../domain/api/json.ts';
import { usageError } from '../errors.ts';

/**
 * `-o jsonpath=TEMPLATE` as kubectl has it: text with `{PATH}`, `{"text"}` and `{range PATH}...{end}`; results of a path are separated by spaces, what
 * is not there prints nothing. Paths are RFC 9535, written kubectl's way: `.metadata.labels.lynq\.sh/uid`, `@` and `.` for the present item, `$`
 * for the whole.
 */

type Part =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'path'; readonly path: string; readonly fromRoot: boolean }
  | { readonly kind: 'range'; readonly path: string; readonly fromRoot: boolean; readonly parts: readonly Part[] };

/** @throws CommandError for a template that cannot be read. */
export function renderJsonPath(template: string, root: Json): string {
  const parts = readTemplate(template.includes('{') ? template : `{${template}}`);
  return print(parts, root, root);
}

function print(parts: readonly Part[], root: Json, item: Json): string {
  return parts
    .map((part) => {
      if (part.kind === 'text') return part.text;
      const values = find(part.path, part.fromRoot ? root : item);
      if (part.kind === 'path') return values.map(textOf).join(' ');
      return values.map((value) => print(part.parts, root, value)).join('');
    })
    .join('');
}

function textOf(value: Json): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function find(path: string, value: Json): readonly Json[] {
  try {
    return unionParts(path).flatMap(
      (part) => query(part, value as Parameters<typeof query>[1]).values() as readonly Json[],
    );
  } catch {
    throw usageError(
      `jsonpath: ${path} is no path`,
      "such as '{.items[*].metadata.name}' or '{.status.conditions[?(@.type==\"Ready\")].status}'",
    );
  }
}

const quoted = String.raw`'(?:[^'\\]|\\.)*'`;
/** Several names in one pair of brackets, none of which holds a bracket. */
const union = new RegExp(String.raw`\[\s*(${quoted}(?:\s*,\s*${quoted})+)\s*\]`);

/** `['metadata.name', 'kind']` asks for one path after the other, of all items each, and its names may be paths themselves: as in kubectl, unlike RFC 9535. */
function unionParts(path: string): readonly string[] {
  const found = union.exec(path);
  if (found === null) return [path];
  const names = (found[1] ?? '').match(new RegExp(quoted, 'g')) ?? [];
  const steps = names.map((name) =>
    name
      .slice(1, -1)
      .split('.')
      .map((step) => `['${step}']`)
      .join(''),
  );
  const [before, after] = [path.slice(0, found.index), path.slice(found.index + found[0].length)];
  return steps.flatMap((step) => unionParts(`${before}${step}${after}`));
}

/** Blocks of a template; quotes inside a block may hold braces. */
const blocks = /\{((?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[^{}"'])*)\}/g;

function readTemplate(template: string): readonly Part[] {
  const open: { readonly part: Omit<Part & { kind: 'range' }, 'parts'>; readonly parts: Part[] }[] = [];
  const top: Part[] = [];
  const add = (part: Part): void => void (open.at(-1)?.parts ?? top).push(part);
  let place = 0;
  for (const match of template.matchAll(blocks)) {
    addText(add, template.slice(place, match.index));
    place = match.index + match[0].length;
    const block = (match[1] ?? '').trim();
    const [, ranged] = /^range\s+(.*)$/s.exec(block) ?? [];
    if (ranged !== undefined) open.push({ part: { kind: 'range', ...pathOf(ranged) }, parts: [] });
    else if (block === 'end') {
      const closed = open.pop();
      if (closed === undefined) throw usageError('jsonpath: {end} without {range PATH}');
      add({ ...closed.part, parts: closed.parts });
    } else add(/^["']/.test(block) ? { kind: 'text', text: unquote(block) } : { kind: 'path', ...pathOf(block) });
  }
  addText(add, template.slice(place));
  if (open.length > 0) throw usageError('jsonpath: {range PATH} without {end}');
  return top;
}

function addText(add: (part: Part) => void, text: string): void {
  if (/[{}]/.test(text)) throw usageError(`jsonpath: a brace is not closed near ${text.trim().slice(0, 40)}`);
  if (text !== '') add({ kind: 'text', text });
}

const escapes: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r' };

function unquote(block: string): string {
  return block.slice(1, -1).replaceAll(/\\(.)/gs, (_whole, character: string) => escapes[character] ?? character);
}

/** kubectl's way to write a path, as RFC 9535 has it: names with dots, slashes or dashes go into brackets, and `$` stands in front. */
function pathOf(written: string): { readonly path: string; readonly fromRoot: boolean } {
  const fromRoot = written.startsWith('$');
  const steps = written.replace(/^[$@]/, '');
  const dotted = steps === '' || /^[.[]/.test(steps) ? steps : `.${steps}`;
  // A single dot is the item itself.
  const path = dotted === '.' ? '' : dotted.replaceAll(pathParts, bracketed);
  return { path: `$${path}`, fromRoot };
}

/** Texts and numbers, which hold dots that are no steps, and the steps: of the path itself and of those in a filter. */
const pathParts =
  /'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|(?<![\w.])-?\d+(?:\.\d+)?|(\.\.?)((?:[^.[\]*()\\\s'"=!<>&|,]|\\.)+)/g;

function bracketed(whole: string, dots: string | undefined, name: string | undefined): string {
  // kubectl wants dots escaped inside of brackets too.
  if (dots === undefined || name === undefined) return whole.replaceAll('\\.', '.');
  if (/^[A-Za-z_]\w*$/.test(name)) return whole;
  const plain = name.replaceAll(/\\(.)/g, '$1').replaceAll("'", String.raw`\'`);
  return `${dots === '..' ? '..' : ''}['${plain}']`;
}
