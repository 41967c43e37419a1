import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { eventually, notYet, there } from '../support/e2e/eventually.ts';
import { expectRulesKept } from '../support/faults/rules-kept.ts';
import { lookBefore } from '../support/faults/scenarios.ts';
import { isSlice } from '../support/faults/seed.ts';
import { openStage, type Stage } from '../support/faults/stage.ts';
import {
  bringIn,
  expectRemoved,
  expectSettled,
  nodeOf,
  ready,
  takeOut,
  tenantNamed,
} from '../support/faults/tenant.ts';
import { isReady } from '../support/e2e/world.ts';

/** A worker is killed again and again, each time as soon as it has done a little, while ten nodes provision. */
describe.skipIf(isSlice())('faults/kills', () => {
  const tenants = Array.from({ length: 10 }, (_, index) => tenantNamed(`killed-${index}`));
  const mostKills = 8;
  const writesPerLife = 12;
  let stage: Stage;
  let begun = 0;

  beforeAll(async () => {
    stage = await openStage(inject('stack'), 'kills');
    begun = stage.audit.now();
  });
  afterAll(() => stage?.close());

  const allReady = async () => (await Promise.all(tenants.map((tenant) => nodeOf(stage, tenant)))).every(isReady);

  test('ten nodes that provision while their worker is killed again and again settle', async () => {
    await stage.kill();
    for (const tenant of tenants) await bringIn(stage, tenant, {});
    let kills = 0;
    for (; kills < mostKills && !(await allReady()); kills += 1) {
      stage.start();
      const place = stage.audit.now();
      await eventually(
        'the worker has done a little',
        async () => {
          const writes = stage.audit.ofWorker(place).length;
          return writes >= writesPerLife || (await allReady()) ? there(writes) : notYet(writes);
        },
        { everyMs: 50, withinMs: 120_000 },
      );
      await stage.kill();
    }
    expect(kills).toBeGreaterThanOrEqual(5);
    stage.start();
    for (const tenant of tenants) await ready(stage, tenant, 180_000);
    for (const tenant of tenants) await expectSettled(stage, tenant, { place: begun, live: new Map() });
    const [first] = tenants;
    const before = await lookBefore(stage, first!, begun);
    await takeOut(stage, first!);
    await expectRemoved(stage, first!, before);
  }, 900_000);

  test('nothing in the log of the API server breaks a rule, and what is not ours is what it was', async () => {
    await expectRulesKept(stage, begun);
  });
});
