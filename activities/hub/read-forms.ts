import { rolloutGate, type RolloutGate } from '../../domain/rollout/settings.ts';
import { LynqForm, type LynqFormStatus } from '../../domain/api/form.ts';
import type { LynqHubSpec } from '../../domain/api/hub.ts';
import { isJsonObject, type JsonObject, listAt, textAt } from '../../domain/api/json.ts';
import type { FormProblem } from '../../domain/form-events.ts';
import { describeCycle, formCycles } from '../../domain/form-order.ts';
import { isLynqFailure } from '../../domain/failures.ts';
import { formGraph, type GraphProblem } from '../../domain/graph.ts';
import { formObjectProblems } from '../../domain/object-rules.ts';
import { declaredVariables, secretVariables } from '../../domain/template-variables.ts';
import { apiVersion } from '../../domain/keys.ts';
import { parseIgnoreFields } from '../../domain/policies/field-path.ts';
import { compileForm } from '../../template/index.ts';
import type { HubRef } from '../contract.ts';
import type { Deps } from '../deps.ts';
import type { FormIdentity, FormRevision } from '../forms.ts';
import { describeProblem } from '../node/render.ts';
import type { ReadHub } from './read-hub.ts';

/** A form of a hub: usable with its revision, or not, with the reasons. */
export interface JudgedForm {
  readonly name: string;
  readonly generation: number;
  readonly object: JsonObject;
  readonly status: LynqFormStatus | undefined;
  readonly problems: readonly FormProblem[];
  /** Forms it depends on that this hub does not have. */
  readonly missing: readonly string[];
  readonly revision: FormRevision | undefined;
  /** The API server did not take its revision: a quota or a policy that may be another one by the next sync. */
  readonly isRefused: boolean;
  /** Whether the form's rollout decides when its nodes change. */
  readonly gate: RolloutGate;
}

/** The forms that name a hub, each judged by itself: a broken one never blocks the others. */
export async function readForms(
  deps: FormDeps,
  request: HubRef,
  hub: ReadHub,
  notOlderThan?: string,
): Promise<readonly JudgedForm[]> {
  const living = await listForms(deps, request, notOlderThan);
  const order = orderAmong(living);
  return Promise.all(living.map((object) => judgeForm(deps, object, { hub, order })));
}

/** What judging a form needs. */
export type FormDeps = Pick<Deps, 'cluster' | 'forms'>;

/** The same for one form that was read already. */
export async function readForm(deps: FormDeps, request: HubRef, hub: ReadHub, object: JsonObject): Promise<JudgedForm> {
  return judgeForm(deps, object, { hub, order: orderAmong(await listForms(deps, request)) });
}

/** The forms that name a hub, as they are. */
export async function listForms(
  deps: Pick<FormDeps, 'cluster'>,
  { namespace, hub }: HubRef,
  notOlderThan?: string,
): Promise<readonly JsonObject[]> {
  const objects = await listAtLeast(deps, namespace, notOlderThan);
  const mine = objects.filter((object) => textAt(object, 'spec', 'hubId') === hub);
  return mine.filter((object) => textAt(object, 'metadata', 'deletionTimestamp') === undefined);
}

/** A server that cannot come to a state, since it was restored from an older one, is asked for what it has. */
async function listAtLeast(
  { cluster }: Pick<FormDeps, 'cluster'>,
  namespace: string,
  notOlderThan: string | undefined,
): Promise<readonly JsonObject[]> {
  const kind = { apiVersion, kind: 'LynqForm' };
  if (notOlderThan === undefined) return cluster.list(kind, { namespace });
  try {
    return await cluster.list(kind, { namespace, notOlderThan });
  } catch (error) {
    if (!isLynqFailure(error) || error.type !== 'ClusterUnreachable') throw error;
    return cluster.list(kind, { namespace });
  }
}

/** What forms of one hub say of each other. */
interface FormOrder {
  readonly names: ReadonlySet<string>;
  readonly cycles: ReadonlyMap<string, readonly string[]>;
}

function dependencyNames(form: JsonObject): readonly string[] {
  return listAt(form, 'spec', 'dependsOn').flatMap((item) => textAt(item, 'form') ?? []);
}

function orderAmong(forms: readonly JsonObject[]): FormOrder {
  const ordered = forms.map((form) => ({
    name: textAt(form, 'metadata', 'name') ?? '',
    dependsOn: dependencyNames(form),
  }));
  return { names: new Set(ordered.map(({ name }) => name)), cycles: formCycles(ordered) };
}

