/**
 * A text without those of some characters that stand at its end. By index: a pattern such as `/ +$/` looks at every run before the end too, which takes
 * hours for a long text of blanks that ends in something else.
 */
export function withoutEnd(text: string, characters: string): string {
  let end = text.length;
  while (end > 0 && characters.includes(text.charAt(end - 1))) end -= 1;
  return text.slice(0, end);
}
