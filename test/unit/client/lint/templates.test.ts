import { describe, expect, it } from 'vitest';
import { findPath } from '../../../../client/manifest/located.ts';
import { readManifests } from '../../../../client/manifest/reader.ts';
import { resolvePath } from '../../../../client/lint/templates.ts';
import { run } from '../run.ts';
import { goodForm, goodHub, withLine } from './forms.ts';

async function lint(form: string): Promise<readonly string[]> {
  const { out } = await run('lint --offline -f form.yaml -f hub.yaml', {
    files: { 'form.yaml': form, 'hub.yaml': goodHub },
  });
  return out.split('\n').filter((line) => line !== '');
}

const base = 'spec.deployments[0]';
const config = 'spec.configMaps[0].spec.data';

describe('client/lint/templates', () => {
  it.each<[string, string, string, string]>([
    [
      'an unknown function, unquoted',
      withLine(goodForm, 16, '          replicas: {{ .replicas | intt }}'),
      `form.yaml:16:36: error: ${base}.spec.spec.replicas: function "intt" not defined`,
      '    did you mean int?',
    ],
    [
      'a template of another program, in a list inside of a list too',
      withLine(goodForm, 17, '          paused: false', '          steps: [[{value: "run {{inputs.parameters.x}}"}]]'),
      `form.yaml:18:35: error: ${base}.spec.spec.steps[0][0].value: function "inputs" not defined`,
      '    to leave it to another program write {{ `{{inputs.parameters.x}}` }}',
    ],
    [
      'the same of one word',
      withLine(goodForm, 17, '          paused: false', '          value: "{{ item }}"'),
      `form.yaml:18:22: error: ${base}.spec.spec.value: function "item" not defined`,
      '    write .item for a variable; to leave it to another program write {{ `{{ item }}` }}',
    ],
    [
      'an undeclared variable in nameTemplate',
      withLine(goodForm, 9, '      nameTemplate: "{{ .uid }}-{{ .pla }}"'),
      `form.yaml:9:36: error: ${base}.nameTemplate: the hub does not declare the variable pla; it declares `,
      '    did you mean plan?',
    ],
    [
      'an undeclared variable behind escaped quotes',
      withLine(goodForm, 25, '          plan: "{{ default \\"x\\" .pln }}"'),
      `form.yaml:25:35: error: ${config}.plan: the hub does not declare the variable pln; it declares `,
      '    did you mean plan?',
    ],
    [
      'an undeclared variable on a line of a block',
      withLine(goodForm, 28, '            uid {{ .iud }}'),
      `form.yaml:28:20: error: ${config}.text: the hub does not declare the variable iud; it declares `,
      '    did you mean uid?',
    ],
    [
      'an undeclared variable under a key with dots and slashes',
      withLine(
        goodForm,
        9,
        '      nameTemplate: "{{ .uid }}"',
        '      annotationsTemplate:',
        "        app.kubernetes.io/name: 'it''s {{ .nme }}'",
      ),
      `form.yaml:11:43: error: ${base}.annotationsTemplate["app.kubernetes.io/name"]: the hub does not declare the variable nme; it declares `,
      '',
    ],
    [
      'an action that is not closed inside quotes',
      withLine(goodForm, 9, '      nameTemplate: "{{ .uid"'),
      `form.yaml:9:`,
      '',
    ],
    ['a block without end', withLine(goodForm, 25, '          plan: "{{ if .plan }}x"'), `form.yaml:25:`, ''],
  ])('names the character of %s', async (_story, form, message, fix) => {
    const lines = await lint(form);

    expect(lines[0]).toContain(message);
    if (fix !== '') expect(lines[1]).toBe(fix);
  });

  it('still finds what needs no hub when the hub is unknown', async () => {
    const { out } = await run('lint --offline -f form.yaml', {
      files: { 'form.yaml': withLine(goodForm, 9, '      nameTemplate: "{{ .anything | uper }}"') },
    });

    expect(out).toMatch(/form\.yaml:9:\d+: error: .*function "uper" not defined/);
    expect(out).not.toContain('does not declare');
  });

  it.each([
    ['spec.containers[0].name', ['spec', 'containers', 0, 'name']],
    ['metadata.labels["app.kubernetes.io/name"]', ['metadata', 'labels', 'app.kubernetes.io/name']],
    ['metadata.labels.app.kubernetes.io/name', ['metadata', 'labels', 'app.kubernetes.io/name']],
    ['.spec.containers.0', ['spec', 'containers', 0]],
    ['spec.nowhere.name', ['spec']],
    ['', []],
  ])('follows the path %j along the file', (path, steps) => {
    const text =
      'apiVersion: v1\nkind: A\nmetadata: {name: a, labels: {app.kubernetes.io/name: x, app: y}}\nspec: {containers: [{name: n}]}\n';
    const [manifest] = readManifests('f.yaml', text).manifests;

    expect(resolvePath(manifest!.root, path)).toEqual(steps);
    expect(findPath(manifest!.root, resolvePath(manifest!.root, path)).depth).toBe(steps.length);
  });
});
