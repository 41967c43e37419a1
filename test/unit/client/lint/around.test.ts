import { describe, expect, it } from 'vitest';
import { run } from '../run.ts';
import { goodForm, goodHub, withLine } from './forms.ts';

/** What stands around the entries of a form, and in a hub. */

async function lint(hub: string, form = goodForm): Promise<readonly string[]> {
  const files = { 'hub.yaml': hub, 'form.yaml': form };
  const { out } = await run('lint --offline -f hub.yaml -f form.yaml', { files });
  return out.split('\n').filter((line) => line !== '' && !line.startsWith('    '));
}

describe('client/lint', () => {
  it('refuses unquoted templates in a hub, wherever they stand, and warns of quoted ones', async () => {
    const hub = withLine(goodHub, 10, '      host: {{ .Values.db.host }}', '      schema: x')
      .replace('      schema: x\n', '')
      .replace('  name: shop', '  name: shop\n  labels: {app: {{ .Values.name }}}')
      .replace('database: shop', 'database: "{{ .Values.database }}"');

    expect(await lint(hub)).toEqual([
      'hub.yaml:5:17: error: templates are rendered in the entries of a LynqForm only, not in a LynqHub',
      'hub.yaml:11:13: error: templates are rendered in the entries of a LynqForm only, not in a LynqHub',
      'hub.yaml:14:17: warning: spec.source.mysql.database is not a template and stays as it is written',
    ]);
  });

  it('says of a template where a number belongs only that', async () => {
    expect(await lint(withLine(goodHub, 11, '      port: {{ .Values.port }}'))).toEqual([
      'hub.yaml:11:13: error: spec.source.mysql.port: must be a number, not "{{ .Values.port }}"',
    ]);
  });

  it('leaves quoted braces in the metadata of a form alone', async () => {
    const form = goodForm.replace('  name: web', "  name: web\n  annotations: {note: 'as in {{ .uid }}'}");

    expect(await lint(goodHub, form)).toEqual([]);
  });

  it('looks at the metadata of a hub, too', async () => {
    const metadata = "  name: shop\n  namespace: Team\n  labels: {a: 'x y', 'b c': d, e: null}\n  finalizers: [5]";

    expect(await lint(goodHub.replace('  name: shop', metadata), goodForm)).toEqual(
      expect.arrayContaining([
        'hub.yaml:5:14: error: metadata.namespace "Team" is not a namespace',
        'hub.yaml:6:15: error: metadata.labels.a "x y" is not a value a label can have',
        'hub.yaml:6:22: error: "b c" is not a key a label can have',
        'hub.yaml:6:35: error: metadata.labels.e: must be text, not nothing',
        'hub.yaml:7:15: error: metadata.finalizers: must be a list of texts',
      ]),
    );
  });

  it('has nothing against metadata as the API server gives it, or against none', async () => {
    const whole = [
      '  name: shop',
      '  namespace:',
      '  labels: {app.kubernetes.io/name: "", team: a.b_C-9}',
      '  annotations: {example.com/note: "any text: {}", plain: "8080"}',
      '  finalizers: [lynqhub.operator.lynq.sh/finalizer]',
      '  creationTimestamp: null',
      '  generation: 3',
    ].join('\n');

    expect(await lint(goodHub.replace('  name: shop', whole))).toEqual([]);
    expect(await lint(goodHub.replace('  name: shop', '  name: shop\n  labels:\n  annotations:'))).toEqual([]);
  });
});
