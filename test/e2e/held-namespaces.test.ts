import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { describeRequest } from '../support/e2e/audit.ts';
import { lynqPath } from '../support/e2e/cluster.ts';
import { configMap, namespace } from '../support/parity/entries.ts';
import { openStand, type Scene, soon, type Stand } from '../support/parity/stand.ts';

interface EntryStatus {
  readonly id: string;
  readonly state: string;
  readonly reason?: string;
}

/** A Namespace that two forms of a row name: the Go operator has both nodes write it, and both Ready (decision 7). */
describe('e2e/held-namespaces', () => {
  let stand: Stand;
  beforeAll(async () => {
    stand = await openStand('held');
  });
  afterAll(() => stand?.close());

  const open = (name: string, space: string, retain = false): Promise<Scene> => {
    const inside = { targetNamespace: space, dependIds: ['space'] };
    const change = retain ? { deletionPolicy: 'Retain' as const } : {};
    return stand.scene(name, {
      forms: {
        [`${name}-web`]: [namespace('space', space), configMap('map', {}, inside)],
        [`${name}-api`]: [{ ...namespace('space', space), ...change }, configMap('map', {}, inside)],
      },
    });
  };
  const find = (space: string) => stand.find('Namespace', space);
  const entryOf = async (scene: Scene, form: string): Promise<EntryStatus | undefined> =>
    ((await scene.node('a', form))?.status?.resources as readonly EntryStatus[] | undefined)?.find(
      ({ id }) => id === 'space',
    );
  const keeperOf = async (space: string) => (await find(space))?.metadata.labels?.['lynq.sh/node'];
  const deletesOf = (space: string, since: number) =>
    stand.world.audit
      .ofWorker(since)
      .filter(({ verb }) => verb === 'delete')
      .map(describeRequest)
      .filter((request) => request === `delete namespaces/${space}`);

  test.concurrent('both nodes are Ready; the one that is left has it as it was, and it goes once with the row', async () => {
    const space = 'parity-held-both';
    const place = stand.world.audit.now();
    const scene = await open('both', space);
    const forms = ['both-web', 'both-api'];
    await scene.ready('a', 'both-web');
    await scene.ready('a', 'both-api');
    const keeper = await keeperOf(space);
    const [first, second] = keeper === 'a-both-web' ? forms : forms.toReversed();
    if (first === undefined || second === undefined) throw new Error('no forms');
    expect([await entryOf(scene, first), await entryOf(scene, second)]).toMatchObject([
      { state: 'Ready' },
      { state: 'Ready', reason: 'HeldBySibling' },
    ]);
    expect((await entryOf(scene, first))?.reason).toBeUndefined();
    const before = await find(space);
    const map = await stand.find('ConfigMap', `a-${second}-map`, space);

    await stand.world.cluster.remove(lynqPath(stand.world.namespace, 'lynqforms', first));
    await scene.gone('a', first, { withinMs: 120_000 });
    await soon(async () => expect(await keeperOf(space)).toBe(`a-${second}`));
    await soon(async () => expect((await entryOf(scene, second))?.reason).toBeUndefined());
    await scene.ready('a', second);
    expect((await find(space))?.metadata.uid).toBe(before?.metadata.uid);
    expect((await stand.find('ConfigMap', `a-${second}-map`, space))?.metadata.uid).toBe(map?.metadata.uid);
    expect(deletesOf(space, place)).toEqual([]);

    await scene.sql('DELETE FROM $');
    await scene.gone('a', second);
    await soon(async () => expect(await find(space)).toBeUndefined(), { withinMs: 90_000 });
    expect(deletesOf(space, place)).toHaveLength(1);
  });

  test.concurrent('with the row it goes once, after what both have in it', async () => {
    const space = 'parity-held-row';
    const place = stand.world.audit.now();
    const scene = await open('row', space);
    await scene.ready('a', 'row-web');
    await scene.ready('a', 'row-api');
    await scene.sql('DELETE FROM $');
    await scene.gone('a', 'row-web');
    await scene.gone('a', 'row-api');
    await soon(async () => expect(await find(space)).toBeUndefined(), { withinMs: 90_000 });
    expect(deletesOf(space, place)).toHaveLength(1);
  });

  test.concurrent('and is kept where one of the two says Retain', async () => {
    const space = 'parity-held-kept';
    const scene = await open('kept', space, true);
    await scene.ready('a', 'kept-web');
    await scene.ready('a', 'kept-api');
    const before = await find(space);
    await scene.sql('DELETE FROM $');
    await scene.gone('a', 'kept-web');
    await scene.gone('a', 'kept-api');
    const after = await find(space);
    expect(after?.metadata.uid).toBe(before?.metadata.uid);
    expect(after?.metadata.deletionTimestamp).toBeUndefined();
    expect(after?.metadata.labels).toMatchObject({ 'lynq.sh/orphaned': 'true' });
    await stand.world.cluster.remove(`/api/v1/namespaces/${space}`);
  });
});
