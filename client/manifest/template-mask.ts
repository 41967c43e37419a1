import { CST, Lexer } from 'yaml';
import { problemAt, type Problem, type SourceFile } from './source.ts';

/**
 * Unquoted template actions, `replicas: {{ .apiReplicas | int }}`, are not YAML that means what its author means: `{{` opens two flow maps.
 *
 * Each action outside quotes, block scalars and comments is masked by as many filler characters, so that YAML sees one plain scalar and every
 * offset stays as it is in the file. `unmask` puts the text back. Which actions those are is asked of the YAML lexer, over a text in which all
 * earlier actions are masked already, so that its state is right at each one.
 */
export interface MaskedText {
  readonly text: string;
  readonly regions: readonly MaskedRegion[];
  readonly problems: readonly Problem[];
}

export interface MaskedRegion {
  readonly start: number;
  readonly end: number;
}

/** Private use characters are legal YAML and mean nothing; the first one the file does not use is taken. */
function fillerFor(text: string): string {
  for (let code = 0xe000; code < 0xf8ff; code++) {
    const filler = String.fromCharCode(code);
    if (!text.includes(filler)) return filler;
  }
  return '\uf8ff';
}

const quoted = /"(?:[^"\\\n]|\\.)*"|`[^`\n]*`|'(?:[^'\\\n]|\\.)*'|\/\*(?:(?!\*\/)[^\n])*\*\//y;

const quotedOverLines = /"(?:[^"\\\n]|\\.)*"|`[^`]*`|'(?:[^'\\\n]|\\.)*'|\/\*(?:(?!\*\/)[\s\S])*\*\//y;

/** End of the action that begins at `start` (past its `}}`), or undefined when it does not end: on its line, unless it may go `overLines`. */
export function actionEnd(text: string, start: number, overLines = false): number | undefined {
  const skipped = overLines ? quotedOverLines : quoted;
  let at = start + 2;
  while (at < text.length && (overLines || text[at] !== '\n')) {
    if (text.startsWith('}}', at)) return at + 2;
    skipped.lastIndex = at;
    at = skipped.test(text) ? skipped.lastIndex : at + 1;
  }
  return undefined;
}

/** Whether the lexer, reading this action as two flow maps, is past it in the state it would have after a plain scalar. */
function isHarmless(text: string, region: MaskedRegion): boolean {
  const inner = text.slice(region.start + 2, region.end - 2);
  const after = /^[ \t]*(?:$|[\r\n,\]}])/.test(text.slice(region.end, region.end + 80));
  return after && /^ [\w.$|() =]*$/.test(inner);
}

interface Exposed {
  readonly start: number;
  /** Start of a line at or before it from which a fresh lexer reads on as this one does: outside flow collections and every scalar. */
  readonly resume: number;
}

/** Actions the lexer meets where a plain scalar or a flow map may begin, in order. */
function* exposedActions(text: string, from: number): Generator<Exposed> {
  const state = { offset: from, resume: from, flow: 0, block: false, previous: '' };
  for (const token of new Lexer().lex(text.slice(from))) {
    if (CST.tokenType(token) === 'block-scalar-header') state.block = true;
    if (state.previous === CST.SCALAR) {
      if (!state.block) yield* actionsIn(token, state);
      state.block = false;
    } else if (token === '{' && text[state.offset + 1] === '{') yield { start: state.offset, resume: state.resume };
    advance(state, token);
  }
}

interface LexState {
  offset: number;
  resume: number;
  flow: number;
  /** A block scalar's header was read, its text is next. */
  block: boolean;
  previous: string;
}

function advance(state: LexState, token: string): void {
  const scalar = state.previous === CST.SCALAR;
  state.previous = token;
  if (isControl(token)) return;
  state.offset += token.length;
  if (scalar) return;
  if (token === '{' || token === '[') state.flow += 1;
  else if (token === '}' || token === ']') state.flow = Math.max(0, state.flow - 1);
  else if (token.endsWith('\n') && state.flow === 0 && !state.block) state.resume = state.offset;
}

function isControl(token: string): boolean {
  return token === CST.DOCUMENT || token === CST.FLOW_END || token === CST.SCALAR;
}

function* actionsIn(token: string, { offset, resume }: LexState): Generator<Exposed> {
  for (let at = token.indexOf('{{'); at !== -1; at = token.indexOf('{{', at + 2)) yield { start: offset + at, resume };
}

interface Pass {
  readonly regions: readonly MaskedRegion[];
  readonly unclosed: readonly number[];
  /** Where the next pass begins. */
  readonly resume: number;
}

function lineEnd(text: string, start: number): number {
  const end = text.indexOf('\n', start);
  return end === -1 ? text.length : end;
}

/** The next actions whose place is certain: up to the first one that may have led the lexer astray. */
function findActions(text: string, from: number): Pass {
  const regions: MaskedRegion[] = [];
  let resume: number | undefined;
  let past = 0;
  for (const { start, resume: line } of exposedActions(text, from)) {
    if (start < past) continue;
    resume ??= line;
    const end = actionEnd(text, start);
    if (end === undefined) {
      return { regions: [...regions, { start, end: lineEnd(text, start) }], unclosed: [start], resume };
    }
    regions.push({ start, end });
    past = end;
    if (!isHarmless(text, { start, end })) break;
  }
  return { regions, unclosed: [], resume: resume ?? from };
}

function fill(text: string, regions: readonly MaskedRegion[], filler: string): string {
  const pieces: string[] = [];
  let from = 0;
  for (const region of regions) {
    pieces.push(text.slice(from, region.start), filler.repeat(region.end - region.start));
    from = region.end;
  }
  return [...pieces, text.slice(from)].join('');
}

/** Masks every unquoted action of a file; an action that does not end on its line is a problem. */
export function maskTemplates(source: SourceFile): MaskedText {
  const filler = fillerFor(source.text);
  const regions: MaskedRegion[] = [];
  const problems: Problem[] = [];
  let text = source.text;
  for (let pass = findActions(text, 0); pass.regions.length > 0; pass = findActions(text, pass.resume)) {
    regions.push(...pass.regions);
    problems.push(...pass.unclosed.map((at) => problemAt(source, at, unclosedAction)));
    text = fill(text, pass.regions, filler);
  }
  return { text, regions: regions.sort((a, b) => a.start - b.start), problems };
}

const unclosedAction = {
  message: 'the template that begins here does not end on its line',
  fix: 'close it with }}, or write the whole value in quotes or as a block scalar (|)',
};

/**
 * The value of a plain scalar with its actions put back. `range` is where it stands in the file; line folding has touched only what is
 * between actions, so the fillers in the value are, in order, the characters of the actions.
 */
export function unmask(masked: MaskedText, original: string, value: string, range: MaskedRegion): string {
  const inside = masked.regions.filter((region) => region.start >= range.start && region.end <= range.end);
  const first = inside[0];
  if (first === undefined) return value;
  const filler = masked.text[first.start] ?? '';
  const characters = inside.map((region) => original.slice(region.start, region.end)).join('');
  let next = 0;
  return value.replaceAll(filler, () => characters[next++] ?? '');
}
