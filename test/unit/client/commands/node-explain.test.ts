import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../../domain/api/json.ts';
import { labelValue } from '../../../../domain/identity.ts';
import { annotations, apiVersion, labels } from '../../../../domain/keys.ts';
import { ownedByHub } from '../../../../domain/node-edits.ts';
import { createFakeCluster } from '../../../support/fake-cluster.ts';
import { aNode, run } from '../run.ts';

function worldWith(metadata: JsonObject, status: JsonObject = {}) {
  const cluster = createFakeCluster();
  for (const kind of ['LynqHub', 'LynqForm']) cluster.addKind({ apiVersion: 'operator.lynq.sh/v1', kind });
  const node = aNode('acme', { status: 'False', reason: 'ResourcesFailed' });
  cluster.seed({
    ...node,
    metadata: { ...(node['metadata'] as JsonObject), namespace: 'team-a', ...metadata },
    status: { ...(node['status'] as JsonObject), ...status },
  });
  return { cluster };
}

describe('client/commands/node-explain', () => {
  it('names the namespace in every command it proposes: it may not be the one of the context', async () => {
    const failed = { id: 'db', kind: 'Deployment', name: 'db', state: 'Failed', reason: 'Invalid' };

    const { out, exitCode } = await run('explain acme -n team-a', worldWith({}, { resources: [failed] }));

    expect(out).toContain('or now: lynq resync node/acme -n team-a\n');
    expect(out).toContain('lynq notify multi-tier-nodes -n team-a\n');
    expect(exitCode).toBe(0);
  });

  it.each([
    ['is paused', { spec: { paused: true } }, 'It is paused (spec.paused)'],
    [
      'cannot be judged',
      { status: { conditions: [{ type: 'Ready', status: 'False', reason: 'RevisionMissing' }] } },
      'Its entries cannot be judged (RevisionMissing): looked at again as soon as the node changes, at the latest every 60 s.',
    ],
  ])('promises nothing of the entries of a node that %s', async (_, change: Record<string, JsonObject>, why) => {
    const open = { id: 'db', kind: 'Deployment', name: 'db', state: 'Progressing', since: '2026-11-22T11:59:00Z' };
    const world = worldWith({}, { resources: [open], ...change['status'] });
    const [node = {}] = world.cluster.objects('LynqNode');
    world.cluster.seed({ ...node, spec: { ...(node['spec'] as JsonObject), ...change['spec'] } });

    const { out } = await run('explain acme -n team-a', world);

    expect(out).toContain(why);
    expect(out).toMatch(/^ {2}next: +nothing before that, see above$/m);
  });

  it('names the hub that takes a released node up again', async () => {
    const { out } = await run('explain acme -n team-a', worldWith({ annotations: { [annotations.released]: 'true' } }));

    expect(out).toContain(
      'It is released to another operator: lynq adopt multi-tier-nodes -n team-a takes it up again.',
    );
  });

  describe('of a hub whose name is too long for a label', () => {
    const hub = `shop-${'of-many-words-'.repeat(5)}end`;
    const label = { [labels.hub]: labelValue(hub) };
    const owner = ownedByHub({ name: hub, uid: 'u' });

    it.each([
      ['its owner', { labels: label, ownerReferences: [owner] }],
      ['its annotation, where nobody owns it', { labels: label, annotations: { [annotations.hubId]: hub } }],
    ])('names the hub by %s', async (_, metadata) => {
      const world = worldWith(metadata);
      const status = { conditions: [{ type: 'OtherOperator', status: 'True', message: 'lease of lynq' }] };
      world.cluster.seed({ apiVersion, kind: 'LynqHub', metadata: { name: hub, namespace: 'team-a' }, status });

      const { out } = await run('explain acme -n team-a', world);

      expect(hub.length).toBeGreaterThan(63);
      expect(out).toContain(`lynq notify ${hub} -n team-a\n`);
      expect(out).toContain('Another operator holds its hub: lease of lynq');
    });
  });

  it('says what kind of name the command takes where the node does not say which hub it is of', async () => {
    const metadata = { labels: {}, annotations: { [annotations.released]: 'true' } };

    const { out } = await run('explain acme -n team-a', worldWith(metadata));

    expect(out).toContain('lynq adopt HUB -n team-a takes it up again.');
    expect(out).toContain('lynq notify HUB -n team-a\n');
  });
});
