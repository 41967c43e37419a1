import {
  absentFormWarnings,
  type AdmissionChange,
  crossFormCycle,
  formProblem,
  ignoreFieldsProblem,
  isBesideTheSpec,
  judgeHub,
  orderedForm,
} from '../domain/admission.ts';
import { LynqFormSpec } from '../domain/api/form.ts';
import { LynqHubSpec } from '../domain/api/hub.ts';
import { type JsonObject, textAt, textMapAt } from '../domain/api/json.ts';
import { collectResources, type PlacedResource } from '../domain/api/resource.ts';
import { canonicalJson } from '../domain/canonical.ts';
import { hashText } from '../domain/identity.ts';
import { apiVersion } from '../domain/keys.ts';
import type { Cluster } from '../domain/ports.ts';
import { compileReadyWhen } from '../domain/readiness/ready-when.ts';
import { rowVariables } from '../domain/rows.ts';
import { declaredVariables, secretVariables, templateVariables } from '../domain/template-variables.ts';
import { type CompiledForm, compileForm, renderFormOffThread, type TemplateProblem } from '../template/index.ts';
import type { Deps } from './deps.ts';

/** What the admission webhook answers. `problem` refuses; warnings are shown to whoever writes. */
export interface AdmissionVerdict {
  readonly problem?: string | undefined;
  readonly warnings: readonly string[];
}

export interface AdmissionRequest extends AdmissionChange {
  readonly kind: 'LynqHub' | 'LynqForm';
  readonly namespace: string;
  /**
   * The connection proved it: nothing in a request does, its `userInfo` neither. Anybody else may post any form, and an answer that depended on a row, or
   * quoted it with `fail`, would tell them what is in it.
   */
  readonly fromApiServer: boolean;
}

export type AdmissionDeps = Pick<Deps, 'clock'> & {
  readonly cluster: Pick<Cluster, 'get' | 'list'>;
  readonly nodes: Pick<Deps['nodes'], 'ofHub'>;
};

const taken: AdmissionVerdict = { warnings: [] };
const refused = (problem: string): AdmissionVerdict => ({ problem, warnings: [] });

/** @throws LynqFailure when the cluster cannot be asked; then the webhook's failurePolicy decides. */
export async function judgeAdmission(deps: AdmissionDeps, request: AdmissionRequest): Promise<AdmissionVerdict> {
  if (isBesideTheSpec(request)) return taken;
  return request.kind === 'LynqHub' ? hubVerdict(request.object) : formVerdict(deps, request);
}

function hubVerdict(object: JsonObject): AdmissionVerdict {
  const spec = LynqHubSpec.safeParse(object['spec']);
  return spec.success ? judgeHub(spec.data) : refused(shapeProblem(spec.error.issues));
}

function shapeProblem(issues: readonly { readonly path: readonly PropertyKey[] }[]): string {
  return `spec does not match its schema at ${issues.map(({ path }) => ['spec', ...path].join('.')).join(', ')}`;
}

async function formVerdict(deps: AdmissionDeps, request: AdmissionRequest): Promise<AdmissionVerdict> {
  const { namespace, object } = request;
  const parsed = LynqFormSpec.safeParse(object['spec']);
  if (!parsed.success) return refused(shapeProblem(parsed.error.issues));
  const { hubId } = parsed.data;
  const entries = collectResources(parsed.data);
  const early = formProblem(hubId, entries);
  if (early !== undefined) return refused(early);
  const hub = await readHub(deps, namespace, hubId);
  const name = textAt(object, 'metadata', 'name') ?? '';
  const compiled = compileForm({
    form: name,
    contentHash: hashText(canonicalJson(object['spec'])),
    resources: entries,
    declared: hub === undefined ? anyVariable : declaredVariables(hub),
    secrets: secretVariables(hub ?? {}),
    findsDoomed: 'always',
  });
  if (!compiled.ok) return refused(templateProblem(compiled.problems));
  const others = await neighbours(deps, namespace, hubId);
  const late = ignoreFieldsProblem(entries) ?? readyWhenProblem(entries) ?? crossFormCycle(orderedForm(object), others);
  if (late !== undefined) return refused(late);
  const absent = absentFormWarnings(orderedForm(object), others);
  if (hub === undefined) {
    const unchecked = `LynqHub '${hubId}' not found in namespace '${namespace}': names of variables are not checked`;
    return { warnings: [...absent, unchecked] };
  }
  if (!request.fromApiServer) return { warnings: absent };
  const onRow = await tryOnRow(deps, { namespace, hub: hubId, form: name }, hub, compiled.form);
  return { warnings: [...absent, ...onRow] };
}

