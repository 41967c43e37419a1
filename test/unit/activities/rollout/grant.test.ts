import { describe, expect, it } from 'vitest';
import { grantNodes } from '../../../../activities/rollout/grant.ts';
import { rolloutNodes } from '../../../../activities/rollout/gather.ts';
import { keepSecretValues } from '../../../../activities/secret-values.ts';
import { LynqForm } from '../../../../domain/api/form.ts';
import { type JsonObject, textAt, textMapAt } from '../../../../domain/api/json.ts';
import { inputHash, nodeDigest } from '../../../../domain/node-digest.ts';
import type { EventNote } from '../../../../domain/ports.ts';
import { rolloutGate } from '../../../../domain/rollout/settings.ts';
import { sealOf } from '../../../../domain/secret-values.ts';
import type { NodeDigest, NodeIndex } from '../../../../domain/watching.ts';
import { createFakeCluster } from '../../../support/fake-cluster.ts';

const namespace = 'lynq-system';
const apiVersion = 'operator.lynq.sh/v1';
const request = { namespace, hub: 'hub', form: 'web' };
const formRef = { apiVersion, kind: 'LynqForm', namespace, name: 'web' };
const nodeRef = (uid: string) => ({ apiVersion, kind: 'LynqNode', namespace, name: `${uid}-web` });

const nodeOf = (uid: string): JsonObject => ({
  apiVersion,
  kind: 'LynqNode',
  metadata: {
    name: `${uid}-web`,
    namespace,
    labels: { 'lynq.sh/hub': 'hub', 'lynq.sh/uid': uid },
    annotations: { 'lynq.sh/template-generation': '1' },
  },
  spec: { uid, templateRef: 'web', formRevision: 'web-1' },
});

const key = new Uint8Array(32);

const inFlight = (...uids: readonly string[]) =>
  uids.map((uid) => ({ node: `${uid}-web`, since: '2026-11-20T12:00:00Z' }));

/** Watches that have seen what is there now, and nothing later. */
function seen(objects: readonly JsonObject[]): NodeIndex {
  const digests = new Map(objects.map((object) => [textAt(object, 'metadata', 'name') ?? '', nodeDigest(object)]));
  return {
    synced: async () => undefined,
    get: (_, name) => digests.get(name),
    ofHub: () => [...digests.values()],
    ofRow: (_, __, uid) => [...digests.values()].filter((node) => node.rowUid === uid),
    withObjectsIn: (): readonly NodeDigest[] => [],
    changesOf: () => 0,
    removalsIn: () => 0,
    newborn: () => undefined,
    observe: () => undefined,
    forget: () => undefined,
  };
}

function world(uids: readonly string[]) {
  const cluster = createFakeCluster();
  for (const kind of ['LynqForm', 'LynqNode']) cluster.addKind({ apiVersion, kind });
  for (const uid of uids) cluster.seed(nodeOf(uid));
  const object = cluster.seed({
    apiVersion,
    kind: 'LynqForm',
    metadata: { name: 'web', namespace },
    spec: { hubId: 'hub', rollout: { maxSkew: 2 } },
    status: { rollout: { phase: 'InProgress', revision: 'web-2', targetGeneration: 1, inFlight: inFlight(...uids) } },
  });
  const told: EventNote[] = [];
  const gate = rolloutGate({ maxSkew: 2, progressDeadlineSeconds: 600 });
  if (gate.kind === 'open') throw new Error('the form has a limit');
  const form = LynqForm.parse(object);
  const generation = form.metadata.generation ?? 0;
  const nodes = seen(cluster.objects('LynqNode'));
  return {
    cluster,
    nodes,
    told,
    form: {
      of: request,
      form,
      object,
      settings: gate.settings,
      target: 'web-2',
      generation,
      lists: ['deployments' as const],
    },
    deps: {
      cluster,
      nodes,
      clock: { now: () => new Date('2026-11-20T12:00:00Z') },
      events: { record: (note: EventNote) => void told.push(note) },
      hubKeys: { of: async () => key, known: () => undefined, settled: async () => undefined },
    },
    revisions: () => cluster.objects('LynqNode').map((node) => textAt(node, 'spec', 'formRevision')),
    editForm: (body: JsonObject) =>
      cluster.patch(formRef, 'merge', body, {
        manager: 'test',
        ...(body['status'] === undefined ? {} : { subresource: 'status' as const }),
      }),
  };
}

