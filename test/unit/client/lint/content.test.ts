import { describe, expect, it } from 'vitest';
import { run } from '../run.ts';
import { goodHub } from './forms.ts';

/** The content of ConfigMaps and Secrets. */

async function lint(kind: string, content: string): Promise<string> {
  const form = [
    'apiVersion: operator.lynq.sh/v1',
    'kind: LynqForm',
    'metadata: {name: web}',
    'spec:',
    '  hubId: shop',
    '  manifests:',
    '    - id: a',
    '      nameTemplate: "{{ .uid }}-a"',
    `      spec: {apiVersion: v1, kind: ${kind}, ${content}}`,
    '',
  ].join('\n');
  const files = { 'form.yaml': form, 'hub.yaml': goodHub };
  return (await run('lint --offline -f form.yaml -f hub.yaml', { files })).out;
}

describe('client/lint/content', () => {
  it.each([
    ['ConfigMap', 'data: {"a-b_c.D": x, empty: "", made: {{ .replicas | int }}}, binaryData: {a: "YWJj\\nYQ=="}'],
    ['Secret', 'data: {a: YWI=, b: "{{ .plan | b64enc }}", c: ""}, stringData: {port: {{ .replicas | int }}}'],
    ['ConfigMap', 'data: , binaryData: null'],
  ])('has nothing against %s with %s', async (kind, content) => {
    expect(await lint(kind, content)).toBe('');
  });

  it('does not show what stands in a Secret', async () => {
    const out = await lint('Secret', 'data: {a: hunter}, stringData: {b: 54321987}');

    expect(out).toContain("data.a of resource 'a' is not base64");
    expect(out).not.toContain('hunter');
  });

  it.each([
    ['metadata: {labels: {a: }}', 'metadata.labels.a'],
    ['metadata: {annotations: {a: null}}', 'metadata.annotations.a'],
    ['stringData: {a: ~}', 'stringData.a'],
  ])('warns of a text without a value: %s', async (content, path) => {
    expect(await lint('Secret', content)).toMatch(
      new RegExp(
        `^form\\.yaml:9:\\d+: warning: spec\\.manifests\\[0\\]\\.spec\\.${path.replaceAll('.', '\\.')}: has no value and is left out\n    write "", or remove it\n$`,
      ),
    );
  });

  it('warns of a value that is empty, which the server takes for an empty text', async () => {
    expect(await lint('ConfigMap', 'data: {a: }')).toContain(
      'warning: spec.manifests[0].spec.data.a: must be text, not nothing\n    write "", or remove it\n',
    );
  });
});
