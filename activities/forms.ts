import { LRUCache } from 'lru-cache';
import { type DriftPolicy, LynqForm, LynqFormSpec } from '../domain/api/form.ts';
import { at, isJsonObject, type JsonObject, textAt } from '../domain/api/json.ts';
import { collectResources, type PlacedResource } from '../domain/api/resource.ts';
import { LynqFailure } from '../domain/failures.ts';
import { buildGraph, type Graph, type GraphResult } from '../domain/graph.ts';
import { labelValue } from '../domain/identity.ts';
import { apiVersion, labels, managers } from '../domain/keys.ts';
import type { Cluster, ObjectRef } from '../domain/ports.ts';
import { compileReadyWhen, type ReadyWhen } from '../domain/readiness/ready-when.ts';
import { contentHashOf, formOfRevision, revisionContent, revisionOf } from '../domain/rollout/revision-name.ts';
import {
  type KeptRevision,
  keptRevisions,
  revisionKind,
  revisionSelector,
  surplusRevisions,
} from '../domain/rollout/revisions.ts';
import { numberReads } from '../template/index.ts';
import { SharedReads } from './shared-reads.ts';

/** The content of a form at one moment: entries and their order. Immutable, so it is cached by name. */
export interface FormRevision {
  readonly name: string;
  readonly form: string;
  readonly contentHash: string;
  readonly entries: readonly PlacedResource[];
  readonly graph: GraphResult;
  /** Compiled `readyWhen` by entry id. */
  readonly readyWhen: ReadonlyMap<string, ReadyWhen>;
  readonly rules: FormRules;
  /** Expressions that cannot be compiled, each with its entry and place. */
  readonly expressionProblems: readonly string[];
  /** Variables that some template takes for a number. */
  readonly numbers: readonly string[];
}

/** What a form says of its nodes as wholes. */
export interface FormRules {
  /** Names of forms. */
  readonly dependsOn: readonly string[];
  readonly driftPolicy: DriftPolicy;
  readonly rollbackOnFailure: boolean;
}

function rulesOf({ dependsOn = [], driftPolicy = 'Correct', rollbackOnFailure = false }: LynqFormSpec): FormRules {
  return { dependsOn: [...new Set(dependsOn.map(({ form }) => form))], driftPolicy, rollbackOnFailure };
}

function compileExpressions(
  entries: readonly PlacedResource[],
): Pick<FormRevision, 'readyWhen' | 'expressionProblems'> {
  const readyWhen = new Map<string, ReadyWhen>();
  const expressionProblems: string[] = [];
  for (const { resource } of entries) {
    if (resource.readyWhen === undefined) continue;
    const result = compileReadyWhen(resource.readyWhen);
    if (result.ok) readyWhen.set(resource.id, result.rule);
    else {
      const { line, column, message } = result.problem;
      expressionProblems.push(`resource '${resource.id}': readyWhen: line ${line}, column ${column}: ${message}`);
    }
  }
  return { readyWhen, expressionProblems };
}

function textsIn(value: unknown): readonly string[] {
  if (typeof value === 'string') return value.includes('{{') ? [value] : [];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : [];
}

