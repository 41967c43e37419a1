import { isJsonObject, type JsonObject, mapAt, textAt } from './api/json.ts';
import type { InventoryEntry, NeededElsewhere } from './api/node.ts';
import { isDnsLabel, labelLength, subdomainLength } from './api/patterns.ts';
import type { DeletionPolicy, TResource } from './api/resource.ts';
import { plainHash } from './canonical.ts';
import { formerHash, keyedHash } from './hashes.ts';
import { labelValue } from './identity.ts';
import { annotations, apiVersion, labels, reservedPrefix } from './keys.ts';
import type { NodeIdentity } from './ownership.ts';
import { type FieldPath, parseIgnoreFields } from './policies/field-path.ts';
import { ignoredAnnotation, withoutFields } from './policies/ignored-fields.ts';
import type { ObjectRef } from './ports.ts';
import { type EffectivePolicy, effectivePolicies, type NeededObject, needMark, neededObjects } from './retain.ts';
import { withValues } from './text-maps.ts';

/** One object a node wants, complete as it is applied. */
export interface DesiredChild {
  readonly id: string;
  readonly ref: ObjectRef;
  /** What creation sends, tracking and policy annotations included. */
  readonly body: JsonObject;
  /** Fields that are left to others once the object exists. */
  readonly ignored: readonly FieldPath[];
  /** Keyed, over `body` without what is ignored: also the value of annotation `lynq.sh/applied-hash` in it. */
  readonly hash: string;
  /** What an earlier version has recorded for the same content. */
  readonly formerHash: string;
  /** The effective policy; `retainedBecause` names the retained entry that needs this one. */
  readonly policy: DeletionPolicy;
  readonly retainedBecause?: string;
  /** The form alone says Delete: a retained object of another form of the row needs this one. */
  readonly neededElsewhere?: NeededElsewhere;
  /** Marks (`needMark`) of what the pods of a retained object name and this form does not make. */
  readonly needs?: readonly string[];
  /** The object was there before and was taken over: it is kept whatever the form says. */
  readonly adopted?: true;
  readonly ignoredNamespace?: string;
  readonly entry: TResource;
}

/** A rendered entry whose kind the API server knows. */
export interface RenderedEntry {
  readonly entry: TResource;
  readonly object: JsonObject;
  readonly namespaced: boolean;
  /** What the entry says of its namespace, where its object stays in that of the node all the same (kept-places.ts). */
  readonly ignoredNamespace?: string;
}

/** Coordinates of a rendered object; the node's namespace is the default of namespaced kinds. */
export function childRef(rendered: RenderedEntry, nodeNamespace: string): ObjectRef {
  const { object, namespaced } = rendered;
  return {
    apiVersion: textAt(object, 'apiVersion') ?? '',
    kind: textAt(object, 'kind') ?? '',
    namespace: namespaced ? textAt(object, 'metadata', 'namespace') || nodeNamespace : undefined,
    name: textAt(object, 'metadata', 'name') ?? '',
  };
}

function trackingMetadata(
  identity: NodeIdentity,
  child: {
    ref: ObjectRef;
    policy: DeletionPolicy;
    once: boolean;
    adopted: boolean;
    ignored: readonly FieldPath[];
  },
): JsonObject {
  const nodeLabel = labelValue(identity.name);
  const owned = child.policy === 'Delete' && child.ref.namespace === identity.namespace;
  return {
    name: child.ref.name,
    ...(child.ref.namespace === undefined ? {} : { namespace: child.ref.namespace }),
    labels: { [labels.node]: nodeLabel, [labels.nodeNamespace]: identity.namespace },
    annotations: {
      [annotations.deletionPolicy]: child.policy,
      ...(child.once ? { [annotations.createdOnce]: 'true' } : {}),
      ...(child.adopted ? { [annotations.adopted]: 'true' } : {}),
      ...(child.ignored.length > 0 ? { [annotations.ignoredFields]: ignoredAnnotation(child.ignored) } : {}),
      ...(nodeLabel === identity.name ? {} : { [labels.node]: identity.name }),
    },
    ...(owned ? { ownerReferences: [ownerReference(identity)] } : {}),
  };
}

function ownerReference(identity: NodeIdentity): JsonObject {
  return {
    apiVersion,
    kind: 'LynqNode',
    name: identity.name,
    uid: identity.nodeUid,
    controller: true,
    blockOwnerDeletion: true,
  };
}

