import { listAt, textAt } from '../../domain/api/json.ts';
import { describeCycle, formCycles } from '../../domain/form-order.ts';
import { offsetOf } from '../manifest/located.ts';
import type { Manifest } from '../manifest/reader.ts';
import { problemAt, type Problem } from '../manifest/source.ts';

/** Cycles among the forms of one namespace, as far as the files show them: an error on every form that waits for itself. */
export function lintFormOrder(forms: readonly Manifest[], namespace: string): readonly Problem[] {
  const spaces = new Set(forms.map((form) => form.namespace ?? namespace));
  return [...spaces].flatMap((space) => lintSpace(forms.filter((form) => (form.namespace ?? namespace) === space)));
}

const namesOf = ({ object }: Manifest): readonly string[] =>
  listAt(object, 'spec', 'dependsOn').map((item) => textAt(item, 'form') ?? '');

function lintSpace(forms: readonly Manifest[]): readonly Problem[] {
  const cycles = formCycles(forms.map((form) => ({ name: form.name, dependsOn: namesOf(form) })));
  return forms.flatMap((form) => {
    const chain = cycles.get(form.name);
    if (chain === undefined) return [];
    const index = namesOf(form).indexOf(chain[1] ?? '');
    const offset = offsetOf(form.root, ['spec', 'dependsOn', Math.max(0, index), 'form']);
    return [problemAt(form.source, offset, { message: describeCycle(chain), fix: 'remove one of these dependencies' })];
  });
}
