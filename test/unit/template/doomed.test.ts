import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { compileUnit } from '../../../template/compile/unit.ts';
import { constantFailures, newBudget } from '../../../template/form/constant-failures.ts';
import { compileForm, renderScalar } from '../../../template/index.ts';
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
      const failures = compiled.ok ? constantFailures(compiled.unit, newBudget()) : [];
      return doomed.length + failures.length > 0 && renderScalar(template, vars[name]).ok;
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

/** Place and text of what is found to fail for every row, by lint and by webhook and worker. */
function foundIn(template: string, findsDoomed: boolean | 'always'): readonly string[] {
  const resource = { id: 'x', spec: { data: { a: template } } };
  const resources = [{ resource, list: 'configMaps', index: 0 }];
  const declared = new Set(['uid', 'plan']);
  const result = compileForm({ form: template, contentHash: '1', resources, declared, findsDoomed });
  return result.ok ? [] : result.problems.map(({ line, column, message }) => `${line}:${column}: ${message}`);
}

describe('template/form/constant-failures', () => {
  it.each([
    ['{{ fail "x" }}', '1:4: fail: stops every row with "x"; put it into an {{ if }}'],
    ['{{ "x" | fail }}', '1:10: fail: stops every row; put it into an {{ if }}'],
    ['{{ fail (print "no plan for " .uid) }}', '1:4: fail: stops every row; put it into an {{ if }}'],
    ['{{ div 1 0 }}', '1:4: div: integer divide by zero'],
    ['{{ div (int .plan) 0 }}', '1:4: div: integer divide by zero'],
    ['{{ 0 | mod .plan }}', '1:8: mod: integer divide by zero'],
    ['{{ divf .plan 0 }}', '1:4: divf: '],
    ['{{ index (list) 3 }}', '1:4: index: '],
    ['{{ $x := index (list 1 2) 3 }}{{ $x }}', '1:10: index: '],
    ['{{ range until 20000 }}x{{ end }}', '1:10: more than 10000 iterations'],
    ['{{ range $i := 100000000 }}x{{ end }}', '1:10: more than 10000 iterations'],
    ['{{ range index (list) 3 }}x{{ end }}', '1:10: index: '],
    ['{{ (dict "a" 1).b }}', '1:16: b: '],
    ['{{ mustRegexMatch "(" .uid }}', '1:4: mustRegexMatch: '],
    ['{{ .uid | mustRegexMatch "[" }}', '1:11: mustRegexMatch: '],
    ['{{ regexFindAll "(" .uid -1 }}', '1:4: regexFindAll: '],
    ['{{ regexReplaceAll "*" .uid "x" }}', '1:4: regexReplaceAll: '],
    ['{{ mustFromJson "{" }}', '1:4: mustFromJson: '],
    ['{{ semver "x" }}', '1:4: semver: '],
    ['{{ semverCompare "~~" .plan }}', '1:4: semverCompare: '],
    ['{{ until 100000000 }}', '1:4: until: '],
    ['{{ repeat 10000000 "a" }}', '1:4: repeat: '],
    ['{{ if (index (list) 3) }}x{{ end }}', '1:8: index: '],
    ['{{ and (index (list) 3) .uid }}', '1:9: index: '],
    ['{{ .plan | default (div 1 0) }}', '1:21: div: '],
    ['a\n  {{ printf "%s" (index (list) 3) }}', '2:19: index: '],
  ])('finds %s', (template, said) => {
    for (const mode of [true, 'always'] as const) {
      expect(foundIn(template, mode)).toEqual([expect.stringContaining(said)]);
    }
    expect(foundIn(template, false)).toEqual([]);
    expect(renderScalar(template, { uid: 'acme', plan: '7' }).ok).toBe(false);
  });

  it.each([
    '{{ if eq .plan "old" }}{{ fail "no longer sold" }}{{ end }}',
    '{{ with .plan }}{{ div 1 0 }}{{ end }}',
    '{{ range splitList "," .plan }}{{ fail . }}{{ end }}',
    '{{ if .plan }}a{{ else }}{{ index (list) 3 }}{{ end }}',
    '{{ or .plan (fail "no plan") }}',
    '{{ range until 20000 }}{{ if eq . 3 }}{{ break }}{{ end }}{{ end }}',
    '{{ range list }}{{ fail "x" }}{{ end }}',
    '{{ if .plan }}{{ range until 20000 }}x{{ end }}{{ end }}',
    '{{ and .plan (index (list) 3) }}',
    '{{ define "t" }}{{ fail "x" }}{{ end }}',
    '{{ div 1 (int .plan) }}',
    '{{ mustRegexMatch .plan "(" }}',
    '{{ regexMatch "(" .uid }}',
    '{{ repeat 10000000 .plan }}',
    '{{ mustFromJson .plan }}',
    '{{ index (list 1 2) 1 }}',
    '{{ $l := list 1 2 }}{{ index $l 1 }}',
    '{{ now | date "2006" }}',
    '{{ index (list 1) (int (randInt 0 9)) }}',
    '{{ genCA "x" 365 }}',
    '{{ genPrivateKey "x" }}',
  ])('leaves %s to the rows', (template) => {
    expect(foundIn(template, true)).toEqual([]);
  });

  it('looks at a hostile form for no longer than a row of it may take', () => {
    const slow = Array.from(
      { length: 40 },
      (_, n) => `{{ range until 90000 | join "x" | splitList "${n}" | len }}{{ end }}`,
    );
    const spec = {
      data: Object.fromEntries(slow.flatMap((text, at) => Array.from({ length: 20 }, (_, n) => [`${at}.${n}`, text]))),
    };
    const started = performance.now();
    compileForm({
      form: 'slow',
      contentHash: '1',
      resources: [{ resource: { id: 'x', spec }, list: 'configMaps', index: 0 }],
      declared: new Set(['uid']),
      findsDoomed: 'always',
    });
    expect(performance.now() - started).toBeLessThan(8_000);
  });
});

