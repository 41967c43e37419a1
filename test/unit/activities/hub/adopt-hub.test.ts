import { beforeEach, describe, expect, it } from 'vitest';
import { advanceNode } from '../../../../activities/node/advance.ts';
import { removeNode } from '../../../../activities/node/remove.ts';
import { type JsonObject, listAt, textAt } from '../../../../domain/api/json.ts';
import { LynqFailure } from '../../../../domain/failures.ts';
import { followUpFacts, nextFollowUp } from '../../../../domain/follow-up.ts';
import { apiVersion, formOf, hubOf, type HubWorld, namespace, openHubWorld } from '../../../support/hub-world.ts';
import { installedCrds, peerCrds } from '../../../support/peer-crds.ts';

const attempt = { signal: new AbortController().signal };
const hub = { apiVersion, kind: 'LynqHub', namespace, name: 'one' };
const form = { apiVersion, kind: 'LynqForm', namespace, name: 'web' };
const outside = 'far';

const configMap = (id: string, policies: JsonObject = {}): JsonObject => ({
  id,
  nameTemplate: `{{ .uid }}-${id}`,
  targetNamespace: outside,
  ...policies,
  spec: { apiVersion: 'v1', kind: 'ConfigMap', data: { plan: '{{ .plan }}' } },
});
const entries = [configMap('stays'), configMap('goes'), configMap('kept', { deletionPolicy: 'Retain' })];

