import { LynqFormSpec } from '../../domain/api/form.ts';
import { collectResources } from '../../domain/api/resource.ts';
import type { LynqHubSpec } from '../../domain/api/hub.ts';
import { buildGraph } from '../../domain/graph.ts';
import { hashText } from '../../domain/identity.ts';
import { builtInVariables, declaredVariables, templateVariables } from '../../domain/template-variables.ts';
import { functionNames, renderForm, type RenderedResource, type TemplateProblem } from '../../template/index.ts';
import { templateProblem } from '../lint/templates.ts';
import type { Manifest } from '../manifest/reader.ts';
import type { Problem } from '../manifest/source.ts';
import { compileTemplates } from '../templates.ts';
import { buildRow, type RowVariables } from './row.ts';

export interface FormRequest {
  readonly manifest: Manifest;
  readonly hub: LynqHubSpec | undefined;
  readonly given: Readonly<Record<string, string>>;
  /** Of forms that name none. */
  readonly namespace: string;
  readonly now: Date;
  readonly showSecrets: boolean;
}

export type FormRendering =
  | {
      readonly ok: true;
      /** In the order they would be applied. */
      readonly resources: readonly RenderedResource[];
      readonly row: RowVariables;
      /** Some values are random; the real ones follow from the hub's key. */
      readonly random: boolean;
    }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** Functions whose result depends on the key of the hub or is kept in its cluster. */
const randomFunctions = /^(?:rand|gen|uuidv4|shuffle|bcrypt|htpasswd|derivePassword|encryptAES|buildCustomCert)/;

/** Renders a form without cluster and database. The form has been linted: its spec parses and its graph is sound. */
export function renderOffline({ manifest, hub, given, namespace, now, showSecrets }: FormRequest): FormRendering {
  const spec = LynqFormSpec.parse(manifest.object['spec']);
  const resources = collectResources(spec);
  const row = buildRow({ given, hubName: spec.hubId, hub, form: manifest.name, showSecrets });
  const declared = hub === undefined ? new Set([...builtInVariables, ...row.variables.keys()]) : declaredVariables(hub);
  const compiled = compileTemplates({ form: manifest.name, resources, declared });
  const failed = (problems: readonly TemplateProblem[]): FormRendering => ({
    ok: false,
    problems: problems.map((problem) => ({
      ...templateProblem(manifest, resources, problem),
      ...(hub === undefined ? adviceWithoutHub(problem, row) : {}),
    })),
  });
  if (!compiled.ok) return failed(compiled.problems);
  const rendered = renderForm(compiled.form, {
    hub: spec.hubId,
    uid: row.uid,
    form: manifest.name,
    variables: templateVariables(row.variables, row.secrets, manifest.namespace ?? namespace),
    secrets: row.secrets,
    hubKey: standInKey(spec.hubId),
    now,
    kept: new Map(),
  });
  if (!rendered.ok) return failed(rendered.problems);
  const graph = buildGraph(resources.map(({ resource }) => ({ id: resource.id, dependIds: resource.dependIds ?? [] })));
  const order = graph.ok ? graph.graph.order : resources.map(({ resource }) => resource.id);
  const inOrder = order.flatMap((id) => rendered.resources.filter((resource) => resource.id === id));
  const called = compiled.form.resources.flatMap(({ functions }) => [...functions]);
  return { ok: true, resources: inOrder, row, random: called.some((name) => randomFunctions.test(name)) };
}

/** Without a hub only the row of the command line declares variables. */
function adviceWithoutHub(problem: TemplateProblem, row: RowVariables): { readonly fix?: string } {
  const { culprit } = problem;
  const absent = problem.class === 'exec' && culprit !== undefined && !row.variables.has(culprit);
  if (!absent || functionNames().includes(culprit)) return {};
  return { fix: `give it a value, --row ${culprit}=VALUE, or name the hub: --hub-file FILE` };
}

/** The real key never leaves its cluster. A fixed one makes two renders of the same row equal. */
function standInKey(hub: string): Uint8Array {
  return new TextEncoder().encode(hashText(`lynq render ${hub}`, 32));
}
