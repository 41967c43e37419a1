import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fieldLimits } from '../../../../template/index.ts';
import { FieldContext, newUsage } from '../../../../template/form/field-context.ts';
import type { GoFunction } from '../../../../template/functions/define.ts';
import { decodePem } from '../../../../template/functions/crypto/pem.ts';
import { trimSpace } from '../../../../template/functions/string-shape.ts';
import { themes } from '../../../../template/functions/registry.ts';
import { GoError, LimitError } from '../../../../template/problems.ts';
import type { GoValue } from '../../../../template/values.ts';
import { parseFloatText } from '../../../../template/values/numbers.ts';

/**
 * Texts of rows can be long, and one call of a function is not cut short by the time of its field. At this length a function whose time grows with the
 * square of the length would run into the time limit of these tests many times over.
 */
const length = 200_000;

function filled(unit: string): string {
  return unit.repeat(Math.ceil(length / unit.length));
}

const texts: Readonly<Record<string, string>> = {
  'digits before a letter': `${filled('1')}x`,
  'hexadecimal digits before a stranger': `0x${filled('f')}!`,
  'underscores before a letter': `${filled('_')}x`,
  'zeros before a letter': `${filled('0')}x`,
  'spaces between letters': `a${filled(' ')}b`,
  'wide spaces between letters': `a${filled('\u3000')}b`,
  'lines between letters': `a${filled('\n')}b`,
  'colons in brackets': `http://[${filled(':')}%]`,
  'dots before a letter': `${filled('.')}x`,
  'slashes before a letter': `/${filled('/')}x`,
  'versions before a stranger': `${filled('1-')}!`,
  quotes: filled(String.raw`\"`),
  brackets: filled('[{'),
};

const context = (): FieldContext =>
  new FieldContext(
    { now: new Date(0), hubKey: new Uint8Array(32), kept: new Map(), usage: newUsage(), clock: () => 0 },
    { hub: '', uid: '', form: '', resource: '', path: '' },
    new Map(),
  );

const plain: Readonly<Record<string, GoValue>> = { int: 5n, int64: 5n, uint32: 5n, float64: 1.5, bool: true } as const;

/** The text at each place that takes one; undefined for a function that takes none, or something else beside it. */
function argumentsOf({ params, rest, costly }: GoFunction, text: string): readonly GoValue[] | undefined {
  const all = rest === undefined ? params : [...params, rest];
  const values = all.map((name) => (name === 'string' || name === 'any' ? text : plain[name]));
  return costly || !values.includes(text) || values.includes(undefined as never) ? undefined : (values as GoValue[]);
}

const taking = Object.values(themes)
  .flatMap((theme) => Object.entries(theme))
  .filter(([, each]) => argumentsOf(each, 'x') !== undefined);

