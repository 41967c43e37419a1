import { isJsonObject, type JsonObject, textAt } from '../../domain/api/json.ts';
import { grown } from '../../domain/generated.ts';
import type { NodeIdentity } from '../../domain/ownership.ts';
import type { KindRef } from '../../domain/ports.ts';
import { templateVariables } from '../../domain/template-variables.ts';
import type { SecretValues } from '../../domain/secret-values.ts';
import { withValues } from '../../domain/text-maps.ts';
import { compileForm, type RenderResult, renderFormOffThread, type TemplateProblem } from '../../template/index.ts';
import { toBytes } from '../../template/values/text.ts';
import type { Deps } from '../deps.ts';
import type { FormRevision } from '../forms.ts';
import { keepGenerated, readGenerated } from '../secrets.ts';

/** Rendered objects by entry id, and what is wrong with the others. Neither ever leaves the worker. */
export interface RenderedForm {
  readonly objects: ReadonlyMap<string, JsonObject>;
  readonly problems: ReadonlyMap<string, string>;
}

export interface RenderRequest {
  readonly identity: NodeIdentity;
  readonly revision: FormRevision;
  readonly variables: ReadonlyMap<string, string>;
  readonly secrets: SecretValues;
}

/** A sentence about a template problem: field and reason, never a value. */
export function describeProblem(problem: TemplateProblem): string {
  const hint = problem.suggestion === undefined ? '' : ` (did you mean ${problem.suggestion}?)`;
  return `${problem.path}: ${problem.message}${hint}`;
}

function problemsById(problems: readonly TemplateProblem[]): ReadonlyMap<string, string> {
  const texts = new Map<string, string>();
  for (const problem of problems) {
    const before = texts.get(problem.resourceId);
    const text = describeProblem(problem);
    texts.set(problem.resourceId, before === undefined ? text : `${before}; ${text}`);
  }
  return texts;
}

/**
 * Renders all entries of a node, exactly once per value. First results of key and certificate functions are kept in a Secret before anything
 * that contains them is applied, so that a lost answer cannot make a second key.
 */
export async function renderNode(deps: Deps, request: RenderRequest): Promise<RenderedForm> {
  const { identity, revision, secrets } = request;
  const variables = templateVariables(request.variables, secrets, identity.namespace);
  const compiled = compileForm({
    form: revision.form,
    contentHash: revision.contentHash,
    resources: revision.entries,
    declared: new Set([...variables.keys(), ...secrets.keys()]),
  });
  if (!compiled.ok) return { objects: new Map(), problems: problemsById(compiled.problems) };

  const context = {
    hub: identity.hub,
    uid: identity.uid,
    form: identity.form,
    variables,
    secrets,
    hubKey: await deps.hubKeys.of(identity.namespace, identity.hub),
    now: deps.clock.now(),
  };
  const render = (kept: ReadonlyMap<string, string>) =>
    measured(deps, () => renderFormOffThread(compiled.form, { ...context, kept }));
  const keeps = compiled.form.costly !== undefined;
  const result = keeps ? await withKeptResults(deps, identity, render) : await render(new Map());
  const rendered = result.ok ? result.resources : result.rendered;
  return {
    objects: new Map(rendered.map(({ id, object }) => [id, withEncodedData(object)])),
    problems: result.ok ? new Map() : problemsById(result.problems),
  };
}

type Rendering = RenderResult;

async function measured(deps: Deps, render: () => Promise<Rendering>): Promise<Rendering> {
  const began = performance.now();
  const result = await render();
  const seconds = (performance.now() - began) / 1_000;
  deps.measures.record({ kind: 'render', result: result.ok ? 'success' : 'error', seconds });
  return result;
}

function freshOf(result: Rendering): ReadonlyMap<string, string> {
  return result.ok ? result.fresh : new Map(result.rendered.flatMap(({ fresh }) => [...fresh]));
}

function renderedKinds(result: Rendering): readonly KindRef[] {
  const rendered = result.ok ? result.resources : result.rendered;
  return rendered.map(({ object }) => ({
    apiVersion: textAt(object, 'apiVersion') ?? '',
    kind: textAt(object, 'kind') ?? '',
  }));
}

async function withKeptResults(
  deps: Deps,
  identity: NodeIdentity,
  render: (kept: ReadonlyMap<string, string>) => Promise<Rendering>,
): Promise<Rendering> {
  const kept = await readGenerated(deps.cluster, identity.namespace, identity.name);
  const result = await render(kept.results);
  const next = grown(kept, { fresh: freshOf(result), kinds: renderedKinds(result) });
  if (next !== undefined)
    await keepGenerated(deps.cluster, { namespace: identity.namespace, node: identity.name }, next);
  return result;
}

/**
 * `stringData` of a Secret becomes `data` before it is applied (decisions.md section 5): the server would move it, and own it twice. Where a value is
 * no text it stays as it is, to be refused (domain/text-maps.ts): no key that has a value is ever lost here.
 */
export function withEncodedData(object: JsonObject): JsonObject {
  const { stringData, ...rest } = object;
  const isSecret = textAt(object, 'apiVersion') === 'v1' && textAt(object, 'kind') === 'Secret';
  const data = rest['data'] ?? {};
  if (!isSecret || !isJsonObject(stringData) || !isJsonObject(data)) return object;
  const encoded = Object.entries(withValues(stringData)).map(
    ([key, value]) => [key, typeof value === 'string' ? toBytes(value).toString('base64') : undefined] as const,
  );
  if (encoded.some(([, value]) => value === undefined)) return object;
  return { ...rest, data: { ...data, ...Object.fromEntries(encoded) } };
}
