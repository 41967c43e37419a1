import type { KindInfo, ListOptions, ObjectRef } from '../../domain/ports.ts';

/** `/api/v1` or `/apis/GROUP/VERSION`; undefined when the text is not an apiVersion. */
export function groupVersionPath(apiVersion: string): string | undefined {
  const parts = apiVersion.split('/');
  if (parts.length > 2 || !parts.every(isSegment)) return undefined;
  return `${parts.length === 1 ? '/api' : '/apis'}/${parts.map(encodeURIComponent).join('/')}`;
}

/**
 * Whether a text can stand as one part of a path (the server's own rule for names). An empty name would address the whole
 * collection, a dotted one another folder: both turn a delete of one object into something else.
 */
export function isSegment(text: string): boolean {
  return text !== '' && text !== '.' && text !== '..' && !/[/%]/.test(text);
}

/** Why an object cannot be addressed, in words for a refusal; undefined when it can. Names keep their case: RBAC names have capitals. */
export function addressProblem(ref: ObjectRef, info: KindInfo): string | undefined {
  if (!isSegment(ref.name)) return 'the name is empty or has characters a path cannot hold';
  if (ref.namespace !== undefined && !isSegment(ref.namespace)) {
    return 'the namespace is empty or has characters a path cannot hold';
  }
  if (info.namespaced && ref.namespace === undefined) return 'the kind is namespaced and no namespace is given';
  if (!info.namespaced && ref.namespace !== undefined) return 'the kind is cluster-scoped and a namespace is given';
  return undefined;
}

/** Path of all objects of a kind, in one namespace or everywhere. */
export function collectionPath(apiVersion: string, info: KindInfo, namespace: string | undefined): string {
  const scope = namespace === undefined ? '' : `/namespaces/${encodeURIComponent(namespace)}`;
  return `${groupVersionPath(apiVersion)}${scope}/${encodeURIComponent(info.plural)}`;
}

/** Path of one object; call only after `addressProblem` found none. */
export function objectPath(ref: ObjectRef, info: KindInfo, subresource?: string): string {
  const tail = subresource === undefined ? '' : `/${encodeURIComponent(subresource)}`;
  return `${collectionPath(ref.apiVersion, info, ref.namespace)}/${encodeURIComponent(ref.name)}${tail}`;
}

/** A path with the parameters that have a value. */
export function withQuery(path: string, parameters: Readonly<Record<string, string | undefined>>): string {
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(parameters)) if (value !== undefined) query.set(key, value);
  const text = query.toString();
  return text === '' ? path : `${path}?${text}`;
}

/** Selectors of a list as query parameters. */
export function selectorQuery(options: ListOptions): Readonly<Record<string, string | undefined>> {
  return { labelSelector: options.labelSelector, fieldSelector: options.fieldSelector };
}
