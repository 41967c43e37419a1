import type { PlacedResource } from '../../domain/api/resource.ts';
import type { TemplateProblem } from '../../template/index.ts';
import { findPath, type Located, pathText, type PathStep } from '../manifest/located.ts';
import type { Manifest } from '../manifest/reader.ts';
import { offsetInScalar } from '../manifest/scalar-offset.ts';
import { problemAt, type Problem } from '../manifest/source.ts';
import { type CompileRequest, compileTemplates } from '../templates.ts';
import { actionsOf, entryPath } from './entry.ts';

/** Variables of the form's hub: those its templates may use, and which of them are secret. */
export type TemplateVariables = Pick<CompileRequest, 'declared' | 'secrets'>;

/** Problems of a form's templates, at the character of the file they are about. */
export function lintTemplates(
  manifest: Manifest,
  entries: readonly PlacedResource[],
  variables: TemplateVariables,
): readonly Problem[] {
  // Ids may be there twice; their places may not.
  const resources = entries.map((entry, place) => ({ ...entry, resource: { ...entry.resource, id: String(place) } }));
  const result = compileTemplates({ form: manifest.name, resources, ...variables, findsDoomed: true });
  if (result.ok) return [];
  return result.problems.map((problem) => templateProblem(manifest, resources, problem));
}

/** Templates that stand beside the object of an entry; every other path is inside the object. */
const besideObject = /^(?:nameTemplate|targetNamespace|labelsTemplate|annotationsTemplate)\b/;

export function templateProblem(
  manifest: Manifest,
  resources: readonly PlacedResource[],
  problem: TemplateProblem,
): Problem {
  const entry = resources.find(({ resource }) => resource.id === problem.resourceId);
  const object = besideObject.test(problem.path) ? [] : ['spec'];
  const base = entry === undefined ? ['spec'] : [...entryPath(entry), ...object];
  const { located } = findPath(manifest.root, base);
  const path = resolvePath(located, problem.path);
  const { located: scalar } = findPath(located, path);
  const advice = adviceFor(problem, scalar.value);
  const fix = advice === undefined ? {} : { fix: advice };
  return problemAt(manifest.source, offsetInScalar(manifest.source, scalar, problem), {
    message: `${pathText([...base, ...path])}: ${problem.message}`,
    ...fix,
  });
}

/** An action that is no more than a name, as Argo and others have them: `{{inputs.parameters.x}}`. It may be meant for them. */
function adviceFor({ message, culprit, suggestion }: TemplateProblem, value: unknown): string | undefined {
  const guess = suggestion === undefined ? undefined : `did you mean ${suggestion}?`;
  if (culprit === undefined || !message.endsWith('not defined') || typeof value !== 'string') return guess;
  const isBare = (text: string): boolean =>
    /^\{\{\s*[\w-]+(?:\.[\w-]+)*\s*\}\}$/.test(text) && nameIn(text).startsWith(culprit);
  const action = actionsOf(value).find(({ text }) => isBare(text))?.text;
  if (action === undefined) return guess;
  const escape = `to leave it to another program write {{ \`${action}\` }}`;
  if (nameIn(action) !== culprit) return escape;
  return guess ?? `write .${culprit} for a variable; ${escape}`;
}

const nameIn = (action: string): string => action.replace(/^\{\{\s*/, '').replace(/\s*\}\}$/, '');

/**
 * A path in the compiler's notation, taken along what is in the file: at each map the longest key the rest begins with, so that keys with dots
 * and slashes need no quoting rule. Ends where nothing fits.
 */
export function resolvePath(root: Located, path: string): readonly PathStep[] {
  const steps: PathStep[] = [];
  let located = root;
  let rest = path.replace(/^\$?\.?/, '');
  while (rest !== '') {
    const step = nextStep(located, rest);
    if (step === undefined) break;
    steps.push(step.step);
    located = step.located;
    rest = rest.slice(step.length).replace(/^\./, '');
  }
  return steps;
}

interface Step {
  readonly step: PathStep;
  readonly located: Located;
  readonly length: number;
}

function nextStep(located: Located, rest: string): Step | undefined {
  const index = /^\[?(\d+)\]?/.exec(rest);
  const item = index === null ? undefined : located.items?.[Number(index[1])];
  if (index !== null && item !== undefined) return { step: Number(index[1]), located: item, length: index[0].length };
  const candidates = [...(located.entries ?? [])].flatMap(([key, entry]) => {
    const spellings = [key, `["${key}"]`, `['${key}']`, `[${key}]`];
    const spelling = spellings.find((text) => rest.startsWith(text) && /^(?:$|[.[])/.test(rest.slice(text.length)));
    return spelling === undefined ? [] : [{ step: key, located: entry, length: spelling.length }];
  });
  return candidates.toSorted((a, b) => b.length - a.length)[0];
}
