import type { DesiredChild } from './child.ts';

/**
 * Whether a key of the Go operator's `status.appliedResources`, `Kind/namespace/name@id`, names a child (parity 5.10). It writes the namespace as
 * the form has it, unrendered; that of the node for a kind without one; and no name for an entry without `nameTemplate`: there the id decides.
 */
export function isAppliedKeyOf(key: string, child: Pick<DesiredChild, 'id' | 'ref'>): boolean {
  const at = key.lastIndexOf('@');
  const [kind, name] = [key.slice(0, key.indexOf('/')), key.slice(key.lastIndexOf('/', at) + 1, at)];
  const namespace = key.slice(kind.length + 1, Math.max(kind.length + 1, at - name.length - 1));
  const { ref } = child;
  const isSameId = key.slice(at + 1) === child.id;
  if (at < 0 || kind !== ref.kind) return false;
  if (name !== ref.name && !(name === '' && isSameId)) return false;
  return ref.namespace === undefined || namespace === ref.namespace || (namespace.includes('{{') && isSameId);
}
