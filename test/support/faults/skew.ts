import type { JsonObject } from '../../../domain/api/json.ts';
import { inputHash } from '../../../domain/node-digest.ts';
import type { AuditEntry } from '../e2e/audit.ts';
import { conditionOf, type KubeObject, type WatchEvent } from '../e2e/cluster.ts';

/**
 * Offline proof that a rollout kept its promise at every moment. Two sources that know nothing of each other: the watch history, whose order is that
 * of the store, and the audit log, which has what the worker asked for and when it was told that it was done.
 */

export interface SkewReport {
  /** The most nodes that were on their way at one moment. */
  readonly worst: number;
  /** Changes of nodes that were seen. */
  readonly changes: number;
  readonly violations: readonly string[];
}

interface Fleet {
  readonly form: string;
  readonly maxSkew: number;
}

const versionOf = ({ metadata }: KubeObject): string => metadata.resourceVersion;

/** What a node is made of: a change of it is a change of the customer's objects. */
function inputOf({ metadata, spec }: KubeObject): string {
  const { 'lynq.sh/extra': extra, 'lynq.sh/secret-values': seal } = metadata.annotations ?? {};
  return JSON.stringify([spec?.formRevision, extra, seal]);
}

/** Ready with what it is made of now; annotations do not raise the generation, hence the hash. */
const isSettledNode = (node: KubeObject): boolean =>
  conditionOf(node, 'Ready')?.status === 'True' &&
  node.status?.observedInput === inputHash(node as unknown as JsonObject);

/** Whether Kubernetes itself is still exchanging the pods of a Deployment. */
function isRolling({ metadata, spec, status }: KubeObject): boolean {
  const wanted = (spec?.replicas ?? 1) as number;
  const {
    observedGeneration = 0,
    updatedReplicas = 0,
    availableReplicas = 0,
    replicas = 0,
  } = (status ?? {}) as Record<string, number>;
  return (
    observedGeneration < (metadata.generation ?? 0) ||
    Math.min(updatedReplicas, availableReplicas) < wanted ||
    replicas > wanted
  );
}

class SkewWatch {
  private readonly fleet: Fleet;
  private readonly inputs = new Map<string, string>();
  private readonly moving = new Set<string>();
  private readonly rolling = new Map<string, string>();
  /** Nodes that were Ready once: new ones take no place. */
  private readonly settled = new Set<string>();
  private inFlight: ReadonlySet<string> = new Set();
  worst = 0;
  changes = 0;
  readonly violations: string[] = [];

  constructor(fleet: Fleet) {
    this.fleet = fleet;
  }

  take({ type, object }: WatchEvent): void {
    if (object.kind === 'LynqForm' && object.metadata.name === this.fleet.form) this.onForm(object);
    if (object.kind === 'LynqNode' && object.spec?.templateRef === this.fleet.form) this.onNode(type, object);
    if (object.kind === 'Deployment') this.onDeployment(type, object);
    const busy = new Set([...this.moving, ...this.rolling.values()]);
    if (busy.size > this.fleet.maxSkew && busy.size > this.worst)
      this.violations.push(`${busy.size} nodes on their way at version ${versionOf(object)}: ${[...busy].join(', ')}`);
    this.worst = Math.max(this.worst, busy.size);
  }

  private onForm(form: KubeObject): void {
    const names = ((form.status?.rollout?.inFlight ?? []) as readonly { node: string }[]).map(({ node }) => node);
    this.inFlight = new Set(names);
    if (names.length > this.fleet.maxSkew)
      this.violations.push(`${names.length} in flight at version ${versionOf(form)}`);
    for (const name of this.moving)
      if (!this.inFlight.has(name))
        this.violations.push(`${name} left flight on its way, at version ${versionOf(form)}`);
  }

  private onNode(type: WatchEvent['type'], node: KubeObject): void {
    const { name } = node.metadata;
    if (type === 'DELETED') {
      this.moving.delete(name);
      this.settled.delete(name);
      this.inputs.delete(name);
      return;
    }
    const input = inputOf(node);
    const before = this.inputs.get(name);
    this.inputs.set(name, input);
    if (before !== undefined && before !== input) {
      this.changes += 1;
      if (this.settled.has(name)) this.moving.add(name);
      if (!this.inFlight.has(name))
        this.violations.push(`${name} changed without being recorded, at version ${versionOf(node)}`);
    } else if (isSettledNode(node)) {
      this.moving.delete(name);
      this.settled.add(name);
    }
  }

