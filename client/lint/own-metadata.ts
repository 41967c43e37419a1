import { isDnsLabel, isLabelValue, isQualifiedKey } from '../../domain/api/patterns.ts';
import { describeType, type NotText, notTexts } from '../../domain/text-maps.ts';
import { findPath, type Located, pathText } from '../manifest/located.ts';
import type { Manifest } from '../manifest/reader.ts';
import { problemAt, type Problem } from '../manifest/source.ts';
import { adviceFor } from './text-maps.ts';

/** Metadata of a hub, form or node itself, but for its name: what the server refuses. */
export function lintOwnMetadata(manifest: Manifest): readonly Problem[] {
  const { source, object, root } = manifest;
  const texts = notTexts(object, maps).map(({ path, message }: NotText) => {
    const { located } = findPath(root, path);
    return problemAt(source, located.start, {
      message: `${pathText(path)}: ${message}`,
      fix: adviceFor(located.value, source.text.slice(located.start, located.end)),
    });
  });
  return [...texts, ...maps.flatMap((path) => lintMap(manifest, path)), ...lintMembers(manifest)];
}

const maps = [
  ['metadata', 'labels'],
  ['metadata', 'annotations'],
] as const;

function lintMap({ source, root }: Manifest, path: (typeof maps)[number]): readonly Problem[] {
  const map = findPath(root, path);
  if (map.depth < path.length) return [];
  const isLabel = path[1] === 'labels';
  return [...(map.located.entries ?? [])].flatMap(([key, located]): readonly Problem[] => {
    if (!isQualifiedKey(key)) {
      const message = `"${key}" is not a key ${isLabel ? 'a label' : 'an annotation'} can have`;
      return [problemAt(source, located.keyStart ?? located.start, { message })];
    }
    const { value, unquotedTemplate } = located;
    if (!isLabel || typeof value !== 'string' || unquotedTemplate === true || isLabelValue(value)) return [];
    const message = `${pathText([...path, key])} "${value}" is not a value a label can have`;
    const fix = 'at most 63 letters, digits, - . _, a letter or digit at both ends; use an annotation for other texts';
    return [problemAt(source, located.start, { message, fix })];
  });
}

function lintMembers({ source, root }: Manifest): readonly Problem[] {
  const member = (key: string): Located | undefined => {
    const { located, depth } = findPath(root, ['metadata', key]);
    return depth < 2 || located.value === null ? undefined : located;
  };
  const problems: Problem[] = [];
  const finalizers = member('finalizers');
  if (finalizers !== undefined && !(finalizers.items?.every(({ value }) => typeof value === 'string') ?? false))
    problems.push(problemAt(source, finalizers.start, { message: 'metadata.finalizers: must be a list of texts' }));
  const namespace = member('namespace');
  const message = namespace === undefined ? undefined : namespaceProblem(namespace);
  if (namespace !== undefined && message !== undefined)
    problems.push(problemAt(source, namespace.start, { message: `metadata.namespace${message}` }));
  return problems;
}

function namespaceProblem({ value, unquotedTemplate }: Located): string | undefined {
  if (typeof value !== 'string') return `: must be text, not ${describeType(value)}`;
  if (value === '' || unquotedTemplate === true || isDnsLabel(value)) return undefined;
  return ` "${value}" is not a namespace`;
}
