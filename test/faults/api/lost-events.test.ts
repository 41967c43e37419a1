import { afterAll, describe, expect, inject, test } from 'vitest';
import type { Json } from '../../support/e2e/cluster.ts';
import { eventually, notYet, there } from '../../support/e2e/eventually.ts';
import { configMap, fourResources } from '../../support/faults/proxy-forms.ts';
import { childrenOf, essenceOf, listen } from '../../support/faults/proxy-golden.ts';
import { openProxyWorld, type Scenario } from '../../support/faults/proxy-world.ts';
import { expectRulesKept } from '../../support/faults/rules-kept.ts';

/**
 * A clean run is recorded first: one row, one form, five resources of which one is retained, provisioned, changed and removed. Every watch event that the
 * worker got in it is then lost once, each in a run of its own, and the run has to go as the clean one did.
 */
const world = await openProxyWorld(inject('stack'), { name: 'lost', settings: { LYNQ_RELIST_SECONDS: '20' } });

const form = {
  ...fourResources,
  configMaps: [...fourResources.configMaps, configMap('kept', { deletionPolicy: 'Retain' })],
};
const patience = { withinMs: 150_000 };
/** How often a run is repeated in which the event did not come about: how many states an object has is up to Kubernetes' controllers as well. */
const attempts = 4;

/** How far a life came, and what it took. */
interface Life {
  readonly provisioned: Json;
  readonly removed: Json;
  readonly deletes: readonly string[];
  readonly writes: number;
}

/** One row is provisioned, changed and removed. */
async function live(scenario: Scenario): Promise<Life> {
  const { namespace } = scenario;
  const essence = async () => essenceOf(await childrenOf(world.cluster, namespace), namespace);
  await scenario.insert('r1');
  await scenario.ready(['r1-form'], patience);
  await scenario.count('r1', 2);
  await eventually(
    'the change is there',
    async () => {
      const objects = await childrenOf(world.cluster, namespace);
      const shown = objects.filter(({ data, spec }) => /"(2|Mg==)"/.test(JSON.stringify([data, spec?.template])));
      return shown.length === 4 ? there(true) : notYet(shown.map(({ kind }) => kind));
    },
    { ...patience, everyMs: 500 },
  );
  await scenario.ready(['r1-form'], patience);
  await scenario.quiet(3_000);
  const provisioned = await essence();
  expect(scenario.deletes()).toEqual([]);
  await scenario.remove('r1');
  await scenario.gone(['r1-form'], patience);
  await scenario.quiet(3_000);
  return {
    provisioned,
    removed: await essence(),
    deletes: scenario.deletes().toSorted(),
    writes: scenario.writes().length,
  };
}

async function record(name: string): Promise<{ readonly life: Life; readonly events: readonly string[] }> {
  const { passed } = listen(world.proxy, `flt-lost-${name}`);
  const scenario = await world.scenario(name, { forms: { form } });
  return { life: await live(scenario), events: [...new Set(passed)] };
}

/** The worker watches all kinds once it has had to do with them: a run that began earlier would miss events. */
async function warmUp(): Promise<void> {
  const scenario = await world.scenario('warm', { forms: { form }, rows: ['r1'] });
  await scenario.ready(['r1-form'], patience);
  await scenario.quiet(3_000);
}

const [golden, again] = await warmUp()
  .then(() => Promise.all([record('golden'), record('again')]))
  .catch(async (error: unknown) => {
    await world.close();
    throw error;
  });
/** What belongs to every clean run. */
const events = golden.events.filter((name) => again.events.includes(name));

describe('faults/api/lost-events', () => {
  afterAll(() => world.close());

  test('K11 clean runs go the same way, and have events to lose from birth to removal', () => {
    const { writes: _golden, ...first } = golden.life;
    const { writes: _again, ...second } = again.life;
    expect(second).toEqual(first);
    expect(first.deletes).toEqual([
      'delete configmaps/r1-settings',
      'delete deployments/r1-api',
      'delete secrets/r1-keys',
      'delete services/r1-web',
    ]);
    expect((first.removed as readonly Json[]).map(({ name }) => name)).toEqual(['r1-kept']);
    const kinds = new Set(events.map((name) => name.split(' ').slice(0, 2).join(' ')));
    expect([...kinds]).toEqual(
      expect.arrayContaining([
        ...['ConfigMap', 'Deployment', 'LynqForm', 'LynqHub', 'LynqNode', 'Secret', 'Service'].map(
          (kind) => `ADDED ${kind}`,
        ),
        ...['ConfigMap', 'Deployment', 'LynqNode', 'Secret'].map((kind) => `MODIFIED ${kind}`),
        ...['ConfigMap', 'Deployment', 'LynqNode', 'Secret', 'Service'].map((kind) => `DELETED ${kind}`),
      ]),
    );
  });

  test.concurrent.for(events.map((name, index) => [name, index] as const))(
    'K11 without the watch event "%s" a life goes as it does with it',
    { timeout: 600_000 },
    async ([name, index]) => {
      for (let attempt = 1; attempt <= attempts; attempt += 1) {
        const run = `e${index}-${attempt}`;
        const { lost } = listen(world.proxy, `flt-lost-${run}`, name);
        const scenario = await world.scenario(run, { forms: { form }, syncInterval: '10s' });
        const { writes, ...life } = await live(scenario);
        const { writes: usual, ...expected } = golden.life;
        expect(life).toEqual(expected);
        expect(writes).toBeLessThanOrEqual(2 * usual);
        await scenario.close();
        if (lost()) return;
      }
      throw new Error(`in ${attempts} runs there was no ${name} to lose`);
    },
  );

  test('nothing in the log of the API server breaks a rule, and what is not ours is what it was', async () => {
    await expectRulesKept(world, world.begun);
  });
});
