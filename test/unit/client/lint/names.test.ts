import { describe, expect, it } from 'vitest';
import { run } from '../run.ts';
import { goodHub } from './forms.ts';

/** Names, namespaces and label values: what no row can make right. */

async function lint(...lines: readonly string[]): Promise<string> {
  const form = [
    'apiVersion: operator.lynq.sh/v1',
    'kind: LynqForm',
    'metadata: {name: web}',
    'spec:',
    '  hubId: shop',
    '  manifests:',
    '    - id: a',
    ...lines.map((line) => `      ${line}`),
    ...(lines.some((line) => line.startsWith('spec:')) ? [] : ['      spec: {apiVersion: v1, kind: ConfigMap}']),
    '',
  ].join('\n');
  const files = { 'form.yaml': form, 'hub.yaml': goodHub };
  return (await run('lint --offline -f form.yaml -f hub.yaml', { files })).out;
}

describe('client/lint/metadata', () => {
  it.each([
    `'{{ if eq .plan "}}" }}a{{ else }}{{ .uid }}{{ end }}'`,
    '\'{{ .uid | replace "_" "-" | printf "%s-{{" | trimSuffix "{{" }}\'',
    `'{{/* a "comment" */}}{{ .uid }}'`,
    `'{{ .uid }}-a.b'`,
    `'a-{{ .uid }}'`,
    `'{{ if eq .plan "a" }}${'a'.repeat(200)}{{ else }}${'b'.repeat(200)}{{ end }}-{{ .uid }}'`,
  ])('takes the name %s', async (name) => {
    expect(await lint(`nameTemplate: ${name}`)).toBe('');
  });

  it.each([
    ['-a', 'begins with "-"'],
    ['a-', 'ends with "-"'],
    ['{{ .uid }}.', 'ends with "."'],
    ['a..b', 'has ".."'],
    ['a.-b', 'is not a name'],
    [`${'a'.repeat(254)}`, 'is longer than 253 characters'],
  ])('refuses the name %s, whatever the row says', async (name, words) => {
    const out = await lint(`nameTemplate: "${name}"`);

    expect(out).toContain(`form.yaml:8:7: error: nameTemplate of resource 'a' ${words}`);
  });

  const trimmed = [
    `'{{- if eq .plan "pro" -}} gold {{- else -}} silver {{- end -}}'`,
    `'a {{- /* a comment */ -}} b'`,
    `' {{- .uid -}} '`,
  ];

  it.each(trimmed)('takes the name and label value %s, whose spaces are trimmed', async (text) => {
    const name = text.replace(/'$/, "{{ .uid }}'");
    expect(await lint(`nameTemplate: ${name}`, `labelsTemplate: {tier: ${text}}`)).toBe('');
  });

  it('takes a folded label over several lines that trims them', async () => {
    const folded = [
      '  tier: >-',
      '    {{- if eq .plan "pro" -}}',
      '    gold',
      '    {{- else -}}',
      '    silver',
      '    {{- end -}}',
    ];
    expect(await lint("nameTemplate: '{{ .uid }}'", 'labelsTemplate:', ...folded)).toBe('');
  });

  it.each([
    '{{ if eq .plan "a" }} gold {{ end }}',
    'a {{-1 | int }}b',
    'a {{ .plan -}} b c',
    'a{{ .plan }} {{- .uid }} b',
    '{{ if eq .plan " -}} " }}a {{ end }}b',
  ])('refuses spaces that nothing trims: %s', async (text) => {
    expect(await lint(`nameTemplate: '${text}'`)).toContain('has " ", which no name may have');
    expect(await lint("nameTemplate: '{{ .uid }}'", `labelsTemplate: {tier: '${text}'}`)).toContain(
      'label tier of resource',
    );
  });

  it('says the same of a name in the object, and lets a role have more characters', async () => {
    expect(await lint("spec: {apiVersion: v1, kind: ConfigMap, metadata: {name: '{{ .uid }}-'}}")).toContain(
      `error: spec.metadata.name of resource 'a' ends with "-"`,
    );
    const role = 'spec: {apiVersion: rbac.authorization.k8s.io/v1, kind: Role}';
    expect(await lint("nameTemplate: 'System:{{ .uid }}'", role)).toBe('');
  });

  it('warns where a long uid leaves no room', async () => {
    expect(await lint(`nameTemplate: "{{ .uid }}-${'a'.repeat(200)}"`)).toContain(
      "warning: nameTemplate of resource 'a' leaves 52 of 253 characters to the row, of which a uid can have 63",
    );
  });

  it.each(['abc-', '{{ .uid }}-', '.{{ .uid }}', 'a'.repeat(64), '_'])('refuses the label value %s', async (value) => {
    expect(await lint("nameTemplate: '{{ .uid }}'", `labelsTemplate: {tier: "${value}"}`)).toContain(
      "form.yaml:9:24: error: label tier of resource 'a' has a value no label can have",
    );
  });

  it.each(['', '{{ .uid }}', 'a.b_C-9', 'a-{{ .plan }}-b', '{{ if eq .plan "x" }}-{{ end }}'])(
    'takes the label value %s',
    async (value) => {
      expect(await lint("nameTemplate: '{{ .uid }}'", `labelsTemplate: {tier: '${value}'}`)).toBe('');
    },
  );

  it.each([
    ['-{{ .uid }}', 'begins with "-"'],
    ['{{ .uid }}-', 'ends with "-"'],
    [`${'a'.repeat(64)}{{ .uid }}`, 'is longer than 63 characters'],
  ])('refuses the namespace %s', async (namespace, words) => {
    expect(await lint("nameTemplate: '{{ .uid }}'", `targetNamespace: "${namespace}"`)).toContain(
      `form.yaml:9:7: error: targetNamespace of resource 'a' ${words}`,
    );
  });

  it.each(['List', 'ConfigMapList'])('refuses a %s, which is no object of its own', async (kind) => {
    expect(await lint("nameTemplate: '{{ .uid }}'", `spec: {apiVersion: v1, kind: ${kind}, items: []}`)).toContain(
      "error: no entry can be a List: write each object as an entry of its own (resource 'a')",
    );
  });

  it('lets another API have a kind that ends with List', async () => {
    expect(await lint("nameTemplate: '{{ .uid }}'", 'spec: {apiVersion: example.com/v1, kind: AllowList}')).toBe('');
  });

  it('refuses what only the server may say of an object, and takes it where it is empty', async () => {
    const spec = (metadata: string) => `spec: {apiVersion: v1, kind: ConfigMap, metadata: {${metadata}}}`;
    const out = await lint("nameTemplate: '{{ .uid }}'", spec('uid: a, resourceVersion: "5", generation: 3'));

    for (const member of ['uid', 'resourceVersion', 'generation'])
      expect(out).toContain(`forms may not set metadata.${member} (resource 'a')`);
    const empty = spec('uid: "", resourceVersion: null, creationTimestamp: null');
    expect(await lint("nameTemplate: '{{ .uid }}'", empty)).toBe('');
  });
});
