import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { conditionOf, type KubeObject, lynqPath } from '../../support/e2e/cluster.ts';
import { eventually, notYet, there, window } from '../../support/e2e/eventually.ts';
import { hubObject } from '../../support/e2e/manifests.ts';
import { isReady, setSecret, stateOf } from '../../support/e2e/world.ts';
import {
  addColumn,
  bringFleet,
  editFleet,
  fleetForm,
  fleetNamed,
  followFleet,
  formPath,
  imagesOf,
  nodesOfFleet,
  proveSkew,
  putForm,
  rolloutIs,
  setRows,
} from '../../support/faults/fleet.ts';
import { childrenOf, essenceOf } from '../../support/faults/proxy-golden.ts';
import { randomFrom } from '../../support/faults/random.ts';
import { randomForm } from '../../support/faults/random-forms.ts';
import { expectRulesKept } from '../../support/faults/rules-kept.ts';
import { openStage, type Stage } from '../../support/faults/stage.ts';

const seed = Number(process.env['LYNQ_SEED'] ?? 20_261_127);

/** Edits of a form while it is rolled out. */
describe('faults/rollouts/edits', () => {
  let stage: Stage;
  let begun = 0;
  const fleet = fleetNamed('edits', 12, 3);

  const begin = async () => ({ place: stage.audit.now(), history: await followFleet(stage, fleet) });
  const expectKept = async (since: Awaited<ReturnType<typeof begin>>): Promise<void> => {
    const { watched, requested } = await proveSkew(stage, fleet, since);
    expect([watched.violations, requested.violations]).toEqual([[], []]);
    expect([watched.worst, requested.worst].every((worst) => worst > 0 && worst <= 3)).toBe(true);
  };

  beforeAll(async () => {
    stage = await openStage(inject('stack'), 'edits');
    begun = stage.audit.now();
    await bringFleet(stage, fleet, { version: '1' });
  }, 240_000);
  afterAll(() => stage?.close());

  test('F1 a form that is edited again during its rollout: never more than maxSkew nodes on their way, all end on the last edit', async () => {
    const since = await begin();
    await editFleet(stage, fleet, { version: '2' });
    for (const version of ['3', '4']) {
      await eventually(
        'the rollout is under way',
        async () => {
          const { rollout } = (await stage.cluster.get(formPath(fleet))).status;
          return rollout.phase === 'InProgress' && rollout.updatedNodes >= 2 ? there(rollout) : notYet(rollout);
        },
        { everyMs: 50 },
      );
      await editFleet(stage, fleet, { version });
    }
    const form = await rolloutIs(stage, fleet, 'Complete');
    expect(await imagesOf(stage, fleet)).toEqual({ 'web:4': 12 });
    const revisions = (await nodesOfFleet(stage, fleet)).map(({ spec }) => spec.formRevision as string);
    expect(new Set(revisions)).toEqual(new Set([form.status.rollout.revision]));
    await expectKept(since);
  });

  test('F1 a newer edit and a pause hold from the next record on: nothing is let go to what was said before', async () => {
    const { history } = await begin();
    const before = await editFleet(stage, fleet, { version: '5' });
    await eventually(
      'the rollout is under way',
      async () => {
        const { rollout } = (await stage.cluster.get(formPath(fleet))).status;
        return rollout.targetGeneration === before.metadata.generation && rollout.updatedNodes >= 1
          ? there(rollout)
          : notYet(rollout);
      },
      { everyMs: 30 },
    );
    const edited = await editFleet(stage, fleet, { version: '6' });
    await eventually(
      'the newer rollout is under way',
      async () => {
        const { rollout } = (await stage.cluster.get(formPath(fleet))).status;
        return rollout.targetGeneration === edited.metadata.generation && rollout.updatedNodes >= 1
          ? there(rollout)
          : notYet(rollout);
      },
      { everyMs: 30 },
    );
    const paused = await stage.cluster.merge(formPath(fleet), { spec: { rollout: { paused: true } } });
    // A node that was recorded right before the pause and is not changed yet keeps its place: a late write could still change it.
    await eventually('the pause shows, and what was let go has arrived', async () => {
      const { rollout } = (await stage.cluster.get(formPath(fleet))).status;
      return String(rollout.message).startsWith('Paused; ') && rollout.updatingNodes === 0
        ? there(rollout)
        : notYet(rollout);
    });
    const events = await history.stop();
    const forms = events.flatMap(({ object }) => (object.kind === 'LynqForm' ? [object] : []));
    const after = (mark: KubeObject) => forms.filter((form) => isAfter(form, mark));
    const targets = after(edited).map(({ status }) => status.rollout.targetGeneration as number);
    expect(targets).toEqual(targets.toSorted((a, b) => a - b));
    const letGoAfter = (mark: KubeObject, later: readonly KubeObject[]) => {
      const recorded = flightsOf(forms.findLast((form) => !isAfter(form, mark)));
      return later.flatMap((form) => [...flightsOf(form)].filter((name) => !recorded.has(name)));
    };
    const old = after(edited).filter(
      ({ status }) => status.rollout.targetGeneration < (edited.metadata.generation ?? 0),
    );
    expect(letGoAfter(edited, old)).toEqual([]);
    expect(letGoAfter(paused, after(paused))).toEqual([]);
    await stage.cluster.merge(formPath(fleet), { spec: { rollout: { paused: null } } });
    await rolloutIs(stage, fleet, 'Complete');
    expect(await imagesOf(stage, fleet)).toEqual({ 'web:6': 12 });
  });

  test('F2 A -> B -> A within a second leaves every object as it was, or brings it back', async () => {
    const since = await begin();
    const uids = (await nodesOfFleet(stage, fleet)).map(({ metadata }) => metadata.uid).toSorted();
    await editFleet(stage, fleet, { version: '7' });
    await editFleet(stage, fleet, { version: '6' });
    await rolloutIs(stage, fleet, 'Complete');
    expect(await imagesOf(stage, fleet)).toEqual({ 'web:6': 12 });
    expect((await nodesOfFleet(stage, fleet)).map(({ metadata }) => metadata.uid).toSorted()).toEqual(uids);
    const { watched, requested } = await proveSkew(stage, fleet, since);
    expect([watched.violations, requested.violations]).toEqual([[], []]);
  });

  test('a change of every row goes through the same gate, and only where it changes objects', async () => {
    const since = await begin();
    await setRows(stage, fleet, 'size', '7');
    await eventually(
      'all nodes have the new value',
      async () => {
        const nodes = await nodesOfFleet(stage, fleet);
        const done = nodes.filter(
          (node) => node.metadata.annotations?.['lynq.sh/extra'] === '{"size":"7"}' && isReady(node),
        );
        return done.length === 12 ? there(true) : notYet(done.length);
      },
      { withinMs: 120_000 },
    );
    const { watched } = await proveSkew(stage, fleet, since);
    expect(watched.violations).toEqual([]);
    expect([watched.changes, watched.worst > 0, watched.worst <= 3]).toEqual([12, true, true]);
  });

  test('a change of a column that no object shows is taken over at once, without a place and even while the rollout is paused', async () => {
    const hub = lynqPath(fleet.namespace, 'lynqhubs', 'hub');
    const say = async (note: string | undefined) => {
      await eventually(`all nodes say ${note}`, async () => {
        const nodes = await nodesOfFleet(stage, fleet);
        const notes = nodes.map(({ metadata }) => JSON.parse(metadata.annotations?.['lynq.sh/extra'] ?? '{}').note);
        return notes.length === 12 && notes.every((found) => found === note) ? there(true) : notYet(notes);
      });
    };
    await addColumn(stage, fleet, 'note');
    await stage.cluster.merge(hub, { spec: { extraValueMappings: { note: 'note' } } });
    await say('first');
    await stage.cluster.merge(formPath(fleet), { spec: { rollout: { paused: true } } });
    await eventually('the pause has been seen', async () => {
      const { metadata, status } = await stage.cluster.get(formPath(fleet));
      return status.rollout.targetGeneration === metadata.generation ? there(true) : notYet(status.rollout);
    });
    const deployments = async () => {
      const found = await stage.cluster.list(`/apis/apps/v1/namespaces/${fleet.namespace}/deployments`);
      return Object.fromEntries(found.map(({ metadata }) => [metadata.name, metadata.generation]));
    };
    const before = await deployments();
    expect(Object.keys(before)).toHaveLength(12);
    const { history } = await begin();

    await setRows(stage, fleet, 'note', 'second');
    await say('second');

    const events = await history.stop();
    const of = (kind: string) => events.flatMap(({ object }) => (object.kind === kind ? [object] : []));
    expect(of('LynqForm').flatMap((form) => [...flightsOf(form)])).toEqual([]);
    expect(
      of('LynqNode').filter(({ metadata }) => metadata.annotations?.['lynq.sh/pending-values'] !== undefined),
    ).toEqual([]);
    expect(await deployments()).toEqual(before);
    await stage.cluster.merge(formPath(fleet), { spec: { rollout: { paused: null } } });
    await stage.cluster.merge(hub, { spec: { extraValueMappings: { note: null } } });
    await say(undefined);
    await rolloutIs(stage, fleet, 'Complete');
  });

  test('a change of a secret column goes through the same gate', async () => {
    const hub = lynqPath(fleet.namespace, 'lynqhubs', 'hub');
    await stage.cluster.merge(hub, { spec: { secretValueMappings: { token: 'token' } } });
    await editFleet(stage, fleet, { version: '6', secret: true });
    await rolloutIs(stage, fleet, 'Complete');
    const tokens = async () => {
      const secrets = await stage.cluster.list(`/api/v1/namespaces/${fleet.namespace}/secrets`);
      const shown = secrets.filter(({ metadata }) => metadata.name.endsWith('-token'));
      return shown.map(({ data }) => Buffer.from(data?.['token'] ?? '', 'base64').toString('utf8'));
    };
    await eventually('all nodes show the first token', async () => {
      const found = await tokens();
      return found.length === 12 && found.every((token) => token === 'first') ? there(true) : notYet(found.length);
    });
    const since = await begin();
    await setRows(stage, fleet, 'token', 'second');
    await eventually(
      'all nodes show the second token',
      async () => {
        const found = await tokens();
        return found.every((token) => token === 'second') ? there(true) : notYet(found);
      },
      { withinMs: 120_000 },
    );
    await rolloutIs(stage, fleet, 'Complete');
    const { watched } = await proveSkew(stage, fleet, since);
    expect(watched.violations).toEqual([]);
    expect([watched.changes, watched.worst > 0, watched.worst <= 3]).toEqual([12, true, true]);
    await editFleet(stage, fleet, { version: '6' });
    await stage.cluster.merge(hub, { spec: { secretValueMappings: null } });
    // No object shows the column any more, so that the next sync takes it off all nodes at once.
    await eventually('no node has secret values', async () => {
      const nodes = await nodesOfFleet(stage, fleet);
      const sealed = nodes.filter(({ metadata }) => metadata.annotations?.['lynq.sh/secret-values'] !== undefined);
      return sealed.length === 0 ? there(true) : notYet(sealed.map(({ metadata }) => metadata.name));
    });
    await rolloutIs(stage, fleet, 'Complete');
  });

  test('F3 a bad form changes nothing, and the good one after it changes nothing either', async () => {
    const good = fleetForm(fleet, { version: '6' }).spec;
    const versions = async () => {
      const objects = [...(await childrenOf(stage.cluster, fleet.namespace)), ...(await nodesOfFleet(stage, fleet))];
      return Object.fromEntries(
        objects.map(({ kind, metadata }) => [
          `${kind}/${metadata.name}`,
          metadata.generation ?? metadata.resourceVersion,
        ]),
      );
    };
    await rolloutIs(stage, fleet, 'Complete');
    const before = await versions();
    const [first] = good.deployments;
    const bad = [
      { ...good, deployments: [{ ...first, nameTemplate: '{{ .nothing }}' }] },
      { ...good, deployments: [{ ...first, nameTemplate: '{{ .uid' }] },
      {
        ...good,
        deployments: [{ ...first, dependIds: ['front'] }],
        services: [{ ...good.services[0], dependIds: ['web'] }],
      },
    ];
    for (const spec of bad) {
      const { metadata } = await putForm(stage, fleet, spec);
      await eventually('the form is not Valid', async () => {
        const form = await stage.cluster.get(formPath(fleet));
        const valid = conditionOf(form, 'Valid');
        return valid?.status === 'False' && form.status.observedGeneration === metadata.generation
          ? there(valid)
          : notYet(valid);
      });
      expect(await versions()).toEqual(before);
      await putForm(stage, fleet, good);
      await rolloutIs(stage, fleet, 'Complete');
      expect(await versions()).toEqual(before);
    }
  });

  test('F2 twenty random edits end as a fresh install of the last form', async () => {
    process.stdout.write(`faults/rollouts/edits: LYNQ_SEED=${seed}\n`);
    const random = randomFrom(seed);
    const forms = Array.from({ length: 20 }, () => randomForm(random, 3));
    const last = { ...forms.findLast(({ kind }) => kind === 'good')!.spec, hubId: 'hub' };
    const since = await begin();
    for (const { spec } of [...forms, { spec: last }]) {
      await putForm(stage, fleet, { ...spec, hubId: 'hub' });
      await window(random.below(2_500));
    }
    await rolloutIs(stage, fleet, 'Complete', 240_000);
    await expectKept(since);
    const fresh = await freshInstall(stage, fleet.uids, last);
    const same = async () => {
      const [left, right] = await Promise.all([
        childrenOf(stage.cluster, fleet.namespace),
        childrenOf(stage.cluster, fresh),
      ]);
      return { edited: essenceOf(left, fleet.namespace), fresh: essenceOf(right, fresh) };
    };
    await eventually(
      'what edits left is the same as what a fresh install made',
      async () => {
        const found = await same();
        return JSON.stringify(found.edited) === JSON.stringify(found.fresh) ? there(true) : notYet('different');
      },
      { withinMs: 60_000 },
    ).catch(() => undefined);
    const { edited, fresh: installed } = await same();
    expect(edited).toEqual(installed);
    expect((edited as readonly unknown[]).length).toBeGreaterThanOrEqual(12);
  }, 600_000);

  test('nothing in the log of the API server breaks a rule, and what is not ours is what it was', async () => {
    await expectRulesKept(stage, begun);
  });
});

