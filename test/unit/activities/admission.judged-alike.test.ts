import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { judgeTwice, objectsIn } from '../../support/judged-forms.ts';
import { goodForm, goodHub, withLine } from '../client/lint/forms.ts';
import { run } from '../client/run.ts';

/** One form before the three that judge it: `lynq lint`, the admission webhook and condition Valid. */

const secretHub = `${goodHub}  secretValueMappings:\n    token: api_token\n`;

async function judge(form: string, hub: string) {
  const { out } = await run('lint --offline -f form.yaml -f hub.yaml', {
    files: { 'form.yaml': form, 'hub.yaml': hub },
  });
  return { lint: out.split('\n').filter((line) => line.includes(': error: ')), ...(await judgeTwice(form, hub)) };
}

const folder = new URL('../../fixtures/broken-forms/', import.meta.url);

const text = (name: string): string => readFileSync(new URL(name, folder), 'utf8');

const policy = "the worker's policy may allow the key";
const kinds = 'the cluster may have such a kind, and kinds differ in the names they take';
const server = 'the API server judges the object';
const pruned = 'the API server drops the field, or refuses the form';
const runs = 'the form works, though not as it is meant';

/** What only lint refuses, and why. */
const lintOnly: Readonly<Record<string, string>> = {
  'annotation-reserved.yaml': policy,
  'label-reserved.yaml': policy,
  'label-key-invalid.yaml': server,
  'label-value-invalid.yaml': server,
  'template-in-a-key-of-data.yaml': server,
  'name-with-capitals.yaml': kinds,
  'name-with-underscore.yaml': kinds,
  'namespace-invalid.yaml': 'an object of the cluster has no namespace, whatever the entry says',
  'object-in-old-group.yaml': kinds,
  'object-in-wrong-group.yaml': kinds,
  'object-kind-misspelt.yaml': kinds,
  'object-kind-nearly-known.yaml': kinds,
  'schema-unknown-field.yaml': pruned,
  'schema-unknown-key-beside-spec.yaml': pruned,
  'schema-unknown-key-of-metadata.yaml': pruned,
  'schema-unknown-list.yaml': pruned,
  'name-generated.yaml': runs,
  'rollout-two-waves-of-one-name.yaml': runs,
  'time-from-a-column.yaml': runs,
  'time-in-when-needed.yaml': runs,
  'binary-data-not-base64.yaml': server,
  'config-map-key-invalid.yaml': server,
  'config-map-value-not-text.yaml': server,
  'secret-data-not-base64.yaml': server,
  'label-value-ends-with-hyphen.yaml': server,
  'name-begins-with-hyphen.yaml': server,
  'name-too-long.yaml': server,
  'name-with-two-dots.yaml': server,
  'namespace-too-long.yaml': server,
  'object-kind-list.yaml': server,
  'container-name-invalid.yaml': server,
  'container-without-name.yaml': server,
  'container-named-twice.yaml': server,
  'containers-not-a-list.yaml': server,
  'container-port-out-of-range.yaml': server,
  'container-port-not-a-number.yaml': server,
  'container-env-not-text.yaml': server,
  'replicas-negative.yaml': server,
  'replicas-not-a-number.yaml': server,
  'pod-label-value-invalid.yaml': server,
  'selector-of-other-pods.yaml': server,
  'object-group-unknown.yaml': kinds,
  'form-annotation-key-invalid.yaml': server,
  'form-label-invalid.yaml': server,
  'form-namespace-invalid.yaml': server,
  'form-namespace-not-text.yaml': server,
  'object-with-generation.yaml': runs,
  'ready-when-template.yaml': runs,
  'template-in-metadata.yaml': server,
  'template-in-depends-on.yaml': runs,
  'template-too-many-arguments.yaml': 'not every row takes the branch',
  'template-undeclared-in-get.yaml': runs,
  'template-undeclared-in-index.yaml': runs,
};

/** The hub may come later; and the API server has refused such a name or such metadata when it asks the webhook. */
const webhookTakes: readonly string[] = [
  'hub-as-template.yaml',
  'form-name-invalid.yaml',
  'form-annotation-not-text.yaml',
  'form-finalizers-not-a-list.yaml',
  'form-label-not-text.yaml',
  'form-labels-not-a-map.yaml',
];

const broken = readdirSync(folder).filter((name) => objectsIn(text(name), 'LynqForm').length > 0);

