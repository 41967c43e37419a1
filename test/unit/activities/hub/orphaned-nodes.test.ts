import { describe, expect, it, vi } from 'vitest';
import { type Gathered, gatherNode } from '../../../../activities/node/gather.ts';
import { advanceRollout } from '../../../../activities/rollout/advance.ts';
import { type JsonObject, listAt, textAt } from '../../../../domain/api/json.ts';
import {
  apiVersion,
  formOf,
  hubOf,
  type HubWorld,
  namespace,
  openHubWorld,
  withToken,
} from '../../../support/hub-world.ts';
import { startProcess } from '../../../support/node-deps.ts';

const ref = (kind: string, name: string) => ({ apiVersion, kind, namespace, name });
const uidOf = (object: JsonObject | undefined): string => textAt(object, 'metadata', 'uid') ?? '';

/** What `kubectl delete lynqhub one --cascade=orphan` and `kubectl replace --force` of its form, which names hub two then, come to. */
async function renamed(form: JsonObject = formOf('web', 'one')): Promise<HubWorld> {
  const world = await openHubWorld([hubOf('one'), hubOf('two'), form]);
  await world.sync('one');
  await orphan(world);
  await removeHub(world);
  await moveForm(world, 'two');
  return world;
}

async function orphan({ cluster }: HubWorld): Promise<void> {
  await cluster.patch(ref('LynqNode', 'acme-web'), 'merge', { metadata: { ownerReferences: [] } }, { manager: 'gc' });
}

async function removeHub({ cluster }: HubWorld): Promise<void> {
  const body = { metadata: { finalizers: [] } };
  await cluster.patch(ref('LynqHub', 'one'), 'merge', body, { manager: 'lynq-operator' });
  await cluster.delete(ref('LynqHub', 'one'), uidOf(await cluster.get(ref('LynqHub', 'one'))));
}

/** Its revisions go with the form. */
async function moveForm({ cluster }: HubWorld, hubId: string): Promise<void> {
  const form = await cluster.get(ref('LynqForm', 'web'));
  await cluster.delete(ref('LynqForm', 'web'), uidOf(form));
  for (const revision of cluster.objects('ControllerRevision')) {
    const name = textAt(revision, 'metadata', 'name') ?? '';
    await cluster.delete({ apiVersion: 'apps/v1', kind: 'ControllerRevision', namespace, name }, uidOf(revision));
  }
  const spec = form?.['spec'] as JsonObject;
  cluster.seed({ ...formOf('web', hubId), spec: { ...spec, hubId } });
}

const ownerOf = (world: HubWorld): string | undefined => textAt(owner(world), 'name');
const owner = (world: HubWorld) => listAt(world.node('acme-web'), 'metadata', 'ownerReferences')[0];
const labelOf = (world: HubWorld) => textAt(world.node('acme-web'), 'metadata', 'labels', 'lynq.sh/hub');

