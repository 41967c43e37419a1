import { describe, expect, it } from 'vitest';
import { type JsonObject, listAt, textAt } from '../../../../domain/api/json.ts';
import { advanceNode } from '../../../../activities/node/advance.ts';
import { createFakeCluster } from '../../../support/fake-cluster.ts';
import { startProcess } from '../../../support/node-deps.ts';

const namespace = 'tenants';
const apiVersion = 'operator.lynq.sh/v1';

const entries = {
  configMaps: [
    { id: 'plain', nameTemplate: '{{ .uid }}-plain', spec: { apiVersion: 'v1', kind: 'ConfigMap' } },
    {
      id: 'annotated',
      nameTemplate: '{{ .uid }}-annotated',
      spec: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { annotations: { 'prometheus.io/port': 8080 } } },
    },
  ],
  secrets: [
    {
      id: 'secret',
      nameTemplate: '{{ .uid }}-secret',
      spec: { apiVersion: 'v1', kind: 'Secret', stringData: { user: 'app', port: 5432 } },
    },
  ],
};

async function settle() {
  const cluster = createFakeCluster();
  const { deps } = await startProcess(cluster);
  for (const kind of ['LynqHub', 'LynqForm', 'LynqNode']) cluster.addKind({ apiVersion, kind });
  cluster.seed({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  const form = { namespace, name: 'web', uid: 'form-uid' };
  const revision = await deps.forms.ensure(form, { hubId: 'customers', ...entries });
  cluster.seed({
    apiVersion,
    kind: 'LynqNode',
    metadata: {
      name: 'acme-web',
      namespace,
      labels: { 'lynq.sh/hub': 'customers', 'lynq.sh/uid': 'acme' },
      annotations: { 'lynq.sh/extra': '{}', 'lynq.sh/activate': '1', 'lynq.sh/hostOrUrl': '' },
      finalizers: ['lynqnode.operator.lynq.sh/finalizer'],
      ownerReferences: [{ apiVersion, kind: 'LynqHub', name: 'customers', uid: 'hub-uid', controller: true }],
    },
    spec: { uid: 'acme', templateRef: 'web', formRevision: revision.name },
  });
  const request = { namespace, node: 'acme-web', force: false };
  while ((await advanceNode(deps, request, { signal: new AbortController().signal })).kind === 'advanced');
  return cluster;
}

describe('activities/node', () => {
  it('an entry with a label, annotation or stringData that is no text fails by name, and the others go on', async () => {
    const cluster = await settle();

    const names = (kind: string) => cluster.objects(kind).map((object) => textAt(object, 'metadata', 'name'));
    expect(names('ConfigMap')).toEqual(['acme-plain']);
    expect(names('Secret')).not.toContain('acme-secret');
    const resources = listAt(cluster.objects('LynqNode')[0], 'status', 'resources') as readonly JsonObject[];
    expect(resources.map(({ id, reason = '', message = '' }) => [id, reason, message])).toEqual(
      expect.arrayContaining([
        [
          'annotated',
          'NotText',
          'metadata.annotations["prometheus.io/port"] must be text, not a number; write it in quotes',
        ],
        ['secret', 'NotText', 'stringData.port must be text, not a number; write it in quotes'],
      ]),
    );
  });
});
