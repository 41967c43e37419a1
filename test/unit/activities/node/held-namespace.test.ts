import { beforeEach, describe, expect, it } from 'vitest';
import { Removal } from '../../../../activities/node/removal.ts';
import { removeNode } from '../../../../activities/node/remove.ts';
import { type JsonObject, listAt, textAt } from '../../../../domain/api/json.ts';
import type { NodeDigest, NodeIndex } from '../../../../domain/watching.ts';
import type { FakeCluster } from '../../../support/fake-cluster.ts';
import { type FakeProcess, startProcess } from '../../../support/node-deps.ts';
import { namespace, openRowNodes, type RowNodes, rowNodes } from '../../../support/row-nodes.ts';

const apiVersion = 'operator.lynq.sh/v1';

const space = (change: JsonObject = {}): JsonObject => ({
  id: 'ns',
  nameTemplate: 'of-{{ .uid }}',
  waitForReady: false,
  spec: { apiVersion: 'v1', kind: 'Namespace' },
  ...change,
});
const map = (id: string): JsonObject => ({
  id,
  nameTemplate: id,
  targetNamespace: 'of-{{ .uid }}',
  dependIds: ['ns'],
  spec: { apiVersion: 'v1', kind: 'ConfigMap', data: {} },
});
const form = (id: string, change: JsonObject = {}): JsonObject => ({
  namespaces: [space(change)],
  configMaps: [map(id)],
});
const alone = (change: JsonObject = {}): JsonObject => ({ namespaces: [space(change)] });
const nodeRef = (name: string) => ({ apiVersion, kind: 'LynqNode', namespace, name });
const spaceRef = { apiVersion: 'v1', kind: 'Namespace', name: 'of-acme' };
const held = 'Ready HeldBySibling';