/** What a form may say in a map of labels or annotations: everything that has a value but our own keys (reliability S13). */
function unreserved(map: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(withValues(map)).filter(([key]) => !key.startsWith(reservedPrefix)));
}

/** Owners, and the namespace of a cluster-scoped object, are not for a form to say either. */
function withMetadata(object: JsonObject, tracking: JsonObject): JsonObject {
  const {
    ownerReferences: _owners,
    namespace: _namespace,
    ...own
  } = isJsonObject(object['metadata']) ? object['metadata'] : {};
  return {
    ...object,
    metadata: {
      ...own,
      ...tracking,
      labels: { ...unreserved(mapAt(own, 'labels')), ...mapAt(tracking, 'labels') },
      annotations: { ...unreserved(mapAt(own, 'annotations')), ...mapAt(tracking, 'annotations') },
    },
  };
}

function withHash(body: JsonObject, hash: string): JsonObject {
  const metadata = isJsonObject(body['metadata']) ? body['metadata'] : {};
  return {
    ...body,
    metadata: { ...metadata, annotations: { ...mapAt(metadata, 'annotations'), [annotations.appliedHash]: hash } },
  };
}

/** Objects, by key (`refKey`), that are kept whatever the form says of them. */
export interface KeptObjects {
  /** They were taken over. */
  readonly adopted?: ReadonlySet<string>;
  /** Retained objects of other forms of the row need them (row-needs.ts). */
  readonly neededElsewhere?: ReadonlySet<string>;
}

interface PlacedEntry extends RenderedEntry {
  readonly ref: ObjectRef;
  readonly needs: readonly NeededObject[];
  readonly adopted: boolean;
  readonly elsewhere: boolean;
}

function placedEntry(item: RenderedEntry, nodeNamespace: string, kept: KeptObjects): PlacedEntry {
  const ref = childRef(item, nodeNamespace);
  const key = refKey(ref);
  const adopted = kept.adopted?.has(key) === true;
  const deletable = !adopted && item.entry.deletionPolicy === 'Delete';
  const elsewhere = deletable && kept.neededElsewhere?.has(key) === true;
  return { ...item, ref, adopted, elsewhere, needs: neededObjects(item.object) };
}

function policiesOf(placed: readonly PlacedEntry[]): ReadonlyMap<string, EffectivePolicy> {
  return effectivePolicies(
    placed.map(({ entry, ref, adopted, elsewhere, needs }) => ({
      id: entry.id,
      ref,
      policy: adopted || elsewhere ? 'Retain' : entry.deletionPolicy,
      dependIds: entry.dependIds ?? [],
      needs,
    })),
  );
}

/** Marks of what the pods of an object name beside the objects of its own form. */
function outsideMarks({ ref, needs }: PlacedEntry, own: ReadonlySet<string>, hubKey: Uint8Array): readonly string[] {
  const keys = needs.map(({ kind, name }) => refKey({ apiVersion: 'v1', kind, namespace: ref.namespace, name }));
  return [...new Set(keys)]
    .filter((key) => !own.has(key))
    .map((key) => needMark(hubKey, key))
    .toSorted();
}

/** What is on record of an object's past. */
function marksOf({ adopted, ignoredNamespace }: PlacedEntry): Pick<DesiredChild, 'adopted' | 'ignoredNamespace'> {
  return {
    ...(adopted ? { adopted: true as const } : {}),
    ...(ignoredNamespace === undefined ? {} : { ignoredNamespace }),
  };
}

/**
 * The objects of a node, with effective policies: rendered entries in, complete apply bodies out.
 *
 * Every child carries both tracking labels, so that one watch per kind sees all; an ownerReference is set only inside the node's namespace and
 * only where the effective policy is Delete, since garbage collection knows nothing of Retain.
 *
 * `hubKey` keys the hashes. What is `kept` keeps what it needs as well.
 */
