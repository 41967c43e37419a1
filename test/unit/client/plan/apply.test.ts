import { describe, expect, it } from 'vitest';
import { applyingEngine } from '../../../support/cli/applying-worker.ts';
import type { PlanWorld } from '../../../support/plan-world.ts';
import { form, lynq, open, rows, wrote } from '../planned-form.ts';
import { run } from '../run.ts';

describe('client/plan/apply', () => {
  async function keep(world: PlanWorld): Promise<string> {
    const { written, err } = await lynq(world, 'plan -f web.yaml --out kept', { 'web.yaml': form });
    expect(err).toContain('lynq apply --plan kept');
    return written['kept'] ?? '';
  }

  it('does what was planned when nothing has moved', async () => {
    const world = open();
    const kept = await keep(world);

    const { out, exitCode } = await lynq(world, 'apply --plan kept', { kept, 'web.yaml': form });

    expect(out).toBe('lynqform.operator.lynq.sh/web created (as planned)\n');
    expect(exitCode).toBe(0);
    expect(wrote(world)).toEqual(['form']);
  });

  it('waits with --wait until what was planned has come about', async () => {
    const world = open();
    const kept = await keep(world);
    const { cluster, planner } = world;
    const engine = applyingEngine(cluster, { hub: 'shop', uids: ['acme', 'beta'] });

    const ran = await run('apply --plan kept --wait', { cluster, planner, engine, files: { kept, 'web.yaml': form } });

    expect(ran.out).toBe(
      'lynqform.operator.lynq.sh/web created (as planned)\nlynqhub.operator.lynq.sh/shop synced\nlynqform.operator.lynq.sh/web 2 nodes Ready\n',
    );
    expect(ran.exitCode).toBe(0);
  });

  it('keeps no value and no template in the file', async () => {
    const kept = await keep(open());
    for (const text of ['hush', 'gold', '.plan', 'ConfigMap']) expect(kept).not.toContain(text);
  });

  it.each<[string, (world: PlanWorld) => unknown, string]>([
    [
      'a value of a row',
      (world) => world.setRows([rows[0] ?? [], ['beta', '1', 'silver', 'hush']]),
      'LynqNode lynq-system/beta-web: its values',
    ],
    [
      'a secret value',
      (world) => world.setRows([rows[0] ?? [], ['beta', '1', 'gold', 'other']]),
      'LynqNode lynq-system/beta-web: its values',
    ],
    [
      'a row more',
      (world) => world.setRows([...rows, ['core', '1', '', '']]),
      'LynqNode lynq-system/core-web was not in the plan',
    ],
    [
      'a row less',
      (world) => world.setRows(rows.slice(1)),
      'LynqNode lynq-system/acme-web is not to be changed any more',
    ],
    [
      'an object that someone else has made',
      (world) =>
        world.cluster.seed({
          apiVersion: 'v1',
          kind: 'ConfigMap',
          metadata: { name: 'acme-config', namespace: 'lynq-system' },
        }),
      'LynqNode lynq-system/acme-web: its values or its objects have changed',
    ],
    [
      'the form itself',
      (world) =>
        world.cluster.seed({
          apiVersion: 'operator.lynq.sh/v1',
          kind: 'LynqForm',
          metadata: { name: 'web', namespace: 'lynq-system' },
          spec: { hubId: 'shop' },
        }),
      'LynqForm lynq-system/web has been made meanwhile',
    ],
  ])('refuses after a change of %s', async (_what, move, words) => {
    const world = open();
    const kept = await keep(world);
    const before = wrote(world).length;
    move(world);
    const moved = wrote(world).length;

    const { err, exitCode } = await lynq(world, 'apply --plan kept', { kept, 'web.yaml': form });

    expect(err).toContain(words);
    expect(err).toContain('so nothing was applied');
    expect(exitCode).toBe(1);
    expect(wrote(world).length).toBe(Math.max(before, moved));
  });

  it('refuses after an edit of the file, and what is no plan', async () => {
    const world = open();
    const kept = await keep(world);
    const edited = await lynq(world, 'apply --plan kept', { kept, 'web.yaml': form.replace('-config"', '-settings"') });
    expect(edited.err).toContain('the file of LynqForm lynq-system/web has changed');
    for (const text of ['{}', 'no json', kept.replace('"lynqPlan": 1', '"lynqPlan": 2')]) {
      const other = await lynq(world, 'apply --plan kept', { kept: text, 'web.yaml': form });
      expect(other).toMatchObject({ exitCode: 1, out: '' });
      expect(other.err).toContain('is not a plan');
    }
    expect((await lynq(world, 'apply --plan kept -f web.yaml', { kept, 'web.yaml': form })).exitCode).toBe(2);
    expect(wrote(world)).toEqual([]);
  });
});
