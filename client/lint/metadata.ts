import { at, textAt, textMapAt } from '../../domain/api/json.ts';
import { resourceLists } from '../../domain/api/resource.ts';
import { isDnsLabel, isQualifiedKey, labelLength, subdomainLength } from '../../domain/api/patterns.ts';
import { namespaceInside } from '../../domain/kept-places.ts';
import { reservedPrefix } from '../../domain/keys.ts';
import { kindProblems } from '../../domain/object-rules.ts';
import { isEmptyMember, isReservedKey } from '../../domain/policies/scope.ts';
import { closest } from '../closest.ts';
import type { PathStep } from '../manifest/located.ts';
import type { Problem } from '../manifest/source.ts';
import { atKey, type EntryInFile, type EntryRule, fixedLength, staticParts } from './entry.ts';
import { isClusterScoped } from './boundaries.ts';
import { isNoLabelValue, nameProblem } from './literals.ts';

/** What an entry is and is called: kind, names, labels and annotations. */

/** Kinds that everybody knows, and where they live now. */
const homes: Readonly<Record<string, string>> = {
  ConfigMap: 'v1',
  Namespace: 'v1',
  PersistentVolumeClaim: 'v1',
  Pod: 'v1',
  Secret: 'v1',
  Service: 'v1',
  ServiceAccount: 'v1',
  ResourceQuota: 'v1',
  LimitRange: 'v1',
  Deployment: 'apps/v1',
  DaemonSet: 'apps/v1',
  ReplicaSet: 'apps/v1',
  StatefulSet: 'apps/v1',
  Job: 'batch/v1',
  CronJob: 'batch/v1',
  HorizontalPodAutoscaler: 'autoscaling/v2',
  Ingress: 'networking.k8s.io/v1',
  NetworkPolicy: 'networking.k8s.io/v1',
  PodDisruptionBudget: 'policy/v1',
  Role: 'rbac.authorization.k8s.io/v1',
  RoleBinding: 'rbac.authorization.k8s.io/v1',
};

/** The other kinds of groups that have no more than these and those above. */
const furtherKinds: Readonly<Record<string, readonly string[]>> = {
  '': ['Binding', 'Endpoints', 'Event', 'List', 'Node', 'PersistentVolume', 'PodTemplate', 'ReplicationController'],
  apps: ['ControllerRevision'],
  batch: [],
  autoscaling: ['Scale'],
  policy: ['Eviction', 'PodSecurityPolicy'],
};

/** The kind that a mistyped one of such a group is nearest to. */
function kindMeant(kind: string, apiVersion: string): string | undefined {
  const further = furtherKinds[group(apiVersion)];
  if (further === undefined || further.includes(kind)) return undefined;
  return closest(
    kind,
    Object.keys(homes).filter((known) => group(homes[known] ?? '') === group(apiVersion)),
  );
}

/** Every group of a CustomResourceDefinition has a dot. */
const isUnknownGroup = (apiVersion: string): boolean =>
  !group(apiVersion).includes('.') && !builtInGroup.test(group(apiVersion));

/** Groups of Kubernetes itself; other groups may have kinds of the same names. */
const builtInGroup = /^(?:|apps|batch|autoscaling|policy|extensions|[a-z.]+\.k8s\.io)$/;
const group = (apiVersion: string): string => (apiVersion.includes('/') ? (apiVersion.split('/')[0] ?? '') : '');

const lintKind: EntryRule = (entry) => {
  const apiVersion = textAt(entry.resource.spec, 'apiVersion') ?? '';
  const kind = textAt(entry.resource.spec, 'kind') ?? '';
  if (kindProblems(entry.resource).length > 0) return [];
  if (kind.endsWith('List') && builtInGroup.test(group(apiVersion))) {
    const message = `no entry can be a List: write each object as an entry of its own (resource '${entry.resource.id}')`;
    return [atKey(entry, ['spec', 'kind'], { message })];
  }
  return lintHome(entry, apiVersion, kind);
};