describe('template/compile/lookups', () => {
  const undeclared = 'the hub does not declare the variable nope; it declares plan, uid';

  it.each([
    ['{{ index . "nope" }}', '1:12'],
    ['{{ get . "nope" }}', '1:10'],
    ['{{ get $ "nope" }}', '1:10'],
    ['{{ $r := . }}{{ get $r "nope" }}', '1:24'],
    ['{{ if .plan }}{{ index . "nope" }}{{ end }}', '1:26'],
    ['{{ if eq (get . "nope") "pro" }}x{{ end }}', '1:17'],
    ['{{ get . "nope" | upper }}', '1:10'],
  ])('finds a name the hub does not declare for lint: %s', (template, place) => {
    expect(foundIn(template, true)).toEqual([`${place}: ${undeclared}`]);
    // The row renders: neither webhook nor worker refuses what ran until now.
    expect(foundIn(template, 'always')).toEqual([]);
  });

  it.each([
    '{{ index . "plan" }}{{ get . "uid" }}',
    '{{ hasKey . "nope" }}',
    '{{ dig "nope" "x" . }}',
    '{{ get . "nope" | default "x" }}',
    '{{ default "x" (index . "nope") }}',
    '{{ coalesce (get . "nope") .plan }}',
    '{{ if get . "nope" }}x{{ end }}',
    '{{ with index . "nope" }}{{ . }}{{ end }}',
    '{{ if and (get . "nope") .plan }}x{{ end }}',
    '{{ if not (get . "nope") }}x{{ end }}',
    '{{ if hasKey . "nope" }}{{ index . "nope" }}{{ end }}',
    '{{ $_ := set . "nope" "1" }}{{ get . "nope" }}',
    '{{ get (dict "nope" 1) "nope" }}',
  ])('leaves one that is asked for on purpose: %s', (template) => {
    expect(foundIn(template, true)).toEqual([]);
  });
});
