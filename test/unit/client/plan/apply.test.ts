import { describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import type { Planner } from '../../../../client/planner.ts';
import { type JsonObject, textAt } from '../../../../domain/api/json.ts';
import { applyingEngine } from '../../../support/cli/applying-worker.ts';
import { planHub, type PlanWorld } from '../../../support/plan-world.ts';
import { form, lynq, open, openWithoutKey, rows, wrote } from '../planned-form.ts';
import { run } from '../run.ts';

const hubRef = { apiVersion: 'operator.lynq.sh/v1', kind: 'LynqHub', namespace: 'lynq-system', name: 'shop' };

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

  it('keeps nothing that values of rows can be guessed with where the hub has no key yet', async () => {
    const nodesOf = async (world: PlanWorld) => (JSON.parse(await keep(world)) as JsonObject)['nodes'];
    const [here, there] = [openWithoutKey(), openWithoutKey()];
    there.setRows([rows[0] ?? [], ['beta', '1', 'silver', 'other']]);

    expect(await nodesOf(there)).toEqual(await nodesOf(here));
    expect(Object.keys((await nodesOf(here)) as JsonObject)).toEqual(['lynq-system/acme-web', 'lynq-system/beta-web']);
  });

  it('refuses a plan of another cluster before anything else, that of a new hub too', async () => {
    const world = open();
    const kept = await keep(world);
    const spaceRef = { apiVersion: 'v1', kind: 'Namespace', name: 'kube-system' };
    const id = textAt(await world.cluster.get(spaceRef), 'metadata', 'uid') ?? '';
    await world.cluster.delete(spaceRef, id);
    world.cluster.seed({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'kube-system' } });
    const other = textAt(await world.cluster.get(spaceRef), 'metadata', 'uid') ?? '';

    const { err, exitCode } = await lynq(world, 'apply --plan kept', { kept, 'web.yaml': form });

    expect(err).toBe(
      `Error: kept was made for cluster ${id}, and the context is cluster ${other}; nothing was applied\n` +
        '  name the cluster it was made for (--context), or plan again\n',
    );
    expect(exitCode).toBe(1);
    expect(wrote(world)).toEqual([]);
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
    for (const text of ['{}', 'no json', kept.replace('"lynqPlan": 2', '"lynqPlan": 1')]) {
      const other = await lynq(world, 'apply --plan kept', { kept: text, 'web.yaml': form });
      expect(other).toMatchObject({ exitCode: 1, out: '' });
      expect(other.err).toContain('is not a plan');
    }
    expect((await lynq(world, 'apply --plan kept -f web.yaml', { kept, 'web.yaml': form })).exitCode).toBe(2);
    expect(wrote(world)).toEqual([]);
  });

  describe('of a hub that the files bring', () => {
    const files = { 'hub.yaml': stringify(planHub), 'web.yaml': form };

    async function keepNew() {
      const world = open();
      const uid = textAt(await world.cluster.get(hubRef), 'metadata', 'uid') ?? '';
      await world.cluster.delete(hubRef, uid);
      const { written } = await lynq(world, 'plan -f hub.yaml -f web.yaml --out kept', files);
      return { world, kept: written['kept'] ?? '' };
    }

    it('makes it, whatever uid a dry run gives it', async () => {
      const { world, kept } = await keepNew();

      const { out, err, exitCode } = await lynq(world, 'apply --plan kept', { ...files, kept });

      expect(err).not.toContain('Error');
      expect(out).toContain('lynqhub.operator.lynq.sh/shop created (as planned)\n');
      expect(exitCode).toBe(0);
    });

    it('refuses when it has been made meanwhile, or a row has changed', async () => {
      const { world, kept } = await keepNew();
      world.setRows(rows.slice(1));
      const moved = await lynq(world, 'apply --plan kept', { ...files, kept });
      world.setRows(rows);
      world.cluster.seed(planHub);
      const made = await lynq(world, 'apply --plan kept', { ...files, kept });

      expect(moved.err).toContain('rows or LynqNodes of LynqHub lynq-system/shop have changed');
      expect(made.err).toContain('LynqHub lynq-system/shop has been made meanwhile');
      expect(made.exitCode).toBe(1);
      expect(wrote(world)).toEqual([]);
    });
  });

  describe('of a form that another manager has applied', () => {
    const files = { 'web.yaml': form };

    function openHeld(): PlanWorld {
      const world = open();
      seedForm(world, '{{ .uid }}-other', 'helm');
      return world;
    }

    function seedForm({ cluster }: PlanWorld, nameTemplate: string, manager: string): void {
      const { metadata, spec, ...kind } = parse(form) as { metadata: JsonObject; spec: { configMaps: JsonObject[] } };
      const configMaps = spec.configMaps.map((entry) => ({ ...entry, nameTemplate }));
      cluster.seed({ ...kind, metadata, spec: { ...spec, configMaps } }, manager);
    }

    const nameOf = async ({ cluster }: PlanWorld): Promise<string> =>
      JSON.stringify(await cluster.get({ ...hubRef, kind: 'LynqForm', name: 'web' })).match(/-(?:config|other)/)?.[0] ??
      '';

    it('plans as if its fields were taken, and names them; what is kept so is not applied', async () => {
      const world = openHeld();

      const planned = await lynq(world, 'plan -f web.yaml --out kept', files);
      const asJson = await lynq(world, 'plan -f web.yaml -o json', files);
      const kept = planned.written['kept'] ?? '';
      const applied = await lynq(world, 'apply --plan kept', { ...files, kept });

      expect(planned.out).toMatch(
        /^! lynqform\.operator\.lynq\.sh\/web conflict on \.spec\..*, held by helm; taken over with --force-conflicts only$/m,
      );
      expect(planned.out).toContain('+ 2 nodes: ConfigMap (config) created');
      expect(planned.err).toContain('plan with --force-conflicts');
      expect(planned.exitCode).toBe(1);
      expect(asJson.out).toContain('"manager": "helm"');
      expect(applied.err).toContain('is held by helm; nothing was applied');
      expect(applied.exitCode).toBe(1);
      expect(await nameOf(world)).toBe('-other');
    });

    it('takes them when that was planned', async () => {
      const world = openHeld();

      const planned = await lynq(world, 'plan -f web.yaml --force-conflicts --out kept', files);
      const applied = await lynq(world, 'apply --plan kept', { ...files, kept: planned.written['kept'] ?? '' });

      expect(planned.out).toMatch(/^~ lynqform\.operator\.lynq\.sh\/web takes from helm: \.spec\./m);
      expect(planned.err).toContain('lynq apply --plan kept');
      expect(applied.out).toBe('lynqform.operator.lynq.sh/web configured (as planned)\n');
      expect(applied.exitCode).toBe(0);
      expect(await nameOf(world)).toBe('-config');
    });

    it('takes no field that somebody else has got hold of since', async () => {
      const world = openHeld();
      const { written } = await lynq(world, 'plan -f web.yaml --force-conflicts --out kept', files);
      const [stored] = world.cluster.objects('LynqForm');
      const managed = JSON.parse(JSON.stringify(stored).replaceAll('"helm"', '"argocd"')) as JsonObject;
      world.cluster.intercept(({ verb, ref }) => {
        if (verb === 'get' && ref.kind === 'LynqForm') Object.assign(stored ?? {}, managed);
        return undefined;
      });

      const applied = await lynq(world, 'apply --plan kept', { ...files, kept: written['kept'] ?? '' });

      expect(applied.err).toContain('others hold other fields of LynqForm lynq-system/web than before');
      expect(applied.exitCode).toBe(1);
      expect(await nameOf(world)).toBe('-other');
    });

    it('refuses --force-conflicts for a sync, and beside a plan', async () => {
      const world = openHeld();
      expect(await lynq(world, 'plan shop --force-conflicts', {})).toMatchObject({ exitCode: 2, out: '' });
      const beside = await lynq(world, 'apply --plan kept --force-conflicts', { ...files, kept: '{}' });
      expect(beside.exitCode).toBe(2);
      expect(beside.err).toContain('lynq plan -f FILE --force-conflicts');
    });
  });

  describe('while the worker goes on', () => {
    const hub = (syncInterval: string): string => {
      const spec = planHub['spec'] as JsonObject;
      return stringify({ ...planHub, spec: { ...spec, source: { ...(spec['source'] as JsonObject), syncInterval } } });
    };

    /** A kept plan of a hub that was applied before, applied while this happens after each round of planning. */
    async function applyWhile(happens: (world: PlanWorld, round: number) => Promise<unknown>) {
      const world = open();
      const { cluster } = world;
      await cluster.delete(hubRef, textAt(await cluster.get(hubRef), 'metadata', 'uid') ?? '');
      await lynq(world, 'apply -f hub.yaml', { 'hub.yaml': hub('5s') });
      const files = { 'hub.yaml': hub('7s'), 'web.yaml': form };
      const { written } = await lynq(world, 'plan -f hub.yaml -f web.yaml --out kept', files);
      let round = 0;
      const planner: Planner = {
        ...world.planner,
        plan: async (request, onProgress) => {
          const plan = await world.planner.plan(request, onProgress);
          await happens(world, (round += 1));
          return plan;
        },
      };
      const ran = await run('apply --plan kept', {
        cluster,
        planner,
        files: { ...files, kept: written['kept'] ?? '' },
      });
      return { ran, world, stored: await cluster.get(hubRef) };
    }

    const status = ({ cluster }: PlanWorld, round: number) =>
      cluster.patch(
        hubRef,
        'merge',
        { status: { lastSyncTime: `2026-11-22T12:00:0${round}Z` } },
        { manager: 'lynq-operator', subresource: 'status' },
      );

    it('applies although each sync writes the status of the hub', async () => {
      const { ran, stored } = await applyWhile(status);

      expect(ran.err).not.toContain('Error');
      expect(ran.out).toContain('lynqhub.operator.lynq.sh/shop configured (as planned)\n');
      expect(ran.exitCode).toBe(0);
      expect(stored).toMatchObject({
        spec: { source: { syncInterval: '7s' } },
        status: { lastSyncTime: '2026-11-22T12:00:01Z' },
      });
    });

    it('applies when the status is written between the last look and the write', async () => {
      const { ran, stored } = await applyWhile(async (world) => {
        let writes = 0;
        world.cluster.intercept(({ verb, ref: { kind }, options }) => {
          const isDry = options !== undefined && 'dryRun' in options && options.dryRun === true;
          if (verb !== 'apply' || kind !== 'LynqHub' || isDry || writes === 2) return undefined;
          writes += 1;
          return { answer: { kind: 'stale' } };
        });
      });

      expect(ran).toMatchObject({ exitCode: 0 });
      expect(stored).toMatchObject({ spec: { source: { syncInterval: '7s' } } });
    });

    it.each<[string, JsonObject]>([
      ['spec', { spec: { paused: true } }],
      ['annotations', { metadata: { annotations: { note: 'mine' } } }],
    ])('applies nothing, of other objects either, when the %s of the hub is edited', async (_what, edit) => {
      const { ran, world, stored } = await applyWhile(({ cluster }) =>
        cluster.patch(hubRef, 'merge', edit, { manager: 'someone' }),
      );

      expect(ran.err).toContain('LynqHub lynq-system/shop was changed while it was planned');
      expect(ran.err).toContain('so nothing was applied');
      expect(ran.exitCode).toBe(1);
      expect(stored).toMatchObject({ spec: { source: { syncInterval: '5s' } } });
      expect(wrote(world)).toEqual([]);
    });
  });
});