function lintHome(entry: EntryInFile, apiVersion: string, kind: string): readonly Problem[] {
  const home = homes[kind];
  const near =
    Object.keys(homes).find((known) => known.toLowerCase() === kind.toLowerCase()) ?? kindMeant(kind, apiVersion);
  if (home === undefined && near !== undefined) {
    return [atKey(entry, ['spec', 'kind'], { message: `there is no kind ${kind}`, fix: `did you mean ${near}?` })];
  }
  if (!/^(?:[a-z0-9.-]+\/)?v[0-9][a-z0-9]*$/.test(apiVersion)) {
    const message = `apiVersion "${apiVersion}" is neither a version nor group/version`;
    return [atKey(entry, ['spec', 'apiVersion'], { message, ...(home === undefined ? {} : { fix: `write ${home}` }) })];
  }
  if (isUnknownGroup(apiVersion)) {
    const near = closest(group(apiVersion), Object.values(homes).map(group));
    const fix = home === undefined ? near && `did you mean ${near}?` : `write ${home}`;
    const message = `there is no group ${group(apiVersion)}`;
    return [atKey(entry, ['spec', 'apiVersion'], { message, fix })];
  }
  if (home === undefined || group(apiVersion) === group(home) || !builtInGroup.test(group(apiVersion))) return [];
  const message = `there is no ${kind} in ${apiVersion}`;
  return [atKey(entry, ['spec', 'apiVersion'], { message, fix: `write ${home}` })];
}

/** `services` for Service, `ingresses` for Ingress, `networkPolicies` for NetworkPolicy. */
function listOf(kind: string): string {
  const name = `${kind[0]?.toLowerCase() ?? ''}${kind.slice(1)}`;
  if (name.endsWith('y')) return `${name.slice(0, -1)}ies`;
  return name.endsWith('s') ? `${name}es` : `${name}s`;
}

/** The name of a list binds nobody, here as in the Go operator, but misleads everybody who reads it. */
const lintList: EntryRule = (entry) => {
  const { list } = entry.placed;
  const [apiVersion, kind] = [
    textAt(entry.resource.spec, 'apiVersion') ?? '',
    textAt(entry.resource.spec, 'kind') ?? '',
  ];
  const home = homes[kind];
  if (home === undefined || group(apiVersion) !== group(home)) return [];
  if (list === 'manifests' || list === listOf(kind)) return [];
  const own = resourceLists.find((name) => name === listOf(kind)) ?? 'manifests';
  const message = `resource '${entry.resource.id}' is of kind ${kind} and stands in ${list}`;
  return [atKey(entry, ['spec', 'kind'], { message, severity: 'warning', fix: `move it to ${own}` })];
};

/** Names of roles may have more characters than those of other kinds. */
const anyName = /^[A-Za-z0-9._:-]*$/;
const plainName = /^[a-z0-9.-]*$/;

const lintNames: EntryRule = (entry) => {
  const { nameTemplate, targetNamespace, spec, id } = entry.resource;
  const isRole = group(textAt(spec, 'apiVersion') ?? '') === 'rbac.authorization.k8s.io';
  const problems: Problem[] = [];
  const check = (path: readonly PathStep[], text: string | undefined, allowed: RegExp): void => {
    if (text === undefined) return;
    const wrong = Array.from(staticParts(text)).find((character) => !allowed.test(character));
    const length = path[0] === 'targetNamespace' ? labelLength : subdomainLength;
    const why =
      wrong === undefined ? nameProblem(text, length, isRole) : `has ${JSON.stringify(wrong)}, which no name may have`;
    const message = `${path.join('.')} of resource '${id}' ${why}`;
    if (why !== undefined) problems.push(atKey(entry, path, { message, fix: 'use lower-case letters, digits and -' }));
    else problems.push(...tooLittleRoom(entry, path, text));
  };
  check(['nameTemplate'], nameTemplate, isRole ? anyName : plainName);
  if (!nameTemplate)
    check(['spec', 'metadata', 'name'], textAt(spec, 'metadata', 'name'), isRole ? anyName : plainName);
  check(['targetNamespace'], targetNamespace, /^[a-z0-9-]*$/);
  const fixed = targetNamespace !== undefined && targetNamespace !== '' && !targetNamespace.includes('{{');
  if (problems.length === 0 && fixed && !isDnsLabel(targetNamespace)) {
    problems.push(
      atKey(entry, ['targetNamespace'], { message: `targetNamespace "${targetNamespace}" is not a namespace` }),
    );
  }
  if (at(spec, 'metadata', 'generateName') !== undefined) {
    const message = `generateName of resource '${id}': an object needs a name that can be found again`;
    problems.push(atKey(entry, ['spec', 'metadata', 'generateName'], { message, fix: 'use nameTemplate' }));
  }
  return problems;
};

/** A uid has up to 63 characters, and rows with long ones may come later. */
function tooLittleRoom(entry: EntryInFile, path: readonly PathStep[], text: string): readonly Problem[] {
  const room = subdomainLength - fixedLength(text);
  if (path[0] === 'targetNamespace' || room >= labelLength || !text.includes('{{')) return [];
  const message = `${path.join('.')} of resource '${entry.resource.id}' leaves ${room} of ${subdomainLength} characters to the row, of which a uid can have ${labelLength}`;
  return [atKey(entry, path, { message, severity: 'warning', fix: 'shorten it' })];
}

