import { textAt } from '../../domain/api/json.ts';
import { isLynqFailure } from '../../domain/failures.ts';
import { apiVersion } from '../../domain/keys.ts';
import type { NodeIdentity } from '../../domain/ownership.ts';
import type { KindRef, ObjectRef } from '../../domain/ports.ts';
import { findStrays, type StrayFacts, type StrayNode, strayRecord } from '../../domain/strays.ts';
import type { HubRef } from '../contract.ts';
import type { Deps } from '../deps.ts';
import { nodeRef } from '../node/gather.ts';
import { Removal } from '../node/removal.ts';
import type { JudgedForm } from './read-forms.ts';

export interface Sweep {
  /** For people. */
  readonly warnings: readonly string[];
  /** Nothing was there that a later sweep may have to do with. */
  readonly isClean: boolean;
}

export const nothingSwept: Sweep = { warnings: [], isClean: true };

/** What cannot be told now, by apiVersion: a group whose backend is down keeps nothing waiting but the sweep itself. */
type Untold = Map<string, string>;

/** Has a kind watched from now on. What cannot be asked is asked once. */
async function watchKind(deps: Deps, kind: KindRef, untold: Untold): Promise<void> {
  if (deps.children.listedAt(kind) !== undefined || untold.has(kind.apiVersion)) return;
  try {
    if ((await deps.cluster.kindInfo(kind)) !== undefined) await deps.children.track(kind);
  } catch (error) {
    if (!isLynqFailure(error)) throw error;
    untold.set(kind.apiVersion, error.message);
  }
}

/**
 * Kinds of a form are watched whether or not a node has an object of them: one may still arrive, late. One that is not served yet, or not any more, is
 * looked for again.
 */
async function watchKinds(deps: Deps, forms: readonly JudgedForm[]): Promise<Untold> {
  const untold: Untold = new Map();
  for (const { revision } of forms) {
    for (const { resource } of revision?.entries ?? []) {
      const kind = { apiVersion: textAt(resource.spec, 'apiVersion') ?? '', kind: textAt(resource.spec, 'kind') ?? '' };
      await watchKind(deps, kind, untold);
    }
  }
  return untold;
}

/** Undefined when they cannot be listed; then nothing can be told to be this hub's. */
async function otherForms(
  { cluster }: Deps,
  { namespace, hub }: HubRef,
  untold: Untold,
): Promise<readonly string[] | undefined> {
  try {
    const forms = await cluster.list({ apiVersion, kind: 'LynqForm' }, { namespace });
    const others = forms.filter((form) => textAt(form, 'spec', 'hubId') !== hub);
    return others.flatMap((form) => textAt(form, 'metadata', 'name') ?? []);
  } catch (error) {
    if (!isLynqFailure(error)) throw error;
    untold.set(apiVersion, error.message);
    return undefined;
  }
}

function isUntold(untold: Untold): Sweep {
  const warnings = [...untold].map(
    ([version, why]) => `objects that have lost their LynqNodes are not all looked for: ${version}: ${why}`,
  );
  return { warnings, isClean: warnings.length === 0 };
}

/**
 * Deals with objects of this hub's forms whose LynqNode is gone, as its removal would have: what a late create made while no worker ran, or what was left
 * of a node whose finalizer was taken off. Called after a proven read that allows deletions. What cannot be told now is said and left to later syncs.
 */
export async function sweepStrays(
  deps: Deps,
  request: HubRef,
  known: {
    readonly forms: readonly JudgedForm[];
    readonly isLiving: (uid: string) => boolean;
    readonly signal: AbortSignal;
  },
): Promise<Sweep> {
  const untold = await watchKinds(deps, known.forms);
  const { namespace } = request;
  const facts: Omit<StrayFacts, 'otherForms'> = {
    named: deps.children.namedIn(namespace),
    naming: (node) => deps.children.naming(namespace, node),
    exists: (node) => deps.nodes.get(namespace, node) !== undefined,
    isLiving: known.isLiving,
    forms: known.forms.map(({ name }) => name),
  };
  const suspected = findStrays({ ...facts, otherForms: [] });
  if (suspected.kind === 'few' && suspected.nodes.length === 0) return isUntold(untold);
  const others = await otherForms(deps, request, untold);
  const { warnings } = isUntold(untold);
  if (others === undefined) return { warnings, isClean: false };
  const strays = findStrays({ ...facts, otherForms: others });
  if (strays.kind === 'tooMany')
    return {
      warnings: [
        ...warnings,
        `objects of ${strays.rows} rows have lost their LynqNodes; that many are left as they are`,
      ],
      isClean: false,
    };
  for (const node of strays.nodes) await sweepNode(deps, request, { node, signal: known.signal });
  return { warnings, isClean: false };
}

/** What cannot be told or done now is found again by the next sync. */
async function sweepNode(
  deps: Deps,
  { namespace, hub }: HubRef,
  { node, signal }: { readonly node: StrayNode; readonly signal: AbortSignal },
): Promise<void> {
  const { name, form, uid, refs } = node;
  try {
    if ((await deps.cluster.get(nodeRef({ namespace, node: name }), signal)) !== undefined) return;
    const read = async (ref: ObjectRef) => strayRecord(await deps.cluster.get(ref, signal), ref, { namespace, name });
    const entries = (await Promise.all(refs.map(read))).filter((entry) => entry !== undefined);
    if (entries.length === 0) return;
    const identity: NodeIdentity = { namespace, name, nodeUid: '', hub, form, uid };
    deps.logger.warn('a LynqNode is gone and has left objects', { namespace, node: name, objects: entries.length });
    await new Removal(deps, { identity }, { entries, reason: 'LynqNodeDeleted' }).proceed(signal);
  } catch (error) {
    if (!isLynqFailure(error)) throw error;
    deps.logger.warn('what a LynqNode has left cannot be read now', { namespace, node: name, type: error.type });
  }
}
