import { beforeEach, describe, expect, it } from 'vitest';
import { advanceNode } from '../../../../activities/node/advance.ts';
import { at, type JsonObject, listAt, textAt } from '../../../../domain/api/json.ts';
import { apiVersion, formOf, hubOf, type HubWorld, namespace, openHubWorld } from '../../../support/hub-world.ts';

const attempt = { signal: new AbortController().signal };
const uids = ['acme', 'globex', 'initech'];
const since = '2026-11-01T00:00:00Z';
const ref = (kind: string, name: string) => ({ apiVersion, kind, namespace, name });
const owner = (kind: string, object: JsonObject | undefined): JsonObject => ({
  apiVersion,
  kind,
  name: textAt(object, 'metadata', 'name'),
  uid: textAt(object, 'metadata', 'uid'),
  controller: true,
  blockOwnerDeletion: true,
});

/** Healthy nodes of the Go operator that the first syncs cannot give a revision. */
describe('activities/node/gather', () => {
  let world: HubWorld;
  const open = async (form: JsonObject): Promise<void> => {
    world = await openHubWorld([hubOf('one'), form]);
    const hub = await world.cluster.get(ref('LynqHub', 'one'));
    for (const uid of uids) await writePeerNode(uid, { hub, form });
    world.setRows(uids.map((id) => ({ id })));
  };
  beforeEach(() => open(formOf('web', 'one')));

  async function writePeerNode(
    uid: string,
    { hub, form }: { readonly hub: JsonObject | undefined; readonly form: JsonObject },
  ): Promise<void> {
    const name = `${uid}-web`;
    const [entry] = listAt(form, 'spec', 'configMaps') as readonly JsonObject[];
    const made = world.cluster.seed({
      apiVersion,
      kind: 'LynqNode',
      metadata: {
        name,
        namespace,
        labels: { 'lynq.sh/hub': 'one', 'lynq.sh/uid': uid },
        annotations: {
          'lynq.sh/hostOrUrl': '',
          'lynq.sh/activate': '1',
          'lynq.sh/extra': '{"plan":"free"}',
          'lynq.sh/template-generation': '1',
          'lynq.sh/hubId': 'one',
        },
        finalizers: ['lynqnode.operator.lynq.sh/finalizer'],
        ownerReferences: [owner('LynqHub', hub)],
      },
      spec: { uid, templateRef: 'web', configMaps: [{ ...entry, nameTemplate: name }] },
    });
    world.cluster.seed({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name, namespace, ownerReferences: [owner('LynqNode', made)] },
      data: { plan: 'free' },
    });
    const ready = { type: 'Ready', status: 'True', reason: 'Reconciled', message: 'all', lastTransitionTime: since };
    const status = {
      observedGeneration: 1,
      readyResources: 1,
      desiredResources: 1,
      failedResources: 0,
      appliedResources: [`ConfigMap/${namespace}/${name}@cfg`],
      conditions: [ready],
    };
    const options = { manager: 'manager', subresource: 'status' } as const;
    await world.cluster.patch(ref('LynqNode', name), 'merge', { status }, options);
  }

  const statuses = () => uids.map((uid) => world.node(`${uid}-web`)?.['status']);
  const pass = (uid: string) => advanceNode(world.deps, { namespace, node: `${uid}-web`, force: false }, attempt);
  const revision = (uid: string) => textAt(world.node(`${uid}-web`), 'spec', 'formRevision');

  /** A sync, passes of all nodes, and the same once more: nothing is said of those that are named. */
  async function staysAsItWas(left: readonly string[]): Promise<void> {
    const before = statuses();
    for (let round = 0; round < 2; round += 1) {
      await world.sync();
      for (const uid of left) expect(await pass(uid)).toEqual({ kind: 'paused' });
    }
    const after = statuses();
    for (const uid of left) {
      expect(after[uids.indexOf(uid)]).toEqual(before[uids.indexOf(uid)]);
      expect(revision(uid)).toBeUndefined();
    }
    expect(world.cluster.objects('Event')).toEqual([]);
  }
  const isTaken = (uid: string) => at(world.node(`${uid}-web`), 'status', 'inventory') !== undefined;

  it('leaves nodes of a form with maxSkew as they are until its rollout lets them go', async () => {
    const form = formOf('web', 'one');
    await open({ ...form, spec: { ...(form['spec'] as JsonObject), rollout: { maxSkew: 1 } } });

    await staysAsItWas(uids);

    expect(world.status()).toMatchObject({ ready: 3, failed: 0, rows: { provisioned: 3 } });
    const name = textAt(world.cluster.objects('ControllerRevision')[0], 'metadata', 'name');
    const spec = { formRevision: name };
    const let1 = await world.cluster.patch(
      ref('LynqNode', 'acme-web'),
      'merge',
      { spec },
      { manager: 'lynq-operator' },
    );
    if (let1.kind === 'ok') world.deps.nodes.observe(let1.object);
    await pass('acme');
    expect(isTaken('acme')).toBe(true);
  });

  it('leaves the node of a row as it is that is frozen, and takes the others over', async () => {
    world.setRows([...uids.map((id) => ({ id })), { id: 'acme', plan: 'gold' }]);

    await staysAsItWas(['acme']);

    await pass('globex');
    expect(isTaken('globex')).toBe(true);
    world.setRows(uids.map((id) => ({ id })));
    await world.sync();
    await pass('acme');
    expect(isTaken('acme')).toBe(true);
  });

  it('leaves all nodes as they are while the table cannot be read', async () => {
    const secret = await world.cluster.get({ apiVersion: 'v1', kind: 'Secret', namespace, name: 'db' });
    await world.cluster.delete(
      { apiVersion: 'v1', kind: 'Secret', namespace, name: 'db' },
      textAt(secret, 'metadata', 'uid') ?? '',
    );

    await staysAsItWas(uids);
  });

  it('says of a node that had a pass of ours that its revision is gone', async () => {
    await world.sync();
    await pass('acme');
    const spec = { formRevision: 'web-gone' };
    const patched = await world.cluster.patch(ref('LynqNode', 'acme-web'), 'merge', { spec }, { manager: 'kubectl' });
    if (patched.kind === 'ok') world.deps.nodes.observe(patched.object);

    expect(await pass('acme')).toEqual({ kind: 'unusable', reason: 'RevisionMissing' });
  });
});