/** One name for all rows: the second row finds an object that is the first one's. */
const lintSharedName: EntryRule = (entry) => {
  const { nameTemplate, targetNamespace, spec, id } = entry.resource;
  const { dropped } = entry.placed;
  if (dropped.has('spec') || dropped.has('targetNamespace')) return [];
  const name = nameTemplate || textAt(spec, 'metadata', 'name');
  const place = targetNamespace || textAt(spec, 'metadata', 'namespace') || '';
  if (name === undefined || name.includes('{{') || place.includes('{{')) return [];
  const path = nameTemplate ? ['nameTemplate'] : ['spec', 'metadata', 'name'];
  const message = `resource '${id}' has the same name in the same namespace for every row; all rows but the first would be in conflict`;
  return [atKey(entry, path, { severity: 'warning', message, fix: `write for example "{{ .uid }}-${name}"` })];
};

/** What pasted manifests bring along: the Go operator puts the object into the namespace of the node all the same (domain/kept-places.ts). */
const lintInnerNamespace: EntryRule = (entry) => {
  const { manifest, placed, resource } = entry;
  const inside = namespaceInside(resource);
  if (inside === undefined || inside === manifest.namespace || placed.dropped.has('targetNamespace')) return [];
  if (isClusterScoped(resource.spec)) return [];
  const message = `metadata.namespace of resource '${resource.id}' is ignored by the Go operator, and what that has made stays in the namespace of the node`;
  const fix = 'remove it, or write targetNamespace in its place, which moves what is there';
  return [atKey(entry, ['spec', 'metadata', 'namespace'], { message, fix, severity: 'warning' })];
};

const maps = [
  ['labelsTemplate'],
  ['annotationsTemplate'],
  ['spec', 'metadata', 'labels'],
  ['spec', 'metadata', 'annotations'],
] as const;

function mapOf({ resource }: EntryInFile, path: (typeof maps)[number]): Readonly<Record<string, string>> {
  if (path[0] === 'labelsTemplate') return resource.labelsTemplate ?? {};
  if (path[0] === 'annotationsTemplate') return resource.annotationsTemplate ?? {};
  return textMapAt(resource.spec, 'metadata', path[2]);
}

const lintKeys: EntryRule = (entry) =>
  maps.flatMap((path) =>
    Object.entries(mapOf(entry, path)).flatMap(([key, value]) => lintKey(entry, path, { key, value })),
  );

function lintKey(
  entry: EntryInFile,
  path: (typeof maps)[number],
  { key, value }: { readonly key: string; readonly value: string },
): readonly Problem[] {
  const { id } = entry.resource;
  const isLabel = path.at(-1) === 'labelsTemplate' || path.at(-1) === 'labels';
  const word = isLabel ? 'label' : 'annotation';
  if (!isQualifiedKey(key)) {
    return [atKey(entry, [...path, key], { message: `"${key}" of resource '${id}' is not a key a ${word} can have` })];
  }
  if (key.startsWith(reservedPrefix) || isReservedKey(key)) {
    const own = key.startsWith(reservedPrefix);
    const message = `${word} ${key} of resource '${id}' is reserved${own ? '' : ": the worker's default policy refuses the entry"}`;
    const fix = own ? 'remove it' : 'remove it, or allow it in allowMetadata: docs/boundaries.md';
    return [atKey(entry, [...path, key], { message, fix, severity: own ? 'error' : 'warning' })];
  }
  if (!isLabel || !isNoLabelValue(value)) return [];
  const message = `label ${key} of resource '${id}' has a value no label can have: at most 63 letters, digits, - . _`;
  const fix = 'begin and end with a letter or digit, or use an annotation';
  return [atKey(entry, [...path, key], { message, fix })];
}

/** `generation` changes nothing where it is sent, so that no entry that runs fails for it; all the same it is a mistake, mostly of a copied object. */
const lintGeneration: EntryRule = (entry) => {
  if (isEmptyMember(at(entry.resource.spec, 'metadata', 'generation'))) return [];
  const message = `forms may not set metadata.generation (resource '${entry.resource.id}')`;
  return [atKey(entry, ['spec', 'metadata', 'generation'], { message, fix: 'remove it' })];
};

export function lintMetadata(entry: EntryInFile): readonly Problem[] {
  return [lintKind, lintList, lintNames, lintSharedName, lintInnerNamespace, lintKeys, lintGeneration].flatMap((rule) =>
    rule(entry),
  );
}
