/** What is done to the text of a pattern before re2js compiles it: class names as Go 1.25 and later read them, and a guess of its size. */

/** `unicode.CategoryAliases`, with names as `canonicalName` of `regexp/syntax` makes them. */
const aliases: ReadonlyMap<string, string> = new Map(
  `LC Casedletter|Pe Closepunctuation|M Combiningmark|Pc Connectorpunctuation|Cc Control|Sc Currencysymbol|Pd Dashpunctuation
Nd Decimalnumber|Me Enclosingmark|Pf Finalpunctuation|Cf Format|Pi Initialpunctuation|L Letter|Nl Letternumber|Zl Lineseparator
Ll Lowercaseletter|M Mark|Sm Mathsymbol|Lm Modifierletter|Sk Modifiersymbol|Mn Nonspacingmark|N Number|Ps Openpunctuation|C Other
Lo Otherletter|No Othernumber|Po Otherpunctuation|So Othersymbol|Zp Paragraphseparator|Co Privateuse|P Punctuation|Z Separator
Zs Spaceseparator|Mc Spacingmark|Cs Surrogate|S Symbol|Lt Titlecaseletter|Cn Unassigned|Lu Uppercaseletter|Cc Cntrl|Nd Digit|P Punct`
    .split(/[|\n]/)
    .map((line) => {
      const [short = '', long = ''] = line.split(' ');
      return [long, short] as const;
    }),
);

/** Spaces, hyphens and underscores do not count, nor does case. */
function className(written: string): string {
  const negated = written.startsWith('^') ? '^' : '';
  const name = written.slice(negated.length).replace(/[ _-]/g, '');
  const canonical = name.charAt(0).toUpperCase() + name.slice(1).replace(/[A-Z]/g, (letter) => letter.toLowerCase());
  return negated + (aliases.get(canonical) ?? canonical);
}

/** One piece of a pattern: a literal stretch, the start of a named group, a repetition, a class in brackets, or a character. */
const TOKEN =
  /\\Q([^]*?)(?:\\E|$)|\(\?P?<([A-Za-z0-9_]+)>|\\[pP](?:\{[^}]*\})?|\{(\d+)(?:,(\d*))?\}|\[\^?\]?(?:\[:\^?[a-z]*:\]|\\[^]|[^\]\\])*\]|\\?[^]/gu;

/** A pattern as re2js compiles it, with the names of its groups by their numbers. */
export interface PatternText {
  readonly source: string;
  readonly names: readonly (string | undefined)[];
}

/** `(` that starts a group without a name; `(?:` and flags do not count. */
const GROUP_START = /^\((?!\?)/;

/**
 * Class names as Go reads them, and groups without their names: Go lets several groups have one name, re2js does not.
 */
export function readPattern(pattern: string): PatternText {
  const names: (string | undefined)[] = [undefined];
  const source = pattern.replace(TOKEN, (token: string, ...rest: unknown[]) => {
    const [, name] = rest as (string | undefined)[];
    const at = Number(rest.at(-2));
    if (name === undefined && !GROUP_START.test(pattern.slice(at, at + 2))) return withClassNames(token);
    names.push(name);
    return '(';
  });
  return { source, names };
}

function withClassNames(token: string): string {
  if (!token.includes('{') || !/^(\[|\\[pP])/.test(token)) return token;
  return token.replace(
    /\\(?:([pP])\{([^}]*)\}|[^])/gu,
    (piece, letter: string | undefined, name: string | undefined) =>
      letter === undefined || name === undefined ? piece : `\\${letter}{${className(name)}}`,
  );
}

/** A class of Unicode has hundreds of ranges. */
const CLASS_WEIGHT = 20;

function weightOf(token: string): number {
  const classes = token.startsWith('[') || /^\\[pP]/.test(token) ? (token.match(/\\[pP]/g)?.length ?? 0) : 0;
  return 1 + classes * CLASS_WEIGHT;
}

/** About how many instructions the pattern compiles to; repetitions are written out. */
export function estimatedSize(pattern: string): number {
  const groups: number[] = [];
  let size = 0;
  let atom = 0;
  for (const [token, literal, name, least, most] of pattern.matchAll(TOKEN)) {
    if (token === '(' || name !== undefined) {
      groups.push(size);
      size = 2;
      atom = 0;
    } else if (token === ')') {
      atom = size;
      size += groups.pop() ?? 0;
    } else if (least !== undefined) {
      const times = Math.max(Number(least) + 1, Number(most ?? 0));
      size += atom * times;
      atom *= times + 1;
    } else {
      atom = literal === undefined ? weightOf(token) : 1;
      size += literal?.length ?? atom;
    }
  }
  return groups.reduce((sum, group) => sum + group, size);
}
