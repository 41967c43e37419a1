import type { JsonObject } from '../../../domain/api/json.ts';
import {
  compileForm,
  type CompileResult,
  renderForm,
  type RenderContext,
  type RenderResult,
  type TemplateResource,
} from '../../../template/index.ts';

let forms = 0;

/** Compiles resources as a form of their own. */
export function compile(
  resources: readonly TemplateResource[],
  declared: readonly string[] = ['uid', 'a', 'b'],
): CompileResult {
  forms += 1;
  return compileForm({
    form: 'form',
    contentHash: String(forms),
    resources: resources.map((resource, index) => ({ resource, list: 'manifests', index })),
    declared: new Set(declared),
  });
}

export function contextOf(
  variables: Readonly<Record<string, string>>,
  change: Partial<RenderContext> = {},
): RenderContext {
  return {
    hub: 'hub',
    uid: variables['uid'] ?? 'acme',
    form: 'form',
    variables: new Map(Object.entries({ uid: 'acme', ...variables })),
    hubKey: new Uint8Array(32).fill(7),
    now: new Date('2024-02-29T13:04:05Z'),
    kept: new Map(),
    ...change,
  };
}

/** Compiles and renders; throws when the form does not compile. */
export function render(
  resources: readonly TemplateResource[],
  variables: Readonly<Record<string, string>> = {},
  change: Partial<RenderContext> = {},
): RenderResult {
  const compiled = compile(resources, ['uid', ...Object.keys(variables)]);
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.problems));
  return renderForm(compiled.form, contextOf(variables, change));
}

/** A ConfigMap-like resource with any spec. */
export function resource(spec: JsonObject, rest: Partial<TemplateResource> = {}): TemplateResource {
  return { id: 'r', spec: { apiVersion: 'v1', kind: 'Thing', ...spec }, nameTemplate: 'n-{{ .uid }}', ...rest };
}

/** The object of the only resource. */
export function objectOf(result: RenderResult): JsonObject {
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  const [first] = result.resources;
  if (first === undefined) throw new Error('nothing was rendered');
  return first.object;
}
