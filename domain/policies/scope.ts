import { at, isJsonObject, type Json, type JsonObject, textAt, textMapAt } from '../api/json.ts';
import type { TResource } from '../api/resource.ts';
import type { ScopePolicy } from '../api/scope.ts';
import { apiGroup, reservedPrefix } from '../keys.ts';

/**
 * The boundaries of what forms and rows may reach: judged for each entry after it is rendered and before anything is read or written for it.
 * Whoever writes a form or a row would otherwise have the worker's rights (reliability 3.2, S1, S2, S13). A refusal names what is refused, never
 * a value of a row, but for names of namespaces, which are identifiers.
 */

export type ScopeReason = 'NamespaceNotAllowed' | 'KindNotAllowed' | 'ReservedMetadata';

export interface ScopeRefusal {
  readonly reason: ScopeReason;
  readonly message: string;
}

export interface ScopeRules {
  readonly policy: ScopePolicy;
  /** Where the worker itself runs; nodes of other namespaces stay out of it. */
  readonly workerNamespace: string;
}

export interface ScopeQuestion {
  readonly entry: Pick<TResource, 'spec' | 'targetNamespace' | 'nameTemplate'>;
  /** The rendered object. */
  readonly object: JsonObject;
  readonly namespaced: boolean;
  readonly nodeNamespace: string;
}

/** Kinds through which a form would rule the whole cluster, or forge what we remember; no policy allows them. */
const neverKinds = [
  '*.admissionregistration.k8s.io',
  '*.apiregistration.k8s.io',
  '*.authentication.k8s.io',
  '*.authorization.k8s.io',
  '*.certificates.k8s.io',
  'Binding',
  'CustomResourceDefinition.apiextensions.k8s.io',
  `LynqNode.${apiGroup}`,
  'Node',
  'PersistentVolume',
] as const;

/** Keys that other programs take orders from: ours, which no policy allows, and those of policies of the cluster. */
export const reservedKeys = [
  `${reservedPrefix}*`,
  'admission.kubernetes.io/*',
  'authorization.k8s.io/*',
  'kubernetes.io/enforce-mountable-secrets',
  'kubernetes.io/metadata.name',
  'kubernetes.io/service-account.*',
  'node-restriction.kubernetes.io/*',
  'node-role.kubernetes.io/*',
  'node.kubernetes.io/*',
  'openshift.io/*',
  'pod-security.kubernetes.io/*',
  'policy.kubernetes.io/*',
  'rbac.authorization.k8s.io/*',
  'rbac.authorization.kubernetes.io/*',
  'scheduler.alpha.kubernetes.io/*',
  'security.openshift.io/*',
] as const;

/** Members of metadata that decide over the life of an object, or which one it is. */
export const reservedMembers = ['ownerReferences', 'finalizers', 'managedFields', 'uid', 'resourceVersion'] as const;

/** Whether a text matches a pattern in which `*` stands for any number of characters. */
export function matchesPattern(pattern: string, text: string): boolean {
  const [first = '', ...others] = pattern.split('*');
  const last = others.pop();
  if (last === undefined) return pattern === text;
  if (!text.startsWith(first)) return false;
  let from = first.length;
  for (const part of others) {
    const found = text.indexOf(part, from);
    if (found < 0) return false;
    from = found + part.length;
  }
  return text.length - last.length >= from && text.endsWith(last);
}

const anyOf = (patterns: readonly string[], text: string): boolean =>
  patterns.some((pattern) => matchesPattern(pattern, text));

/** Kind and group are compared apart: `*.authorization.k8s.io` is no pattern for `Role.rbac.authorization.k8s.io`. `*` is every kind. */
function anyKind(patterns: readonly string[], text: string): boolean {
  const [kind, group] = kindAndGroup(text);
  return patterns.some((pattern) => {
    const [kinds, groups] = kindAndGroup(pattern);
    return pattern === '*' || (matchesPattern(kinds, kind) && matchesPattern(groups, group));
  });
}

function kindAndGroup(text: string): readonly [string, string] {
  const dot = text.indexOf('.');
  return dot < 0 ? [text, ''] : [text.slice(0, dot), text.slice(dot + 1)];
}

/** `Kind`, or `Kind.group` outside the core group. */
function kindText(object: JsonObject): string {
  const apiVersion = textAt(object, 'apiVersion') ?? '';
  const slash = apiVersion.indexOf('/');
  const kind = textAt(object, 'kind') ?? '';
  return slash < 0 ? kind : `${kind}.${apiVersion.slice(0, slash)}`;
}

