import { afterAll, describe, expect, inject, test } from 'vitest';
import { eventually, notYet, there } from '../../support/e2e/eventually.ts';
import { fourResources } from '../../support/faults/proxy-forms.ts';
import { childrenOf, essenceOf, listen } from '../../support/faults/proxy-golden.ts';
import { openProxyWorld, type Scenario } from '../../support/faults/proxy-world.ts';

/**
 * A clean run is recorded first: one row, one form, four resources, provisioned and then changed. Every watch event that the worker got in it is then
 * lost once, each in a run of its own, and the run has to end as the clean one did.
 */
const world = await openProxyWorld(inject('stack'), { name: 'lost', settings: { LYNQ_RELIST_SECONDS: '20' } });

/** One row is provisioned and then changed. */
async function live(scenario: Scenario): Promise<void> {
  await scenario.insert('r1');
  await scenario.ready(['r1-form'], { withinMs: 150_000 });
  await scenario.count('r1', 2);
  await eventually(
    'the change is there',
    async () => {
      const objects = await childrenOf(world.cluster, scenario.namespace);
      const shown = objects.filter(({ data, spec }) => /"(2|Mg==)"/.test(JSON.stringify([data, spec?.template])));
      return shown.length === 3 ? there(true) : notYet(shown.map(({ kind }) => kind));
    },
    { withinMs: 150_000, everyMs: 500 },
  );
  await scenario.ready(['r1-form'], { withinMs: 150_000 });
}

async function record(): Promise<{
  readonly essence: unknown;
  readonly events: readonly string[];
  readonly writes: number;
}> {
  const namespace = 'flt-lost-golden';
  const { passed } = listen(world.proxy, namespace);
  const scenario = await world.scenario('golden', { forms: { form: fourResources } });
  await live(scenario);
  await scenario.quiet(4_000);
  const essence = essenceOf(await childrenOf(world.cluster, scenario.namespace), scenario.namespace);
  return { essence, events: [...new Set(passed)], writes: scenario.writes().length };
}

const golden = await record().catch(async (error: unknown) => {
  await world.close();
  throw error;
});

describe('faults/api/lost-events', () => {
  afterAll(() => world.close());

  test('K11 a clean run has events to lose', () => {
    expect(golden.events.length).toBeGreaterThan(15);
    const kinds = new Set(golden.events.map((name) => name.split(' ')[1]));
    expect([...kinds]).toEqual(
      expect.arrayContaining(['ConfigMap', 'Deployment', 'LynqForm', 'LynqHub', 'LynqNode', 'Secret', 'Service']),
    );
  });

  test.concurrent.for(golden.events.map((name, index) => [name, index] as const))(
    'K11 without the watch event "%s" the end is the same',
    async ([name, index]) => {
      const namespace = `flt-lost-e${index}`;
      listen(world.proxy, namespace, name);
      const scenario = await world.scenario(`e${index}`, { forms: { form: fourResources }, syncInterval: '10s' });
      await live(scenario);
      await scenario.quiet(3_000);
      expect(essenceOf(await childrenOf(world.cluster, namespace), namespace)).toEqual(golden.essence);
      expect(scenario.deletes()).toEqual([]);
      expect(scenario.writes().length).toBeLessThanOrEqual(2 * golden.writes);
      await scenario.close();
    },
  );
});
