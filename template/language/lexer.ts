import { keywords, type Token, type TokenKind } from './tokens.ts';

const LEFT = '{{';
const RIGHT = '}}';
const SPACE = /[ \t\r\n]/;
const SPACES = /[ \t\r\n]*/y;
const NAME = /[_\p{L}\p{Nd}]*/uy;
const ALPHANUMERIC = /^[_\p{L}\p{Nd}]/u;
const TERMINATORS = '.,|:)(';
const NUMBER =
  /[+-]?(?:0(?:[xX][0-9a-fA-F_]*(?:\.[0-9a-fA-F_]*)?(?:[pP][+-]?[0-9_]*)?|[oO][0-7_]*(?:\.[0-7_]*)?|[bB][01_]*(?:\.[01_]*)?)|[0-9_]*(?:\.[0-9_]*)?(?:[eE][+-]?[0-9_]*)?)i?/y;

const punctuation: ReadonlyMap<string, TokenKind> = new Map([
  ['=', 'assign'],
  ['|', 'pipe'],
]);

/**
 * Cuts a template into items, with the rules of Go's `text/template/parse` and the default delimiters. The first error ends the stream.
 * Comments are dropped, trim markers have done their work.
 */
export class Lexer {
  readonly #input: string;
  #at = 0;
  #insideAction = false;
  #parentheses = 0;
  #failed = false;

  constructor(input: string) {
    this.#input = input;
  }

  next(): Token {
    if (this.#failed) return this.#token('eof', this.#at, this.#at);
    const token = this.#insideAction ? this.#action() : this.#text();
    if (token.kind === 'error') this.#failed = true;
    return token;
  }

  #token(kind: TokenKind, from: number, to: number): Token {
    this.#at = to;
    return { kind, text: this.#input.slice(from, to), at: from };
  }

  #error(message: string, at = this.#at): Token {
    return { kind: 'error', text: message, at };
  }

