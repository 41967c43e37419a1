/** `math.Pow(10, exponent)` as Go computes it: repeated squaring, with other rounding than `Math.pow`. */
export function goPowerOfTen(exponent: number): number {
  if (exponent === 0) return 1;
  if (Math.abs(exponent) > 5_000) return exponent > 0 ? Number.POSITIVE_INFINITY : 0;
  let fraction = 0.625;
  let binary = 4;
  let result = 1;
  let resultBinary = 0;
  for (let left = Math.abs(exponent); left !== 0; left = Math.floor(left / 2)) {
    if (left % 2 === 1) {
      result *= fraction;
      resultBinary += binary;
    }
    fraction *= fraction;
    binary *= 2;
    if (fraction < 0.5) {
      fraction += fraction;
      binary -= 1;
    }
  }
  return exponent > 0 ? scale(result, resultBinary) : scale(1 / result, -resultBinary);
}

/** `math.Ldexp`; two steps keep the factor inside the range of a float. */
function scale(value: number, exponent: number): number {
  const half = Math.trunc(exponent / 2);
  return value * 2 ** half * 2 ** (exponent - half);
}
