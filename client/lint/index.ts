import { apiVersion } from '../../domain/keys.ts';
import { declaredVariables, secretVariables } from '../../domain/template-variables.ts';
import { offsetOf } from '../manifest/located.ts';
import type { Manifest } from '../manifest/reader.ts';
import { positionAt, problemAt, type Problem, sortProblems } from '../manifest/source.ts';
import { asMeant } from './envelope.ts';
import { type FormsLookup, lintFormOrder } from './form-order.ts';
import { lintFormShape } from './form.ts';
import { lintHub } from './hub.ts';
import { lintSharedObjects } from './shared-objects.ts';
import { besides, lintAroundEntries, lintForeign, lintInHub } from './stray-templates.ts';
import { lintTemplates, type TemplateVariables } from './templates.ts';
import { type HubAnswer, type HubLookup, type HubVariables, variablesInFile } from './variables.ts';

/**
 * All that can be said about manifests without applying them: schema, graph, templates, what the files say about each other. Every problem has a
 * file, a line and a column. Only the hub of a form, and the forms it waits for, may be asked for outside the files.
 */
export interface LintOptions {
  /** Namespace of objects that name none. */
  readonly namespace: string;
  readonly findHub: HubLookup;
  readonly findForms: FormsLookup;
}

export async function lintManifests(given: readonly Manifest[], options: LintOptions): Promise<readonly Problem[]> {
  const meant = given.map(asMeant);
  const manifests = meant.map(({ manifest }) => manifest);
  // Asked at the same time as for hubs: a cluster that does not answer is waited for once.
  const order = lintFormOrder(manifests.filter(isForm), options);
  const shared = lintSharedObjects({ forms: manifests.filter(isForm), hubs: manifests.filter(isHub) }, options);
  const problems: Problem[] = [
    ...meant.flatMap((one) => one.problems),
    ...lintIdentities(manifests, options.namespace),
  ];
  for (const manifest of manifests) {
    if (isHub(manifest)) problems.push(...besides(lintInHub(manifest), lintHub(manifest)));
    else if (isForm(manifest))
      problems.push(...besides(lintAroundEntries(manifest), await lintForm(manifest, manifests, options)));
    else problems.push(...lintForeign(manifest));
  }
  return sortProblems([...problems, ...(await order), ...(await shared)]);
}

export function isHub({ apiVersion: version, kind }: Manifest): boolean {
  return version === apiVersion && kind === 'LynqHub';
}

export function isForm({ apiVersion: version, kind }: Manifest): boolean {
  return version === apiVersion && kind === 'LynqForm';
}

/** The same object twice: the second would overwrite the first. */
function lintIdentities(manifests: readonly Manifest[], namespace: string): readonly Problem[] {
  const first = new Map<string, Manifest>();
  return manifests.flatMap((manifest) => {
    const group = manifest.apiVersion.includes('/') ? manifest.apiVersion.split('/')[0] : '';
    const key = JSON.stringify([group, manifest.kind, manifest.namespace ?? namespace, manifest.name]);
    const earlier = first.get(key);
    if (earlier === undefined) {
      first.set(key, manifest);
      return [];
    }
    const { line } = positionAt(earlier.source, offsetOf(earlier.root, ['metadata', 'name']));
    return [
      problemAt(manifest.source, offsetOf(manifest.root, ['metadata', 'name']), {
        message: `${manifest.kind} ${manifest.name} is already in ${earlier.source.name}:${line}`,
        fix: 'remove one of the two',
      }),
    ];
  });
}

async function lintForm(
  manifest: Manifest,
  manifests: readonly Manifest[],
  options: LintOptions,
): Promise<readonly Problem[]> {
  const { parts, problems } = lintFormShape(manifest);
  if (parts === undefined) return problems;
  const { hubId, entries } = parts;
  if (hubId === undefined || hubId === '') return [...problems, ...lintTemplates(manifest, entries, unknownVariables)];
  const answer = await findHub(manifest, hubId, manifests, options);
  const variables = answer.kind === 'found' ? variablesOf(answer.spec) : unknownVariables;
  return [...problems, ...hubProblems(manifest, hubId, answer), ...lintTemplates(manifest, entries, variables)];
}

/** Stands for the variables of a hub that cannot be read: none is undeclared. */
class AnyVariable extends Set<string> {
  override has(_name: string): boolean {
    return true;
  }
}

const unknownVariables: TemplateVariables = { declared: new AnyVariable() };

const variablesOf = (hub: HubVariables): TemplateVariables => ({
  declared: declaredVariables(hub),
  secrets: secretVariables(hub),
});

async function findHub(
  form: Manifest,
  hubId: string,
  manifests: readonly Manifest[],
  options: LintOptions,
): Promise<HubAnswer> {
  const namespace = form.namespace ?? options.namespace;
  const near = manifests.find(
    (manifest) => isHub(manifest) && manifest.name === hubId && (manifest.namespace ?? options.namespace) === namespace,
  );
  if (near === undefined) return options.findHub(namespace, hubId);
  return variablesInFile(near);
}

function hubProblems(form: Manifest, hubId: string, answer: HubAnswer): readonly Problem[] {
  if (answer.kind === 'found') return [];
  const message =
    answer.kind === 'absent'
      ? `there is no LynqHub ${hubId}, neither in these files nor in the cluster`
      : `the variables of LynqHub ${hubId} are not known, so their names were not checked: ${answer.why}`;
  const fix =
    answer.kind === 'absent'
      ? 'apply the hub too, or correct spec.hubId'
      : answer.file === undefined
        ? 'give its file too: -f hub.yaml'
        : `correct the hub: ${answer.file}`;
  return [problemAt(form.source, offsetOf(form.root, ['spec', 'hubId']), { severity: 'warning', message, fix })];
}
