import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { expectRulesKept } from '../support/faults/rules-kept.ts';
import { type Failpoint, failpoints, type ScenarioName } from '../support/faults/failpoints.ts';
import type { History } from '../support/faults/history.ts';
import { bringIn, lookBefore, type Scenario, scenarios } from '../support/faults/scenarios.ts';
import { chosen } from '../support/faults/seed.ts';
import { type Armed, openStage, type Stage } from '../support/faults/stage.ts';
import { followChildren, furtherSuffix, tenantNamed } from '../support/faults/tenant.ts';

const selected = chosen(failpoints);
const reached = new Set<string>();
const scenarioOf = ({ scenario }: Failpoint): Scenario =>
  (scenarios as Readonly<Partial<Record<ScenarioName, Scenario>>>)[scenario]!;

/** Each worker recovers from the end of the one before it and carries the failpoint of the next test, which is about another tenant. */
describe('faults/failpoints', () => {
  let stage: Stage;
  let begun = 0;
  let history: History | undefined;

  const tenantOf = ({ name }: Failpoint) => tenantNamed(name.toLowerCase().replace('.', '-'));
  const armedFor = (point: Failpoint | undefined): Armed | undefined =>
    point && {
      failpoint: point.name,
      action: 'kill',
      scope: point.scenario === 'stop' ? '' : tenantOf(point).name,
      besides: furtherSuffix,
      gated: scenarioOf(point).gated,
    };

  beforeAll(async () => {
    stage = await openStage(inject('stack'), 'failpoints');
    begun = stage.audit.now();
    history = await followChildren(stage);
    await stage.kill();
    stage.start(armedFor(selected[0]));
  }, 240_000);
  afterAll(() => stage?.close());

  test.each(selected.map((point) => [point.name, point.title, point.side] as const))(
    '%s: %s; a worker that ends with -9 right %s it leaves nothing that a new worker does not finish',
    async (name) => {
      const index = selected.findIndex((point) => point.name === name);
      const point = selected[index]!;
      const { parts, prepare, act, expectEnd } = scenarioOf(point);
      const tenant = tenantOf(point);
      const place = stage.audit.now();
      try {
        await bringIn(stage, tenant, parts);
        await prepare(stage, tenant);
        const early = await lookBefore(stage, tenant, place);
        stage.openGate();
        await act(stage, tenant);
        expect(await stage.ended()).toEqual({ code: null, signal: 'SIGKILL' });
        expect(stage.hits().at(-1)).toBe(name);
        reached.add(name);
        const before = early.record.length > 0 ? early : await lookBefore(stage, tenant, place);
        stage.start(armedFor(selected[index + 1]));
        await expectEnd(stage, tenant, before);
      } catch (error) {
        // The next point gets a worker of its own, whatever became of this one.
        await stage.kill();
        stage.start(armedFor(selected[index + 1]));
        throw error;
      }
    },
    150_000,
  );

  test('nothing in the log of the API server breaks a rule, and what is not ours is what it was', async () => {
    const removes = selected.some(({ scenario }) => !['create', 'scale', 'wakes', 'stop'].includes(scenario));
    await expectRulesKept(stage, begun, { history: await history!.stop(), least: { deletes: removes ? 1 : 0 } });
  });

  test('every registered point of this run was reached', () => {
    expect([...reached].toSorted()).toEqual(selected.map(({ name }) => name).toSorted());
  });
});