describe('activities/admission', () => {
  describe('lint, webhook and condition', () => {
    it('take a form that is right', async () => {
      expect(await judge(goodForm, secretHub)).toEqual({ lint: [], webhook: undefined, condition: [] });
    });

    it('take a secret variable outside of metadata, and one that is asked for first', async () => {
      const outside = withLine(goodForm, 25, "          plan: '{{ .token }}'");
      const guarded = withLine(
        outside,
        20,
        `      nameTemplate: '{{ .uid }}{{ if hasKey . "token" }}{{ .token }}{{ end }}'`,
      );
      expect(await judge(guarded, secretHub)).toEqual({ lint: [], webhook: undefined, condition: [] });
    });

    it.each(['labels', 'annotations'])('take %s without a value, which are left out', async (map) => {
      const form = withLine(goodForm, 24, `        metadata: {${map}: {a: }}`, '        data:');
      expect(await judge(form, secretHub)).toEqual({ lint: [], webhook: undefined, condition: [] });
    });

    it.each([
      ['nameTemplate', '20:36', ["      nameTemplate: '{{ .uid }}-{{ .token }}'"], 'nameTemplate'],
      ['a label', '21:31', ['      nameTemplate: x', '      labelsTemplate: {a: "{{ $.token }}"}'], 'labelsTemplate.a'],
      [
        'an annotation',
        '21:36',
        ['      nameTemplate: x', '      annotationsTemplate: {a: "{{ .token }}"}'],
        'annotationsTemplate.a',
      ],
      [
        'targetNamespace',
        '21:30',
        ['      nameTemplate: x', "      targetNamespace: 'n-{{ .token }}'"],
        'targetNamespace',
      ],
      [
        'a label that not every row may have',
        '21:45',
        ['      nameTemplate: x', '      labelsTemplate: {a: "{{ if .plan }}{{ .token }}{{ end }}"}'],
        'labelsTemplate.a',
      ],
    ])('refuse a secret variable in %s', async (_where, place, lines, path) => {
      const found = await judge(withLine(goodForm, 20, ...lines), secretHub);

      const message = 'the variable token is secret and cannot be used in metadata, which is shown in many places';
      expect(found.lint).toEqual([`form.yaml:${place}: error: spec.configMaps[0].${path}: ${message}`]);
      expect(found.webhook).toContain(`in resource 'config': ${message}`);
      expect(found.condition).toEqual([`resource 'config': ${path}: ${message}`]);
    });

    it('refuse a secret variable in the metadata of the object itself', async () => {
      const form = withLine(goodForm, 24, '        metadata: {annotations: {a: "{{ .token }}"}}', '        data:');
      const found = await judge(form, secretHub);

      expect(found.lint).toEqual([
        expect.stringMatching(/^form\.yaml:24:41: error: .*metadata\.annotations\.a: .*token/),
      ]);
      expect(found.webhook).toContain('metadata.annotations.a');
      expect(found.condition).toEqual([expect.stringContaining("resource 'config': metadata.annotations.a: ")]);
    });
  });

  describe('every broken form that can be read', () => {
    it.each(broken.filter((name) => lintOnly[name] === undefined && !webhookTakes.includes(name)))(
      'is refused by webhook and condition: %s',
      async (name) => {
        const { webhook, condition } = await judgeTwice(text(name), goodHub);

        expect(webhook).toBeDefined();
        expect(condition).not.toEqual([]);
      },
    );

    it.each(Object.entries(lintOnly))('but %s, which lint refuses alone: %s', async (name) => {
      expect(await judgeTwice(text(name), goodHub)).toEqual({ webhook: undefined, condition: [] });
    });

    it.each(webhookTakes)('but %s, which the webhook takes', async (name) => {
      const { webhook, condition } = await judgeTwice(text(name), goodHub);
      expect([webhook, condition.length]).toEqual([undefined, 1]);
    });
  });

  describe('what fails for every row', () => {
    it.each([
      ['        kind: ConfigMap', '        metadata: {}', 'spec.kind is required'],
      ['        kind: ConfigMap', '        kind: "{{ .plan }}"', "kind of resource 'config' must be written out"],
      ['        apiVersion: v1', '        apiVersion: ""', 'spec.apiVersion is required'],
      ['      nameTemplate: "{{ .uid }}-config"', '      nameTemplate: ""', "resource 'config' has no name"],
      ['      nameTemplate: "{{ .uid }}-config"', '      nameTemplate: "a/b"', 'metadata.name is not a name'],
      ['            uid {{ .uid }}', '            uid {{ .uid.foo }}', "foo: can't evaluate the field in type string"],
      ['            uid {{ .uid }}', '            uid {{ trunc .uid }}', 'trunc: wrong number of args: want 2 got 1'],
      [
        '            uid {{ .uid }}',
        '            {{ if eq .replicas 3 }}x{{ end }}',
        'eq: incompatible types for comparison',
      ],
      [
        '            uid {{ .uid }}',
        '            {{ trunc .uid 63 }}',
        'trunc: wrong type for value; expected int; got string',
      ],
      ['            uid {{ .uid }}', '            {{ $x := . }}{{ $x.nope }}', 'does not declare the variable nope'],
      ['            uid {{ .uid }}', '            {{ template "x" }}', 'x: template not defined'],
    ])('is refused: %s -> %s', async (line, instead, words) => {
      const { lint, webhook, condition } = await judge(goodForm.replace(line, instead), goodHub);

      expect(lint).toHaveLength(1);
      expect(webhook).toContain(words);
      expect(condition).toEqual([expect.stringContaining(words)]);
    });

    it.each([
      '{{ if eq .plan "old" }}{{ trunc .uid }}{{ end }}',
      '{{ with .plan }}{{ .uid }}{{ end }}',
      '{{ with . }}{{ .nope }}{{ end }}',
      '{{ define "t" }}{{ trunc .uid }}{{ end }}',
    ])('is not what no row may ever reach, which lint refuses alone: %s', async (template) => {
      const form = goodForm.replace('            uid {{ .uid }}', `            ${template}`);
      const { lint, webhook, condition } = await judge(form, goodHub);
      expect(lint).toHaveLength(1);
      expect([webhook, condition]).toEqual([undefined, []]);
    });
  });
});
