import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { describeRequest } from '../support/e2e/audit.ts';
import { everythingIn } from '../support/e2e/cluster.ts';
import { eventually, notYet, there, window } from '../support/e2e/eventually.ts';
import { nodesOf, openWorld, seedForms, type SeedForm, type World } from '../support/e2e/world.ts';

interface Told {
  readonly name: string;
  readonly description?: string;
}

/** What a worker answers the UI with (temporal.api.sdk.v1.WorkflowMetadata). */
interface UiMetadata {
  readonly currentDetails?: string;
  readonly definition?: { readonly signalDefinitions?: readonly Told[]; readonly updateDefinitions?: readonly Told[] };
}

describe('e2e/temporal-view', () => {
  const uid = 'visible';
  const levels = { 'data-tier': 4, 'api-tier': 2, 'web-tier': 3, 'worker-tier': 1 } as const satisfies Record<
    SeedForm,
    number
  >;
  let world: World;

  const idOf = (node: string) => `node/${world.namespace}/${node}`;
  const handleOf = (node: string) => world.engine.client.workflow.getHandle(idOf(node));

  /** What the UI shows beside each activity, as lines of JSON text without their quotes. */
  async function summariesOf(form: SeedForm): Promise<readonly string[]> {
    const events = (await handleOf(`${uid}-${form}`).fetchHistory()).events ?? [];
    return events.flatMap(({ activityTaskScheduledEventAttributes: scheduled, userMetadata }) =>
      scheduled ? [JSON.parse(Buffer.from(userMetadata?.summary?.data ?? []).toString()) as string] : [],
    );
  }

  beforeAll(async () => {
    world = await openWorld(inject('stack'), { name: 'temporal-view' });
    await world.database.sql(`INSERT INTO nodes (node_id) VALUES ('${uid}')`);
    // The namespace is there before the forms that need it: nothing disturbs their first run.
    await world.applyAll(world.hubText('5s'), world.formText('data-tier'));
    await world.ready([`${uid}-data-tier`]);
    await world.applyAll(...seedForms.slice(1).map((form) => world.formText(form)));
    await world.ready(nodesOf(uid));
  });
  afterAll(() => world?.close());

  test('there is one schedule per hub, hub/<namespace>/<hub>, with the interval of the hub', async () => {
    const description = await world.engine.client.schedule
      .getHandle(`hub/${world.namespace}/multi-tier-nodes`)
      .describe();
    expect(description.spec.intervals?.map(({ every }) => every)).toEqual([5_000]);
    expect(description.policies.overlap).toBe('SKIP');
    expect(description.policies.catchupWindow).toBeLessThanOrEqual(10_000);
    expect(description.state.paused).toBe(false);
  });

  test('an edit of the interval is in the schedule', async () => {
    await world.apply(world.hubText('7s'));
    await eventually('the schedule has the new interval', async () => {
      const handle = world.engine.client.schedule.getHandle(`hub/${world.namespace}/multi-tier-nodes`);
      const every = (await handle.describe()).spec.intervals?.[0]?.every;
      return every === 7_000 ? there(every) : notYet(every);
    });
    await world.apply(world.hubText('5s'));
  });

  test.each(seedForms)('the run of %s is a child of the sync run that found the row, and lives on', async (form) => {
    const description = await handleOf(`${uid}-${form}`).describe();
    expect(description.status.name).toBe('RUNNING');
    expect(description.raw.workflowExecutionInfo?.parentExecution?.workflowId).toMatch(
      new RegExp(`^hub-sync/${world.namespace}/multi-tier-nodes`),
    );
  });

  test('runs are found by the words of the domain', async () => {
    const query = (filter: string) =>
      eventually(`runs with ${filter}`, async () => {
        const found = await world.engine.runs(`${filter} AND ExecutionStatus = "Running"`);
        return found.length > 0 ? there(found.map(({ workflowId }) => workflowId).toSorted()) : notYet('none');
      });
    const all = nodesOf(uid).map(idOf).toSorted();
    expect(await query(`LynqHub = "multi-tier-nodes" AND LynqUid = "${uid}"`)).toEqual(all);
    expect(await query(`LynqUid = "${uid}" AND LynqForm = "api-tier"`)).toEqual([idOf(`${uid}-api-tier`)]);
    expect(await query(`LynqNode = "${uid}-web-tier"`)).toEqual([idOf(`${uid}-web-tier`)]);
    expect(await query(`LynqUid = "${uid}" AND LynqPhase = "Ready"`)).toEqual(all);
  });

  test('each query that docs/observability.md says is worth saving is one that Temporal takes, and finds what it is for', async () => {
    const page = readFileSync(new URL('../../docs/observability.md', import.meta.url), 'utf8');
    const block = /Queries worth saving:\n\n```\n([^]*?)\n```/.exec(page)?.[1] ?? '';
    const queries = block.split('\n').map((query) => query.replaceAll('acme-corp', uid));
    expect(queries.length).toBeGreaterThan(4);
    const found = new Map<string, readonly string[]>();
    for (const query of queries) {
      const runs = await world.engine.runs(query);
      found.set(
        query,
        runs.map(({ workflowId }) => workflowId),
      );
    }
    const all = nodesOf(uid).map(idOf);
    expect(found.get('LynqHub = "multi-tier-nodes" AND ExecutionStatus = "Running"')).toEqual(
      expect.arrayContaining(all),
    );
    expect(found.get(`LynqUid = "${uid}"`)?.toSorted()).toEqual(all.toSorted());
    // Nothing has gone wrong here.
    const failed = [...found].filter(([query]) => query.includes('"Failed"')).flatMap(([, runs]) => runs);
    expect(failed.filter((id) => id.includes(world.namespace))).toEqual([]);
  });

  test.each(seedForms)('the query `status` of %s answers without changing anything', async (form) => {
    const handle = handleOf(`${uid}-${form}`);
    const before = (await handle.describe()).historyLength;
    const status = JSON.stringify(await handle.query('status'));
    expect(status).toMatch(/Ready/i);
    expect((await handle.describe()).historyLength).toBe(before);
  });

  test('who has only the Temporal UI sees what a run is, where each object stands, and what may be sent to it', async () => {
    const handle = handleOf(`${uid}-web-tier`);
    const description = await handle.describe();
    expect(await description.staticSummary()).toBe(`${uid} / web-tier`);
    expect(await description.staticDetails()).toContain(`LynqNode **${uid}-web-tier**`);
    expect(description.memo).toEqual({ hub: 'multi-tier-nodes', form: 'web-tier', uid });

    const metadata = await handle.query<UiMetadata>('__temporal_workflow_metadata');
    expect(metadata.currentDetails).toMatch(/\*\*Ready\*\* 3\/3 ready/);
    expect(metadata.currentDetails).toMatch(/\| Deployment visible-web \| Ready \|/);
    const told = [...(metadata.definition?.signalDefinitions ?? []), ...(metadata.definition?.updateDefinitions ?? [])];
    const own = told.filter(({ name }) => ['resync', 'scale', 'wake'].includes(name));
    expect(own.map(({ name }) => name).toSorted()).toEqual(['resync', 'scale', 'scale', 'wake']);
    for (const { name, description: words } of own) expect(words, name).toMatch(/\w{3}/);

    const of = { web: await summariesOf('web-tier'), data: await summariesOf('data-tier') };
    expect([...of.web, ...of.data].every((summary) => summary.length > 2)).toBe(true);
    expect(of.web.join('\n')).toMatch(/^apply: .*Ingress visible-ingress\b/m);
    expect(of.data.join('\n')).toMatch(/^apply: .*Deployment visible-redis\b/m);
    // The Secret that both need is there at once, the pods of the other are not.
    expect(of.data.join('\n')).toMatch(/^apply: StatefulSet visible-postgres; wait: Deployment visible-redis$/m);
  });

  test.each(seedForms)('the first run of %s took at most two activities per level of its graph', async (form) => {
    const history = await handleOf(`${uid}-${form}`).fetchHistory();
    const events = history.events ?? [];
    const activities = events.flatMap(
      ({ activityTaskScheduledEventAttributes: scheduled, markerRecordedEventAttributes: marker }) =>
        scheduled
          ? [scheduled.activityType?.name ?? '']
          : marker?.markerName === 'core_local_activity'
            ? ['local']
            : [],
    );
    expect(activities.length, activities.join(', ')).toBeGreaterThan(0);
    expect(activities.length, activities.join(', ')).toBeLessThanOrEqual(2 * levels[form]);
  });

  test.each(seedForms)(
    'the run of %s is idle: no timer, no activity, and no event while nothing happens',
    async (form) => {
      const handle = handleOf(`${uid}-${form}`);
      const events = (await handle.fetchHistory()).events ?? [];
      const started = events.filter(({ timerStartedEventAttributes }) => timerStartedEventAttributes).length;
      const ended = events.filter(
        (event) => event.timerFiredEventAttributes ?? event.timerCanceledEventAttributes,
      ).length;
      expect(started - ended).toBe(0);
      const before = await handle.describe();
      expect(before.raw.pendingActivities ?? []).toEqual([]);
      await window(2_000);
      expect((await handle.describe()).historyLength).toBe(before.historyLength);
    },
  );

  test('the runs of the schedule end well and leave no failed run behind', async () => {
    const syncs = await eventually('two finished syncs', async () => {
      const found = (await world.engine.syncsOf(world.namespace, 'multi-tier-nodes')).filter(
        ({ status }) => status !== 'RUNNING',
      );
      return found.length >= 2 ? there(found) : notYet(found.length);
    });
    expect(new Set(syncs.map(({ status }) => status))).toEqual(new Set(['COMPLETED']));
    expect(syncs.every(({ workflowId }) => workflowId.startsWith(`hub-sync/${world.namespace}/multi-tier-nodes`))).toBe(
      true,
    );
  });

  test.each(['terminate', 'cancel'] as const)('%s of a run deletes nothing, and it is started again', async (how) => {
    const node = `${uid}-api-tier`;
    const objects = async () =>
      (await everythingIn(world.cluster, `node-${uid}`))
        .map(({ kind, metadata }) => `${kind} ${metadata.name} ${metadata.uid}`)
        .toSorted();
    const before = await objects();
    const lynqNode = await world.node(node);
    const place = world.audit.now();
    const { runId } = await handleOf(node).describe();
    await (how === 'terminate' ? handleOf(node).terminate('an end-to-end test') : handleOf(node).cancel());
    await eventually('the request is done with: the run has closed, or has gone on', async () => {
      const old = world.engine.client.workflow.getHandle(idOf(node), runId);
      const [{ status }, { events }] = await Promise.all([old.describe(), old.fetchHistory()]);
      const asked = events?.findIndex((event) => event.workflowExecutionCancelRequestedEventAttributes) ?? -1;
      const answered = events?.findLastIndex((event) => event.workflowTaskCompletedEventAttributes) ?? -1;
      return status.name !== 'RUNNING' || (asked >= 0 && answered > asked) ? there(status.name) : notYet(status.name);
    });
    await eventually('a run that can be asked', async () => {
      const { status } = await handleOf(node).describe();
      if (status.name !== 'RUNNING') return notYet(status.name);
      return there(await handleOf(node).query('status'));
    });
    await world.ready([node]);
    await window(6_000);
    expect((await handleOf(node).describe()).status.name).toBe('RUNNING');
    expect(
      world.audit
        .ofWorker(place)
        .filter(({ verb }) => verb.startsWith('delete'))
        .map(describeRequest),
    ).toEqual([]);
    expect(await objects()).toEqual(before);
    expect((await world.node(node))?.metadata.uid).toBe(lynqNode?.metadata.uid);
    // It works: an override goes through the new run. What it left is gone before the next test looks.
    const podsAre = (count: number) =>
      eventually(`${count} pods of ${node}`, async () => {
        const pods = (await objects()).filter((line) => line.startsWith(`Pod ${uid}-api-`));
        return pods.length === count ? there(count) : notYet(pods);
      });
    const pods = before.filter((line) => line.startsWith(`Pod ${uid}-api-`)).length;
    const scaled = how === 'cancel' ? pods - 1 : pods + 1;
    expect(await world.lynq(['scale', uid, 'api-tier', '--set', `apiReplicas=${scaled}`])).toMatchObject({ code: 0 });
    await podsAre(scaled);
    expect(await world.lynq(['scale', uid, 'api-tier', '--clear'])).toMatchObject({ code: 0 });
    await podsAre(pods);
    await world.ready([node]);
  });

  test('who has only the Temporal UI sees what a run waits for while it waits, and in the history what each step was for', async () => {
    const node = `${uid}-web-tier`;
    await world.apply(world.formText('web-tier', { 'node-web:v2.0.0': 'node-web:broken' }));
    const summaries = await eventually('a step that is named after what it waits for', async () => {
      const all = await summariesOf('web-tier');
      return all.at(-1)?.startsWith('wait: ') === true ? there(all) : notYet(all);
    });
    expect(summaries.at(-1)).toBe(`wait: Deployment ${uid}-web`);
    const { currentDetails } = await handleOf(node).query<UiMetadata>('__temporal_workflow_metadata');
    expect(currentDetails).toMatch(/\| Deployment visible-web \| Progressing \|/);
    const told = await world.lynq(['history', node]);
    expect(told.stdout).toMatch(new RegExp(`running: wait: Deployment ${uid}-web +web Ready → .*Progressing`));
    await world.apply(world.formText('web-tier'));
    await world.ready([node]);
  });

  test('the run of a removed row ends as completed', async () => {
    await world.database.sql('DELETE FROM nodes');
    await world.gone(nodesOf(uid));
    await eventually('the runs have ended', async () => {
      const all = await Promise.all(nodesOf(uid).map(async (node) => (await handleOf(node).describe()).status.name));
      return all.every((status) => status === 'COMPLETED') ? there(all) : notYet(all);
    });
    const told = await world.lynq(['history', `${uid}-data-tier`]);
    expect(told.stdout).toMatch(/removed +\d+ removed, \d+ retained\n/);
  });
});
