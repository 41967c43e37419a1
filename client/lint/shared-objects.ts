import { at, isJsonObject, textAt } from '../../domain/api/json.ts';
import { sameObjects } from '../../domain/object-rules.ts';
import { isNamespace } from '../../domain/form-kinds.ts';
import { offsetOf } from '../manifest/located.ts';
import type { Manifest } from '../manifest/reader.ts';
import { problemAt, type Problem } from '../manifest/source.ts';
import { entryPath } from './entry.ts';
import { type FormEntry, readFormParts } from './form-entries.ts';
import type { ClusterForm, FormOrderOptions } from './form-order.ts';

/** A form as far as its objects are concerned. */
interface FormObjects {
  readonly name: string;
  readonly hub: string;
  readonly entries: readonly FormEntry[];
}

interface FormInFile extends FormObjects {
  readonly manifest: Manifest;
  readonly space: string;
}

/**
 * Objects that two forms of one hub make for every row: only one of their nodes has it, and the other is in conflict. A Namespace is shared. The forms
 * of the cluster are looked at where the hub is asked for there anyway; without an answer nothing is said, since the files are right by themselves.
 */
export async function lintSharedObjects(
  manifests: { readonly forms: readonly Manifest[]; readonly hubs: readonly Manifest[] },
  { namespace, findForms }: FormOrderOptions,
): Promise<readonly Problem[]> {
  const spaceOf = (manifest: Manifest): string => manifest.namespace ?? namespace;
  const hubs = new Set(manifests.hubs.map((hub) => `${spaceOf(hub)}/${hub.name}`));
  const forms = manifests.forms.flatMap((manifest): readonly FormInFile[] => {
    const spec = at(manifest.object, 'spec');
    if (!isJsonObject(spec)) return [];
    const { hubId = '', entries } = readFormParts(spec);
    return hubId === '' ? [] : [{ manifest, name: manifest.name, hub: hubId, space: spaceOf(manifest), entries }];
  });
  const problems = await Promise.all(
    [...new Set(forms.map(({ space }) => space))].map(async (space) => {
      const files = forms.filter((form) => form.space === space);
      const isAsked = files.some(({ hub }) => !hubs.has(`${space}/${hub}`));
      const answer = isAsked ? await findForms(space) : undefined;
      const found = answer?.kind === 'found' ? answer.forms.filter(({ name }) => isOther(name, files)) : [];
      return files.flatMap((form, index) => [
        ...files.slice(0, index).flatMap((other) => lintPair(form, other)),
        ...found.flatMap((other) => lintPair(form, objectsOf(other))),
      ]);
    }),
  );
  return problems.flat();
}

const isOther = (name: string, files: readonly FormInFile[]): boolean => files.every((form) => form.name !== name);

function objectsOf({ name, hub, spec }: ClusterForm): FormObjects {
  return { name, hub, entries: spec === undefined ? [] : readFormParts(spec).entries };
}

const isShared = ({ resource: { spec } }: FormEntry): boolean =>
  isNamespace({ apiVersion: textAt(spec, 'apiVersion') ?? '', kind: textAt(spec, 'kind') ?? '' });

function lintPair(form: FormInFile, other: FormObjects): readonly Problem[] {
  if (form.hub !== other.hub || form.name === other.name) return [];
  return form.entries.flatMap((entry) => {
    // Ids may be the same in two forms.
    const own = { ...entry, resource: { ...entry.resource, id: '' } };
    const twin = isShared(entry) ? undefined : other.entries.find((each) => sameObjects([each, own]).length > 0);
    if (twin === undefined) return [];
    const kind = textAt(entry.resource.spec, 'kind') ?? '';
    const message = `resource '${entry.resource.id}' names the same ${kind} as resource '${twin.resource.id}' of form ${other.name}: one of the two is Conflicted in every row`;
    const fix = 'each object belongs into one form; a form that needs it may wait for the other with dependsOn';
    const offset = offsetOf(form.manifest.root, entryPath(entry));
    return [problemAt(form.manifest.source, offset, { severity: 'warning', message, fix })];
  });
}