/** Kinds that no policy lets a form have. */
export function isNeverAllowed(object: { readonly apiVersion: string; readonly kind: string }): boolean {
  return anyKind(neverKinds, kindText(object));
}

/** Whether a key is reserved, unless the worker's policy says otherwise. */
export function isReservedKey(key: string): boolean {
  return anyOf(reservedKeys, key);
}

function judgeKind({ policy }: ScopeRules, { entry, object, namespaced }: ScopeQuestion): ScopeRefusal | undefined {
  const kind = kindText(object);
  const refuse = (message: string): ScopeRefusal => ({ reason: 'KindNotAllowed', message });
  if (isTemplate(textAt(entry.spec, 'kind')) || isTemplate(textAt(entry.spec, 'apiVersion')))
    return refuse('apiVersion and kind must be written out in the form, not made by a template');
  if (anyKind(neverKinds, kind)) return refuse(`no form may have objects of kind ${kind}`);
  if (anyKind(policy.denyKinds, kind)) return refuse(`the worker's policy allows no objects of kind ${kind}`);
  if (!namespaced && !anyKind(policy.clusterKinds, kind))
    return refuse(
      `${kind} is cluster-scoped and not among clusterKinds of the worker's policy: ${policy.clusterKinds.join(', ')}`,
    );
  return undefined;
}

const isTemplate = (text: string | undefined): boolean => text?.includes('{{') === true;

/** The namespace that an entry writes into or is; undefined for other cluster-scoped objects. */
export function reachedNamespace({ object, namespaced, nodeNamespace }: ScopeQuestion): string | undefined {
  if (namespaced) return textAt(object, 'metadata', 'namespace') || nodeNamespace;
  return kindText(object) === 'Namespace' ? textAt(object, 'metadata', 'name') : undefined;
}

/** Whether the text of a row has a part in the name of that namespace. */
export function isFromRow({ entry, namespaced }: ScopeQuestion): boolean {
  const [template, inside] = namespaced
    ? [entry.targetNamespace, textAt(entry.spec, 'metadata', 'namespace')]
    : [entry.nameTemplate, textAt(entry.spec, 'metadata', 'name')];
  return isTemplate(template) || isTemplate(inside);
}

function judgeNamespace(rules: ScopeRules, question: ScopeQuestion): ScopeRefusal | undefined {
  const { policy, workerNamespace } = rules;
  const namespace = reachedNamespace(question);
  if (namespace === undefined) return undefined;
  const refuse = (why: string): ScopeRefusal => ({
    reason: 'NamespaceNotAllowed',
    message: `namespace ${namespace} ${why}`,
  });
  if (anyOf(policy.namespaces.deny, namespace)) return refuse("is denied by the worker's policy");
  if (question.namespaced && namespace === question.nodeNamespace) return undefined;
  if (namespace === workerNamespace) return refuse('is that of the worker itself');
  if (question.namespaced && !policy.crossNamespace)
    return refuse("is not that of the node, and the worker's policy allows no other");
  if (!anyOf(policy.namespaces.allow, namespace)) return refuse("is not allowed by the worker's policy");
  if (isFromRow(question) && anyOf(policy.namespaces.denyFromRows, namespace))
    return refuse("is one that the worker's policy lets no row name");
  return undefined;
}

function judgeMetadata({ policy }: ScopeRules, { object }: ScopeQuestion): ScopeRefusal | undefined {
  const members = reservedMembers.filter((member) => !isEmptyMember(at(object, 'metadata', member)));
  const keys = (['labels', 'annotations'] as const).flatMap((map) => Object.keys(textMapAt(object, 'metadata', map)));
  const mayBeSet = (key: string): boolean => !key.startsWith(reservedPrefix) && anyOf(policy.allowMetadata, key);
  const taken = keys.filter((key) => isReservedKey(key) && !mayBeSet(key));
  const named = [...members, ...new Set(taken)];
  if (named.length === 0) return undefined;
  return { reason: 'ReservedMetadata', message: `forms may not set ${named.join(', ')}; remove it from metadata` };
}

/** Whether a member of metadata says nothing. */
export function isEmptyMember(value: Json | undefined): boolean {
  if (value === undefined || value === null || value === '') return true;
  return Array.isArray(value) ? value.length === 0 : isJsonObject(value) && Object.keys(value).length === 0;
}

/** Why an entry is outside of the boundaries; undefined when it is inside. */
export function judgeScope(rules: ScopeRules, question: ScopeQuestion): ScopeRefusal | undefined {
  return judgeKind(rules, question) ?? judgeNamespace(rules, question) ?? judgeMetadata(rules, question);
}