async function readHub(deps: AdmissionDeps, namespace: string, name: string): Promise<LynqHubSpec | undefined> {
  const object = await deps.cluster.get({ apiVersion, kind: 'LynqHub', namespace, name });
  return object === undefined ? undefined : LynqHubSpec.safeParse(object['spec']).data;
}

/** Stands for the variables of a hub that is not there: none is undeclared. */
class AnyVariable extends Set<string> {
  override has(_name: string): boolean {
    return true;
  }
}
const anyVariable: ReadonlySet<string> = new AnyVariable();

const fieldNames: Readonly<Record<string, string>> = {
  nameTemplate: 'NameTemplate',
  labelsTemplate: 'LabelsTemplate',
  annotationsTemplate: 'AnnotationsTemplate',
};

/** `NameTemplate`, `LabelsTemplate[tier]`; a path inside of the object as it is. */
function fieldText(path: string): string {
  const [, field = '', rest = ''] = /^(\w+)(.*)$/.exec(path) ?? [];
  const known = fieldNames[field];
  if (known === undefined) return path;
  const key = rest.replace(/^\.|^\["?|"?\]$/g, '');
  return key === '' ? known : `${known}[${key}]`;
}

function templateProblem(problems: readonly TemplateProblem[]): string {
  const [first] = problems;
  if (first === undefined) return 'template validation failed';
  const hint = first.suggestion === undefined ? '' : ` (did you mean ${first.suggestion}?)`;
  return `template validation failed: invalid ${fieldText(first.path)} in resource '${first.resourceId}': ${first.message}${hint}`;
}

function readyWhenProblem(entries: readonly PlacedResource[]): string | undefined {
  for (const { resource } of entries) {
    const result = resource.readyWhen === undefined ? undefined : compileReadyWhen(resource.readyWhen);
    if (result === undefined || result.ok) continue;
    const { line, column, message } = result.problem;
    return `readyWhen validation failed: invalid readyWhen in resource '${resource.id}': line ${line}, column ${column}: ${message}`;
  }
  return undefined;
}

/** Forms that could be part of a cycle; those that go are not. */
async function neighbours(deps: AdmissionDeps, namespace: string, hub: string) {
  const forms = await deps.cluster.list({ apiVersion, kind: 'LynqForm' }, { namespace });
  return forms
    .filter((form) => textAt(form, 'spec', 'hubId') === hub)
    .filter((form) => textAt(form, 'metadata', 'deletionTimestamp') === undefined)
    .map(orderedForm);
}

interface Place {
  readonly namespace: string;
  readonly hub: string;
  readonly form: string;
}

/**
 * Carries the templates out with the values of a row that the hub has a node of. What goes wrong there is a warning: it is that row's values, of which
 * other rows may know nothing. Rows with secret values are not tried. For the API server alone, which asks for people who may write forms.
 */
async function tryOnRow(deps: AdmissionDeps, place: Place, hub: LynqHubSpec, form: CompiledForm) {
  const [known] = deps.nodes.ofHub(place.namespace, place.hub);
  if (known === undefined || Object.keys(hub.secretValueMappings ?? {}).length > 0) return [];
  const ref = { apiVersion, kind: 'LynqNode', namespace: place.namespace, name: known.name };
  const node = await deps.cluster.get(ref);
  const uid = textAt(node, 'spec', 'uid');
  if (uid === undefined) return [];
  const row = rowVariables(textMapAt(node, 'metadata', 'annotations'), uid, place.hub, place.form);
  const result = await renderFormOffThread(form, {
    hub: place.hub,
    uid,
    form: place.form,
    variables: templateVariables(row, new Map(), place.namespace),
    // Nothing of this rendering is kept, so that any key will do.
    hubKey: new Uint8Array(32),
    now: deps.clock.now(),
    kept: new Map(),
  });
  return result.ok ? [] : [`row '${uid}': ${templateProblem(result.problems)}`];
}
