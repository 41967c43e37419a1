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
    request: ({ namespace, hub }: { namespace: string; hub: string }, haste?: string) =>
      void asked.push(`hub ${namespace}/${hub} ${haste}`),
    requestOfForm: ({ namespace, form }: { namespace: string; form: string }, haste?: string) =>
      void asked.push(`hub of form ${namespace}/${form} ${haste}`),
  };
  const left = (count: number) => ({ leavingOf: () => count });
  return { asked, hubs, left };
}

describe('worker/leading', () => {
  it.each([
    [0, 'soon'],
    [16, 'soon'],
    [17, 'later'],
  ])(
    'asks for syncs of the hub that a node went from, and of the hub that its form names now: with %i to go, %s',
    (count, haste) => {
      const { asked, hubs, left } = reactions();
      reactToNode({ key, before: nodeDigest(node), after: undefined }, hubs, left(count));
      expect(asked).toEqual([`hub lynq-system/former ${haste}`, `hub of form lynq-system/web ${haste}`]);
    },
  );

  it('asks for none when a node comes or changes as it should', () => {
    const { asked, hubs, left } = reactions();
    reactToNode({ key, before: undefined, after: nodeDigest(node) }, hubs, left(0));
    reactToNode({ key, before: nodeDigest(node), after: nodeDigest(node) }, hubs, left(0));
    expect(asked).toEqual([]);
  });
});
