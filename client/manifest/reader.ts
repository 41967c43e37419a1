import { parseAllDocuments, visit, type Document, type ParsedNode, type YAMLParseError } from 'yaml';
import type { JsonObject } from '../../domain/api/json.ts';
import { isJsonObject } from '../../domain/api/json.ts';
import { jsonObjectStarts, parseParts } from './json-stream.ts';
import type { Located } from './located.ts';
import { problemAt, type Problem, type SourceFile, sortProblems, sourceFile } from './source.ts';
import { maskTemplates, type MaskedText } from './template-mask.ts';
import { toLocated } from './to-located.ts';

/**
 * Reads manifest files as kubectl understands them, and besides: unquoted template actions are text, every problem has a line and a column, and
 * all problems of a file come at once. Values are what the file says; nothing is rendered and no default is filled in.
 */

/** One object of a file. Objects of a `List` are taken out of it. */
export interface Manifest {
  readonly source: SourceFile;
  readonly root: Located;
  readonly object: JsonObject;
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly namespace: string | undefined;
}

export interface ReadResult {
  readonly manifests: readonly Manifest[];
  readonly problems: readonly Problem[];
}

/** No API server takes more in one object, and no form needs a tenth of it. */
const maxCharacters = 16 * 1024 * 1024;

/** Reads the text of one file. Documents without problems are returned even when others have some. */
export function readManifests(name: string, text: string): ReadResult {
  const source = sourceFile(name, text);
  if (text.length > maxCharacters) {
    return {
      manifests: [],
      problems: [problemAt(source, 0, { message: 'larger than 16 MiB', fix: 'split the file' })],
    };
  }
  const masked = maskTemplates(source);
  const manifests: Manifest[] = [];
  const problems: Problem[] = [...masked.problems, ...controlCharacters(source)];
  for (const document of parseDocuments(masked)) {
    problems.push(...syntaxProblems(source, masked, document));
    if (document.errors.length > 0) continue;
    const { root, problems: found } = toLocated(source, masked, document);
    problems.push(...found);
    if (root !== undefined) collect(source, root, manifests, problems);
  }
  if (manifests.length === 0 && problems.length === 0) {
    problems.push(
      problemAt(source, 0, { message: 'the file holds no object', fix: 'remove it, or write one into it' }),
    );
  }
  const usable = masked.problems.length === 0 ? manifests : [];
  return { manifests: usable, problems: sortProblems(problems) };
}

/** UTF-8 bytes to text; undefined when they are not UTF-8. */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** Where a file stops being UTF-8. */
export function notUtf8(file: string, bytes: Uint8Array): Problem {
  // What is no character becomes U+FFFD; a file may have that one, too.
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
  const start = firstBroken(text, bytes);
  return problemAt(sourceFile(file, text), start, { message: 'not UTF-8 text', fix: 'save it as UTF-8' });
}

function firstBroken(text: string, bytes: Uint8Array): number {
  let [from, length] = [0, 0];
  for (const { index } of text.matchAll(/\ufffd/g)) {
    length += new TextEncoder().encode(text.slice(from, index)).length;
    from = index;
    if (!isThere(bytes, length)) return index;
  }
  return 0;
}

/** Whether U+FFFD is written out at this byte. */
const isThere = (bytes: Uint8Array, at: number): boolean =>
  bytes[at] === 0xef && bytes[at + 1] === 0xbf && bytes[at + 2] === 0xbd;

/** Characters that YAML does not have and kubectl refuses; the library takes them. */
function controlCharacters(source: SourceFile): readonly Problem[] {
  // oxlint-disable-next-line no-control-regex -- they are what is looked for
  const index = source.text.search(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/);
  if (index < 0) return [];
  const code = source.text.charCodeAt(index).toString(16).padStart(2, '0');
  const fix = `remove it, or write it as "\\x${code}" in double quotes`;
  return [problemAt(source, index, { message: `a control character (0x${code}) cannot stand in YAML`, fix })];
}

function parseDocuments(masked: MaskedText): readonly Document.Parsed[] {
  const options = { schema: 'failsafe', prettyErrors: false, uniqueKeys: false, logLevel: 'silent' } as const;
  const starts = jsonObjectStarts(masked.text);
  if (starts !== undefined) return parseParts(masked.text, starts, options);
  const documents = parseAllDocuments(masked.text, options);
  return Array.isArray(documents) ? (documents as Document.Parsed[]) : [];
}

const fixes: Readonly<Partial<Record<YAMLParseError['code'], string>>> = {
  TAB_AS_INDENT: 'indent with spaces',
  BAD_INDENT: 'line it up with its neighbours',
  BAD_SCALAR_START: 'write the value in quotes',
  BAD_DQ_ESCAPE: 'double the backslash, or use single quotes',
  BLOCK_AS_IMPLICIT_KEY: 'if the value contains ": ", write it in quotes',
  RESOURCE_EXHAUSTION: 'flatten the structure',
  MULTILINE_IMPLICIT_KEY: 'a key stands on one line with its colon',
};

