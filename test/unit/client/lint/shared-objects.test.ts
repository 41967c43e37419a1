import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../../domain/api/json.ts';
import { createFakeCluster } from '../../../support/fake-cluster.ts';
import { run } from '../run.ts';
import { goodHub } from './forms.ts';

const entry = (id: string, name: string, spec: string): string =>
  `    - id: ${id}\n      nameTemplate: "${name}"\n      spec: ${spec}\n`;
const form = (name: string, entries: string, hub = 'shop'): string =>
  `apiVersion: operator.lynq.sh/v1
kind: LynqForm
metadata:
  name: ${name}
  namespace: lynq-system
spec:
  hubId: ${hub}
${entries}`;
const maps = (id: string, name = '{{ .uid }}-config'): string =>
  `  configMaps:\n${entry(id, name, '{ apiVersion: v1, kind: ConfigMap, data: { a: b } }')}`;
const spaces = `  namespaces:\n${entry('ns', 't-{{ .uid }}', '{ apiVersion: v1, kind: Namespace }')}`;
const warning = (id: string, twin: string, other: string): string =>
  `warning: resource '${id}' names the same ConfigMap as resource '${twin}' of form ${other}: one of the two is Conflicted in every row\n    each object belongs into one form;`;

async function lint(forms: readonly string[], options = '--offline'): Promise<string> {
  return (
    await run(`lint -f hub.yaml -f form.yaml ${options}`, {
      files: { 'hub.yaml': goodHub, 'form.yaml': forms.join('---\n') },
    })
  ).out;
}

describe('client/lint/shared-objects', () => {
  it('warns of an object that two forms of a hub make, once, in the later one', async () => {
    const out = await lint([form('web', maps('a')), form('api', maps('a'))]);
    expect(out).toContain(warning('a', 'a', 'web'));
    expect(out.match(/warning/g)).toHaveLength(1);
  });

  it('says nothing of forms of two hubs, of objects of other names, or of a Namespace, which is shared', async () => {
    expect(await lint([form('web', maps('a')), form('api', maps('a'), 'other')])).not.toContain('names the same');
    expect(await lint([form('web', maps('a')), form('api', maps('a', '{{ .uid }}-api'))])).toBe('');
    expect(await lint([form('web', spaces), form('api', spaces)])).toBe('');
  });

  it('looks at the forms of the cluster where the hub is there', async () => {
    const cluster = createFakeCluster();
    for (const kind of ['LynqForm', 'LynqHub']) cluster.addKind({ apiVersion: 'operator.lynq.sh/v1', kind });
    const resource: JsonObject = {
      id: 'b',
      nameTemplate: '{{ .uid }}-config',
      spec: { apiVersion: 'v1', kind: 'ConfigMap' },
    };
    const there = (name: string): JsonObject => ({
      apiVersion: 'operator.lynq.sh/v1',
      kind: 'LynqForm',
      metadata: { name, namespace: 'lynq-system' },
      spec: { hubId: 'shop', configMaps: [resource] },
    });
    for (const name of ['web', 'api']) cluster.seed(there(name));
    const { out } = await run('lint -f form.yaml', { files: { 'form.yaml': form('web', maps('a')) }, cluster });
    expect(out).toContain(warning('a', 'b', 'api'));
    expect(out).not.toContain('of form web');
  });
});
