/**
 * What an unquoted scalar means to kubectl (go-yaml v2 with its YAML 1.1 habits, measured on kubectl): `yes` is true, `0777` is 511, `1_000` is
 * 1000, while `1:20` and `2024-01-01` stay text. A file must mean the same to us, or the same file would make two objects.
 */
export type PlainScalar =
  | { readonly kind: 'value'; readonly value: string | number | boolean | null }
  /** A number JSON cannot carry: infinite, or an integer a double would round. */
  | { readonly kind: 'notJson'; readonly reason: string };

const words: ReadonlyMap<string, boolean | null> = new Map([
  ...words1('y Y yes Yes YES true True TRUE on On ON', true),
  ...words1('n N no No NO false False FALSE off Off OFF', false),
  ...words1('~ null Null NULL', null),
  ['', null],
]);

function words1(list: string, value: boolean | null): (readonly [string, boolean | null])[] {
  return list.split(' ').map((word) => [word, value] as const);
}

const infinite = /^(?:[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/;
const integer = /^([-+]?)(0b[01]+|0o?[0-7]+|0x[0-9a-fA-F]+|0|[1-9][0-9]*)$/i;
const float = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/;

/** Resolves the text of a plain scalar. */
export function resolvePlain(text: string): PlainScalar {
  const word = words.get(text);
  if (word !== undefined) return { kind: 'value', value: word };
  if (infinite.test(text)) return { kind: 'notJson', reason: `${text} is not a number JSON can carry` };
  if (!/^[-+.0-9]/.test(text)) return { kind: 'value', value: text };
  const digits = text.replaceAll('_', '');
  const match = integer.exec(digits);
  if (match !== null) return resolveInteger(text, match[1] === '-', match[2] ?? '0');
  if (!float.test(digits)) return { kind: 'value', value: text };
  const value = Number(digits);
  return Number.isFinite(value) ? { kind: 'value', value } : { kind: 'value', value: text };
}

function resolveInteger(text: string, negative: boolean, digits: string): PlainScalar {
  const lower = digits.toLowerCase();
  const octal = /^0[0-7]+$/.test(lower) ? `0o${lower.slice(1)}` : lower;
  const magnitude = Number(octal);
  if (!Number.isSafeInteger(magnitude)) {
    return { kind: 'notJson', reason: `${text} is too large to be carried exactly` };
  }
  return { kind: 'value', value: negative && magnitude !== 0 ? -magnitude : magnitude };
}
