import { at, type Json, type JsonObject, listAt, mapAt, textAt } from './api/json.ts';
import { LynqFailure } from './failures.ts';
import type { ObjectRef } from './ports.ts';

/**
 * Fields that are ours alone and that nothing works without: what a node was made from, what it has on record, where what was taken over stays, what the deletion guard has let go. The API
 * server drops a field that the definition of its kind does not name and says nothing, so a write comes back as if it had been made.
 */
const needed: ReadonlyMap<string, readonly string[]> = new Map([
  ['lynqhubs.operator.lynq.sh', ['status.deletionGuard']],
  ['lynqforms.operator.lynq.sh', ['spec.dependsOn', 'status.rollout.revision']],
  ['lynqnodes.operator.lynq.sh', ['spec.formRevision', 'status.inventory', 'status.inventory.ignoredNamespace']],
]);

/** How definitions of ours come into the place of others. */
const fix = 'kubectl apply --server-side --force-conflicts -f deploy/crds';

export const definitionRefs: readonly ObjectRef[] = [...needed.keys()].map(definitionRef);

export function definitionRef(name: string): ObjectRef {
  return { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', name };
}

function isKept(schema: Json | undefined, [field, ...rest]: readonly string[]): boolean {
  if (field === undefined || at(schema, 'x-kubernetes-preserve-unknown-fields') === true) return true;
  const inner = at(schema, 'properties', field) ?? at(schema, 'items', 'properties', field);
  return inner !== undefined && isKept(inner, rest);
}

/** What is wrong with an installed definition of one of our kinds: that of the Go operator has none of our fields. */
export function definitionProblem(crd: JsonObject): LynqFailure | undefined {
  const name = textAt(crd, 'metadata', 'name') ?? '';
  const version = listAt(crd, 'spec', 'versions').find((one) => textAt(one, 'name') === 'v1');
  const schema = mapAt(version, 'schema', 'openAPIV3Schema');
  const lacking = (needed.get(name) ?? []).filter((path) => !isKept(schema, path.split('.')));
  if (lacking.length === 0) return undefined;
  const message = `CRD ${name} has no ${lacking.join(', ')}: it is of the Go operator or of an older version, and the API server drops what it does not name; ${fix}`;
  return new LynqFailure('DefinitionsOutdated', message, { name });
}
