import { at } from '../../domain/api/json.ts';
import type { LynqFormSpec, RolloutWave } from '../../domain/api/form.ts';
import type { PlacedResource } from '../../domain/api/resource.ts';
import { sameObjects } from '../../domain/object-rules.ts';
import { parseFieldPath } from '../../domain/policies/field-path.ts';
import { findPath, offsetOf, type PathStep } from '../manifest/located.ts';
import type { Manifest } from '../manifest/reader.ts';
import { problemAt, type Problem } from '../manifest/source.ts';
import { atKey, type EntryInFile, type EntryRule, entryPath } from './entry.ts';
import type { FormEntry } from './form-entries.ts';

/** Policies that contradict each other, or do nothing where they stand. */

const lintIgnored: EntryRule = (entry) => {
  const { id, ignoreFields = [], creationPolicy } = entry.resource;
  const problems = ignoreFields.flatMap((text, index): readonly Problem[] => {
    const parsed = parseFieldPath(text);
    if (!parsed.ok) return [];
    const names = parsed.path.flatMap((step) => (step.kind === 'name' ? [step.name] : []));
    const path = ['ignoreFields', index];
    if (names[0] !== 'status') return [];
    const message = `${text} in ignoreFields of resource '${id}': status is never written`;
    return [atKey(entry, path, { message, fix: 'remove it', severity: 'warning' })];
  });
  if (creationPolicy !== 'Once' || ignoreFields.length === 0) return problems;
  const message = `ignoreFields of resource '${id}' has no effect: creationPolicy Once leaves the whole object alone`;
  return [...problems, atKey(entry, ['ignoreFields'], { message, severity: 'warning' })];
};

const lintReadiness: EntryRule = (entry) => {
  const { id, readyWhen, waitForReady } = entry.resource;
  if (readyWhen === undefined || waitForReady) return [];
  const message = `readyWhen of resource '${id}' has no effect: waitForReady is false`;
  return [atKey(entry, ['readyWhen'], { message, severity: 'warning' })];
};

const lintStatus: EntryRule = (entry) => {
  if (at(entry.resource.spec, 'status') === undefined) return [];
  const message = `spec.status of resource '${entry.resource.id}' is never written: it belongs to the object's controller`;
  return [atKey(entry, ['spec', 'status'], { message, severity: 'warning', fix: 'remove it' })];
};

export function lintPolicies(entry: EntryInFile): readonly Problem[] {
  return [lintIgnored, lintReadiness, lintStatus].flatMap((rule) => rule(entry));
}

/** `Delete` that was written down and does not hold, since a retained entry needs this one. */
export function lintRetained(manifest: Manifest, placed: readonly FormEntry[]): readonly Problem[] {
  const byId = new Map(placed.map((entry) => [entry.resource.id, entry]));
  const keeper = new Map<string, string>();
  for (const { resource } of placed.filter((entry) => entry.resource.deletionPolicy === 'Retain')) {
    const queue = [...(resource.dependIds ?? [])];
    for (let id = queue.shift(); id !== undefined; id = queue.shift()) {
      if (keeper.has(id) || id === resource.id) continue;
      keeper.set(id, resource.id);
      queue.push(...(byId.get(id)?.resource.dependIds ?? []));
    }
  }
  return placed.flatMap((entry) => {
    const because = keeper.get(entry.resource.id);
    const path = [...entryPath(entry), 'deletionPolicy'];
    const written = findPath(manifest.root, path).depth === path.length && !entry.dropped.has('deletionPolicy');
    if (because === undefined || !written || entry.resource.deletionPolicy !== 'Delete') return [];
    const message = `deletionPolicy Delete of resource '${entry.resource.id}' does not hold: '${because}' is retained and depends on it`;
    return [problemAt(manifest.source, offsetOf(manifest.root, path), { message, severity: 'warning' })];
  });
}

/** Two entries that name one object would overwrite each other for ever. */
export function lintSameObject(manifest: Manifest, placed: readonly PlacedResource[]): readonly Problem[] {
  return sameObjects(placed).map(({ place, path, message }) => {
    const entry = placed[place];
    const offset = offsetOf(manifest.root, [...(entry === undefined ? [] : entryPath(entry)), ...path]);
    return problemAt(manifest.source, offset, { message, fix: 'give one of them another name' });
  });
}

/** The rollout block and the order between forms. */
export function lintFormFields(
  manifest: Manifest,
  spec: Pick<LynqFormSpec, 'rollout' | 'dependsOn'>,
): readonly Problem[] {
  const forms = (spec.dependsOn ?? []).map(({ form }) => form);
  const repeated = forms.flatMap((form, index): readonly FormProblem[] => {
    const message = `dependsOn names form ${form} twice`;
    return forms.indexOf(form) < index ? [{ path: ['dependsOn', index, 'form'], message, severity: 'warning' }] : [];
  });
  const waves = spec.rollout?.waves ?? [];
  return [...repeated, ...waves.flatMap((wave, index) => waveProblems(waves, wave, index))].map(({ path, ...text }) =>
    problemAt(manifest.source, offsetOf(manifest.root, ['spec', ...path]), text),
  );
}

interface FormProblem {
  /** Below `spec`. */
  readonly path: readonly PathStep[];
  readonly message: string;
  readonly severity: 'error' | 'warning';
}

function waveProblems(
  waves: readonly RolloutWave[],
  { name, uids, matchLabels, percentage }: RolloutWave,
  index: number,
): readonly FormProblem[] {
  const path = ['rollout', 'waves', index];
  const same = name !== undefined && waves.findIndex((wave) => wave.name === name) < index;
  const empty = uids?.length === 0 && matchLabels === undefined && percentage === undefined;
  return [
    ...(same ? [{ path: [...path, 'name'], message: `two waves are named ${name}`, severity: 'error' as const }] : []),
    ...(empty
      ? [{ path: [...path, 'uids'], message: 'a wave without rows lets nothing through', severity: 'warning' as const }]
      : []),
  ];
}
