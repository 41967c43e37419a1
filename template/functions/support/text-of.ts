import { sprintf } from '../../fmt/printf.ts';
import { type GoList, type GoValue, isList, plain } from '../../values.ts';

/** sprig's `strval`: a text as it is, anything else as `%v`. */
export function textOfValue(value: GoValue, maxLength: number): string {
  const bare = plain(value);
  return typeof bare === 'string' ? bare : sprintf('%v', [bare], maxLength);
}

/** sprig's `strslice`: the elements as text without nils; one value is a list of one. */
export function textsOf(value: GoValue, maxLength: number): string[] {
  const bare = plain(value);
  if (isList(bare)) return listTexts(bare, maxLength);
  return bare === null ? [] : [textOfValue(bare, maxLength)];
}

function listTexts(list: GoList, maxLength: number): string[] {
  return list.items.filter((item) => item !== null).map((item) => textOfValue(item, maxLength));
}