  #text(): Token {
    for (;;) {
      const token = this.#textOrDelim();
      if (token !== undefined) return token;
    }
  }

  /** The next item outside an action; undefined after a comment, which is no item. */
  #textOrDelim(): Token | undefined {
    const from = this.#at;
    const open = this.#input.indexOf(LEFT, from);
    if (open < 0) return this.#token(from < this.#input.length ? 'text' : 'eof', from, this.#input.length);
    const trim = this.#leftTrim(open + LEFT.length);
    const end = trim ? from + trimEnd(this.#input.slice(from, open)) : open;
    const token = this.#token('text', from, end);
    this.#at = open;
    return end > from ? token : this.#leftDelim(trim);
  }

  #leftTrim(at: number): boolean {
    return this.#input[at] === '-' && SPACE.test(this.#input.charAt(at + 1));
  }

  #leftDelim(trim: boolean): Token | undefined {
    const from = this.#at;
    const after = from + LEFT.length + (trim ? 2 : 0);
    if (this.#input.startsWith('/*', after)) return this.#comment(after);
    this.#insideAction = true;
    this.#parentheses = 0;
    this.#at = after;
    return { kind: 'leftDelim', text: LEFT, at: from };
  }

  #comment(from: number): Token | undefined {
    const close = this.#input.indexOf('*/', from + 2);
    if (close < 0) return this.#error('unclosed comment', from);
    this.#at = close + 2;
    const delim = this.#rightDelimLength();
    if (delim === 0) return this.#error('comment ends before closing delimiter', from);
    this.#at += delim;
    if (delim > RIGHT.length) this.#skipSpaces();
    return undefined;
  }

  /** Length of the closing delimiter here, with its trim marker; 0 when there is none. */
  #rightDelimLength(): number {
    if (this.#input.startsWith(RIGHT, this.#at)) return RIGHT.length;
    const trimmed = SPACE.test(this.#input.charAt(this.#at)) && this.#input.startsWith(`-${RIGHT}`, this.#at + 1);
    return trimmed ? RIGHT.length + 2 : 0;
  }

  #skipSpaces(): void {
    SPACES.lastIndex = this.#at;
    SPACES.test(this.#input);
    this.#at = SPACES.lastIndex;
  }

  #rightDelim(length: number): Token {
    const token = this.#token('rightDelim', this.#at, this.#at + length);
    if (length > RIGHT.length) this.#skipSpaces();
    this.#insideAction = false;
    return token;
  }

  #action(): Token {
    const delim = this.#rightDelimLength();
    if (delim > 0) return this.#parentheses === 0 ? this.#rightDelim(delim) : this.#error('unclosed left paren');
    const from = this.#at;
    const first = this.#input.charAt(from);
    if (first === '') return this.#error('unclosed action');
    if (SPACE.test(first)) return this.#spaces();
    const simple = punctuation.get(first);
    if (simple !== undefined) return this.#token(simple, from, from + 1);
    return this.#quoted(first) ?? this.#parenthesis(first) ?? this.#word(first);
  }

  /** A run of spaces, without the one that belongs to a trim marker. */
  #spaces(): Token {
    const from = this.#at;
    this.#skipSpaces();
    const end = this.#at;
    const marker = this.#input.startsWith(`-${RIGHT}`, end);
    return this.#token('space', from, marker ? end - 1 : end);
  }

  #quoted(first: string): Token | undefined {
    if (first === '"') return this.#escaped('string', '"', 'unterminated quoted string');
    if (first === "'") return this.#escaped('charConstant', "'", 'unterminated character constant');
    if (first !== '`') return undefined;
    const close = this.#input.indexOf('`', this.#at + 1);
    return close < 0 ? this.#error('unterminated raw quoted string') : this.#token('rawString', this.#at, close + 1);
  }

  #escaped(kind: TokenKind, quote: string, message: string): Token {
    for (let at = this.#at + 1; at < this.#input.length; at += 1) {
      const character = this.#input.charAt(at);
      if (character === quote) return this.#token(kind, this.#at, at + 1);
      if (character === '\n') break;
      if (character === '\\') {
        at += 1;
        if (this.#input.charAt(at) === '\n') break;
      }
    }
    return this.#error(message);
  }

  #parenthesis(first: string): Token | undefined {
    if (first === '(') {
      this.#parentheses += 1;
      return this.#token('leftParen', this.#at, this.#at + 1);
    }
    if (first !== ')') return undefined;
    this.#parentheses -= 1;
    if (this.#parentheses < 0) return this.#error('unexpected right paren');
    return this.#token('rightParen', this.#at, this.#at + 1);
  }

  #word(first: string): Token {
    const from = this.#at;
    const second = this.#input.charAt(from + 1);
    if (first === ':') return second === '=' ? this.#token('declare', from, from + 2) : this.#error('expected :=');
    if (first === '$') return this.#fieldOrVariable('variable');
    if (first === '.' && !/[0-9]/.test(second)) return this.#fieldOrVariable('field');
    if (/[.+\-0-9]/.test(first)) return this.#number();
    if (ALPHANUMERIC.test(this.#input.slice(from, from + 2))) return this.#identifier();
    if (/[!-~]/.test(first)) return this.#token('char', from, from + 1);
    return this.#error('unrecognized character in action');
  }

  #fieldOrVariable(kind: 'field' | 'variable'): Token {
    const from = this.#at;
    const end = this.#nameEnd(from + 1);
    if (end === from + 1 && this.#atTerminator(end)) return this.#token(kind === 'field' ? 'dot' : kind, from, end);
    return this.#atTerminator(end) ? this.#token(kind, from, end) : this.#error('bad character', end);
  }

  #nameEnd(from: number): number {
    NAME.lastIndex = from;
    NAME.test(this.#input);
    return NAME.lastIndex;
  }

  #atTerminator(at: number): boolean {
    const character = this.#input.charAt(at);
    return (
      character === '' || SPACE.test(character) || TERMINATORS.includes(character) || this.#input.startsWith(RIGHT, at)
    );
  }

  #identifier(): Token {
    const from = this.#at;
    const end = this.#nameEnd(from);
    if (!this.#atTerminator(end)) return this.#error('bad character', end);
    const word = this.#input.slice(from, end);
    const kind = keywords.get(word) ?? (word === 'true' || word === 'false' ? 'bool' : 'identifier');
    return this.#token(kind, from, end);
  }

  #number(): Token {
    const from = this.#at;
    const end = this.#numberEnd(from);
    const sign = this.#input.charAt(end);
    if (sign !== '+' && sign !== '-') return this.#numberToken('number', from, end);
    const imaginary = this.#numberEnd(end);
    if (this.#input.charAt(imaginary - 1) !== 'i') return this.#error('bad number syntax', from);
    return this.#numberToken('complex', from, imaginary);
  }

  #numberEnd(from: number): number {
    NUMBER.lastIndex = from;
    NUMBER.test(this.#input);
    return NUMBER.lastIndex;
  }

  #numberToken(kind: 'number' | 'complex', from: number, end: number): Token {
    if (ALPHANUMERIC.test(this.#input.slice(end, end + 2))) return this.#error('bad number syntax', from);
    return this.#token(kind, from, end);
  }
}

function trimEnd(text: string): number {
  let end = text.length;
  while (end > 0 && SPACE.test(text.charAt(end - 1))) end -= 1;
  return end;
}
