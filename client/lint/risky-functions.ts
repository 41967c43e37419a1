import { clockReads } from '../../template/index.ts';
import type { PathStep } from '../manifest/located.ts';
import type { Problem } from '../manifest/source.ts';
import { actionsOf, type EntryInFile, type EntryRule, inText, templatesOf } from './entry.ts';

/** Functions of templates that do harm where they stand. */

/** A name in an action that is no variable, no text and no comment. */
function findFunction(
  text: string,
  names: readonly string[],
): { readonly index: number; readonly name: string } | undefined {
  for (const action of actionsOf(text)) {
    if (/^\{\{-?\s*\/\*/.test(action.text)) continue;
    const bare = action.text.replaceAll(/"(?:[^"\\]|\\.)*"|`[^`]*`/gsu, (quoted) => ' '.repeat(quoted.length));
    const found = new RegExp(`(?<![.$\\w])(?:${names.join('|')})(?!\\w)`, 'u').exec(bare);
    if (found !== null) return { index: action.index + found.index, name: found[0] };
  }
  return undefined;
}

/** The time of the render is another one at every render, so the object would be written again and again (decisions.md section 2). */
export const lintTimeFunctions: EntryRule = (entry) => {
  if (entry.resource.creationPolicy === 'Once' || entry.placed.dropped.has('creationPolicy')) return [];
  return templatesOf(entry).flatMap(([path, text]): readonly Problem[] => {
    const found = findFunction(text, ['now', 'ago']);
    if (found === undefined) return [];
    const { index, name } = found;
    const message = `${name} in resource '${entry.resource.id}' gives another text at every look, so the object would never rest`;
    const fix = 'set creationPolicy: Once, or take the time from a column';
    return [inText(entry, path, { index, text: { message, fix } })];
  });
};

/** `date` of a text is the date of the render, as in sprig: it reads no date out of a column. */
const lintDates: EntryRule = (entry) => {
  if (entry.resource.creationPolicy === 'Once' || entry.placed.dropped.has('creationPolicy')) return [];
  return templatesOf(entry).flatMap(([path, text]) =>
    clockReads(text).map(({ name, position }) => {
      const message = `${name} in resource '${entry.resource.id}' is given a text, which it takes for now: the object would never rest`;
      const fix = 'make a time of it first: toDate "2006-01-02" .column';
      return inText(entry, path, { index: indexOf(text, position), text: { message, fix } });
    }),
  );
};

function indexOf(text: string, { line, column }: { readonly line: number; readonly column: number }): number {
  const before = text.split('\n').slice(0, line - 1);
  return before.reduce((sum, one) => sum + one.length + 1, 0) + column - 1;
}

const randomNames = [
  'randAlphaNum',
  'randAlpha',
  'randNumeric',
  'randAscii',
  'randBytes',
  'randInt',
  'uuidv4',
  'shuffle',
  'generate',
  'bcrypt',
  'genPrivateKey',
  'genCA',
  'genSelfSignedCert',
  'genSignedCert',
  'encryptAES',
];

const isNamePlace = (path: readonly PathStep[]): boolean =>
  /^(?:nameTemplate|targetNamespace|spec\.metadata\.(?:name|namespace))$/.test(path.join('.'));

/** A name has to be found again by what the row says, not by a key that can be lost. */
export const lintRandomNames: EntryRule = (entry) =>
  templatesOf(entry).flatMap(([path, text]): readonly Problem[] => {
    const found = isNamePlace(path) ? findFunction(text, randomNames) : undefined;
    if (found === undefined) return [];
    const message = `${found.name} in a name of resource '${entry.resource.id}': nobody can tell the name from the row, and a lost key makes it another`;
    const text_ = { message, fix: 'make the name of variables such as .uid', severity: 'warning' as const };
    return [inText(entry, path, { index: found.index, text: text_ })];
  });

export function lintFunctions(entry: EntryInFile): readonly Problem[] {
  return [...lintTimeFunctions(entry), ...lintDates(entry), ...lintRandomNames(entry)];
}