describe('activities/hub/orphaned-nodes', () => {
  it('a node whose hub does not exist any more goes over to the hub that its form names now, as the same node', async () => {
    const world = await renamed();
    const before = world.node('acme-web');

    expect(await world.sync('two')).toMatchObject({ kind: 'synced', counts: { created: 0, updated: 1, removed: 0 } });

    const after = world.node('acme-web');
    expect(uidOf(after)).toBe(uidOf(before));
    expect([ownerOf(world), labelOf(world)]).toEqual(['two', 'two']);
    expect(textAt(after, 'metadata', 'annotations', 'lynq.sh/hubId')).toBe('two');
    expect(textAt(after, 'spec', 'formRevision')).not.toBe(textAt(before, 'spec', 'formRevision'));
    expect(listAt(world.status('two'), 'warnings')).toEqual([]);
    expect(world.status('two')).toMatchObject({ rows: { active: 1, frozen: 0, waiting: 1 } });
    expect(await world.sync('two')).toMatchObject({ counts: { created: 0, updated: 0 } });
  });

  it('is noticed also by a hub that has waited for nothing else', async () => {
    const world = await openHubWorld([hubOf('one'), hubOf('two'), formOf('web', 'one')]);
    await world.sync('one');
    await moveForm(world, 'two');
    for (let syncs = 0; syncs < 3; syncs += 1) await world.sync('two');
    expect(ownerOf(world)).toBe('one');
    await orphan(world);
    await removeHub(world);

    await world.sync('two');

    expect(ownerOf(world)).toBe('two');
  });

  it('a node that still has an owner is left: it goes by itself', async () => {
    const world = await openHubWorld([hubOf('one'), hubOf('two'), formOf('web', 'one')]);
    await world.sync('one');
    await removeHub(world);
    await moveForm(world, 'two');

    await world.sync('two');

    expect(ownerOf(world)).toBe('one');
    expect(listAt(world.status('two'), 'warnings')).toEqual([
      '1 LynqNodes of moved forms wait until those of the same name have gone: acme-web is of hub one',
    ]);
  });

  it('a hub that is made again right before the writing keeps its node', async () => {
    const world = await renamed();
    let isAsked = false;
    world.cluster.intercept(({ verb, ref: { kind, name } }) => {
      if (verb !== 'get' || kind !== 'LynqHub' || name !== 'one') return undefined;
      if (isAsked) world.cluster.seed(hubOf('one'));
      isAsked = true;
      return undefined;
    });

    expect(await world.sync('two')).toMatchObject({ kind: 'synced', counts: { updated: 0 } });

    expect(owner(world)).toBeUndefined();
    expect(labelOf(world)).toBe('one');
  });

  it.each([
    ['{{ generate "password" 32 }}', 'generate'],
    ['{{ randAlphaNum 8 }}', 'randAlphaNum'],
    ['{{ .hubId }}', '.hubId'],
  ])('a node stays whose objects would come out differently under another hub: %s', async (template, what) => {
    const spec = { apiVersion: 'v1', kind: 'ConfigMap', data: { value: template } };
    const configMaps = [{ id: 'cfg', nameTemplate: '{{ .uid }}', spec }];
    const world = await renamed({ ...formOf('web', 'one'), spec: { hubId: 'one', configMaps } });

    expect(await world.sync('two')).toMatchObject({ kind: 'synced', counts: { created: 0, updated: 0 } });

    expect(owner(world)).toBeUndefined();
    expect(listAt(world.status('two'), 'warnings')).toEqual([
      `1 LynqNodes of moved forms are of a hub that does not exist any more, and cannot be taken over without a change of their objects: acme-web is of hub one, and form web uses ${what}; make that hub again and let the form name it, or delete these LynqNodes`,
    ]);
  });

  it.each([{ needs: ['mark'] }, { neededElsewhere: 'Named' }])(
    'a node stays whose row retains what needs objects of several forms: %j',
    async (needs) => {
      const world = await renamed();
      const entry = { id: 'cfg', apiVersion: 'v1', kind: 'ConfigMap', namespace, name: 'acme', policy: 'Retain' };
      const body = { status: { inventory: [{ ...entry, ...needs }] } };
      const options = { manager: 'lynq-operator', subresource: 'status' } as const;
      await world.cluster.patch(ref('LynqNode', 'acme-web'), 'merge', body, options);

      await world.sync('two');

      expect(owner(world)).toBeUndefined();
      expect(listAt(world.status('two'), 'warnings')).toEqual([
        expect.stringContaining('what is retained needs objects outside of its node'),
      ]);
    },
  );

  it('the way back is open: under its former name the hub has its nodes again', async () => {
    const world = await renamed();
    world.cluster.seed(hubOf('one'));
    await moveForm(world, 'one');
    const before = uidOf(world.node('acme-web'));

    await world.sync('one');

    expect([ownerOf(world), uidOf(world.node('acme-web'))]).toEqual(['one', before]);
  });

  describe('of a form whose rollout lets nothing go', () => {
    const template = '{{ .plan }} {{ .token }}';
    const secret = { apiVersion: 'v1', kind: 'Secret', stringData: { value: template } };
    const limited: JsonObject = {
      ...formOf('web', 'one'),
      spec: {
        hubId: 'one',
        rollout: { maxSkew: 1 },
        secrets: [{ id: 'cfg', nameTemplate: '{{ .uid }}', spec: secret }],
      },
    };
    const keyOf = (hub: string, byte: number): JsonObject => ({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: `${hub}-lynq-key`, namespace },
      type: 'Opaque',
      data: { key: Buffer.alloc(32, byte).toString('base64') },
    });

    /** As `renamed`, with a worker that has seen nothing of the former hub. */
    async function renamedLimited(change: JsonObject = {}) {
      const objects = [keyOf('one', 1), keyOf('two', 2), hubOf('one', withToken), hubOf('two', withToken), limited];
      const world = await openHubWorld(objects);
      await world.sync('one');
      await orphan(world);
      await removeHub(world);
      await moveForm(world, 'two');
      const rollout = { maxSkew: 1, paused: true, progressDeadlineSeconds: 600 };
      await world.cluster.patch(
        ref('LynqForm', 'web'),
        'merge',
        { spec: { rollout, ...change } },
        { manager: 'kubectl' },
      );
      const gather = async () => gatherNode((await startProcess(world.cluster)).deps, { namespace, node: 'acme-web' });
      return { world, gather, rows: (token: string) => world.setRows([{ id: 'acme', token }]) };
    }
    const revisionIn = (world: HubWorld) => textAt(world.node('acme-web'), 'spec', 'formRevision');
    const present = (world: HubWorld) =>
      world.cluster.objects('ControllerRevision').map((revision) => textAt(revision, 'metadata', 'name'));
    const rendered = (gathered: Gathered): string | undefined => {
      const entry = gathered.kind === 'pass' ? gathered.pass.entries.get('cfg') : undefined;
      const data = entry?.kind === 'desired' ? textAt(entry.child.body, 'data', 'value') : undefined;
      return data === undefined ? undefined : Buffer.from(data, 'base64').toString();
    };

    it('a node comes out as before under the new hub, by any worker', async () => {
      const { world, gather } = await renamedLimited();

      expect(await world.sync('two')).toMatchObject({ counts: { updated: 1 } });

      expect([revisionIn(world)]).toEqual(present(world));
      expect(rendered(await gather())).toBe('free none');
      expect(await world.sync('two')).toMatchObject({ counts: { updated: 0 } });
    });

    it('new values of its row wait, and until then it comes out as before', async () => {
      const { world, gather, rows } = await renamedLimited();
      rows('new');

      await world.sync('two');

      expect([revisionIn(world)]).toEqual(present(world));
      expect(textAt(world.node('acme-web'), 'metadata', 'annotations', 'lynq.sh/pending-values')).toBeDefined();
      expect(rendered(await gather())).toBe('free none');
    });

    it('other content waits for its turn, as the node says', async () => {
      const changed = { ...secret, stringData: { value: `other ${template}` } };
      const { world, gather } = await renamedLimited({
        secrets: [{ id: 'cfg', nameTemplate: '{{ .uid }}', spec: changed }],
      });

      await world.sync('two');

      expect(labelOf(world)).toBe('two');
      expect(await gather()).toMatchObject({
        kind: 'unusable',
        reason: 'RevisionMissing',
        message: expect.stringContaining('with its turn in that'),
      });
      const going = { spec: { rollout: { paused: null } } };
      await world.cluster.patch(ref('LynqForm', 'web'), 'merge', going, { manager: 'kubectl' });
      const stop = new AbortController();
      const form = { namespace, hub: 'two', form: 'web' };
      const turn = advanceRollout(world.deps, form, { signal: stop.signal }).catch(() => undefined);
      await vi.waitFor(() => expect([revisionIn(world)]).toEqual(present(world)));
      stop.abort();
      await turn;
      expect(rendered(await gather())).toBe('other free none');
    });
  });
});
