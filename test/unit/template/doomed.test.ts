import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { compileUnit } from '../../../template/compile/unit.ts';
import { renderScalar } from '../../../template/index.ts';
import { choicesOf } from '../../../tools/template-diff/random.ts';
import { fieldsOf } from '../../../tools/template-diff/row-fields.ts';
import { randomTemplate } from '../../../tools/template-diff/templates.ts';
import { parseVectors } from '../../../tools/vectors/vectors.ts';

/** What a template is refused for before any row has to fail when a row is there. */

const { vars, vectors } = parseVectors(
  readFileSync(new URL('../../golden/go-templates.json', import.meta.url), 'utf8'),
);

const isOfTexts = (row: unknown): boolean => Object.values(row as object).every((value) => typeof value === 'string');

/** Templates that render and would be refused. */
function refusedWrongly(cases: readonly { readonly template: string; readonly vars: string }[]): readonly string[] {
  return cases
    .filter(({ template, vars: name }) => {
      const compiled = compileUnit(template);
      const doomed = compiled.ok
        ? compiled.unit.doomed.filter(({ ofRow, conditional }) => !conditional && (!ofRow || isOfTexts(vars[name])))
        : [];
      return doomed.length > 0 && renderScalar(template, vars[name]).ok;
    })
    .map(({ template, vars: name }) => `${name}: ${template}`);
}

describe('template/compile/statics', () => {
  it('refuses no recorded template that Go renders', () => {
    expect(refusedWrongly(vectors)).toEqual([]);
  });

  it('refuses no template that renders, among many at random', () => {
    const choices = choicesOf(20261128);
    const rows = Object.entries(vars).map(([name, row]) => ({ name, fields: fieldsOf(row) }));
    const [first, ...rest] = rows;
    if (first === undefined) throw new Error('no rows');
    const cases = Array.from({ length: 3_000 }, () => {
      const { name, fields } = choices.pick([first, ...rest]);
      return { template: randomTemplate(choices, fields), vars: name };
    });
    expect(refusedWrongly(cases)).toEqual([]);
  });
});
