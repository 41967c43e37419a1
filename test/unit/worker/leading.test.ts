import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../domain/api/json.ts';
import { nodeDigest } from '../../../domain/node-digest.ts';
import { reactToNode } from '../../../worker/leading.ts';

const key = 'lynq-system/acme-web';
const node: JsonObject = {
  apiVersion: 'operator.lynq.sh/v1',
  kind: 'LynqNode',
  metadata: {
    name: 'acme-web',
    namespace: 'lynq-system',
    uid: 'u-1',
    resourceVersion: '1',
    ownerReferences: [{ apiVersion: 'operator.lynq.sh/v1', kind: 'LynqHub', name: 'former', uid: 'h-1' }],
    labels: { 'lynq.sh/hub': 'former', 'lynq.sh/uid': 'acme' },
  },
  spec: { uid: 'acme', templateRef: 'web' },
};

function reactions() {
  const asked: string[] = [];
  const hubs = {
    request: ({ namespace, hub }: { namespace: string; hub: string }) => void asked.push(`hub ${namespace}/${hub}`),
    requestOfForm: ({ namespace, form }: { namespace: string; form: string }) =>
      void asked.push(`hub of form ${namespace}/${form}`),
  };
  return { asked, hubs };
}

describe('worker/leading', () => {
  it('asks for syncs of the hub that a node went from, and of the hub that its form names now', () => {
    const { asked, hubs } = reactions();
    reactToNode({ key, before: nodeDigest(node), after: undefined }, hubs);
    expect(asked).toEqual(['hub lynq-system/former', 'hub of form lynq-system/web']);
  });

  it('asks for none when a node comes or changes as it should', () => {
    const { asked, hubs } = reactions();
    reactToNode({ key, before: undefined, after: nodeDigest(node) }, hubs);
    reactToNode({ key, before: nodeDigest(node), after: nodeDigest(node) }, hubs);
    expect(asked).toEqual([]);
  });
});