describe('template/functions/registry', () => {
  it('knows the functions that take a text', () => {
    expect(taking.length).toBeGreaterThan(100);
  });

  it.each(taking)('%s comes to an end', (_name, each) => {
    for (const text of Object.values(texts)) {
      try {
        each.run(context(), argumentsOf(each, text) ?? []);
      } catch (error) {
        expect(error).toSatisfy((problem) => problem instanceof GoError || problem instanceof LimitError);
      }
    }
  });

  it.each(['semverCompare', 'semver'])('%s comes to an end with the longest text that it takes', (name) => {
    const each = Object.assign({}, ...Object.values(themes))[name] as GoFunction;
    for (const unit of [' ', '1', 'x', '1-', '1.', '>= ', '1 - ', '-', 'x.x.x-', '1+1']) {
      for (const end of ['', '!', ' 1']) {
        const text = `1${unit.repeat(fieldLimits.regex)}`.slice(0, fieldLimits.regex - end.length) + end;
        try {
          each.run(context(), [text, '1.0.0'].slice(0, each.params.length));
        } catch (error) {
          expect(error).toBeInstanceOf(GoError);
        }
      }
    }
  });

  it.each([
    ['many beginnings', '\n-----BEGIN A-----\n'.repeat(50_000)],
    ['beginnings of many types', Array.from({ length: 40_000 }, (_, index) => `-----BEGIN ${index}-----\n`).join('')],
    ['ends that are none', '-----BEGIN A-----\n'.repeat(30_000) + '\n-----END A-----x'.repeat(30_000)],
    ['beginnings without a type', '\n-----BEGIN -----\nE'.repeat(50_000)],
    ['headers', `-----BEGIN A-----\n${'a:b\n'.repeat(250_000)}-----END A-----\n`],
    ['dashes', `-----BEGIN ${'-'.repeat(1_000_000)}x`],
    ['blanks', `-----BEGIN A-----${' '.repeat(1_000_000)}x`],
  ])('a PEM text of %s is read to its end', (_name, text) => {
    expect(decodePem(text)?.der.length ?? 0).toBe(0);
  });

  it('reads the same blocks of PEM as one pattern would', () => {
    const block = /(?:^|\n)-----BEGIN ([^\n]*?)-----[ \t\r]*\n([\s\S]*?)(?:^|\n)-----END \1-----[ \t\r]*(?:\n|$)/;
    const byPattern = (text: string): string | undefined => {
      const [, type, lines = ''] = block.exec(text) ?? [];
      if (type === undefined) return undefined;
      let body = lines;
      while (/^[^\n:]+:[^\n]*\n/.test(body)) body = body.replace(/^[^\n:]+:[^\n]*\n/, '');
      body = body.replace(/[\r\n\t ]/g, '');
      const isWhole = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(body);
      return isWhole ? `${type}/${body}` : undefined;
    };
    const dashes = '-----';
    const lines = [
      `${dashes}BEGIN A${dashes}\n`,
      `${dashes}END A${dashes}\n`,
      `${dashes}END A${dashes}`,
      'k: v\n',
      'QUJD\n',
    ];
    const parts = [`${dashes}BEGIN `, `${dashes}END `, dashes, 'A', ' ', '\n', '\r', '\t', '-', 'QQ==', ':'];
    const piece = fc.constantFrom(...lines, ...parts);

    fc.assert(
      fc.property(fc.array(piece, { maxLength: 14 }), (pieces) => {
        const found = decodePem(pieces.join(''));
        const text = found === undefined ? undefined : `${found.type}/${found.der.toString('base64')}`;
        expect(text).toBe(byPattern(pieces.join('')));
      }),
      { numRuns: 5_000 },
    );
  });

  it('trims and reads numbers as before', () => {
    const spaces = '[\\t\\n\\v\\f\\r \\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]+';
    const outer = new RegExp(`^${spaces}|${spaces}$`, 'g');
    const unit = fc.constantFrom(
      ' ',
      '\t',
      '\x85',
      '\xa0',
      '\u2003',
      '\u3000',
      '\ufeff',
      '\u180e',
      'a',
      '😀',
      '\ud800',
    );
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 8 }), (text) => {
        expect(trimSpace(text)).toBe(text.replace(outer, ''));
      }),
      { numRuns: 2_000 },
    );

    const decimal = /^[+-]?([0-9_]+\.?[0-9_]*|\.[0-9_]+)([eE][+-]?[0-9][0-9_]*)?$/;
    const digit = fc.constantFrom('0', '1', '9', '_', '.', 'e', 'E', '+', '-', 'x', '');
    fc.assert(
      fc.property(fc.array(digit, { maxLength: 10 }), (digits) => {
        const text = digits.join('');
        const isNumber = decimal.test(text) && /[0-9]/.test(text.replace(/[eE].*$/, '')) && !text.includes('_');
        const value = isNumber ? Number(text) : undefined;
        if (!text.includes('_') && !text.includes('x'))
          expect(parseFloatText(text)).toBe(value !== undefined && Number.isFinite(value) ? value : undefined);
      }),
      { numRuns: 5_000 },
    );
  });
});