export interface FormIdentity {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

/** Revisions of forms, kept as ControllerRevisions (decisions.md section 1). */
export interface FormStore {
  /** The form as it is now; undefined when it is gone or cannot be used. */
  present(namespace: string, form: string): Promise<LynqForm | undefined>;
  /** The revision, or undefined when its object is gone. */
  read(namespace: string, revision: string): Promise<FormRevision | undefined>;
  /** The revision of a form's present content; makes its ControllerRevision unless it is there. */
  ensure(form: FormIdentity, spec: JsonObject): Promise<FormRevision>;
  /** Names of revisions that can go while nothing but these is referred to, from what `ensure` has seen: no request. A hint. */
  surplus(formUid: string, referenced: ReadonlySet<string>): readonly string[];
  /** Deletes what can go, from what the API server has now. `referenced` has to be complete. */
  prune(form: FormIdentity, referenced: ReadonlySet<string>): Promise<void>;
}

const cachedRevisions = 200;

function revisionRef(namespace: string, name: string): ObjectRef {
  return { ...revisionKind, namespace, name };
}

function parseRevision(name: string, form: string, data: JsonObject): FormRevision {
  const parsed = LynqFormSpec.safeParse(data);
  if (!parsed.success) {
    const where = parsed.error.issues.map(({ path }) => path.join('.')).join(', ');
    throw new LynqFailure('FormInvalid', `form ${form} does not match its schema at ${where}`, { form });
  }
  const entries = collectResources(parsed.data);
  const graph = buildGraph(entries.map(({ resource }) => ({ id: resource.id, dependIds: resource.dependIds ?? [] })));
  const contentHash = contentHashOf(data);
  const numbers = [...new Set(textsIn(entries).flatMap(numberReads))];
  const rules = rulesOf(parsed.data);
  return { name, form, contentHash, entries, graph, rules, numbers, ...compileExpressions(entries) };
}

/** A thousand nodes that go at once ask what their form says of retention now. */
function presentForms(cluster: Cluster): FormStore['present'] {
  const reads = new SharedReads<LynqForm | undefined>();
  return (namespace, name) =>
    reads.read(`${namespace}/${name}`, async () => {
      const object = await cluster.get({ apiVersion, kind: 'LynqForm', namespace, name });
      return LynqForm.safeParse(object).data;
    });
}

export function openFormStore(cluster: Cluster): FormStore {
  const cache = new LRUCache<string, FormRevision>({ max: cachedRevisions });
  /** The revision that was last found to be the newest, by uid of the form. */
  const newest = new LRUCache<string, string>({ max: cachedRevisions });
  /** Revisions of a form as last listed, newest first, by uid of the form. */
  const listed = new LRUCache<string, readonly Pick<KeptRevision, 'name'>[]>({ max: cachedRevisions });
  const remember = (namespace: string, revision: FormRevision): FormRevision => {
    cache.set(`${namespace}/${revision.name}`, revision);
    return revision;
  };
  return {
    present: presentForms(cluster),
    async read(namespace, name) {
      const known = cache.get(`${namespace}/${name}`);
      if (known !== undefined) return known;
      const object = await cluster.get(revisionRef(namespace, name));
      const data = at(object, 'data');
      if (object === undefined || !isJsonObject(data)) return undefined;
      return remember(namespace, parseRevision(name, formOfRevision(name), data));
    },
    async ensure(form, spec) {
      const content = revisionContent(spec);
      const name = revisionOf(form.name, spec);
      const known = cache.get(`${form.namespace}/${name}`);
      if (known !== undefined && newest.get(form.uid) === name) return known;
      const revision = known ?? parseRevision(name, form.name, content);
      const kept = await numberRevision(cluster, form, { name, content });
      listed.set(form.uid, [{ name }, ...kept.filter((other) => other.name !== name)]);
      newest.set(form.uid, name);
      return remember(form.namespace, revision);
    },
    surplus: (formUid, referenced) => surplusRevisions(listed.get(formUid) ?? [], referenced).map(({ name }) => name),
    async prune(form, referenced) {
      const kept = await listRevisions(cluster, form);
      const surplus = surplusRevisions(kept, referenced);
      for (const { name, uid } of surplus) await cluster.delete(revisionRef(form.namespace, name), uid);
      const left = kept.filter((revision) => !surplus.includes(revision));
      listed.set(form.uid, left);
    },
  };
}

/** The kept revisions of a form, newest first. */
export async function listRevisions(
  cluster: Cluster,
  form: { readonly namespace: string; readonly name: string },
): Promise<readonly KeptRevision[]> {
  const labelSelector = revisionSelector(form.name);
  const objects = await cluster.list(revisionKind, { namespace: form.namespace, labelSelector });
  return keptRevisions(objects.filter((object) => textAt(object, 'metadata', 'name')?.startsWith(`${form.name}-`)));
}

interface RevisionContent {
  readonly name: string;
  readonly content: JsonObject;
}

/** A form's revisions go with it. Those that come back from a backup belong to nobody: the form that was restored has another uid. */
async function takeOwnership(cluster: Cluster, form: FormIdentity, kept: readonly KeptRevision[]): Promise<void> {
  for (const { name, uid } of kept.filter(({ ownerless }) => ownerless === true)) {
    const body = { metadata: { uid, ownerReferences: [ownerOf(form)] } };
    await cluster.patch(revisionRef(form.namespace, name), 'merge', body, { manager: managers.apply });
  }
}

function ownerOf({ name, uid }: FormIdentity): JsonObject {
  return { apiVersion, kind: 'LynqForm', name, uid, controller: true, blockOwnerDeletion: true };
}

/**
 * Makes the revision the newest of its form, as Deployments do: new content gets the next number, old content that returns is renumbered. Returns
 * the revisions that were there before.
 */
async function numberRevision(
  cluster: Cluster,
  form: FormIdentity,
  revision: RevisionContent,
): Promise<readonly KeptRevision[]> {
  const kept = await listRevisions(cluster, form);
  const highest = kept[0]?.number ?? 0;
  const found = kept.find(({ name }) => name === revision.name);
  const ref = revisionRef(form.namespace, revision.name);
  if (found === undefined) await writeRevision(cluster, form, { ...revision, number: highest + 1 });
  else if (found.number !== highest)
    await cluster.patch(ref, 'merge', { revision: highest + 1 }, { manager: managers.apply });
  await takeOwnership(cluster, form, kept);
  return kept;
}

async function writeRevision(
  cluster: Cluster,
  form: FormIdentity,
  { name, content, number }: RevisionContent & { readonly number: number },
): Promise<void> {
  const ref = revisionRef(form.namespace, name);
  const body = {
    apiVersion: ref.apiVersion,
    kind: ref.kind,
    metadata: {
      name,
      namespace: form.namespace,
      labels: { [labels.form]: labelValue(form.name) },
      ownerReferences: [ownerOf(form)],
    },
    revision: number,
    data: content,
  };
  const result = await cluster.create(ref, body, { manager: managers.apply });
  if (result.kind === 'ok' || result.kind === 'exists') return;
  const why = result.kind === 'refused' ? result.message : result.kind;
  throw new LynqFailure(
    'ClusterInvalid',
    `ControllerRevision ${form.namespace}/${name} of form ${form.name} cannot be written: ${why}`,
    { form: form.name },
  );
}

/** The order of a revision; a form that has none is unusable and says why. */
export function orderOf(revision: FormRevision): Graph {
  if (revision.graph.ok) return revision.graph.graph;
  const why = revision.graph.problems.map(({ message }) => message).join('; ');
  throw new LynqFailure('FormInvalid', `form ${revision.form}: ${why}`, { form: revision.form });
}
