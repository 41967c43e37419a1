import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { describeRequest } from '../support/e2e/audit.ts';
import { conditionOf } from '../support/e2e/cluster.ts';
import { eventually, notYet, there, window } from '../support/e2e/eventually.ts';
import { configMap, mapOf, openSmallWorld, type SmallWorld } from '../support/e2e/forms.ts';
import { environment, run } from '../support/e2e/programs.ts';
import { replaced } from '../support/e2e/world.ts';
import { runBlocks } from '../support/install/blocks.ts';

/** A table is lost and comes back as it was some time ago, with what docs/operations.md says to do then. */
describe('e2e/losing-database', () => {
  let world: SmallWorld;

  /** A block of the page, about this world's hub. */
  async function asDocumented(part: string): Promise<void> {
    const block = runBlocks('docs/operations.md').find(({ script }) => script.includes(part));
    const names = { 'lynq-system': world.namespace, 'multi-tier-nodes': world.hubName };
    const command = replaced(block?.script ?? '', { ...names, 'kubectl ': `${world.stack.kubectl} ` });
    expect(await run('sh', ['-ec', command], environment(world.stack))).toMatchObject({ code: 0 });
  }
  const sizeOf = async (uid: string): Promise<string | undefined> =>
    (await mapOf(world, `${uid}-size`))?.data?.['size'];
  const sizeBecomes = (uid: string, size: string) =>
    eventually(`${uid} has size ${size}`, async () => {
      const found = await sizeOf(uid);
      return found === size ? there(found) : notYet(found);
    });
  const identities = async (): Promise<readonly string[]> => {
    const maps = await Promise.all(['old', 'kept', 'new'].map((uid) => mapOf(world, `${uid}-size`)));
    return [...(await world.nodes()), ...maps].map((one) => `${one?.metadata.name} ${one?.metadata.uid}`);
  };

  beforeAll(async () => {
    world = await openSmallWorld(inject('stack'), 'losing-database');
    await world.putForm('size', { configMaps: [configMap('size', {}, { size: '{{ .size }}' })] });
    for (const uid of ['old', 'kept']) await world.addRow(uid);
    await world.ready(['old-size', 'kept-size']);
    await world.database.sql('CREATE TABLE dump AS SELECT * FROM things');
    await world.addRow('new');
    await world.database.sql("UPDATE things SET size = 2 WHERE id = 'old'");
    await world.ready(['new-size']);
    await sizeBecomes('old', '2');
  }, 120_000);
  afterAll(() => world?.close());

  test('a lost table removes nothing; restored to an older state under a paused hub nothing goes that a person puts back', async () => {
    const before = await identities();
    const place = world.audit.now();
    const deletions = () => world.audit.ofWorker(place).filter(({ verb }) => verb.startsWith('delete'));
    await world.database.sql('DROP TABLE things');
    await eventually('the hub says so', async () => {
      const ready = conditionOf(await world.hub(world.hubName), 'Ready');
      return ready?.status === 'False' ? there(ready) : notYet(ready);
    });
    expect(await identities()).toEqual(before);

    await asDocumented('"paused":true');
    await world.database.sql('RENAME TABLE dump TO things');
    await window(5_000);
    expect(await identities()).toEqual(before);
    expect(await sizeOf('old')).toBe('2');
    const planned = await world.lynq(['plan', world.hubName]);
    expect(planned.stdout.trimEnd().split('\n')).toEqual([
      `LynqHub ${world.namespace}/things: 2 rows, 2 active (paused: nothing is done until it is resumed)`,
      '~ 1 LynqNode of 1 row take new values: old',
      '- 1 LynqNode of 1 row to go, row is gone or inactive: new',
      `LynqForm ${world.namespace}/size: LynqNodes: 1 to change, 1 unchanged`,
      '~ 1 node: ConfigMap (size) changed',
      '    .data.size: "2" → "1"',
      '    in old-size',
      '  1 node left alone: each its row is gone',
      '    new-size',
    ]);

    await world.addRow('new');
    await asDocumented('"paused":false');
    await sizeBecomes('old', '1');
    await world.ready(['old-size', 'kept-size', 'new-size']);
    expect(await identities()).toEqual(before);
    expect(deletions().map(describeRequest)).toEqual([]);
  }, 120_000);
});