/** Judges a form by itself and among the others, with the variables that its hub declares. */
async function judgeForm(
  deps: FormDeps,
  object: JsonObject,
  { hub, order }: { readonly hub: ReadHub; readonly order: FormOrder },
): Promise<JudgedForm> {
  const parsed = LynqForm.safeParse(object);
  const name = textAt(object, 'metadata', 'name') ?? '';
  const base = {
    name,
    object,
    generation: Number(parsed.data?.metadata.generation ?? 0),
    status: parsed.data?.status,
    missing: dependencyNames(object).filter((form) => !order.names.has(form)),
    gate: rolloutGate(parsed.data?.spec.rollout),
    isRefused: false,
  };
  if (!parsed.success) {
    const problems = parsed.error.issues.map(({ path, message }) => otherProblem(`${path.join('.')}: ${message}`));
    return { ...base, problems, revision: undefined };
  }
  const { namespace, uid } = parsed.data.metadata;
  const spec = isJsonObject(object['spec']) ? object['spec'] : {};
  const revision = await keepRevision(deps, { namespace, name, uid }, spec);
  if ('refused' in revision) {
    const { refused, mayPass } = revision;
    return { ...base, problems: [otherProblem(refused)], revision: undefined, isRefused: mayPass };
  }
  const cycle = order.cycles.get(name);
  const problems = [
    ...(cycle === undefined ? [] : [otherProblem(describeCycle(cycle))]),
    ...formProblems(revision, hub.hub.spec),
  ];
  return { ...base, problems, revision: problems.length === 0 ? revision : undefined };
}

/** Content that the API server does not take is a problem of its form. A kind that is not there, or an answer that is missing, is everybody's. */
async function keepRevision(
  deps: FormDeps,
  form: FormIdentity,
  spec: JsonObject,
): Promise<FormRevision | { readonly refused: string; readonly mayPass: boolean }> {
  try {
    return await deps.forms.ensure(form, spec);
  } catch (error) {
    if (!isLynqFailure(error) || (error.type !== 'ClusterInvalid' && error.type !== 'FormInvalid')) throw error;
    return { refused: error.message, mayPass: error.type === 'ClusterInvalid' };
  }
}

const otherProblem = (message: string): FormProblem => ({ kind: 'other', message });

/** Of these the Go operator knows nothing. */
const sizeKinds: ReadonlySet<GraphProblem['kind']> = new Set(['tooMany', 'tooLong']);

function formProblems(revision: FormRevision, hub: LynqHubSpec): readonly FormProblem[] {
  // Nodes that run with a revision from before the limits go on; it is the form that has to keep them.
  const checked = formGraph(
    revision.entries.map(({ resource }) => ({ id: resource.id, dependIds: resource.dependIds ?? [] })),
  );
  const problems = checked.ok ? [] : checked.problems;
  const templates = revision.graph.ok ? templateProblems(revision, hub) : [];
  const ids = problems.flatMap((problem) => (problem.kind === 'duplicate' ? [problem.id] : []));
  const sizes = problems.filter(({ kind }) => sizeKinds.has(kind));
  const messages = problems.flatMap((problem) =>
    problem.kind === 'duplicate' || sizeKinds.has(problem.kind) ? [] : [problem.message],
  );
  return [
    ...(ids.length === 0 ? [] : [{ kind: 'duplicates', ids: [...new Set(ids)] } as const]),
    ...(messages.length === 0 ? [] : [{ kind: 'graph', messages } as const]),
    ...sizes.map(({ message }) => otherProblem(message)),
    ...formObjectProblems(revision.entries).map(otherProblem),
    ...templates,
    ...revision.expressionProblems.map(otherProblem),
    ...ignoreFieldsProblems(revision).map(otherProblem),
  ];
}

function ignoreFieldsProblems({ entries }: FormRevision): readonly string[] {
  return entries.flatMap(({ resource }) =>
    parseIgnoreFields(resource.id, resource.ignoreFields ?? []).problems.map(
      (problem) => `ignoreFields validation failed: ${problem}`,
    ),
  );
}

function templateProblems({ form, contentHash, entries }: FormRevision, hub: LynqHubSpec): readonly FormProblem[] {
  const compiled = compileForm({
    form,
    contentHash,
    resources: entries,
    declared: declaredVariables(hub),
    secrets: secretVariables(hub),
    findsDoomed: 'always',
  });
  return compiled.ok
    ? []
    : compiled.problems.map((problem) => otherProblem(`resource '${problem.resourceId}': ${describeProblem(problem)}`));
}
