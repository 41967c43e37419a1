import type { PlannedEntry } from '../../domain/node-plan.ts';
import { annotations } from '../../domain/keys.ts';
import type { Deps } from '../deps.ts';
import { planEntries, type ReadNode } from '../node/gather.ts';
import type { SecretValues } from '../../domain/secret-values.ts';
import { readSecretValues } from '../secret-values.ts';

function signature(entries: ReadonlyMap<string, PlannedEntry>): string {
  const parts = [...entries].map(([id, entry]) =>
    entry.kind === 'desired' ? [id, entry.child.hash] : [id, entry.state, entry.reason],
  );
  return JSON.stringify(parts.toSorted(([left = ''], [right = '']) => (left < right ? -1 : 1)));
}

/**
 * Whether other values of its row would change any object of a node, as its present revision renders them. When that cannot be told, they would.
 */
export async function changesObjects(
  deps: Deps,
  read: ReadNode,
  values: { readonly annotations: Readonly<Record<string, string>>; readonly secrets: SecretValues },
): Promise<boolean> {
  const name = read.node.spec.formRevision;
  const revision = name === undefined ? undefined : await deps.forms.read(read.identity.namespace, name);
  if (revision === undefined) return true;
  const found = read.node.metadata.annotations ?? {};
  const kept = await readSecretValues(deps, read.identity, found[annotations.secretValues]);
  if (kept.kind === 'broken') return true;
  const { secrets } = kept;
  const now = await planEntries(deps, read, { revision, secrets, found });
  const then = await planEntries(deps, read, {
    revision,
    secrets: values.secrets,
    found: { ...found, ...values.annotations },
  });
  return signature(now.entries) !== signature(then.entries) || found[annotations.extra] === undefined;
}
