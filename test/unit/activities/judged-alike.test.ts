import { describe, expect, it } from 'vitest';
import { judgeTwice } from '../../support/judged-forms.ts';
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
