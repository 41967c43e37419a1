import { LRUCache } from 'lru-cache';
import { functionOf } from '../functions/registry.ts';
import { cacheLimits } from '../limits.ts';
import type { TemplateProblem } from '../problems.ts';
import { newBudget } from './constant-failures.ts';
import { compileResource, type CompiledResource, type FindsDoomed, type TemplateResource } from './resource.ts';

/** The resources of a form with the list (`deployments`) and the place in it they come from. */
export interface FormResources {
  readonly resources: readonly { readonly resource: TemplateResource; readonly list: string; readonly index: number }[];
}

/** A form ready to be rendered for any row. */
export interface CompiledForm {
  readonly form: string;
  readonly resources: readonly CompiledResource[];
  /** What the form was made from, when it calls costly functions: another thread has to compile it for itself. */
  readonly costly: CompileInput | undefined;
}

export type CompileResult =
  | { readonly ok: true; readonly form: CompiledForm }
  | { readonly ok: false; readonly problems: readonly TemplateProblem[] };

export interface CompileInput {
  readonly form: string;
  /** Changes whenever the resources change; compiled forms are kept by it. */
  readonly contentHash: string;
  readonly resources: FormResources['resources'];
  /** Every variable a template of this form may read. */
  readonly declared: ReadonlySet<string>;
  /** Those of them that are secret: in metadata they are problems. Without it, a row's rendering finds them. */
  readonly secrets?: ReadonlySet<string>;
  /** Places that fail whenever they are reached, such as calls with too many arguments, are problems, also where no row may ever reach them; Go finds them when it gets there. `always`: only those that every row gets to. Calls with constant arguments that every row makes are run for it. */
  readonly findsDoomed?: FindsDoomed;
}

function isCostly({ functions }: CompiledResource): boolean {
  return [...functions].some((name) => functionOf(name)?.costly === true);
}

const noSecrets: ReadonlySet<string> = new Set();

const forms = new LRUCache<string, CompileResult>({ max: cacheLimits.forms });

/**
 * Compiles the templates of a form. All problems are reported at once, in the order of the resources: what is no template, and every
 * variable that the hub does not declare where that can be seen without running anything.
 */
export function compileForm(input: CompileInput): CompileResult {
  const { form, contentHash, declared, secrets = noSecrets, findsDoomed = false } = input;
  const key = JSON.stringify([form, contentHash, [...declared].sort(), [...secrets].sort(), findsDoomed]);
  const known = forms.get(key);
  if (known !== undefined) return known;
  const problems: TemplateProblem[] = [];
  const budget = newBudget();
  const resources = input.resources.map(({ resource }) =>
    compileResource({ resource, declared, secrets, findsDoomed, budget, problems }),
  );
  const result: CompileResult =
    problems.length > 0
      ? { ok: false, problems }
      : { ok: true, form: { form, resources, costly: resources.some(isCostly) ? input : undefined } };
  forms.set(key, result);
  return result;
}
