import { describe, expect, it } from 'vitest';
import { forRow, kindsOf, refOf, rowModel } from '../../../../tools/bench/model.ts';
import type { AuditWrite } from '../../../../tools/demo/audit.ts';

function applied(changes: Partial<AuditWrite>): AuditWrite {
  return {
    verb: 'patch',
    resource: 'deployments',
    namespace: 'node-warm',
    name: 'warm-api',
    code: 201,
    user: 'admin',
    agent: 'lynqflow',
    manager: 'lynq-operator',
    at: 0,
    body: {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: {
        name: 'warm-api',
        namespace: 'node-warm',
        labels: { app: 'warm-api', 'lynq.sh/node': 'warm-api-tier' },
        annotations: { 'lynq.sh/applied-hash': '1' },
      },
      spec: { replicas: 2 },
    },
    ...changes,
  };
}

const namespaceWrite = applied({
  resource: 'namespaces',
  name: 'node-warm',
  body: { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'node-warm' } },
});
const secret = {
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 'warm-db', namespace: 'node-warm', uid: 'u', resourceVersion: '7' },
  data: { password: 'eA==' },
};
const node = {
  apiVersion: 'operator.lynq.sh/v1',
  kind: 'LynqNode',
  metadata: {
    name: 'warm-api-tier',
    namespace: 'lynq-system',
    uid: 'n',
    finalizers: ['f'],
    ownerReferences: [{ uid: 'h' }],
    labels: { 'lynq.sh/uid': 'warm' },
  },
  spec: { uid: 'warm' },
  status: { readyResources: 2 },
};

const model = rowModel({
  uid: 'warm',
  writes: [
    namespaceWrite,
    applied({}),
    applied({ code: 200 }),
    applied({ namespace: 'lynq-system', name: 'another' }),
    applied({ agent: 'kubectl' }),
    applied({ resource: 'lynqnodes/status' }),
  ],
  secrets: [secret],
  nodes: [node],
  hubNamespace: 'lynq-system',
  nodeNamespace: 'floor',
});

describe('tools/bench/model', () => {
  it('takes the first apply of each object of the row, without what marks it as ours', () => {
    expect(model.namespaces).toEqual([
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'node-warm', labels: {}, annotations: {} } },
    ]);
    expect(model.objects).toEqual([
      {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: 'warm-api', namespace: 'node-warm', labels: { app: 'warm-api' }, annotations: {} },
        spec: { replicas: 2 },
      },
      {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name: 'warm-db', namespace: 'node-warm', labels: {}, annotations: {} },
        data: { password: 'eA==' },
      },
    ]);
  });

  it('copies LynqNodes without owner, finalizer and uid into a namespace of their own', () => {
    expect(model.nodes).toEqual([
      {
        object: {
          apiVersion: 'operator.lynq.sh/v1',
          kind: 'LynqNode',
          metadata: { name: 'warm-api-tier', namespace: 'floor', labels: { 'lynq.sh/uid': 'warm' }, annotations: {} },
          spec: { uid: 'warm' },
        },
        status: { readyResources: 2 },
      },
    ]);
  });

  it('makes the same for another row', () => {
    const other = forRow(model, 'floor-1');
    expect(other.objects.map(refOf)).toEqual([
      { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'node-floor-1', name: 'floor-1-api' },
      { apiVersion: 'v1', kind: 'Secret', namespace: 'node-floor-1', name: 'floor-1-db' },
    ]);
    expect(JSON.stringify(other)).not.toContain('warm');
  });

  it('takes an object that stands in the namespace of the hub to that of the copies', () => {
    const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'warm-settings', namespace: 'lynq-system' } };
    const settings = applied({ resource: 'configmaps', namespace: 'lynq-system', name: 'warm-settings', body });
    const { objects } = rowModel({
      uid: 'warm',
      writes: [settings],
      secrets: [],
      nodes: [],
      hubNamespace: 'lynq-system',
      nodeNamespace: 'floor',
    });
    expect(objects.map(refOf)).toEqual([
      { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'floor', name: 'warm-settings' },
    ]);
  });

  it('says what there is', () => {
    expect(kindsOf([...model.namespaces, ...model.objects])).toBe('1 Namespace, 1 Deployment, 1 Secret');
  });
});
