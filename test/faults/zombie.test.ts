import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { childPath } from '../support/e2e/cluster.ts';
import { eventually, notYet, there, window } from '../support/e2e/eventually.ts';
import { expectRulesKept } from '../support/faults/rules-kept.ts';
import type { FaultyWorker } from '../support/faults/process.ts';
import { isSlice } from '../support/faults/seed.ts';
import { lookBefore } from '../support/faults/scenarios.ts';
import { openStage, type Stage } from '../support/faults/stage.ts';
import { bringIn, expectRemoved, ready, setReplicas, takeOut, tenantNamed } from '../support/faults/tenant.ts';

/** A worker that is frozen longer than the server waits for it, and goes on when another has done its work. */
describe.skipIf(isSlice())('faults/zombie', () => {
  let stage: Stage;
  let other: FaultyWorker | undefined;
  let begun = 0;

  const frozen = () =>
    eventually('the worker is frozen', () => (stage.hits().length > 0 ? there(true) : notYet('it runs')));

  async function endBoth(): Promise<void> {
    other?.send('SIGKILL');
    await other?.ended;
    await stage.kill();
  }

  beforeAll(async () => {
    stage = await openStage(inject('stack'), 'zombie');
    begun = stage.audit.now();
  });
  afterAll(async () => {
    await endBoth();
    await stage?.close();
  });

  test('a create that comes after the row is gone brings nothing back', async () => {
    const tenant = tenantNamed('zombie-create');
    await stage.kill();
    stage.start({ failpoint: 'P17.before', action: 'stop', scope: tenant.name, gated: false });
    const place = stage.audit.now();
    await bringIn(stage, tenant, {});
    await frozen();
    other = stage.startAnother();
    await ready(stage, tenant, 120_000);
    const before = await lookBefore(stage, tenant, place);
    await takeOut(stage, tenant);
    await expectRemoved(stage, tenant, before);
    stage.worker().send('SIGCONT');

    await window(5_000);
    await eventually(
      'nothing of the row is back',
      async () => {
        const back = await stage.cluster.find(childPath('Deployment', tenant.space, `${tenant.name}-app`));
        return back === undefined ? there(true) : notYet(back.metadata.uid);
      },
      { withinMs: 120_000 },
    );
    await expectRemoved(stage, tenant, before);
  }, 400_000);

  test('an update that comes after a newer one changes nothing', async () => {
    const tenant = tenantNamed('zombie-update');
    await endBoth();
    stage.start({ failpoint: 'P17.before', action: 'stop', scope: tenant.name, gated: true });
    const hits = stage.hits().length;
    await bringIn(stage, tenant, {});
    await ready(stage, tenant, 120_000);
    const place = stage.audit.now();
    stage.openGate();
    await setReplicas(stage, tenant, 2);
    await eventually('the worker is frozen', () => (stage.hits().length > hits ? there(true) : notYet('it runs')));
    other = stage.startAnother();
    const path = childPath('Deployment', tenant.space, `${tenant.name}-app`);
    const shows = (replicas: number) =>
      eventually(
        `${replicas} replicas`,
        async () => {
          const { spec } = await stage.cluster.get(path);
          return spec.replicas === replicas ? there(true) : notYet(spec.replicas);
        },
        { withinMs: 120_000 },
      );
    await shows(2);
    await setReplicas(stage, tenant, 3);
    await shows(3);
    stage.worker().send('SIGCONT');

    await window(5_000);
    await shows(3);
    const written = stage.audit
      .ofWorker(place)
      .filter(({ objectRef }) => objectRef?.resource === 'deployments' && objectRef.namespace === tenant.space)
      .map(({ responseObject }) => responseObject?.spec?.replicas as number);
    expect(written).toEqual(written.toSorted((a, b) => a - b));
    expect(new Set(written)).toEqual(new Set([2, 3]));
  }, 400_000);

  test('nothing in the log of the API server breaks a rule, and what is not ours is what it was', async () => {
    await expectRulesKept(stage, begun);
  });
});