  private onDeployment(type: WatchEvent['type'], object: KubeObject): void {
    const node = object.metadata.labels?.['lynq.sh/node'] ?? '';
    const counts = this.settled.has(node) && type !== 'DELETED' && isRolling(object);
    if (counts) this.rolling.set(object.metadata.uid, node);
    else this.rolling.delete(object.metadata.uid);
  }
}

/** From watch events in the order of the store. */
export function skewOf(events: readonly WatchEvent[], fleet: Fleet): SkewReport {
  const watch = new SkewWatch(fleet);
  for (const event of events) watch.take(event);
  const { worst, changes, violations } = watch;
  return { worst, changes, violations };
}

interface Request {
  readonly from: string;
  readonly to: string;
  readonly node: string;
}

/** Nodes that a form's status names as on their way, from a moment on. */
interface InFlight {
  readonly from: string;
  readonly nodes: readonly string[];
}

const namesIn = (rollout: { readonly inFlight: readonly { readonly node: string }[] }): readonly string[] =>
  rollout.inFlight.map(({ node }) => node);

/**
 * From the requests of the worker: a node is changed only after a write of the form that names it was answered, and it is named until a status that
 * says Ready was answered. An API server that is killed leaves a write in the store that no log has, for which the worker got no answer: `stored` is the watch
 * history where that can have been. Records that only it has count from the second in which they were written.
 */
export function skewOfRequests(
  entries: readonly AuditEntry[],
  namespace: string,
  { form, maxSkew }: Fleet,
  stored: readonly WatchEvent[] = [],
): SkewReport {
  const here = entries.filter(({ objectRef, verb }) => objectRef?.namespace === namespace && verb === 'patch');
  const answered = here.flatMap(({ objectRef, requestObject, stageTimestamp }): readonly InFlight[] =>
    objectRef?.resource === 'lynqforms' &&
    objectRef.subresource === 'status' &&
    objectRef.name === form &&
    requestObject?.status?.rollout?.inFlight !== undefined
      ? [{ from: stageTimestamp, nodes: namesIn(requestObject.status.rollout) }]
      : [],
  );
  const logged = new Set(answered.map(({ nodes }) => String(nodes)));
  const unanswered = stored
    .flatMap(({ object }) => recordIn(object, form))
    .filter(({ nodes }) => !logged.has(String(nodes)));
  const changes: Request[] = here.flatMap(({ objectRef, requestObject, requestReceivedTimestamp, stageTimestamp }) =>
    objectRef?.resource === 'lynqnodes' &&
    objectRef.subresource === undefined &&
    requestObject?.spec?.formRevision !== undefined &&
    objectRef.name?.endsWith(`-${form}`) === true
      ? [{ from: requestReceivedTimestamp, to: stageTimestamp, node: objectRef.name }]
      : [],
  );
  const unrecorded = changes.flatMap(({ from, node }) => {
    const isNamed = [answered, unanswered].some((records) => lastBefore(records, from)?.nodes.includes(node));
    return isNamed ? [] : [`${node} was changed at ${from} before it was on record`];
  });
  const worst = Math.max(0, ...answered.map(({ nodes }) => nodes.length));
  const tooMany = worst > maxSkew ? [`${worst} nodes were on record at once`] : [];
  return { worst, changes: changes.length, violations: [...unrecorded, ...tooMany] };
}

const lastBefore = (records: readonly InFlight[], moment: string): InFlight | undefined =>
  records.filter(({ from }) => from <= moment).at(-1);

/** What the form's status says, since the last write of a status, in whole seconds as the API server notes it. */
function recordIn({ kind, metadata, status }: KubeObject, form: string): readonly InFlight[] {
  if (kind !== 'LynqForm' || metadata.name !== form || status?.rollout?.inFlight === undefined) return [];
  const times = (metadata.managedFields ?? []).flatMap(({ subresource, time }) =>
    subresource === 'status' && time !== undefined ? [time] : [],
  );
  const from = times.toSorted().at(-1);
  return from === undefined ? [] : [{ from: from.replace('Z', '.000000Z'), nodes: namesIn(status.rollout) }];
}
