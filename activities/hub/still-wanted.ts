import { at, textAt } from '../../domain/api/json.ts';
import { LynqFailure } from '../../domain/failures.ts';
import type { ObjectRef } from '../../domain/ports.ts';
import type { HubRef } from '../contract.ts';
import type { Deps } from '../deps.ts';
import { formRef } from '../rollout/gather.ts';
import type { JudgedForm } from './read-forms.ts';
import { hubRef, type ReadHub } from './read-hub.ts';

/** How long an answer of the API server is taken for the present. */
const freshMilliseconds = 200;

/**
 * Whether the hub and the forms that a sync was planned with are still there while it is carried out, which takes as long as there are rows. What was
 * deleted meanwhile makes no further node, nor does a hub that was paused: who takes its nodes away without their objects relies on that.
 */
export class StillWanted {
  private readonly answers = new Map<string, { readonly at: number; readonly isThere: Promise<boolean> }>();
  private readonly deps: Pick<Deps, 'cluster' | 'clock'>;
  private readonly request: HubRef;

  constructor(deps: Pick<Deps, 'cluster' | 'clock'>, request: HubRef) {
    this.deps = deps;
    this.request = request;
  }

  /** @throws LynqFailure `ClusterStale` when the hub is being deleted, paused, gone or another one: the next attempt sees it. */
  async demandHub({ hub }: ReadHub): Promise<void> {
    if (await this.isThere(hubRef(this.request), hub.metadata.uid)) return;
    const { namespace, hub: name } = this.request;
    throw new LynqFailure('ClusterStale', `LynqHub ${namespace}/${name} was deleted or paused during a sync`, {
      hub: name,
    });
  }

  form({ name, object }: JudgedForm): Promise<boolean> {
    return this.isThere(formRef({ namespace: this.request.namespace, form: name }), textAt(object, 'metadata', 'uid'));
  }

  private isThere(ref: ObjectRef, uid: string | undefined): Promise<boolean> {
    const key = `${ref.kind}/${ref.name}`;
    const now = this.deps.clock.now().getTime();
    const known = this.answers.get(key);
    if (known !== undefined && now - known.at < freshMilliseconds) return known.isThere;
    const isThere = this.ask(ref, uid);
    this.answers.set(key, { at: now, isThere });
    return isThere;
  }

  private async ask(ref: ObjectRef, uid: string | undefined): Promise<boolean> {
    const object = await this.deps.cluster.get(ref);
    const isPaused = ref.kind === 'LynqHub' && at(object, 'spec', 'paused') === true;
    const isLeaving = textAt(object, 'metadata', 'deletionTimestamp') !== undefined;
    return textAt(object, 'metadata', 'uid') === uid && !isLeaving && !isPaused;
  }
}
