/** All annotations of an object may have 256 KiB together; some are not the row's. */
const largestValues = 240 * 1024;

/** The API server takes no more in one Secret, keys not counted. */
const largestSecret = 1024 * 1024;

/** Whether a row's values are more than the annotations of its nodes can hold. */
export function isTooLarge(values: readonly string[]): boolean {
  return exceeds(values, largestValues);
}

/** Whether a row's secret values are more than the Secret beside a node can hold. */
export function isTooLargeForSecret(values: readonly string[]): boolean {
  return exceeds(values, largestSecret);
}

function exceeds(values: readonly string[], largest: number): boolean {
  const units = values.reduce((sum, value) => sum + value.length, 0);
  if (units * 3 <= largest) return false;
  return units > largest || values.reduce((sum, value) => sum + utf8Length(value), 0) > largest;
}

/** Bytes in UTF-8; each half of a surrogate pair counts as two. */
function utf8Length(text: string): number {
  let length = text.length;
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    if (unit > 0x7f) length += unit > 0x7ff && (unit < 0xd800 || unit > 0xdfff) ? 2 : 1;
  }
  return length;
}
