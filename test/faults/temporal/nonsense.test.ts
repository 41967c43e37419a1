import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { workflowIds } from '../../../domain/identity.ts';
import { expectInvariants } from '../../support/faults/invariants.ts';
import { bringInFleet, type Fleet, nodeWrites, sizes } from '../../support/faults/row-fleet.ts';
import { openStage, type Stage } from '../../support/faults/stage.ts';

/** What people with Temporal's tools may say to runs, and start, that makes no sense. */
describe('faults/temporal/nonsense', () => {
  let stage: Stage;
  let begun = 0;

  beforeAll(async () => {
    stage = await openStage(inject('stack'), 'nonsense', { keepsHistories: false });
    begun = stage.audit.now();
  });
  afterAll(() => stage?.close());

  const client = () => stage.engine.client;
  const runOf = (fleet: Fleet, uid: string) =>
    client().workflow.getHandle(workflowIds.node(fleet.namespace, `${uid}-form`));
  /** The first run of the chain in which a run has gone on as new: another one means that it ended and was begun again. */
  const chainOf = async (fleet: Fleet, uid: string) =>
    (await runOf(fleet, uid).describe()).raw.workflowExecutionInfo?.firstRunId;
  const uidsOf = async (fleet: Fleet) =>
    Object.fromEntries([...(await fleet.nodes())].map(([uid, { metadata }]) => [uid, metadata.uid]));

  const patienceMs = 20_000;

  /** How a run ended that was started by somebody. */
  async function endOf(
    { namespace }: Fleet,
    { type, input, index }: { readonly type: string; readonly input: object; readonly index: number },
  ): Promise<string> {
    const workflowId = `forged/${namespace}/${index}`;
    const handle = await client().workflow.start(type, { taskQueue: stage.taskQueue, workflowId, args: [input] });
    const ended = await Promise.race([
      handle.result().then(
        (result: { readonly outcome?: string; readonly ended?: string }) => result.outcome ?? result.ended ?? 'done',
        () => 'failed',
      ),
      new Promise<string>((resolve) => setTimeout(() => resolve('goes on'), patienceMs).unref()),
    ]);
    if (ended === 'goes on') await handle.terminate();
    return ended;
  }

  test('T14 nonsense said to runs is refused or ignored, and they go on', async () => {
    const fleet = await bringInFleet(stage, { name: 'nonsense', rows: sizes(['one', 'two']) });
    await fleet.untilSettled(sizes(['one', 'two']));
    const before = await uidsOf(fleet);
    const place = stage.audit.now();
    const handle = runOf(fleet, 'one');
    const chain = await chainOf(fleet, 'one');
    const nonsense: readonly unknown[] = [
      null,
      7,
      'text',
      [],
      {},
      { overrides: 'text' },
      { overrides: { size: 5 } },
      { overrides: { __proto__: null, size: null } },
      { overrides: {}, clear: 'yes' },
      { cause: { deep: { deep: {} } } },
      'x'.repeat(100_000),
    ];
    for (const name of ['scale', 'resync', 'wake', 'nobody-knows-this'])
      for (const payload of nonsense) await handle.signal(name, payload);
    await handle.signal('scale');
    for (const payload of nonsense) {
      const answer = await handle.executeUpdate('scale', { args: [payload] }).then(
        () => 'taken',
        () => 'refused',
      );
      expect([payload, answer]).toEqual([payload, 'refused']);
    }
    await expect(handle.executeUpdate('nobody-knows-this', { args: [] })).rejects.toThrow();
    await expect(handle.query('nobody-knows-this')).rejects.toThrow();
    // What makes sense is taken all the same.
    await runOf(fleet, 'two').signal('scale', { overrides: { size: '5' } });
    await fleet.untilSettled({ one: 1, two: 5 });

    await fleet.sql('UPDATE nonsense SET size = 9');
    await fleet.sync();
    await fleet.untilSettled(sizes(['one', 'two'], 9));
    expect((await handle.describe()).status.name).toBe('RUNNING');
    expect(await chainOf(fleet, 'one')).toBe(chain);
    expect(await uidsOf(fleet)).toEqual(before);
    expect(nodeWrites(fleet, place).filter((write) => !write.startsWith('patch'))).toEqual([]);
    const node = (await fleet.nodes()).get('one');
    expect(node?.metadata.annotations?.['lynq.sh/overrides']).toBeUndefined();
  });

  test('T14 a sync, a rollout and a run of a node that somebody starts with nonsense end or rest, and change nothing', async () => {
    const fleet = await bringInFleet(stage, { name: 'forged', rows: sizes(['one']) });
    await fleet.untilSettled(sizes(['one']));
    const before = await uidsOf(fleet);
    const place = stage.audit.now();
    // What is named as nothing can be is tried again now and then, as long as nobody ends it.
    const forged: readonly (readonly [string, object, string])[] = [
      ['hubSync', { namespace: fleet.namespace, hub: 'nowhere' }, 'gone'],
      ['hubSync', { namespace: '../etc', hub: 'hub' }, 'failed'],
      ['hubSync', { namespace: fleet.namespace, hub: { name: 'hub' } }, 'failed'],
      ['formRollout', { namespace: fleet.namespace, form: 'nowhere' }, 'FormGone'],
      ['formRollout', { namespace: '../etc', form: 'form' }, 'goes on'],
      ['lynqNode', { namespace: fleet.namespace, node: 'nowhere', hub: 'hub', form: 'form', uid: 'nowhere' }, 'gone'],
      ['lynqNode', { namespace: '../etc', node: 'one-form', hub: 'hub', form: 'form', uid: 'one' }, 'goes on'],
    ];
    const ends = await Promise.all(forged.map(([type, input], index) => endOf(fleet, { type, input, index })));
    expect(ends).toEqual(forged.map(([, , end]) => end));
    expect(nodeWrites(fleet, place)).toEqual([]);
    expect(await uidsOf(fleet)).toEqual(before);
  });

  test('afterwards all is at rest, nothing shows a secret, and nothing in the log of the API server breaks a rule', async () => {
    await expectInvariants(stage, begun, { least: { deletes: 0 } });
  }, 300_000);
});
