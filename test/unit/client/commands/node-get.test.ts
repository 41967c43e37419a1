import { describe, expect, it } from 'vitest';
import { labelValue } from '../../../../domain/identity.ts';
import { createFakeCluster } from '../../../support/fake-cluster.ts';
import { aNode, run } from '../run.ts';

const hub = `multi-tier-${'nodes-'.repeat(10)}all`;

/** A node of a hub whose name is too long for a label, as a sync makes it. */
function aCluster() {
  const cluster = createFakeCluster();
  cluster.addKind({ apiVersion: 'operator.lynq.sh/v1', kind: 'LynqForm' });
  cluster.addKind({ apiVersion: 'operator.lynq.sh/v1', kind: 'LynqHub' });
  const node = aNode('acme-corp-data-tier');
  const metadata = node['metadata'] as { readonly labels?: object; readonly annotations?: object };
  const labels = { ...metadata.labels, 'lynq.sh/hub': labelValue(hub) };
  const annotations = { ...metadata.annotations, 'lynq.sh/hubId': hub };
  cluster.seed({ ...node, metadata: { ...metadata, labels, annotations } });
  return cluster;
}

describe('client/commands/node-get', () => {
  it.each([
    ['get nodes -o wide', `   ${hub}   `],
    ['describe node acme-corp-data-tier', ` ${hub}\n`],
    ['tree acme-corp', `hub/${hub} `],
  ])(
    'shows the whole name of a hub that is too long for a label, as do the other commands: %s',
    async (line, expected) => {
      const { out, exitCode } = await run(line, { cluster: aCluster() });

      expect(out).toContain(expected);
      expect(out).not.toContain(labelValue(hub));
      expect(exitCode).toBe(0);
    },
  );
});
