import { beginAbsence, confirmAbsence, isDeleted } from '../../domain/absent-forms.ts';
import type { AbsentForm } from '../../domain/api/hub.ts';
import { type JsonObject, textAt } from '../../domain/api/json.ts';
import { LynqFailure } from '../../domain/failures.ts';
import type { KnownNode } from '../../domain/hub-plan.ts';
import { apiVersion } from '../../domain/keys.ts';
import type { HubRef } from '../contract.ts';
import type { Deps } from '../deps.ts';
import { type ReadHub, readHub } from './read-hub.ts';

/** Where the forms are that have nodes of a hub and do not name it. */
export interface LeftForms {
  /** Not there, each with its absence up to now. */
  readonly absent: readonly AbsentForm[];
  /** Those of them that count as deleted. */
  readonly gone: ReadonlySet<string>;
  /** They exist and name another hub. */
  readonly moved: ReadonlySet<string>;
}

type LookDeps = Pick<Deps, 'cluster' | 'clock'>;

function getForm({ cluster }: Pick<Deps, 'cluster'>, namespace: string, name: string): Promise<JsonObject | undefined> {
  return cluster.get({ apiVersion, kind: 'LynqForm', namespace, name });
}

function isOfOtherHub(form: JsonObject, hub: string): boolean {
  const names = textAt(form, 'spec', 'hubId');
  return names !== undefined && names !== hub && textAt(form, 'metadata', 'deletionTimestamp') === undefined;
}

export function recordedAbsences({ hub }: Pick<ReadHub, 'hub'>): readonly AbsentForm[] {
  return hub.status?.absentForms ?? [];
}

/** Forms that have nodes and are not listed for the hub. What is on its way out needs no form. */
export function unlistedForms(
  nodes: readonly Pick<KnownNode, 'form' | 'deleting'>[],
  forms: readonly { readonly name: string }[],
): ReadonlySet<string> {
  const listed = new Set(forms.map(({ name }) => name));
  return new Set(nodes.flatMap(({ form, deleting }) => (deleting || listed.has(form) ? [] : [form])));
}

/** Asks for forms that do not name the hub any more: where each of them is, by what the hub's status says of earlier looks. */
export async function lookForForms(
  deps: LookDeps,
  { namespace, hub }: HubRef,
  { names, recorded }: { readonly names: ReadonlySet<string>; readonly recorded: readonly AbsentForm[] },
): Promise<LeftForms> {
  const absent: AbsentForm[] = [];
  const moved = new Set<string>();
  for (const name of names) {
    const object = await getForm(deps, namespace, name);
    const record = recorded.find((one) => one.name === name);
    if (object === undefined) absent.push(confirmAbsence(name, record, deps.clock.now()));
    else if (isOfOtherHub(object, hub)) moved.add(name);
  }
  return { absent, moved, gone: new Set(absent.filter(isDeleted).map(({ name }) => name)) };
}

/** Asks once more, at the moment of the writing: an absence that has just begun begins there, one that has ended is not on record. */
export async function stillAbsent(
  deps: LookDeps,
  { namespace }: HubRef,
  { absent }: LeftForms,
  recorded: readonly AbsentForm[],
): Promise<readonly AbsentForm[]> {
  const still: AbsentForm[] = [];
  for (const form of absent) {
    if ((await getForm(deps, namespace, form.name)) !== undefined) continue;
    const isOld = recorded.some(({ name, since }) => name === form.name && since === form.since);
    still.push(isOld ? form : beginAbsence(form.name, deps.clock.now()));
  }
  return still;
}

/** How long an answer of the API server is taken for the present. */
const freshMilliseconds = 200;

/** Whether forms that count as deleted are still that, right before each of their nodes goes. */
export class GoneForms {
  private readonly answers = new Map<string, { readonly at: number; readonly isGone: Promise<boolean> }>();
  private readonly deps: LookDeps;
  private readonly request: HubRef;
  private readonly left: LeftForms;

  constructor(deps: LookDeps, request: HubRef, left: LeftForms) {
    this.deps = deps;
    this.request = request;
    this.left = left;
  }

  /** @throws LynqFailure `ClusterStale` when the form is there, or when another sync has seen it since; the next attempt goes by that. */
  async demand(form: string): Promise<void> {
    const now = this.deps.clock.now().getTime();
    const known = this.answers.get(form);
    const isGone = known !== undefined && now - known.at < freshMilliseconds ? known.isGone : this.ask(form);
    if (isGone !== known?.isGone) this.answers.set(form, { at: now, isGone });
    if (await isGone) return;
    const { namespace, hub } = this.request;
    throw new LynqFailure('ClusterStale', `LynqForm ${namespace}/${form} was seen during a sync`, { hub, form });
  }

  private async ask(form: string): Promise<boolean> {
    const live = await readHub(this.deps, this.request);
    const judged = this.left.absent.find(({ name }) => name === form);
    const record = live === undefined ? undefined : recordedAbsences(live).find(({ name }) => name === form);
    if (judged === undefined || record?.since !== judged.since) return false;
    return (await getForm(this.deps, this.request.namespace, form)) === undefined;
  }
}
