import { apiGroup, apiVersion } from '../../domain/keys.ts';
import { closest } from '../closest.ts';
import { kinds } from '../kinds.ts';
import { findPath, type Located, offsetOf, pathText, type PathStep } from '../manifest/located.ts';
import type { Manifest } from '../manifest/reader.ts';
import { problemAt, type Problem } from '../manifest/source.ts';
import { lintOwnMetadata } from './own-metadata.ts';

/**
 * What surrounds the spec of an object of ours: apiVersion, kind, the keys beside them and those of metadata. An object that is nearly ours is an
 * error here and not someone else's object, which lint has nothing to say about.
 */
export interface Meant {
  /** With the apiVersion and kind that are meant, so that everything else can be checked. */
  readonly manifest: Manifest;
  readonly problems: readonly Problem[];
}

const ours: readonly string[] = Object.values(kinds).map(({ kind }) => kind);

/** Group `lynq.sh` and all below it. */
const oursAlike = new RegExp(`(?:^|\\.)${apiGroup.split('.').slice(1).join('\\.')}$`);

export function asMeant(manifest: Manifest): Meant {
  const group = manifest.apiVersion.includes('/') ? (manifest.apiVersion.split('/')[0] ?? '') : '';
  const near = closest(manifest.kind, ours);
  // Another group may have a kind that only looks a little like one of ours.
  const isOurs = oursAlike.test(group) || (near !== undefined && /^lynq/i.test(manifest.kind));
  if (!isOurs) return { manifest, problems: [] };
  const problems: Problem[] = [];
  if (manifest.apiVersion !== apiVersion) {
    const message = `there is no ${manifest.kind} in ${manifest.apiVersion}`;
    problems.push(atKey(manifest, ['apiVersion'], message, `did you mean ${apiVersion}?`));
  }
  if (!ours.includes(manifest.kind)) {
    const fix = near === undefined ? `${apiGroup} has ${ours.join(', ')}` : `did you mean ${near}?`;
    problems.push(atKey(manifest, ['kind'], `there is no kind ${manifest.kind}`, fix));
  }
  const meant = { ...manifest, apiVersion, kind: near ?? manifest.kind };
  return { manifest: meant, problems: [...problems, ...lintKeys(manifest), ...lintOwnMetadata(manifest)] };
}

const objectKeys = ['apiVersion', 'kind', 'metadata', 'spec', 'status'];

/** Those of Kubernetes' ObjectMeta. */
const metadataKeys = [
  'name',
  'namespace',
  'labels',
  'annotations',
  'finalizers',
  'ownerReferences',
  'generateName',
  'creationTimestamp',
  'deletionGracePeriodSeconds',
  'deletionTimestamp',
  'generation',
  'managedFields',
  'resourceVersion',
  'selfLink',
  'uid',
];

/** Keys that the API server drops without a word, and a mistyped one with them. */
function lintKeys(manifest: Manifest): readonly Problem[] {
  const { located: metadata } = findPath(manifest.root, ['metadata']);
  return [
    ...unknownKeys(manifest, manifest.root, [], objectKeys),
    ...unknownKeys(manifest, metadata, ['metadata'], metadataKeys),
  ];
}

function unknownKeys(
  manifest: Manifest,
  { entries }: Located,
  path: readonly PathStep[],
  known: readonly string[],
): readonly Problem[] {
  const unknown = [...(entries?.keys() ?? [])].filter((key) => !known.includes(key));
  return unknown.map((key) => {
    const near = closest(key, known);
    const fix = near === undefined ? `known here: ${known.slice(0, 5).join(', ')}` : `did you mean ${near}?`;
    return atKey(manifest, [...path, key], `unknown field ${pathText([...path, key])}`, fix);
  });
}

function atKey({ source, root }: Manifest, path: readonly PathStep[], message: string, fix: string): Problem {
  return problemAt(source, offsetOf(root, path), { message, fix });
}