const isAfter = (object: KubeObject, mark: KubeObject): boolean =>
  BigInt(object.metadata.resourceVersion) > BigInt(mark.metadata.resourceVersion);

const flightsOf = (form: KubeObject | undefined): ReadonlySet<string> =>
  new Set(((form?.status.rollout.inFlight ?? []) as readonly { node: string }[]).map(({ node }) => node));

/** The same rows and a form that was never another one, in a namespace of their own. Returns the namespace. */
async function freshInstall(stage: Stage, uids: readonly string[], spec: object): Promise<string> {
  const { cluster, database } = stage;
  const namespace = 'fleet-fresh';
  await database.sql('CREATE TABLE fleet_fresh LIKE fleet_edits');
  await database.sql('INSERT INTO fleet_fresh SELECT * FROM fleet_edits');
  await cluster.create('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  await setSecret(cluster, namespace, 'mysql-credentials', { password: database.password });
  await cluster.create(lynqPath(namespace, 'lynqforms'), {
    apiVersion: 'operator.lynq.sh/v1',
    kind: 'LynqForm',
    metadata: { name: 'web', namespace },
    spec,
  });
  const extra = { size: 'size' };
  const hub = hubObject({ name: 'hub', namespace, database, table: 'fleet_fresh', extra, syncInterval: '3s' });
  await cluster.create(lynqPath(namespace, 'lynqhubs'), hub);
  await eventually(
    'the fresh install is Ready',
    async () => {
      const nodes = await cluster.list(lynqPath(namespace, 'lynqnodes'));
      return nodes.filter(isReady).length === uids.length
        ? there(true)
        : notYet(nodes.map((node) => stateOf(node.metadata.name, node)));
    },
    { withinMs: 240_000 },
  );
  return namespace;
}