const rewordings: Readonly<Partial<Record<YAMLParseError['code'], string>>> = {
  TAB_AS_INDENT: 'tabs cannot indent YAML',
  RESOURCE_EXHAUSTION: 'nested too deeply to be read',
  BLOCK_AS_IMPLICIT_KEY: 'a second "key: value" on the same line',
};

/** One problem a line: the first is the cause, the others follow from it. */
function syntaxProblems(source: SourceFile, masked: MaskedText, document: Document<ParsedNode>): readonly Problem[] {
  const perLine = new Map<number, Problem>();
  for (const error of document.errors) {
    const problem = problemAt(source, placeOf(source, document, error), {
      message: rewordings[error.code] ?? reword(error.message),
      fix: fixFor(source, masked, error),
    });
    if (!perLine.has(problem.line)) perLine.set(problem.line, problem);
  }
  return [...perLine.values()];
}

/** A text in quotes that nothing closes may reach to the end of the file: it begins where the mistake is. */
function placeOf(source: SourceFile, document: Document<ParsedNode>, { message, pos }: YAMLParseError): number {
  let place = pos[0];
  if (!/^Missing closing ['"]quote/.test(message)) return place;
  visit(document, {
    Scalar(_key, { type, range }) {
      if (!type?.startsWith('QUOTE_') || !range || range[0] > pos[0] || range[1] < pos[0]) return;
      if (source.text.slice(range[0], pos[0]).includes('\n')) place = range[0];
    },
  });
  return place;
}

function fixFor(source: SourceFile, masked: MaskedText, error: YAMLParseError): string | undefined {
  const from = source.text.lastIndexOf('\n', error.pos[0] - 1) + 1;
  const end = source.text.indexOf('\n', error.pos[0]);
  const to = end === -1 ? source.text.length : end;
  const template = masked.regions.some((region) => region.start < to && region.end > from);
  if (template) return `write the value in quotes: '${'{{ … }}'}'`;
  return isUnclosed(error) ? 'close what was opened before' : fixFromMessage(error);
}

/** The library has one code for everything that is missing, and one for all columns; only its sentence says what. */
function isUnclosed({ message }: YAMLParseError): boolean {
  return /^Missing (closing|,)|must be sufficiently indented and end with/.test(message);
}

function fixFromMessage({ code, message }: YAMLParseError): string | undefined {
  if (message.startsWith('Sequence item without')) return fixes.BAD_INDENT;
  if (message.startsWith('Implicit map keys'))
    return 'write a colon after the key, or quotes around a text of several lines';
  return fixes[code];
}

/** The library's sentence in our style, without the fillers of masked templates. */
function reword(message: string): string {
  const text = message.replaceAll(/[\ue000-\uf8ff]+/g, '{{…}}').replace(/(['"])quote$/, '$1');
  return text.charAt(0).toLowerCase() + text.slice(1);
}

function collect(source: SourceFile, root: Located, manifests: Manifest[], problems: Problem[]): void {
  if (root.value === null) return;
  const object = root.value;
  if (!isJsonObject(object)) {
    problems.push(
      problemAt(source, root.start, {
        message: `expected an object with apiVersion, kind and metadata, found ${Array.isArray(object) ? 'a list' : 'a single value'}`,
        fix: 'separate objects with a line of ---',
      }),
    );
    return;
  }
  const items = root.entries?.get('items');
  if (typeof object['kind'] === 'string' && object['kind'].endsWith('List') && items?.items !== undefined) {
    for (const item of items.items) collect(source, item, manifests, problems);
    return;
  }
  const manifest = identify(source, root, object, problems);
  if (manifest !== undefined) manifests.push(manifest);
}

function identify(source: SourceFile, root: Located, object: JsonObject, problems: Problem[]): Manifest | undefined {
  const metadata = root.entries?.get('metadata');
  const missing = [
    ...requireText(source, root, 'apiVersion'),
    ...requireText(source, root, 'kind'),
    ...(metadata === undefined
      ? [problemAt(source, root.start, { message: 'metadata is required', fix: 'add metadata.name' })]
      : requireText(source, metadata, 'name', 'metadata.')),
  ];
  problems.push(...missing);
  if (missing.length > 0) return undefined;
  const text = (located: Located | undefined, key: string): string | undefined => {
    const value = located?.entries?.get(key)?.value;
    return typeof value === 'string' ? value : undefined;
  };
  return {
    source,
    root,
    object,
    apiVersion: text(root, 'apiVersion') ?? '',
    kind: text(root, 'kind') ?? '',
    name: text(metadata, 'name') ?? '',
    namespace: text(metadata, 'namespace'),
  };
}

function requireText(source: SourceFile, parent: Located, key: string, prefix = ''): readonly Problem[] {
  const value = parent.entries?.get(key);
  if (typeof value?.value === 'string' && value.value !== '') return [];
  if (value === undefined) {
    return [problemAt(source, parent.start, { message: `${prefix}${key} is required`, fix: `add ${prefix}${key}` })];
  }
  return [
    problemAt(source, value.start, {
      message: `${prefix}${key} must be text`,
      fix: 'write it in quotes',
    }),
  ];
}