describe('activities/node/hand-over', () => {
  let cluster: FakeCluster;
  let process: FakeProcess;
  let nodes: RowNodes;

  beforeEach(async () => {
    ({ cluster, process, nodes } = await openRowNodes());
  });

  const find = () => cluster.get(spaceRef);
  const uidOfSpace = async () => textAt(await find(), 'metadata', 'uid');
  const keeper = async () => textAt(await find(), 'metadata', 'labels', 'lynq.sh/node');
  const deletesOfSpace = () =>
    cluster.calls.filter(({ verb, ref }) => verb === 'delete' && ref.kind === 'Namespace').length;
  const recordOf = async (name: string) =>
    Object.fromEntries(
      listAt(await cluster.get(nodeRef(name)), 'status', 'inventory').map((entry) => [
        textAt(entry, 'id') ?? '',
        textAt(entry, 'uid'),
      ]),
    );
  async function edit(node: string, lists: JsonObject): Promise<void> {
    const revision = await nodes.revisionOf(node.split('-')[1] ?? '', lists);
    await cluster.patch(nodeRef(node), 'merge', { spec: { formRevision: revision } }, { manager: 'test' });
  }
  async function leave(...names: readonly string[]): Promise<void> {
    for (const name of names) {
      const uid = textAt(await cluster.get(nodeRef(name)), 'metadata', 'uid') ?? '';
      await cluster.delete(nodeRef(name), uid);
    }
  }
  /** One step of a removal, which is left before it begins to wait. */
  const step = (node: string) =>
    removeNode(process.deps, { namespace, node }, { signal: AbortSignal.timeout(100) }).catch(() => undefined);
  const turns = async (...names: readonly string[]): Promise<void> => {
    for (let turn = 0; turn < 3; turn += 1) for (const name of names) await step(name);
  };
  const both = async (web = form('w'), api = form('a')): Promise<void> => {
    await nodes.make('acme', 'web', web);
    await nodes.make('acme', 'api', api);
  };

  it('is made once; the other node counts it as there, does not write it, and goes on with what depends on it', async () => {
    await both(form('w'), form('a', { labelsTemplate: { tier: 'api' } }));
    expect(nodes.states('acme-web')).toEqual({ ns: 'Ready', w: 'Ready' });
    expect(nodes.states('acme-api')).toEqual({ ns: held, a: 'Ready' });
    expect([await keeper(), textAt(await find(), 'metadata', 'labels', 'tier')]).toEqual(['acme-web', undefined]);
    expect((await recordOf('acme-web'))['ns']).toBe(await uidOfSpace());
    expect((await recordOf('acme-api'))['ns']).toBeUndefined();
    expect(JSON.stringify(await cluster.get(nodeRef('acme-api')))).toContain('kept by LynqNode tenants/acme-web');
    const before = cluster.calls.length;
    await nodes.waves('acme-web');
    await nodes.waves('acme-api');
    const writes = cluster.calls.slice(before).filter(({ verb }) => verb !== 'get' && verb !== 'list');
    expect(writes).toEqual([]);
  });

  it('also where both nodes begin at the same moment', async () => {
    await Promise.all([nodes.make('acme', 'web', form('w')), nodes.make('acme', 'api', form('a'))]);
    const states = [nodes.states('acme-web')['ns'], nodes.states('acme-api')['ns']];
    expect(new Set(states)).toEqual(new Set(['Ready', held]));
    expect([nodes.states('acme-web')['w'], nodes.states('acme-api')['a']]).toEqual(['Ready', 'Ready']);
  });

  it('of another row is a conflict as before', async () => {
    await nodes.make('acme', 'web', form('w'));
    await nodes.make('evil', 'api', alone({ nameTemplate: 'of-acme' }));
    expect(nodes.states('evil-api')).toEqual({ ns: 'Conflicted ResourceConflict' });
    await leave('acme-web');
    await turns('acme-web');
    expect(await find()).toBeUndefined();
  });

  it('with the form that keeps it gone it goes to the other node, as it is', async () => {
    await both();
    const before = await uidOfSpace();
    await leave('acme-web');
    await turns('acme-web');
    await nodes.waves('acme-api');
    expect(await cluster.get(nodeRef('acme-web'))).toBeUndefined();
    expect([await uidOfSpace(), await keeper(), deletesOfSpace()]).toEqual([before, 'acme-api', 0]);
    expect(nodes.states('acme-api')).toEqual({ ns: 'Ready', a: 'Ready' });
    expect((await recordOf('acme-api'))['ns']).toBe(before);
    await leave('acme-api');
    await turns('acme-api');
    expect([await find(), deletesOfSpace()]).toEqual([undefined, 1]);
  });

  it('with its entry removed from that form too', async () => {
    await both();
    const before = await uidOfSpace();
    await edit('acme-web', {});
    await nodes.waves('acme-web');
    await nodes.waves('acme-api');
    expect([await uidOfSpace(), await keeper(), deletesOfSpace()]).toEqual([before, 'acme-api', 0]);
    expect(await recordOf('acme-web')).toEqual({});
    expect((await recordOf('acme-api'))['ns']).toBe(before);
  });

  it('goes to the node of the row that is left of three', async () => {
    await both();
    await nodes.make('acme', 'jobs', form('j'));
    await leave('acme-web', 'acme-api');
    await turns('acme-web', 'acme-api');
    await nodes.waves('acme-jobs');
    expect([nodes.states('acme-jobs')['ns'], await keeper(), deletesOfSpace()]).toEqual(['Ready', 'acme-jobs', 0]);
  });

  it('a form that does not keep it leaves without a trace', async () => {
    await both();
    const before = await find();
    await leave('acme-api');
    await turns('acme-api');
    expect(await cluster.get(nodeRef('acme-api'))).toBeUndefined();
    expect(await find()).toEqual(before);
    await edit('acme-web', form('w'));
    await nodes.waves('acme-web');
    expect(nodes.states('acme-web')).toEqual({ ns: 'Ready', w: 'Ready' });
  });

  const orders = [
    ['acme-web', 'acme-api'],
    ['acme-api', 'acme-web'],
  ] as const;

  describe.each(orders)('with the row gone, %s first', (first, second) => {
    it('it is deleted once, after what is in it', async () => {
      await both();
      await leave(first, second);
      await turns(first, second);
      expect(cluster.objects('LynqNode')).toEqual([]);
      expect([await find(), deletesOfSpace()]).toEqual([undefined, 1]);
    });

    it('also where one node is asked to go when the other has gone', async () => {
      await both();
      await leave(first);
      await turns(first);
      await leave(second);
      await turns(second);
      expect(cluster.objects('LynqNode')).toEqual([]);
      expect([await find(), deletesOfSpace()]).toEqual([undefined, 1]);
    });

    it.each([
      ['web', { deletionPolicy: 'Retain' }, {}],
      ['api', {}, { deletionPolicy: 'Retain' }],
    ])('it is kept when form %s says Retain', async (_form, web, api) => {
      await both(alone(web), alone(api));
      const before = await uidOfSpace();
      await leave(first, second);
      await turns(first, second);
      expect(cluster.objects('LynqNode')).toEqual([]);
      expect([await uidOfSpace(), deletesOfSpace()]).toEqual([before, 0]);
      expect(textAt(await find(), 'metadata', 'labels', 'lynq.sh/orphaned')).toBe('true');
    });

    it.each([
      ['web', { deletionPolicy: 'Retain' }, {}],
      ['api', {}, { deletionPolicy: 'Retain' }],
    ])('it is kept when form %s says Retain, whatever the other does in between', async (_form, web, api) => {
      await both(alone(web), alone(api));
      const before = await uidOfSpace();
      await leave(first);
      await turns(first);
      await nodes.waves(second);
      await leave(second);
      await turns(second);
      expect(cluster.objects('LynqNode')).toEqual([]);
      expect([await uidOfSpace(), deletesOfSpace()]).toEqual([before, 0]);
    });
  });

  it('a node that is gone before it is handed over leaves it to nobody but the one that had it', async () => {
    await both(alone(), alone());
    await leave('acme-web');
    const stop = cluster.intercept(({ verb, ref }) => {
      if (verb !== 'patch' || ref.kind !== 'Namespace') return undefined;
      stop();
      const object = cluster.objects('LynqNode').find((node) => textAt(node, 'metadata', 'name') === 'acme-api');
      void cluster.delete(nodeRef('acme-api'), textAt(object, 'metadata', 'uid') ?? '');
      return undefined;
    });
    await turns('acme-web', 'acme-api');
    expect(cluster.objects('LynqNode')).toEqual([]);
    expect(await find()).toBeUndefined();
  });

  it.each(['before', 'after'])('survives a process that dies %s the hand-over', async (moment) => {
    await both();
    const before = await uidOfSpace();
    await leave('acme-web');
    const dying = process;
    const stop = cluster.intercept(({ verb, ref }) => {
      const at = moment === 'before' ? 'Namespace' : 'LynqNode';
      if (verb !== 'patch' || ref.kind !== at) return undefined;
      dying.die();
      return { failure: new Error('died') as never };
    });
    await removeNode(dying.deps, { namespace, node: 'acme-web' }, { signal: AbortSignal.timeout(100) }).catch(
      () => undefined,
    );
    stop();
    process = await startProcess(cluster);
    nodes = rowNodes(cluster, process);
    await nodes.waves('acme-api');
    await turns('acme-web');
    await nodes.waves('acme-api');
    expect([await uidOfSpace(), await keeper(), deletesOfSpace()]).toEqual([before, 'acme-api', 0]);
    expect(nodes.states('acme-api')).toEqual({ ns: 'Ready', a: 'Ready' });
    expect(cluster.objects('LynqNode').length).toBe(1);
  });

  it('has one owner only where the entry comes back between hand-over and record', async () => {
    await both();
    await edit('acme-web', {});
    await nodes.waves('acme-web');
    await edit('acme-web', form('w'));
    await nodes.waves('acme-web');
    await nodes.waves('acme-api');
    await nodes.waves('acme-web');
    const owners = [(await recordOf('acme-web'))['ns'], (await recordOf('acme-api'))['ns']];
    expect(owners.filter((uid) => uid !== undefined)).toEqual([await uidOfSpace()]);
    expect(nodes.states('acme-web')).toEqual({ ns: held, w: 'Ready' });
  });

  it('is made again by either when somebody has deleted it', async () => {
    await both();
    await cluster.delete(spaceRef, (await uidOfSpace()) ?? '');
    await nodes.waves('acme-api');
    await nodes.waves('acme-web');
    expect([nodes.states('acme-api')['ns'], nodes.states('acme-web')['ns']]).toEqual(['Ready', held]);
    expect(await keeper()).toBe('acme-api');
  });

  it('goes with the row although the node that keeps it has to go before the other one', async () => {
    await nodes.make('acme', 'web', form('w'));
    await nodes.make('acme', 'api', form('a'));
    await edit('acme-web', { ...form('w'), dependsOn: [{ form: 'api' }] });
    await nodes.waves('acme-web');
    await leave('acme-api', 'acme-web');
    await turns('acme-api', 'acme-web');
    expect(cluster.objects('LynqNode')).toEqual([]);
    expect([await find(), deletesOfSpace()]).toEqual([undefined, 1]);
  });

  it('goes with the row although the one that keeps it goes before a third form, for which the other one waits', async () => {
    await nodes.make('acme', 'web', form('w'));
    await nodes.make('acme', 'low', form('l'));
    const between = {
      dependsOn: [{ form: 'low' }],
      configMaps: [{ ...map('m'), targetNamespace: namespace, dependIds: [] }],
    };
    await nodes.make('acme', 'mid', between);
    await edit('acme-web', { ...form('w'), dependsOn: [{ form: 'mid' }] });
    await nodes.waves('acme-web');
    const row = ['acme-web', 'acme-low', 'acme-mid'];
    await leave(...row);
    await turns(...row);
    expect(cluster.objects('LynqNode')).toEqual([]);
    expect([await find(), deletesOfSpace()]).toEqual([undefined, 1]);
  });

  /** Removals that run beside each other, until all have gone or the time is over. */
  const together = (...names: readonly string[]) =>
    Promise.all(
      names.map((node) => removeNode(process.deps, { namespace, node }, { signal: AbortSignal.timeout(9_000) })),
    ).catch(() => undefined);

  it('goes with the row although the node that makes it goes first, and what only lies in it after that', async () => {
    await nodes.make('acme', 'web', { ...form('w'), dependsOn: [] });
    await nodes.make('acme', 'api', { configMaps: [{ ...map('a'), dependIds: [] }] });
    await edit('acme-web', { ...form('w'), dependsOn: [{ form: 'api' }] });
    await nodes.waves('acme-web');
    await leave('acme-api', 'acme-web');
    await together('acme-api', 'acme-web');
    expect(cluster.objects('LynqNode')).toEqual([]);
    expect(await find()).toBeUndefined();
    const deleted = cluster.calls.filter(({ verb }) => verb === 'delete').map(({ ref }) => ref.name);
    expect(deleted.filter((name) => ['w', 'a', 'of-acme'].includes(name ?? ''))).toEqual(['w', 'a', 'of-acme']);
  }, 15_000);

  it('is looked at again by a node that begins to wait for the one that keeps it', async () => {
    await both(alone(), alone());
    const identity = { namespace, name: 'acme-api', nodeUid: 'api', hub: 'customers', form: 'api', uid: 'acme' };
    const entry = { id: 'ns', ...spaceRef, policy: 'Delete' as const };
    const removal = new Removal(process.deps, { identity }, { entries: [entry], reason: 'LynqNodeDeleted' });
    const { signal } = new AbortController();
    await removal.proceed(signal);
    expect([removal.isDone(), deletesOfSpace()]).toEqual([true, 0]);
    await leave('acme-web');
    const labelled = { metadata: { labels: { 'lynq.sh/node': 'acme-api' } } };
    await cluster.patch(spaceRef, 'merge', labelled, { manager: 'test' });
    removal.hold('waits');
    expect(removal.isDone()).toBe(false);
    await removal.proceed(signal);
    expect([await find(), deletesOfSpace()]).toEqual([undefined, 1]);
  });

  it('and is kept then, when the one that goes first says Retain', async () => {
    await nodes.make('acme', 'web', alone({ deletionPolicy: 'Retain' }));
    await nodes.make('acme', 'api', alone());
    await edit('acme-web', { ...alone({ deletionPolicy: 'Retain' }), dependsOn: [{ form: 'api' }] });
    await nodes.waves('acme-web');
    await leave('acme-api', 'acme-web');
    await turns('acme-api', 'acme-web');
    expect(cluster.objects('LynqNode')).toEqual([]);
    expect([textAt(await find(), 'metadata', 'labels', 'lynq.sh/orphaned'), deletesOfSpace()]).toEqual(['true', 0]);
  });

  it('is waited for while the node that its labels name has not said what it has, and is no conflict', async () => {
    await nodes.make('acme', 'web', alone());
    const before = await uidOfSpace();
    const bare = { status: { inventory: null, resources: null, observedInput: null } };
    await cluster.patch(nodeRef('acme-web'), 'merge', bare, { manager: 'test', subresource: 'status' } as never);
    await nodes.make('acme', 'api', form('a'));
    expect(process.told.filter(({ reason }) => reason === 'ResourceConflict')).toEqual([]);
    await nodes.waves('acme-web');
    await nodes.waves('acme-api');
    expect(nodes.states('acme-web')).toEqual({ ns: 'Ready' });
    expect(nodes.states('acme-api')).toEqual({ ns: held, a: 'Ready' });
    expect(await uidOfSpace()).toBe(before);
  });

  it('is kept when a form says Retain whose node has gone before the one that made it has said so', async () => {
    await nodes.make('acme', 'web', alone());
    const bare = { status: { inventory: null, resources: null, observedInput: null } };
    await cluster.patch(nodeRef('acme-web'), 'merge', bare, { manager: 'test', subresource: 'status' });
    await nodes.make('acme', 'api', alone({ deletionPolicy: 'Retain' }));
    const waiting = { status: { inventory: [{ id: 'ns', ...spaceRef, policy: 'Retain' }] } };
    await cluster.patch(nodeRef('acme-api'), 'merge', waiting, { manager: 'test', subresource: 'status' });
    await leave('acme-api');
    await turns('acme-api');
    await nodes.waves('acme-web');
    await leave('acme-web');
    await turns('acme-web');
    expect(cluster.objects('LynqNode')).toEqual([]);
    expect([textAt(await find(), 'metadata', 'labels', 'lynq.sh/orphaned'), deletesOfSpace()]).toEqual(['true', 0]);
  });

  it('retained of the row is taken back by its own form first, and is no conflict for the other', async () => {
    await both(alone({ deletionPolicy: 'Retain' }), alone());
    const before = await uidOfSpace();
    await leave('acme-web', 'acme-api');
    await turns('acme-web', 'acme-api');
    await Promise.all([
      nodes.make('acme', 'api', alone()),
      nodes.make('acme', 'web', alone({ deletionPolicy: 'Retain' })),
    ]);
    await nodes.waves('acme-api');
    expect([nodes.states('acme-web')['ns'], nodes.states('acme-api')['ns']]).toEqual(['Ready', held]);
    expect([await uidOfSpace(), textAt(await find(), 'metadata', 'labels', 'lynq.sh/orphaned')]).toEqual([
      before,
      undefined,
    ]);
  });

  it('goes to a node that lives and names it, also where the watch has not told of that yet', async () => {
    await both(alone(), alone());
    const before = await uidOfSpace();
    await leave('acme-web');
    const { deps } = process;
    const unsaid = (digest: NodeDigest) => ({ ...digest, children: new Map(), spaces: [] });
    const ofRow: NodeIndex['ofRow'] = (...row) => deps.nodes.ofRow(...row).map(unsaid);
    const behind = { ...deps, nodes: Object.assign(Object.create(deps.nodes) as NodeIndex, { ofRow }) };
    await removeNode(behind, { namespace, node: 'acme-web' }, { signal: AbortSignal.timeout(1_000) });
    expect([await uidOfSpace(), await keeper(), deletesOfSpace()]).toEqual([before, 'acme-api', 0]);
  });

  it('stays while it is not known whether the other node still names it', async () => {
    await both(alone(), alone());
    const revision = await nodes.revisionOf('api', form('later'));
    await cluster.patch(nodeRef('acme-api'), 'merge', { spec: { formRevision: revision } }, { manager: 'test' });
    await leave('acme-web');
    await turns('acme-web');
    expect([await keeper(), deletesOfSpace()]).toEqual(['acme-web', 0]);
    await nodes.waves('acme-api');
    await turns('acme-web');
    await nodes.waves('acme-api');
    expect([await keeper(), deletesOfSpace()]).toEqual(['acme-api', 0]);
    expect(nodes.states('acme-api')).toEqual({ ns: 'Ready', later: 'Ready' });
  });

  it('only a Namespace is shared: any other object of two forms is a conflict', async () => {
    const shared = (id: string): JsonObject => ({ configMaps: [{ ...map(id), nameTemplate: 'same', dependIds: [] }] });
    await nodes.make('acme', 'web', { ...alone(), ...shared('w') });
    await nodes.make('acme', 'api', shared('a'));
    expect(nodes.states('acme-api')).toEqual({ a: 'Conflicted ResourceConflict' });
  });
});
