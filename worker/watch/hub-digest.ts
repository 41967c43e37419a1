import type { HubRef } from '../../activities/contract.ts';
import type { FormRef } from '../../activities/hub/hubless-forms.ts';
import { at, type JsonObject, numberAt, textAt, textMapAt } from '../../domain/api/json.ts';
import { type FollowUpFacts, followUpFacts } from '../../domain/follow-up.ts';
import { type HubCounts, hubCounts, type RolloutCounts, rolloutCounts } from '../../domain/gauges.ts';
import { type HubTiming, hubTiming, intervalSeconds } from '../../domain/hub-timing.ts';
import { annotations } from '../../domain/keys.ts';

/** What the watch keeps of a hub. */
export interface HubDigest {
  readonly resourceVersion: string;
  readonly hub: HubRef;
  /** The installation that has claimed it. */
  readonly holder: string | undefined;
  readonly timing: HubTiming;
  /** Seconds after which a sync comes by itself; 0 for none, as where the interval rests. */
  readonly interval: number;
  /** Changes when a sync has something new to act on; status writes do not. */
  readonly input: string;
  readonly counts: HubCounts;
  readonly followUp: FollowUpFacts;
}

/** What the watch keeps of a form. */
export interface FormDigest {
  readonly resourceVersion: string;
  readonly form: FormRef;
  readonly hub: HubRef;
  /** Its nodes change one after the other. */
  readonly limited: boolean;
  readonly input: string;
  readonly rollout: RolloutCounts | undefined;
}

function inputOf(object: JsonObject): string {
  const found = textMapAt(object, 'metadata', 'annotations');
  const approval = found[annotations.approveDeletions] ?? '';
  const forced = found[annotations.forceReconcile] ?? '';
  const told = found[annotations.rollout] ?? '';
  const deleting = textAt(object, 'metadata', 'deletionTimestamp') ?? '';
  const generation = numberAt(object, 'metadata', 'generation') ?? 0;
  const released = found[annotations.released] ?? '';
  return [textAt(object, 'metadata', 'uid') ?? '', generation, approval, forced, released, told, deleting].join('/');
}

export function hubDigest(object: JsonObject): HubDigest {
  const timing = hubTiming(object);
  const interval = timing.paused ? 0 : intervalSeconds(timing.syncInterval);
  return {
    resourceVersion: textAt(object, 'metadata', 'resourceVersion') ?? '',
    hub: { namespace: textAt(object, 'metadata', 'namespace') ?? '', hub: textAt(object, 'metadata', 'name') ?? '' },
    holder: textAt(object, 'metadata', 'annotations', annotations.controllerId),
    timing,
    interval,
    input: inputOf(object),
    counts: hubCounts(object),
    followUp: followUpFacts(object, interval),
  };
}

export function formDigest(object: JsonObject): FormDigest {
  return {
    resourceVersion: textAt(object, 'metadata', 'resourceVersion') ?? '',
    form: { namespace: textAt(object, 'metadata', 'namespace') ?? '', form: textAt(object, 'metadata', 'name') ?? '' },
    hub: { namespace: textAt(object, 'metadata', 'namespace') ?? '', hub: textAt(object, 'spec', 'hubId') ?? '' },
    limited: at(object, 'spec', 'rollout') !== undefined,
    input: inputOf(object),
    rollout: rolloutCounts(object),
  };
}