describe('activities/rollout/grant', () => {
  it('brings nodes to the target, and says so on each', async () => {
    const { deps, form, revisions, told } = world(['a', 'b']);
    expect(await grantNodes(deps, form, ['a-web', 'b-web'])).toEqual({ kind: 'granted', refused: [] });
    expect(revisions()).toEqual(['web-2', 'web-2']);
    expect(told.map(({ reason, message }) => `${reason}: ${message}`)).toContain(
      `TemplateApplied: Applying LynqForm 'web' changes (generation: 1 -> ${form.generation}). Total 1 resources will be reconciled: [1 Deployment(s)]. Hub: hub, UID: a`,
    );
  });

  it('puts down on each node that it was let go, and whether it had failed before', async () => {
    const { deps, form, cluster, editForm } = world(['a', 'b']);
    const [a, b] = inFlight('a', 'b');
    await editForm({ status: { rollout: { inFlight: [a!, { ...b!, broken: true }] } } });
    await grantNodes(deps, form, ['a-web', 'b-web']);
    const notes = cluster.objects('LynqNode').map((node) => textAt(node, 'metadata', 'annotations', 'lynq.sh/let-go'));
    expect(notes).toEqual(['web-2', 'web-2 broken']);
  });

  it('changes all others where one is refused, and gives the reason', async () => {
    const uids = Array.from({ length: 40 }, (_, at) => `row-${at}`);
    const { deps, form, cluster, revisions } = world(uids);
    cluster.intercept(({ verb, ref }) =>
      verb === 'patch' && ref.name === 'row-3-web'
        ? { answer: { kind: 'refused', reason: 'Forbidden', message: 'a policy says no' } }
        : undefined,
    );

    const granted = await grantNodes(
      deps,
      form,
      uids.map((uid) => `${uid}-web`),
    );

    expect(granted).toEqual({ kind: 'granted', refused: [{ name: 'row-3-web', message: 'a policy says no' }] });
    expect(revisions().filter((revision) => revision === 'web-2')).toHaveLength(39);
  });

  it('leaves a node alone that is of another hub, which its form was moved from', async () => {
    const { deps, form, cluster, revisions } = world(['a', 'b']);
    const labels = { 'lynq.sh/hub': 'former' };
    await cluster.patch(nodeRef('a'), 'merge', { metadata: { labels } }, { manager: 'test' });

    await grantNodes(deps, form, ['a-web', 'b-web']);

    expect(revisions()).toEqual(['web-1', 'web-2']);
  });

  it('leaves alone what a person has paused since it was recorded', async () => {
    const { deps, form, cluster, revisions } = world(['a', 'b']);
    await cluster.patch(nodeRef('a'), 'merge', { spec: { paused: true } }, { manager: 'a person' });
    await grantNodes(deps, form, ['a-web', 'b-web']);
    expect(revisions()).toEqual(['web-1', 'web-2']);
  });

  it('lets nothing go that the form does not name any more when it comes to it', async () => {
    const { deps, form, revisions, editForm } = world(['a', 'b']);
    await editForm({ status: { rollout: { inFlight: inFlight('a') } } });
    await grantNodes(deps, form, ['a-web', 'b-web']);
    expect(revisions()).toEqual(['web-2', 'web-1']);
  });

  it.each<[string, JsonObject]>([
    ['paused', { spec: { rollout: { paused: true } } }],
    ['aborted', { status: { rollout: { aborted: true } } }],
    ['of another hub', { spec: { hubId: 'next' } }],
    ['superseded', { status: { rollout: { revision: 'web-3' } } }],
  ])('lets no node go once the form is %s, although it was recorded before', async (_, change) => {
    const { deps, form, revisions, editForm } = world(['a', 'b']);
    await editForm(change);
    expect(await grantNodes(deps, form, ['a-web', 'b-web'])).toEqual({ kind: 'superseded' });
    expect(revisions()).toEqual(['web-1', 'web-1']);
  });

  it('does not take a node back that went on between its read and its write', async () => {
    const { deps, form, cluster, revisions } = world(['a']);
    const off = cluster.intercept(({ verb, ref }) => {
      if (verb !== 'get' || ref.kind !== 'LynqForm') return undefined;
      off();
      void cluster.patch(nodeRef('a'), 'merge', { spec: { formRevision: 'web-3' } }, { manager: 'another worker' });
      return undefined;
    });
    await grantNodes(deps, form, ['a-web']);
    expect(revisions()).toEqual(['web-3']);
  });

  describe('secret values that wait', () => {
    const pending = (secrets: ReadonlyMap<string, string>): JsonObject => ({
      metadata: {
        annotations: {
          'lynq.sh/pending-values': JSON.stringify({ 'lynq.sh/secret-values': sealOf(key, 'a', secrets) }),
        },
      },
    });
    const kept = async (secrets: ReadonlyMap<string, string>) => {
      const { deps, form, cluster } = world(['a']);
      const nodeUid = textAt(cluster.objects('LynqNode')[0], 'metadata', 'uid') ?? '';
      await keepSecretValues({ cluster }, { namespace, node: 'a-web', nodeUid }, new Map([['token', 'old']]));
      await keepSecretValues({ cluster }, { namespace, node: 'a-web', nodeUid }, secrets, 'pending');
      return { deps, form, cluster };
    };
    const tokenIn = (cluster: ReturnType<typeof world>['cluster']) => {
      const secret = cluster.objects('Secret').find((one) => textAt(one, 'metadata', 'name') === 'a-web-values');
      return Object.values(textMapAt(secret, 'data'));
    };

    it("take the place of the present ones with the node's turn", async () => {
      const next = new Map([['token', 'new']]);
      const { deps, form, cluster } = await kept(next);
      await cluster.patch(nodeRef('a'), 'merge', pending(next), { manager: 'test' });
      expect(tokenIn(cluster)).toEqual([Buffer.from('old').toString('base64')]);
      await grantNodes(deps, form, ['a-web']);
      expect(tokenIn(cluster)).toEqual([Buffer.from('new').toString('base64')]);
      const [node] = cluster.objects('LynqNode');
      expect(textAt(node, 'metadata', 'annotations', 'lynq.sh/secret-values')).toBe(sealOf(key, 'a', next));
      expect(textAt(node, 'metadata', 'annotations', 'lynq.sh/pending-values')).toBeUndefined();
    });

    it('that are refused keep no other node from its turn; the reason is given', async () => {
      const next = new Map([['token', 'new']]);
      const { deps, form, cluster, revisions } = world(['a', 'b']);
      const nodeUid = textAt(cluster.objects('LynqNode')[0], 'metadata', 'uid') ?? '';
      await keepSecretValues({ cluster }, { namespace, node: 'a-web', nodeUid }, next, 'pending');
      await cluster.patch(nodeRef('a'), 'merge', pending(next), { manager: 'test' });
      cluster.intercept(({ verb, ref }) =>
        verb === 'apply' && ref.name === 'a-web-values'
          ? { answer: { kind: 'refused', reason: 'Forbidden', message: 'a policy says no' } }
          : undefined,
      );

      const granted = await grantNodes(deps, form, ['a-web', 'b-web']);

      const message = `Secret ${namespace}/a-web-values with values of the row cannot be written: a policy says no`;
      expect(granted).toEqual({ kind: 'granted', refused: [{ name: 'a-web', message }] });
      expect(revisions()).toEqual(['web-1', 'web-2']);
    });

    it('are written anew by the next sync when they are not what their seal says', async () => {
      const { deps, form, cluster } = await kept(new Map([['token', 'other']]));
      await cluster.patch(nodeRef('a'), 'merge', pending(new Map([['token', 'new']])), { manager: 'test' });
      await grantNodes(deps, form, ['a-web']);
      expect(tokenIn(cluster)).toEqual([Buffer.from('old').toString('base64')]);
      const [node] = cluster.objects('LynqNode');
      expect(textAt(node, 'metadata', 'annotations', 'lynq.sh/pending-values')).toBeUndefined();
      expect(textAt(node, 'spec', 'formRevision')).toBe('web-1');
    });
  });

  it('writes nothing to a node that is there already', async () => {
    const { deps, form, cluster } = world(['a']);
    await grantNodes(deps, form, ['a-web']);
    const writes = cluster.calls.filter(({ verb }) => verb === 'patch').length;
    await grantNodes(deps, form, ['a-web']);
    expect(cluster.calls.filter(({ verb }) => verb === 'patch')).toHaveLength(writes);
  });

  describe('counts, by activities/rollout/gather,', () => {
    const flight = { inFlight: new Set(['a-web']), givenUp: new Set<string>() };

    it('a node in flight that the watch does not show but the API server does', async () => {
      const { cluster } = world(['a', 'b']);
      const nodes = seen(cluster.objects('LynqNode').filter((node) => textAt(node, 'spec', 'uid') === 'b'));
      const found = await rolloutNodes({ cluster, nodes }, request, { ...flight, target: 'web-2' });
      expect(found.map(({ name }) => name).toSorted()).toEqual(['a-web', 'b-web']);
    });

    it('no node in flight that the form had under another hub', async () => {
      const { cluster, nodes } = world(['b']);
      const former = nodeOf('a');
      cluster.seed({
        ...former,
        metadata: { ...(former['metadata'] as JsonObject), labels: { 'lynq.sh/hub': 'former' } },
      });
      const found = await rolloutNodes({ cluster, nodes }, request, { ...flight, target: 'web-2' });
      expect(found.map(({ name }) => name)).toEqual(['b-web']);
    });

    it('a node in flight that was paused on its way, and no other that is paused', async () => {
      const { cluster } = world(['a', 'b']);
      for (const uid of ['a', 'b'])
        await cluster.patch(nodeRef(uid), 'merge', { spec: { paused: true } }, { manager: 'a person' });
      const nodes = seen(cluster.objects('LynqNode'));
      const found = await rolloutNodes({ cluster, nodes }, request, { ...flight, target: 'web-2' });
      expect(found.map(({ name, paused }) => [name, paused])).toEqual([['a-web', true]]);
    });

    it('a node as failed for good only when the API server says so', async () => {
      const { cluster } = world(['a']);
      const [before] = cluster.objects('LynqNode');
      const spec = { formRevision: 'web-2' };
      const there = { ...before!, spec: { ...(before!['spec'] as JsonObject), ...spec } };
      const nodes = seen([{ ...there, status: { observedInput: inputHash(there), failedResources: 1 } }]);
      const states = async (givenUp: ReadonlySet<string>) =>
        (await rolloutNodes({ cluster, nodes }, request, { ...flight, givenUp, target: 'web-2' })).map(
          ({ state }) => state,
        );
      expect(await states(new Set())).toEqual(['failed']);
      expect(await states(new Set(['a-web']))).toEqual(['busy']);
    });

    it('no node in flight that the API server does not have any more', async () => {
      const { cluster, nodes } = world(['a', 'b']);
      const [object] = cluster.objects('LynqNode');
      await cluster.delete(nodeRef('a'), textAt(object, 'metadata', 'uid') ?? '');
      const unseen = seen(cluster.objects('LynqNode'));
      const found = await rolloutNodes({ cluster, nodes: unseen }, request, {
        ...flight,
        target: 'web-2',
      });
      expect(found.map(({ name }) => name)).toEqual(['b-web']);
      expect(nodes.ofHub(namespace, 'hub')).toHaveLength(2);
    });
  });
});
