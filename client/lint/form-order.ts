import { type JsonObject, listAt, textAt } from '../../domain/api/json.ts';
import { describeCycle, formCycles, type OrderedForm } from '../../domain/form-order.ts';
import { offsetOf } from '../manifest/located.ts';
import type { Manifest } from '../manifest/reader.ts';
import { problemAt, type Problem } from '../manifest/source.ts';

/** A form of the cluster, as far as the order among the forms of its hub needs it. */
export interface ClusterForm extends OrderedForm {
  readonly hub: string;
  readonly spec?: JsonObject;
}

export type FormsAnswer =
  | { readonly kind: 'found'; readonly forms: readonly ClusterForm[] }
  /** Nobody could be asked. */
  | { readonly kind: 'unknown'; readonly why: string };

/** The living forms of a namespace in the cluster. */
export type FormsLookup = (namespace: string) => Promise<FormsAnswer>;

export interface FormOrderOptions {
  /** Namespace of forms that name none. */
  readonly namespace: string;
  readonly findForms: FormsLookup;
}

/**
 * Cycles among the forms of one hub, those of the cluster included where the files have none of that name: an error on every form of the files that
 * waits for itself. A cluster is asked only when a form names one that is not in the files: no other can be part of a cycle with them.
 */
export async function lintFormOrder(
  forms: readonly Manifest[],
  { namespace, findForms }: FormOrderOptions,
): Promise<readonly Problem[]> {
  const spaceOf = (form: Manifest): string => form.namespace ?? namespace;
  const problems = await Promise.all(
    [...new Set(forms.map(spaceOf))].map(async (space) => {
      const files = forms.filter((form) => spaceOf(form) === space);
      const strangers = strangersOf(files);
      const answer = strangers.length === 0 ? noForms : await findForms(space);
      return [
        ...lintSpace(files, answer),
        ...absent(files, answer),
        ...(answer.kind === 'found' ? [] : unchecked(strangers, answer.why)),
      ];
    }),
  );
  return problems.flat();
}

const noForms: FormsAnswer = { kind: 'found', forms: [] };

const namesOf = ({ object }: Manifest): readonly string[] =>
  listAt(object, 'spec', 'dependsOn').map((item) => textAt(item, 'form') ?? '');

const hubOf = ({ object }: Manifest): string => textAt(object, 'spec', 'hubId') ?? '';

const offsetOfName = (form: Manifest, name: string): number =>
  offsetOf(form.root, ['spec', 'dependsOn', Math.max(0, namesOf(form).indexOf(name)), 'form']);

/** A form that is named and not in the files, and where. */
interface Stranger {
  readonly name: string;
  readonly form: Manifest;
  readonly offset: number;
}

function strangersOf(files: readonly Manifest[]): readonly Stranger[] {
  const known = new Set(files.map(({ name }) => name));
  return files.flatMap((form) =>
    [...new Set(namesOf(form))].flatMap((name) =>
      name === '' || known.has(name) ? [] : [{ name, form, offset: offsetOfName(form, name) }],
    ),
  );
}

/** Forms that the hub does not have, as far as files and cluster tell: the order has no effect until they are there. */
function absent(files: readonly Manifest[], answer: FormsAnswer): readonly Problem[] {
  const own = new Map(files.map((form) => [form.name, hubOf(form)]));
  const others = new Map((answer.kind === 'found' ? answer.forms : []).map(({ name, hub }) => [name, hub]));
  return files.flatMap((form) =>
    [...new Set(namesOf(form))].flatMap((name) => {
      const hub = own.get(name) ?? others.get(name);
      const isUnknown = hub === undefined && answer.kind === 'unknown';
      if (name === '' || hubOf(form) === '' || hub === hubOf(form) || isUnknown) return [];
      const message =
        hub === undefined
          ? `there is no LynqForm ${name}, neither in these files nor in the cluster`
          : `LynqForm ${name} is of hub ${hub} and not of ${hubOf(form)}`;
      const fix = `new rows of this form wait until hub ${hubOf(form)} has a form ${name}`;
      return [problemAt(form.source, offsetOfName(form, name), { severity: 'warning', message, fix })];
    }),
  );
}

function unchecked(strangers: readonly Stranger[], why: string): readonly Problem[] {
  return strangers.map(({ name, form, offset }) =>
    problemAt(form.source, offset, {
      severity: 'warning',
      message: `form ${name} is not known, so whether it waits for this one was not checked: ${why}`,
      fix: `give its file too: -f ${name}.yaml`,
    }),
  );
}

function lintSpace(files: readonly Manifest[], answer: FormsAnswer): readonly Problem[] {
  const known = new Set(files.map(({ name }) => name));
  const others = answer.kind === 'found' ? answer.forms.filter(({ name }) => !known.has(name)) : [];
  return [...new Set(files.map(hubOf))].flatMap((hub) =>
    lintHubForms(
      files.filter((form) => hubOf(form) === hub),
      others.filter((form) => form.hub === hub),
    ),
  );
}

function lintHubForms(forms: readonly Manifest[], others: readonly OrderedForm[]): readonly Problem[] {
  const cycles = formCycles([...others, ...forms.map((form) => ({ name: form.name, dependsOn: namesOf(form) }))]);
  const elsewhere = new Set(others.map(({ name }) => name));
  return forms.flatMap((form) => {
    const chain = cycles.get(form.name);
    if (chain === undefined) return [];
    const offset = offsetOfName(form, chain[1] ?? '');
    const there = chain.filter((name) => elsewhere.has(name));
    const where = there.length === 0 ? '' : `; in the cluster: ${there.join(', ')}`;
    const fix = `remove one of these dependencies${where}`;
    return [problemAt(form.source, offset, { message: describeCycle(chain), fix })];
  });
}
