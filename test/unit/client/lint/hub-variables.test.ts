import { describe, expect, it } from 'vitest';
import { createFakeCluster } from '../../../support/fake-cluster.ts';
import { run } from '../run.ts';
import { goodForm, goodHub } from './forms.ts';

/** A mistake in the hub hides none of its forms. */

const lines = (out: string): readonly string[] =>
  out.split('\n').filter((line) => line.includes(': error: ') || line.includes(': warning: '));

describe('client/lint/variables', () => {
  it.each([
    ['no uid', goodHub.replace('    uid: id\n', '')],
    ['no valueMappings', goodHub.replace(/ {2}valueMappings:\n.*\n.*\n/, '')],
    ['a column that is no text', goodHub.replace('plan: plan', 'plan: 5')],
  ])('still knows the variables of a hub with %s', async (_story, hub) => {
    const form = goodForm.replace('uid {{ .uid }}', 'uid {{ .nope }}');
    const files = { 'hub.yaml': hub, 'form.yaml': form };
    const { out } = await run('lint --offline -f hub.yaml -f form.yaml', { files });

    const about = lines(out).filter((line) => line.startsWith('form.yaml'));
    expect(about).toEqual([
      expect.stringContaining('form.yaml:28:20: error: spec.configMaps[0].spec.data.text: the hub does not declare'),
    ]);
    expect(out).not.toContain('-f hub.yaml');
  });

  it('does not advise to give a file that is given, where its variables cannot be known', async () => {
    const hub = goodHub.replace(/ {2}extraValueMappings:\n.*\n.*\n/, '  extraValueMappings: [plan]\n');
    const files = { 'hub.yaml': hub, 'form.yaml': goodForm };
    const { out } = await run('lint -f hub.yaml -f form.yaml', { files, cluster: createFakeCluster() });

    expect(out).toContain(
      'form.yaml:6:3: warning: the variables of LynqHub shop are not known, so their names were not checked: its spec.extraValueMappings is no map\n    correct the hub: hub.yaml\n',
    );
  });
});
