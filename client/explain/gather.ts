import type { Json, JsonObject } from '../../domain/api/json.ts';
import { at, isJsonObject, listAt, textAt, textMapAt } from '../../domain/api/json.ts';
import { isLynqFailure } from '../../domain/failures.ts';
import type { Cluster } from '../../domain/ports.ts';
import { lastSeen } from '../show/events.ts';

/** Reads what a cluster can say about one object of a node: itself, its pods, their events. Nothing is read of Secrets. */

export interface ObjectFacts {
  /** Conditions that are not as they should be. */
  readonly conditions: readonly Json[];
  /** Pods that are not ready, with the reason. */
  readonly pods: readonly { readonly name: string; readonly why: string }[];
  /** The latest warnings about the object and these pods, newest first. */
  readonly events: readonly JsonObject[];
  /** What this account may not see. */
  readonly unseen: readonly string[];
}

const nothing: ObjectFacts = { conditions: [], pods: [], events: [], unseen: [] };

/** Kinds without conditions or pods whose content is nobody's business here. */
const unread: ReadonlySet<string> = new Set(['Secret', 'ConfigMap']);

const mostPods = 3;
const mostEvents = 3;

export async function objectFacts(cluster: Cluster, recorded: Json | undefined): Promise<ObjectFacts> {
  const kind = textAt(recorded, 'kind') ?? '';
  if (recorded === undefined || unread.has(kind)) return nothing;
  const ref = {
    apiVersion: textAt(recorded, 'apiVersion') ?? '',
    kind,
    namespace: textAt(recorded, 'namespace'),
    name: textAt(recorded, 'name') ?? '',
  };
  const unseen: string[] = [];
  const seen = async <T>(what: string, read: Promise<T>, otherwise: T): Promise<T> => {
    try {
      return await read;
    } catch (error) {
      if (!isLynqFailure(error)) throw error;
      unseen.push(`${what}: ${error.message}`);
      return otherwise;
    }
  };
  const object = await seen('the object', cluster.get(ref), undefined);
  if (object === undefined) return { ...nothing, unseen };
  const pods = await seen('its pods', podsOf(cluster, object), []);
  const troubled = pods.flatMap((pod) => podTrouble(pod));
  const about = [object, ...pods.filter((pod) => troubled.some(({ name }) => name === nameOf(pod)))];
  const events = await seen('events', warnings(cluster, about), []);
  return { conditions: badConditions(object), pods: troubled.slice(0, mostPods), events, unseen };
}

async function podsOf(cluster: Cluster, object: JsonObject): Promise<readonly JsonObject[]> {
  if (textAt(object, 'kind') === 'Pod') return [object];
  const labels = textMapAt(object, 'spec', 'selector', 'matchLabels');
  const namespace = textAt(object, 'metadata', 'namespace');
  if (Object.keys(labels).length === 0 || namespace === undefined) return [];
  const labelSelector = Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(',');
  return cluster.list({ apiVersion: 'v1', kind: 'Pod' }, { namespace, labelSelector });
}

/** Conditions of Kubernetes say what is well when True, but for those that name a fault. */
function badConditions(object: JsonObject): readonly Json[] {
  return listAt(object, 'status', 'conditions').filter((condition) => {
    const fault = /Failure|Failed|Pressure|Degraded|Stalled/.test(textAt(condition, 'type') ?? '');
    return textAt(condition, 'status') === (fault ? 'True' : 'False');
  });
}

/** Why a pod is not ready: what a container waits for or ended with, else what the scheduler says. */
function podTrouble(pod: JsonObject): readonly { readonly name: string; readonly why: string }[] {
  const conditions = listAt(pod, 'status', 'conditions');
  const isReady = conditions.some((one) => textAt(one, 'type') === 'Ready' && textAt(one, 'status') === 'True');
  const phase = textAt(pod, 'status', 'phase') ?? 'Unknown';
  if (isReady || phase === 'Succeeded') return [];
  const containers = ['initContainerStatuses', 'containerStatuses'].flatMap((list) => listAt(pod, 'status', list));
  const reasons = containers.flatMap(containerTrouble);
  const unscheduled = conditions.find(
    (one) => textAt(one, 'type') === 'PodScheduled' && textAt(one, 'status') === 'False',
  );
  const scheduling = unscheduled === undefined ? [] : [saying(unscheduled)];
  return [
    {
      name: nameOf(pod),
      why: [phase, [...reasons, ...scheduling].join('; ')].filter((text) => text !== '').join(': '),
    },
  ];
}

function containerTrouble(status: Json): readonly string[] {
  if (at(status, 'ready') === true) return [];
  const state = at(status, 'state');
  const what = ['waiting', 'terminated'].map((kind) => at(state, kind)).find(isJsonObject);
  return what === undefined ? [] : [`container ${textAt(status, 'name') ?? ''} ${saying(what)}`];
}

function saying(item: Json): string {
  return [textAt(item, 'reason'), textAt(item, 'message')]
    .filter((text) => text !== undefined && text !== '')
    .join(': ');
}

async function warnings(cluster: Cluster, objects: readonly JsonObject[]): Promise<readonly JsonObject[]> {
  const lists = await Promise.all(
    objects.slice(0, 1 + mostPods).map((object) => {
      const uid = textAt(object, 'metadata', 'uid') ?? '';
      const namespace = textAt(object, 'metadata', 'namespace') ?? 'default';
      const fieldSelector = `involvedObject.uid=${uid},type=Warning`;
      return cluster.list({ apiVersion: 'v1', kind: 'Event' }, { namespace, fieldSelector });
    }),
  );
  return lists
    .flat()
    .toSorted((a, b) => (lastSeen(b) ?? '').localeCompare(lastSeen(a) ?? ''))
    .slice(0, mostEvents);
}

function nameOf(object: JsonObject): string {
  return textAt(object, 'metadata', 'name') ?? '';
}
