import { describe, expect, it } from 'vitest';
import { openFormStore } from '../../../activities/forms.ts';
import { at, type JsonObject, listAt, textAt } from '../../../domain/api/json.ts';
import { createFakeCluster } from '../../support/fake-cluster.ts';

const namespace = 'lynq-system';
const form = { namespace, name: 'web', uid: 'uid-of-before' };
const spec: JsonObject = { hubId: 'hub', configMaps: [] };

/** A form's revision as it comes back from a backup that leaves owners out. */
async function restored(owner?: JsonObject) {
  const before = createFakeCluster();
  before.seed({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  await openFormStore(before).ensure(form, spec);
  const [kept] = before.objects('ControllerRevision');
  const cluster = createFakeCluster();
  cluster.seed({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  const { name, labels } = at(kept, 'metadata') as { name: string; labels: JsonObject };
  const ownerReferences = owner === undefined ? [] : [owner];
  const { apiVersion, kind, revision, data } = kept as { apiVersion: string; kind: string } & JsonObject;
  cluster.seed({
    apiVersion,
    kind,
    metadata: { name, namespace, labels, ownerReferences },
    revision,
    data,
  } as JsonObject);
  return {
    cluster,
    owners: () =>
      listAt(cluster.objects('ControllerRevision')[0], 'metadata', 'ownerReferences').map((one) => textAt(one, 'uid')),
  };
}

describe('activities/forms', () => {
  it('a revision that came back from a backup belongs to the form that came back', async () => {
    const { cluster, owners } = await restored();
    await openFormStore(cluster).ensure({ ...form, uid: 'uid-of-now' }, spec);
    expect(owners()).toEqual(['uid-of-now']);
  });

  it('a revision that somebody owns keeps its owner', async () => {
    const owner = {
      apiVersion: 'operator.lynq.sh/v1',
      kind: 'LynqForm',
      name: 'web',
      uid: 'uid-of-now',
      controller: true,
    };
    const { cluster, owners } = await restored(owner);
    await openFormStore(cluster).ensure({ ...form, uid: 'uid-of-now' }, spec);
    expect(owners()).toEqual(['uid-of-now']);
    expect(cluster.calls.filter(({ verb }) => verb === 'patch')).toEqual([]);
  });
});
