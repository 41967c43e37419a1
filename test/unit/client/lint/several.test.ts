import { describe, expect, it } from 'vitest';
import { run } from '../run.ts';
import { goodForm, goodHub, withLine } from './forms.ts';

/** One mistake hides no other: all problems of a file come at once, each at its place. */

async function lint(form: string, hub = goodHub): Promise<readonly string[]> {
  const files = { 'form.yaml': form, 'hub.yaml': hub };
  const { out } = await run('lint --offline -f form.yaml -f hub.yaml', { files });
  return out
    .split('\n')
    .filter((line) => line.includes(': error: ') || line.includes(': warning: '))
    .map((line) => line.replace(/; it declares .*$/, ''));
}

const form = (...entries: readonly string[]): string =>
  ['apiVersion: operator.lynq.sh/v1', 'kind: LynqForm', 'metadata: {name: web}', 'spec:', '  hubId: shop']
    .concat('  configMaps:', ...entries)
    .join('\n');
const object = '      spec: {apiVersion: v1, kind: ConfigMap}';
const entry = (id: string, ...lines: readonly string[]): string =>
  [`    - id: ${id}`, `      nameTemplate: "{{ .uid }}-${id}"`, ...lines, object].join('\n');

describe('client/lint', () => {
  it('finds ids, dependencies and templates that are wrong beside fields that do not fit the schema', async () => {
    const broken = [
      'apiVersion: operator.lynq.sh/v1',
      'kind: LynqForm',
      'metadata: {name: web}',
      'spec:',
      '  hubid: shop',
      '  configMaps:',
      '    - id: a',
      '      nameTemplate: "{{ .uid }}-a"',
      '      dependIds: [zz]',
      '      timeoutSeconds: 99999',
      '      spec: {apiVersion: v1, kind: ConfigMap, data: {x: "{{ .nope }}"}}',
      '    - id: a',
      '      nameTemplate: "{{ .uid"',
      '      spec: {apiVersion: v1, kind: ConfigMap}',
    ];

    expect(await lint(broken.join('\n'))).toEqual([
      'form.yaml:4:1: error: spec.hubId is required',
      'form.yaml:5:3: error: unknown field spec.hubid',
      "form.yaml:9:19: error: resource 'a' depends on non-existent resource 'zz'",
      'form.yaml:10:23: error: spec.configMaps[0].timeoutSeconds: must be at most 3600',
      'form.yaml:11:61: error: spec.configMaps[0].spec.data.x: the hub does not declare the variable nope',
      'form.yaml:12:11: error: duplicate resource ID: a',
      'form.yaml:13:29: error: spec.configMaps[1].nameTemplate: unclosed action',
    ]);
  });

  it('finds a cycle beside a truth value that is none', async () => {
    const broken = form(
      entry('a', '      dependIds: [b]', '      waitForReady: maybe'),
      entry('b', '      dependIds: [a]'),
    );

    expect(await lint(broken)).toEqual([
      'form.yaml:9:19: error: circular dependency detected: a -> b -> a',
      'form.yaml:10:21: error: spec.configMaps[0].waitForReady: must be true or false, not "maybe"',
    ]);
  });

  it('finds a reserved label beside a value that is no text', async () => {
    const broken = form(entry('a', '      labelsTemplate: {lynq.sh/node: x, tier: true}'));

    expect(await lint(broken)).toEqual([
      "form.yaml:9:24: error: label lynq.sh/node of resource 'a' is reserved",
      'form.yaml:9:47: error: spec.configMaps[0].labelsTemplate.tier: must be text, not true',
    ]);
  });

  it('finds every cycle beside an unknown id', async () => {
    const needs = (id: string) => `      dependIds: [${id}]`;
    const broken = form(
      entry('a', needs('b')),
      entry('b', needs('a')),
      entry('c', needs('d')),
      entry('d', needs('c')),
      entry('e', needs('zz')),
    );

    expect(await lint(broken)).toEqual([
      'form.yaml:9:19: error: circular dependency detected: a -> b -> a',
      'form.yaml:17:19: error: circular dependency detected: c -> d -> c',
      "form.yaml:25:19: error: resource 'e' depends on non-existent resource 'zz'",
    ]);
  });

  it('has the place of each repetition of an id, and of what is wrong in each of those entries', async () => {
    const named = (name: string, value: string) =>
      entry('a').replace('-a"', `-${name}"`).replace('kind: ConfigMap', `kind: ConfigMap, data: {x: "${value}"}`);

    expect(await lint(form(named('a', ''), named('b', '{{ .no }}'), named('c', '{{ .nor }}')))).toEqual([
      'form.yaml:10:11: error: duplicate resource ID: a',
      'form.yaml:12:61: error: spec.configMaps[1].spec.data.x: the hub does not declare the variable no',
      'form.yaml:13:11: error: duplicate resource ID: a',
      'form.yaml:15:61: error: spec.configMaps[2].spec.data.x: the hub does not declare the variable nor',
    ]);
  });

  it('finds every unknown function and undeclared variable of one text', async () => {
    const broken = withLine(goodForm, 25, '          plan: "{{ .nope }} {{ nofn .uid }} {{ nada .nil }}"');

    expect(await lint(broken)).toEqual([
      'form.yaml:25:21: error: spec.configMaps[0].spec.data.plan: the hub does not declare the variable nope',
      'form.yaml:25:33: error: spec.configMaps[0].spec.data.plan: function "nofn" not defined',
      'form.yaml:25:49: error: spec.configMaps[0].spec.data.plan: function "nada" not defined',
      'form.yaml:25:54: error: spec.configMaps[0].spec.data.plan: the hub does not declare the variable nil',
    ]);
  });

  it.each([
    ['an entry that is no map', '    - hello', 'form.yaml:7:7: error: spec.configMaps[0]: must be a map, not "hello"'],
    ['an id that is a number', entry('5'), 'form.yaml:7:11: error: spec.configMaps[0].id: must be text, not 5'],
    [
      'a policy that does not exist',
      entry('a', '      creationPolicy: Onec').replace('ConfigMap}', 'ConfigMap, data: {x: "{{ now }}"}}'),
      'form.yaml:9:23: error: spec.configMaps[0].creationPolicy: must be one of Once, WhenNeeded, not "Onec"',
    ],
    [
      'a name that is no text',
      entry('a').replace('"{{ .uid }}-a"', '5'),
      'form.yaml:8:21: error: spec.configMaps[0].nameTemplate: must be text, not 5',
    ],
    [
      'an object that is none',
      entry('a').replace(/spec: .*/, 'spec: none'),
      'form.yaml:9:13: error: spec.configMaps[0].spec: must be a map, not "none"',
    ],
  ])('says of %s nothing that only follows from it', async (_story, first, problem) => {
    expect(
      await lint(
        form(first, entry('b', '      dependIds: ["5"]')).replace(
          first === entry('5') ? 'no' : '\n      dependIds: ["5"]',
          '',
        ),
      ),
    ).toEqual([problem]);
  });

  it('takes the variables of a hub that is wrong elsewhere, and finds more than one mistake in it', async () => {
    const hub = withLine(goodHub, 8, '    syncInterval: soon')
      .replace('table: tenants', 'table: ""')
      .replace('    port: 3306', '    port: x');
    const broken = goodForm.replace('uid {{ .uid }}', 'uid {{ .nope }}');

    expect(await lint(broken, hub)).toEqual([
      'form.yaml:28:20: error: spec.configMaps[0].spec.data.text: the hub does not declare the variable nope',
      'hub.yaml:8:19: error: spec.source.syncInterval: must match /^[0-9]+(s|m|h)$/, not "soon"',
      'hub.yaml:11:13: error: spec.source.mysql.port: must be a number, not "x"',
      'hub.yaml:14:7: error: spec.source.mysql.table is required',
    ]);
  });
});