/** `lynq adopt` of a hub whose nodes the Go operator has worked on after `lynq release`. */
describe('activities/hub/adopt-hub', () => {
  let world: HubWorld;
  beforeEach(async () => {
    const made = formOf('web', 'one');
    const spec = { ...(made['spec'] as JsonObject), configMaps: entries };
    world = await openHubWorld([hubOf('one'), { ...made, spec }]);
    world.cluster.seed({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: outside } }, 'kubectl');
    world.setRows([{ id: 'acme' }, { id: 'globex' }]);
    await world.sync();
    await passes();
    await mark('2026-11-28T00:00:00Z');
    await world.sync();
  });

  const mark = async (released: string | null): Promise<void> => {
    const metadata = { annotations: { 'lynq.sh/released': released } };
    await world.cluster.patch(hub, 'merge', { metadata }, { manager: 'lynq' });
  };
  const ref = (name: string) => ({ apiVersion, kind: 'LynqNode', namespace, name });
  const isGoing = (node: string) => textAt(world.node(node), 'metadata', 'deletionTimestamp') !== undefined;
  async function passes(): Promise<void> {
    for (const node of world.nodes()) {
      const request = { namespace, node };
      if (isGoing(node)) await removeNode(world.deps, request, attempt);
      else await advanceNode(world.deps, { ...request, force: false }, attempt);
    }
  }
  /** Its writes are of types that have no field of ours. */
  async function peerWorks(): Promise<void> {
    const options = { manager: 'manager', subresource: 'status' } as const;
    const status = { inventory: null, resources: null, observedInput: null };
    for (const node of world.nodes()) {
      await world.cluster.patch(ref(node), 'merge', { spec: { formRevision: null } }, { manager: 'manager' });
      await world.cluster.patch(ref(node), 'merge', { status }, options);
    }
  }
  async function adopt(): Promise<void> {
    await mark(null);
    await world.sync();
    await passes();
    await passes();
  }
  const children = () =>
    world.cluster
      .objects('ConfigMap')
      .map((object) => {
        const marked = textAt(object, 'metadata', 'labels', 'lynq.sh/orphaned') === 'true';
        return `${textAt(object, 'metadata', 'name') ?? ''}${marked ? ' orphaned' : ''}`;
      })
      .toSorted();
  const isReleased = (node: string) =>
    textAt(world.node(node), 'metadata', 'annotations', 'lynq.sh/released') !== undefined;
  const arrays = (node: string) => listAt(world.node(node), 'spec', 'configMaps').length;
  const recorded = (node: string) => listAt(world.node(node), 'status', 'inventory').length;

  it('takes away, or marks, what a row has in other namespaces that left while no operator ran', async () => {
    await peerWorks();
    world.setRows([{ id: 'globex' }]);

    await adopt();

    expect(world.nodes()).toEqual(['globex-web']);
    expect(children()).toEqual(['acme-kept orphaned', 'globex-goes', 'globex-kept', 'globex-stays']);
    expect(recorded('globex-web')).toBe(3);
  });

  it('takes no node up while the definitions are those of the Go operator, says so, and does when they are ours again', async () => {
    await peerWorks();
    for (const crd of peerCrds()) world.cluster.seed(crd);
    await mark(null);
    const place = world.cluster.calls.length;

    await expect(world.sync()).rejects.toMatchObject({ type: 'DefinitionsOutdated' });

    const written = world.cluster.calls.slice(place).filter(({ verb }) => verb !== 'get' && verb !== 'list');
    expect(written.filter(({ ref: of }) => of.kind !== 'LynqHub')).toEqual([]);
    expect(isReleased('acme-web')).toBe(true);
    const ready = listAt(world.status(), 'conditions').find((one) => textAt(one, 'type') === 'Ready');
    expect(ready).toMatchObject({ status: 'False', reason: 'DefinitionsOutdated' });
    expect(textAt(ready, 'message')).toContain('kubectl apply --server-side --force-conflicts -f deploy/crds');

    for (const crd of installedCrds()) world.cluster.seed(crd);
    await world.sync();
    await passes();
    expect(isReleased('acme-web')).toBe(false);
    expect(recorded('acme-web')).toBe(3);
  });

  it('takes the nodes up where it may not read the definitions', async () => {
    await peerWorks();
    const forbid = world.cluster.intercept(({ ref: of }) =>
      of?.kind === 'CustomResourceDefinition'
        ? { failure: new LynqFailure('ClusterForbidden', 'the account may not read this') }
        : undefined,
    );

    await adopt();

    forbid();
    expect(isReleased('acme-web')).toBe(false);
  });

  it('takes up all nodes but one that the API server refuses, names it, and syncs; further syncs try again', async () => {
    const message = 'LynqNode tenants/acme-web: denied by ValidatingAdmissionPolicy stay';
    const lift = world.cluster.intercept(({ verb, ref: of }) =>
      verb === 'patch' && of?.name === 'acme-web'
        ? { answer: { kind: 'refused', reason: 'AdmissionDenied', message } }
        : undefined,
    );
    world.setRows([{ id: 'acme' }, { id: 'globex' }, { id: 'new' }]);
    await mark(null);

    expect(await world.sync()).toMatchObject({ kind: 'synced', counts: { created: 1 } });

    expect([isReleased('acme-web'), isReleased('globex-web')]).toEqual([true, false]);
    const waiting = () => listAt(world.status(), 'conditions').find((one) => textAt(one, 'type') === 'RowsWaiting');
    expect(waiting()).toMatchObject({
      status: 'True',
      message: `1 LynqNodes cannot be taken up again: LynqNode tenants/acme-web cannot be taken up again: ${message}`,
    });

    lift();
    await world.sync();
    expect(isReleased('acme-web')).toBe(false);
    expect(waiting()).toBeUndefined();
  });

  it('names a node that the API server refuses also on a paused hub, which asks for further syncs until it is taken up', async () => {
    const message = 'denied by ValidatingAdmissionPolicy stay';
    const lift = world.cluster.intercept(({ verb, ref: of }) =>
      verb === 'patch' && of?.name === 'acme-web'
        ? { answer: { kind: 'refused', reason: 'AdmissionDenied', message } }
        : undefined,
    );
    await world.cluster.patch(hub, 'merge', { spec: { paused: true } }, { manager: 'kubectl' });
    await mark(null);
    const isAsked = async (): Promise<boolean> =>
      nextFollowUp(followUpFacts((await world.cluster.get(hub)) ?? {}, 0), new Date()) !== undefined;

    expect(await world.sync()).toEqual({ kind: 'paused' });

    expect([isReleased('acme-web'), isReleased('globex-web')]).toEqual([true, false]);
    const waiting = () => listAt(world.status(), 'conditions').find((one) => textAt(one, 'type') === 'RowsWaiting');
    expect(waiting()).toMatchObject({
      status: 'True',
      message: `1 LynqNodes cannot be taken up again: LynqNode tenants/acme-web cannot be taken up again: ${message}`,
    });
    expect(await isAsked()).toBe(true);

    lift();
    await world.sync();
    expect(isReleased('acme-web')).toBe(false);
    expect(waiting()).toBeUndefined();
    expect(await isAsked()).toBe(false);
  });

  it('takes away, or marks, what left the form while no operator ran', async () => {
    await peerWorks();
    await world.cluster.patch(form, 'merge', { spec: { configMaps: [configMap('stays')] } }, { manager: 'kubectl' });

    await adopt();

    expect(children()).toEqual(['acme-kept orphaned', 'acme-stays', 'globex-kept orphaned', 'globex-stays']);
    expect(recorded('acme-web')).toBe(1);
  });

  it('takes the arrays away with the mark where the record is there: the Go operator has written nothing', async () => {
    expect(arrays('acme-web')).toBe(3);

    await adopt();

    expect([arrays('acme-web'), recorded('acme-web')]).toEqual([0, 3]);
    expect(children()).toHaveLength(6);
  });
});
