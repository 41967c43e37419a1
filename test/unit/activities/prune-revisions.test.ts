import { describe, expect, it } from 'vitest';
import { openFormStore } from '../../../activities/forms.ts';
import { pruneRevisions } from '../../../activities/hub/prune-revisions.ts';
import type { JudgedForm } from '../../../activities/hub/read-forms.ts';
import { LynqForm } from '../../../domain/api/form.ts';
import { type JsonObject, textAt } from '../../../domain/api/json.ts';
import { nodeDigest } from '../../../domain/node-digest.ts';
import type { NodeIndex } from '../../../domain/watching.ts';
import { createFakeCluster } from '../../support/fake-cluster.ts';

const namespace = 'lynq-system';
const apiVersion = 'operator.lynq.sh/v1';
const request = { namespace, hub: 'hub' };

/** A form after so many edits, with a node on each of the named revisions (by number, the first is 1). */
async function world({
  edits,
  nodesOn = [],
  lastGood,
}: {
  edits: number;
  nodesOn?: readonly number[];
  lastGood?: number;
}) {
  const cluster = createFakeCluster();
  for (const kind of ['LynqForm', 'LynqNode']) cluster.addKind({ apiVersion, kind });
  const object = cluster.seed({
    apiVersion,
    kind: 'LynqForm',
    metadata: { name: 'web', namespace },
    spec: { hubId: 'hub' },
  });
  const forms = openFormStore(cluster);
  const form = { namespace, name: 'web', uid: textAt(object, 'metadata', 'uid') ?? '' };
  const revisions: string[] = [];
  let revision = await forms.ensure(form, content(1));
  revisions.push(revision.name);
  for (let edit = 2; edit <= edits; edit += 1) {
    revision = await forms.ensure(form, content(edit));
    revisions.push(revision.name);
  }
  const good = lastGood === undefined ? undefined : revisions[lastGood - 1];
  const status = { rollout: { revision: revision.name, ...(good === undefined ? {} : { previousRevision: good }) } };
  await cluster.patch(
    { apiVersion, kind: 'LynqForm', namespace, name: 'web' },
    'merge',
    { status },
    { manager: 'test', subresource: 'status' },
  );
  for (const number of nodesOn)
    cluster.seed({
      apiVersion,
      kind: 'LynqNode',
      metadata: { name: `n${number}-web`, namespace, labels: { 'lynq.sh/hub': 'hub' } },
      spec: { uid: `n${number}`, templateRef: 'web', formRevision: revisions[number - 1] ?? '' },
    });
  const judged: JudgedForm = {
    name: 'web',
    generation: edits,
    object,
    status: LynqForm.parse(cluster.objects('LynqForm')[0]).status,
    problems: [],
    missing: [],
    isRefused: false,
    revision,
    gate: { kind: 'open' },
  };
  const watched = (objects: readonly JsonObject[]) =>
    ({ ofHub: () => objects.map((node) => nodeDigest(node)) }) as unknown as NodeIndex;
  return {
    cluster,
    prune: (objects = cluster.objects('LynqNode')) =>
      pruneRevisions({ cluster, forms, nodes: watched(objects) }, request, [judged]),
    numbers: () =>
      cluster
        .objects('ControllerRevision')
        .map((kept) => revisions.indexOf(textAt(kept, 'metadata', 'name') ?? '') + 1)
        .toSorted((a, b) => a - b),
  };
}

const content = (edit: number): JsonObject => ({
  hubId: 'hub',
  configMaps: [
    { id: 'one', nameTemplate: 'x', spec: { apiVersion: 'v1', kind: 'ConfigMap', data: { edit: String(edit) } } },
  ],
});

describe('activities/hub/prune-revisions', () => {
  it('deletes the oldest that nothing refers to, beyond ten', async () => {
    const { prune, numbers } = await world({ edits: 14, nodesOn: [14] });
    await prune();
    expect(numbers()).toEqual([4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14]);
  });

  it('keeps what nodes have, and what undo and new tenants go back to', async () => {
    const { prune, numbers } = await world({ edits: 14, nodesOn: [1, 14], lastGood: 2 });
    await prune();
    expect(numbers()).toEqual([1, 2, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14]);
  });

  it('believes the API server, not the watch, about which nodes there are', async () => {
    const { prune, numbers } = await world({ edits: 14, nodesOn: [1, 14] });
    await prune([]);
    expect(numbers()).toContain(1);
  });

  it('asks for nothing while there are few', async () => {
    const { prune, cluster } = await world({ edits: 11, nodesOn: [11] });
    const before = cluster.calls.length;
    await prune();
    expect(cluster.calls).toHaveLength(before);
  });

  it('deletes a revision only as the object that was listed', async () => {
    const { prune, cluster } = await world({ edits: 12, nodesOn: [12] });
    await prune();
    const [deleted] = cluster.calls.filter(({ verb }) => verb === 'delete');
    expect(deleted?.ref.kind).toBe('ControllerRevision');
    expect(cluster.objects('ControllerRevision')).toHaveLength(11);
  });
});
