import { textAt } from '../../domain/api/json.ts';
import { isLynqFailure } from '../../domain/failures.ts';
import { apiVersion } from '../../domain/keys.ts';
import type { ObjectRef } from '../../domain/ports.ts';
import { findStrays, type StrayFacts } from '../../domain/strays.ts';
import type { HubRef } from '../contract.ts';
import type { Deps } from '../deps.ts';
import type { FormRevision } from '../forms.ts';
import { removeLateChild } from '../node/late-child.ts';
import type { JudgedForm } from './read-forms.ts';

/** Revisions whose kinds are watched already. */
const watchedRevisions = new WeakSet<FormRevision>();

/** Kinds of a form are watched whether or not a node has an object of them: one may still arrive, late. */
async function watchKinds(deps: Deps, forms: readonly JudgedForm[]): Promise<void> {
  for (const { revision } of forms) {
    if (revision === undefined || watchedRevisions.has(revision)) continue;
    watchedRevisions.add(revision);
    for (const { resource } of revision.entries) {
      const kind = { apiVersion: textAt(resource.spec, 'apiVersion') ?? '', kind: textAt(resource.spec, 'kind') ?? '' };
      if ((await deps.cluster.kindInfo(kind)) !== undefined) await deps.children.track(kind);
    }
  }
}

async function otherForms({ cluster }: Deps, { namespace, hub }: HubRef): Promise<readonly string[]> {
  const forms = await cluster.list({ apiVersion, kind: 'LynqForm' }, { namespace });
  const others = forms.filter((form) => textAt(form, 'spec', 'hubId') !== hub);
  return others.flatMap((form) => textAt(form, 'metadata', 'name') ?? []);
}

/**
 * Takes away objects of this hub's forms whose LynqNode is gone though they should have gone with it: what a late create made while no worker ran, or
 * what was left of a node whose finalizer was taken off. Called after a proven read that allows deletions; returns warnings for people.
 */
export async function sweepStrays(
  deps: Deps,
  request: HubRef,
  known: { readonly forms: readonly JudgedForm[]; readonly isLiving: (uid: string) => boolean },
): Promise<readonly string[]> {
  await watchKinds(deps, known.forms);
  const { namespace } = request;
  const facts: Omit<StrayFacts, 'otherForms'> = {
    tracked: deps.children.trackedFor(namespace),
    exists: (node) => deps.nodes.get(namespace, node) !== undefined,
    isLiving: known.isLiving,
    forms: known.forms.map(({ name }) => name),
  };
  const suspected = findStrays({ ...facts, otherForms: [] });
  if (suspected.kind === 'few' && suspected.nodes.size === 0) return [];
  const strays = findStrays({ ...facts, otherForms: await otherForms(deps, request) });
  if (strays.kind === 'tooMany')
    return [`objects of ${strays.rows} rows have lost their LynqNodes; that many are left as they are`];
  for (const [node, refs] of strays.nodes) await sweepNode(deps, { namespace, node }, refs);
  return [];
}

/** What cannot be told or done now is found again by the next sync. */
async function sweepNode(
  deps: Deps,
  node: { readonly namespace: string; readonly node: string },
  refs: readonly ObjectRef[],
): Promise<void> {
  for (const ref of refs) {
    try {
      if ((await removeLateChild(deps, node, ref)) !== 'removed') continue;
      deps.logger.warn('an object whose LynqNode is gone is taken away', { ...node, kind: ref.kind, name: ref.name });
    } catch (error) {
      if (!isLynqFailure(error)) throw error;
      deps.logger.warn('an object whose LynqNode is gone could not be taken away yet', { ...node, kind: ref.kind });
    }
  }
}
