import { type AuditEntry, identityOf } from '../e2e/audit.ts';
import type { Json } from '../e2e/cluster.ts';

/** One object on the record of a LynqNode, as its status names it. */
export interface RecordedChild {
  readonly id: string;
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace?: string;
  readonly name: string;
  readonly uid?: string;
  readonly policy: 'Delete' | 'Retain';
  readonly dependIds?: readonly string[];
}

/** What a LynqNode had on record from a moment on. */
export interface NodeRecord {
  /** Of the LynqNode, as `identityOf` names it. */
  readonly identity: string;
  readonly from: string;
  readonly children: readonly RecordedChild[];
}

/** The records of all LynqNodes over time, from the status writes in the log. */
export function readRecords(entries: readonly AuditEntry[]): readonly NodeRecord[] {
  return entries.flatMap((entry) => {
    const { objectRef, requestObject, stageTimestamp } = entry;
    const children: unknown = requestObject?.status?.inventory;
    if (objectRef?.resource !== 'lynqnodes' || objectRef.subresource !== 'status' || !Array.isArray(children))
      return [];
    return [{ identity: identityOf(entry), from: stageTimestamp, children: children as readonly RecordedChild[] }];
  });
}

/** Irregular plurals; the rest is the kind with an `s`. */
const plurals: Readonly<Record<string, string>> = { NetworkPolicy: 'networkpolicies', Ingress: 'ingresses' };

/** The name that `identityOf` gives a request about it. A cluster-scoped object has no namespace, and a Namespace is in itself. */
export function childIdentity({ apiVersion, kind, namespace, name }: RecordedChild): string {
  const group = apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : '';
  const resource = plurals[kind] ?? `${kind.toLowerCase()}s`;
  return `${group}/${resource}/${kind === 'Namespace' ? name : (namespace ?? '')}/${name}`;
}

/** Entries of forms with `skipOnDependencyFailure: false`, by the writes of forms in the log, as `namespace/id`. */
export function readEagerEntries(entries: readonly AuditEntry[]): ReadonlySet<string> {
  const forms = entries.filter(({ objectRef }) => objectRef?.resource === 'lynqforms');
  return new Set(
    forms.flatMap(({ objectRef, requestObject }) =>
      Object.values((requestObject?.spec ?? {}) as Readonly<Record<string, unknown>>)
        .filter((list): list is readonly Json[] => Array.isArray(list))
        .flat()
        .filter((entry) => entry?.skipOnDependencyFailure === false)
        .map(({ id }) => `${objectRef?.namespace}/${id}`),
    ),
  );
}
