/** A positive number as `0.digits * 10^point`, without zeros at the end; zero has no digits. */
export interface Decimal {
  readonly digits: string;
  readonly point: number;
}

/** Sign, mantissa and exponent of a finite float: `mantissa * 2^exponent`. */
export interface FloatParts {
  readonly negative: boolean;
  readonly mantissa: bigint;
  readonly exponent: number;
}

const view = new DataView(new ArrayBuffer(8));

export function floatParts(value: number): FloatParts {
  view.setFloat64(0, value);
  const bits = view.getBigUint64(0);
  const biased = Number((bits >> 52n) & 0x7ffn);
  const fraction = bits & 0xfffffffffffffn;
  return {
    negative: bits >> 63n === 1n,
    mantissa: biased === 0 ? fraction : fraction | (1n << 52n),
    exponent: (biased === 0 ? 1 : biased) - 1075,
  };
}

function trimmed(digits: string, point: number): Decimal {
  const end = digits.replace(/0+$/, '');
  return end === '' ? { digits: '', point: 0 } : { digits: end, point };
}

/** The fewest digits that read back as the same float. */
export function shortestDecimal(value: number): Decimal {
  if (value === 0) return { digits: '', point: 0 };
  const [mantissa = '', exponent = '0'] = Math.abs(value).toExponential().split('e');
  return trimmed(mantissa.replace('.', ''), Number(exponent) + 1);
}

/** Every digit of the float. */
export function exactDecimal(value: number): Decimal {
  const { mantissa, exponent } = floatParts(value);
  if (mantissa === 0n) return { digits: '', point: 0 };
  if (exponent >= 0) {
    const digits = (mantissa << BigInt(exponent)).toString();
    return trimmed(digits, digits.length);
  }
  const digits = (mantissa * 5n ** BigInt(-exponent)).toString();
  return trimmed(digits, digits.length + exponent);
}

/** Rounds to a number of digits, half to even. A negative or zero count can still round up to one digit. */
export function roundDecimal(decimal: Decimal, count: number): Decimal {
  const { digits, point } = decimal;
  if (count < 0) return { digits: '', point: 0 };
  if (count >= digits.length) return decimal;
  if (!roundsUp(digits, count)) return trimmed(digits.slice(0, count), point);
  const kept = digits.slice(0, count).replace(/9+$/, '');
  if (kept === '') return { digits: '1', point: point + 1 };
  return { digits: kept.slice(0, -1) + String(Number(kept.at(-1)) + 1), point };
}

function roundsUp(digits: string, count: number): boolean {
  const isHalf = digits[count] === '5' && count + 1 === digits.length;
  if (isHalf) return count > 0 && Number(digits[count - 1]) % 2 === 1;
  return digits.charAt(count) >= '5';
}
