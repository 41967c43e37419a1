import { LynqForm, type RolloutStatus } from '../../domain/api/form.ts';
import { type JsonObject, textAt } from '../../domain/api/json.ts';
import type { ResourceList } from '../../domain/api/resource.ts';
import { annotations, apiVersion } from '../../domain/keys.ts';
import { nodeDigest } from '../../domain/node-digest.ts';
import type { ObjectRef } from '../../domain/ports.ts';
import type { RolloutFacts, RolloutNode } from '../../domain/rollout/model.ts';
import { isCovered, rolloutNode, seemsOver } from '../../domain/rollout/node.ts';
import { type RolloutSettings, rolloutGate } from '../../domain/rollout/settings.ts';
import type { FormRef } from '../contract.ts';
import type { Deps } from '../deps.ts';
import { releasedAt } from '../hub/holding.ts';
import { type FormDeps, type JudgedForm, readForm } from '../hub/read-forms.ts';
import { type ReadHub, readHub } from '../hub/read-hub.ts';
import { nodeRef } from '../node/gather.ts';
import { inParallel } from '../parallel.ts';

/** A form with a rollout block, as it was read now. */
export interface RolloutForm {
  /** It, with the hub that it names now. */
  readonly of: FormRef;
  /** The arrays of its entries, for what is told of a change. */
  readonly lists: readonly ResourceList[];
  readonly form: LynqForm;
  readonly object: JsonObject;
  readonly settings: RolloutSettings;
  readonly target: string;
  readonly generation: number;
}

export type GatheredForm =
  | { readonly kind: 'form'; readonly form: RolloutForm }
  /** A command in annotation `lynq.sh/rollout` is to be carried out first. */
  | { readonly kind: 'told'; readonly form: LynqForm; readonly object: JsonObject }
  | { readonly kind: 'idle'; readonly reason: string };

interface ReadForm {
  readonly form: LynqForm;
  readonly object: JsonObject;
}

export function formRef({ namespace, form }: Pick<FormRef, 'namespace' | 'form'>): ObjectRef {
  return { apiVersion, kind: 'LynqForm', namespace, name: form };
}

/** Reads of LynqNodes that run at the same time. */
const readConcurrency = 16;

const idle = (reason: string): GatheredForm => ({ kind: 'idle', reason });

/** Why nothing of a hub changes for now; undefined when it may. A hub is taken by its syncs; one that is not this installation's is not touched. */
function hubProblem(hub: ReadHub | undefined, installation: string): string | undefined {
  if (hub === undefined || hub.hub.metadata.deletionTimestamp !== undefined) return 'HubGone';
  if (hub.hub.metadata.annotations?.[annotations.controllerId] !== installation) return 'HubNotHeld';
  return hub.hub.spec.paused === true ? 'HubPaused' : undefined;
}

/**
 * Reads a form and its hub: the one that the form names, which need not be the one that a run was started for. A form that is made again for another hub
 * keeps its run, which from then on has to do with the nodes of that hub only: those of the former one are that hub's to keep. Whether a form can be used
 * depends on their content only; it is judged again when either was edited.
 */
export class FormJudge {
  private known: { readonly key: string; readonly judged: JudgedForm } | undefined;
  private readonly deps: FormDeps & Pick<Deps, 'installation'>;
  private readonly request: FormRef;

  constructor(deps: FormDeps & Pick<Deps, 'installation'>, request: FormRef) {
    this.deps = deps;
    this.request = request;
  }

  async gather(): Promise<GatheredForm> {
    const object = await this.deps.cluster.get(formRef(this.request));
    if (object === undefined || textAt(object, 'metadata', 'deletionTimestamp') !== undefined) return idle('FormGone');
    const parsed = LynqForm.safeParse(object);
    if (!parsed.success) return idle('FormInvalid');
    const of = { ...this.request, hub: parsed.data.spec.hubId };
    const hub = await readHub(this.deps, of);
    if (hub !== undefined && releasedAt(hub) !== undefined) return idle('HubReleased');
    const told = parsed.data.metadata.annotations?.[annotations.rollout] !== undefined;
    return told ? { kind: 'told', form: parsed.data, object } : this.limited(of, { form: parsed.data, object }, hub);
  }

  private async limited(of: FormRef, read: ReadForm, hub: ReadHub | undefined): Promise<GatheredForm> {
    const { form, object } = read;
    const gate = rolloutGate(form.spec.rollout);
    if (gate.kind === 'open') return idle('NotLimited');
    const problem = hubProblem(hub, this.deps.installation);
    if (hub === undefined || problem !== undefined) return idle(problem ?? 'HubGone');
    const { generation, revision } = await this.judge(of, read, hub);
    if (revision === undefined) return idle('FormInvalid');
    const lists = revision.entries.map(({ list }) => list);
    return {
      kind: 'form',
      form: { of, form, object, lists, settings: gate.settings, target: revision.name, generation },
    };
  }

  private async judge(of: FormRef, { form, object }: ReadForm, hub: ReadHub): Promise<JudgedForm> {
    const key = [form.metadata, hub.hub.metadata].map(({ uid, generation = 0 }) => `${uid}/${generation}`).join(' ');
    if (this.known?.key === key) return this.known.judged;
    const judged = await readForm(this.deps, of, hub, object);
    this.known = { key, judged };
    return judged;
  }
}

/**
 * Nodes of the form. What a watch says is enough to let a node go, which is recorded first and conditional; that a node in flight has come to an end,
 * or is not there any more, is believed only of the API server, read now. One that the form had under another hub is none of them.
 */
export async function rolloutNodes(
  deps: Pick<Deps, 'cluster' | 'nodes'>,
  request: FormRef,
  form: Pick<RolloutForm, 'target'> & Record<'inFlight' | 'givenUp', ReadonlySet<string>>,
): Promise<readonly RolloutNode[]> {
  const { namespace } = request;
  const covered = deps.nodes
    .ofHub(namespace, request.hub)
    .filter((node) => isCovered(request.form, node, form.inFlight));
  const seen = new Map(covered.map((digest) => [digest.name, digest]));
  const doubtful = [...form.inFlight].filter((name) => {
    const digest = seen.get(name);
    return digest === undefined || seemsOver(digest, form.target, form.givenUp.has(name));
  });
  await inParallel(doubtful, readConcurrency, async (name) => {
    const object = await deps.cluster.get(nodeRef({ namespace, node: name }));
    const digest = object === undefined ? undefined : nodeDigest(object);
    if (digest?.hub === request.hub && isCovered(request.form, digest, form.inFlight)) seen.set(name, digest);
    else seen.delete(name);
  });
  return [...seen.values()].map((digest) => rolloutNode(digest, form.target));
}

export function factsOf(
  { settings, target, generation }: Pick<RolloutForm, 'settings' | 'target' | 'generation'>,
  nodes: readonly RolloutNode[],
  at: { readonly previous: RolloutStatus | undefined; readonly now: Date },
): RolloutFacts {
  return { settings, target, generation, nodes, previous: at.previous, now: at.now };
}
