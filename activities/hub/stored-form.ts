import { isJsonObject, textAt } from '../../domain/api/json.ts';
import { collectResources, resourceLists } from '../../domain/api/resource.ts';
import { isLynqFailure } from '../../domain/failures.ts';
import { annotations, apiVersion } from '../../domain/keys.ts';
import { type PeerNode, peerNode } from '../../domain/peer-node.ts';
import type { Deps } from '../deps.ts';
import type { FormRevision } from '../forms.ts';
import { type ReadNode, variablesOf } from '../node/gather.ts';
import { renderNode } from '../node/render.ts';
import { readSecretValues } from '../secret-values.ts';

/** What a node is stored with for the Go operator. */
export type StoredForm =
  | { readonly kind: 'stored'; readonly peer: PeerNode }
  /** It is so already: no pass of ours has put anything on record, and its arrays are the Go operator's. */
  | { readonly kind: 'untouched' }
  | { readonly kind: 'lost'; readonly why: string };

/**
 * The entries of a node's revision, or of its form where that is gone, with as much rendered as can be: without the row's secret values, and for a form
 * that has changed, names are those on record. The bodies are templates in any case.
 */
export async function storedForm(deps: Deps, read: ReadNode): Promise<StoredForm> {
  const { identity, node } = read;
  const hasArrays = collectResources(node.spec).length > 0;
  if (node.status?.inventory === undefined && node.spec.formRevision === undefined && hasArrays)
    return { kind: 'untouched' };
  const found = await entriesOf(deps, read);
  if (found === undefined) {
    const why = `its form ${identity.form} and the revision it was made from are gone or cannot be used`;
    return { kind: 'lost', why };
  }
  const { revision, replaced } = found;
  const notes = node.metadata.annotations ?? {};
  const values = await readSecretValues(deps, identity, notes[annotations.secretValues]);
  const secrets = values.kind === 'broken' ? new Map<string, string>() : values.secrets;
  const { variables } = variablesOf(identity, notes);
  const { objects } = await renderNode(deps, { identity, revision, variables, secrets });
  const record = node.status?.inventory ?? [];
  const facts = { namespace: identity.namespace, objects, record, replaced };
  return { kind: 'stored', peer: peerNode(resourceLists, revision.entries, facts) };
}

interface FoundEntries {
  readonly revision: FormRevision;
  /** It is another one than the node was made from. */
  readonly replaced: boolean;
}

async function entriesOf(deps: Deps, { identity, node }: ReadNode): Promise<FoundEntries | undefined> {
  const { namespace, form: name } = identity;
  const named = node.spec.formRevision;
  const known = named === undefined ? undefined : await usable(() => deps.forms.read(namespace, named));
  if (known !== undefined) return { revision: known, replaced: false };
  const form = await deps.cluster.get({ apiVersion, kind: 'LynqForm', namespace, name });
  const uid = textAt(form, 'metadata', 'uid');
  const spec = form?.['spec'];
  if (uid === undefined || !isJsonObject(spec)) return undefined;
  const revision = await usable(() => deps.forms.ensure({ namespace, name, uid }, spec));
  return revision === undefined ? undefined : { revision, replaced: revision.name !== named };
}

/** A form that does not match its schema has no entries to store. */
async function usable(read: () => Promise<FormRevision | undefined>): Promise<FormRevision | undefined> {
  try {
    return await read();
  } catch (error) {
    if (isLynqFailure(error) && error.type === 'FormInvalid') return undefined;
    throw error;
  }
}
