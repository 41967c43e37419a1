import { TemplateFailure } from '../problems.ts';
import { Lexer } from './lexer.ts';
import { positionOf } from './position.ts';
import { isKeyword, type Token, type TokenKind } from './tokens.ts';

/** The items of a scalar with the look-ahead the parser needs, and the errors it raises. */
export class TokenStream {
  readonly source: string;
  readonly #lexer: Lexer;
  readonly #pending: Token[] = [];

  constructor(source: string) {
    this.source = source;
    this.#lexer = new Lexer(source);
  }

  next(): Token {
    return this.#pending.pop() ?? this.#lexer.next();
  }

  /** Puts tokens back; the first argument is the one `next` gives first. */
  back(...tokens: readonly Token[]): void {
    this.#pending.push(...tokens.toReversed());
  }

  peek(): Token {
    const token = this.next();
    this.back(token);
    return token;
  }

  nextNonSpace(): Token {
    let token = this.next();
    while (token.kind === 'space') token = this.next();
    return token;
  }

  /** Drops spaces and looks at what follows. */
  peekNonSpace(): Token {
    const token = this.nextNonSpace();
    this.back(token);
    return token;
  }

  expect(kinds: readonly TokenKind[], context: string): Token {
    const token = this.nextNonSpace();
    if (!kinds.includes(token.kind)) throw this.unexpected(token, context);
    return token;
  }

  fail(message: string, at: number, culprit?: string): TemplateFailure {
    return new TemplateFailure('parse', message, positionOf(this.source, at), culprit);
  }

  unexpected(token: Token, context: string): TemplateFailure {
    if (token.kind === 'error') return this.fail(token.text, token.at);
    return this.fail(`unexpected ${describe(token)} in ${context}`, token.at);
  }
}

function describe(token: Token): string {
  if (token.kind === 'eof') return 'EOF';
  if (isKeyword(token.kind)) return `<${token.text}>`;
  const text = token.text.length > 10 ? `${token.text.slice(0, 10)}...` : token.text;
  return JSON.stringify(text);
}
