/** `strconv.FormatFloat(value, 'g', -1, bits)` of Go: shortest digits that give the number back, exponent form below 1e-4 and from 1e+06. */
export function goFloatText(value: number, bits: 32 | 64): string {
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  const [mantissa = '', exponent = '0'] = shortestExponential(value, bits).split('e');
  const power = Number(exponent);
  if (power < -4 || power >= 6) {
    return `${mantissa}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`;
  }
  return placePoint(mantissa, power);
}

function shortestExponential(value: number, bits: 32 | 64): string {
  if (bits === 64) return value.toExponential();
  const single = Math.fround(value);
  for (let digits = 0; digits < 8; digits += 1) {
    const text = roundedToEven(single, digits);
    if (Math.fround(Number(text)) === single) return text;
  }
  return single.toExponential(8);
}

/** `toExponential` rounds a half up, Go rounds it to the even digit. */
function roundedToEven(single: number, digits: number): string {
  const up = single.toExponential(digits);
  const tail = single
    .toExponential(digits + 40)
    .replace(/^-?\d\.|e.*$/g, '')
    .slice(digits);
  const [mantissa = '', exponent = '0'] = up.split('e');
  const last = Number(mantissa.at(-1));
  return /^50*$/.test(tail) && last % 2 === 1 ? `${mantissa.slice(0, -1)}${last - 1}e${exponent}` : up;
}

function placePoint(mantissa: string, power: number): string {
  const sign = mantissa.startsWith('-') ? '-' : '';
  const digits = mantissa.replace(/[-.]/g, '');
  if (power < 0) return `${sign}0.${'0'.repeat(-power - 1)}${digits}`;
  const whole = digits.slice(0, power + 1).padEnd(power + 1, '0');
  const fraction = digits.slice(power + 1);
  return `${sign}${whole}${fraction === '' ? '' : '.'}${fraction}`;
}