export function desiredChildren(
  identity: NodeIdentity,
  rendered: readonly RenderedEntry[],
  hubKey: Uint8Array,
  kept: KeptObjects = {},
): readonly DesiredChild[] {
  const placed = rendered.map((item) => placedEntry(item, identity.namespace, kept));
  const own = new Set(placed.map(({ ref }) => refKey(ref)));
  const policies = policiesOf(placed);
  const alone = placed.some(({ elsewhere }) => elsewhere)
    ? policiesOf(placed.map((item) => ({ ...item, elsewhere: false })))
    : policies;
  return placed.map((item) => {
    const { entry, object, ref, adopted, elsewhere } = item;
    const { policy, because } = policies.get(entry.id) ?? { policy: entry.deletionPolicy };
    const once = entry.creationPolicy === 'Once';
    const ignored = once ? [] : parseIgnoreFields(entry.id, entry.ignoreFields ?? []).paths;
    const body = withMetadata(object, trackingMetadata(identity, { ref, policy, once, adopted, ignored }));
    const plain = plainHash(withoutFields(body, ignored));
    const hash = keyedHash(hubKey, plain);
    const needs = policy === 'Retain' ? outsideMarks(item, own, hubKey) : [];
    return {
      id: entry.id,
      ref,
      body: withHash(body, hash),
      ignored,
      hash,
      formerHash: formerHash(plain),
      policy,
      ...(because === undefined ? {} : { retainedBecause: because }),
      ...(because === undefined || alone.get(entry.id)?.policy !== 'Delete'
        ? {}
        : { neededElsewhere: 'Indirect' as const }),
      ...(elsewhere ? { neededElsewhere: 'Named' as const } : {}),
      ...(needs.length > 0 ? { needs } : {}),
      ...marksOf(item),
      entry,
    };
  });
}

/** The record of a child, as it stands before its first apply. */
export function intendedRecord(child: DesiredChild): InventoryEntry {
  return {
    id: child.id,
    apiVersion: child.ref.apiVersion,
    kind: child.ref.kind,
    ...(child.ref.namespace === undefined ? {} : { namespace: child.ref.namespace }),
    name: child.ref.name,
    policy: child.policy,
    ...(child.entry.dependIds?.length ? { dependIds: child.entry.dependIds } : {}),
    ...(child.entry.creationPolicy === 'Once' ? { once: true } : {}),
    ...(child.adopted === true ? { adopted: true } : {}),
    ...(child.ignoredNamespace === undefined ? {} : { ignoredNamespace: child.ignoredNamespace }),
    ...(child.needs === undefined ? {} : { needs: [...child.needs] }),
    ...(child.neededElsewhere === undefined ? {} : { neededElsewhere: child.neededElsewhere }),
    ...(child.entry.readyWhen === undefined ? {} : { readyWhen: true }),
  };
}

const namespaceRule = `1 to ${labelLength} of a-z, 0-9 and '-', no '-' at either end`;
const objectName = /^[A-Za-z0-9]([-A-Za-z0-9._:]*[A-Za-z0-9])?$/;

/**
 * Why a rendered object cannot have the name or namespace it was given; undefined when it can. The kinds differ in what they allow; what none of
 * them allows is refused here, before the text (a row's, mostly) gets into a path, a record or a message. Never quotes it.
 */
export function namingProblem(rendered: RenderedEntry): string | undefined {
  const name = textAt(rendered.object, 'metadata', 'name') ?? '';
  const problem = nameProblem(name);
  if (problem !== undefined) return problem;
  // A uid may have dots, which nearly every other name may have too.
  const isNamespace = textAt(rendered.object, 'kind') === 'Namespace' && textAt(rendered.object, 'apiVersion') === 'v1';
  if (isNamespace && !isDnsLabel(name)) return `metadata.name is not a namespace: ${namespaceRule}`;
  const namespace = textAt(rendered.object, 'metadata', 'namespace') ?? '';
  if (rendered.namespaced && namespace !== '' && !isDnsLabel(namespace)) {
    return `metadata.namespace is not a namespace: ${namespaceRule}`;
  }
  return undefined;
}

/** The same for the name alone. */
export function nameProblem(name: string): string | undefined {
  if (name === '') return 'metadata.name is empty; give the entry a nameTemplate';
  if (name.length <= subdomainLength && objectName.test(name)) return undefined;
  return `metadata.name is not a name: 1 to ${subdomainLength} letters, digits, '-', '.', '_' or ':', a letter or digit at both ends`;
}

/** Text that tells objects apart: apiVersion without its version, kind, namespace and name. */
export function refKey(ref: ObjectRef): string {
  const slash = ref.apiVersion.indexOf('/');
  const group = slash < 0 ? '' : ref.apiVersion.slice(0, slash);
  return `${group}/${ref.kind}/${ref.namespace ?? ''}/${ref.name}`;
}

/** `Kind name`, as people read it in summaries and messages. */
export function describeRef(ref: Pick<ObjectRef, 'kind' | 'name'>): string {
  return `${ref.kind} ${ref.name}`;
}
