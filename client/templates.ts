import type { Json } from '../domain/api/json.ts';
import type { PlacedResource, TResource } from '../domain/api/resource.ts';
import { hashJson } from '../domain/canonical.ts';
import { compileForm, type CompileResult, type TemplateResource } from '../template/index.ts';

/** The template library in the CLI's terms. Imported only by commands that need it: it brings Handlebars and the functions. */

export interface CompileRequest {
  readonly form: string;
  readonly resources: readonly PlacedResource[];
  readonly declared: ReadonlySet<string>;
  /** Those of them that metadata must do without. */
  readonly secrets?: ReadonlySet<string>;
  /** Whether places that fail whenever a row gets there are problems already. */
  readonly findsDoomed?: boolean;
}

/** Compiles the entries of a form that may not be in any cluster yet; their content stands for a revision. */
export function compileTemplates({ resources, ...request }: CompileRequest): CompileResult {
  const contentHash = hashJson(resources.map(({ resource }) => resource) as unknown as Json);
  const placed = resources.map(({ resource, list, index }) => ({ resource: templateResource(resource), list, index }));
  return compileForm({ ...request, contentHash, resources: placed });
}

function templateResource({
  id,
  spec,
  nameTemplate,
  targetNamespace,
  labelsTemplate,
  annotationsTemplate,
}: TResource): TemplateResource {
  return {
    id,
    spec,
    ...(nameTemplate === undefined ? {} : { nameTemplate }),
    ...(targetNamespace === undefined ? {} : { targetNamespace }),
    ...(labelsTemplate === undefined ? {} : { labelsTemplate }),
    ...(annotationsTemplate === undefined ? {} : { annotationsTemplate }),
  };
}
