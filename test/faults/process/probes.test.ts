import { request } from 'undici';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { nextSteps } from '../../../domain/failures.ts';
import { workflowIds } from '../../../domain/identity.ts';
import { type Engine, openEngine } from '../../support/e2e/engine.ts';
import { eventually, notYet, there } from '../../support/e2e/eventually.ts';
import { type GrpcProxy, openGrpcProxy } from '../../support/faults/grpc-proxy.ts';
import { configMap } from '../../support/faults/proxy-forms.ts';
import { openProxyWorld, type ProxyWorld, type Scenario } from '../../support/faults/proxy-world.ts';

/** What a worker says of itself, and Temporal of its activities, while a server it needs cannot be reached. */
describe('faults/process/probes', () => {
  let temporal: GrpcProxy;
  let world: ProxyWorld;
  let engine: Engine;
  let scenario: Scenario;

  beforeAll(async () => {
    const stack = inject('stack');
    temporal = await openGrpcProxy(stack.temporalAddress);
    engine = await openEngine(stack.temporalAddress);
    const through = { ...stack, temporalAddress: temporal.address };
    const settings = { LYNQ_HEALTH_PROBE_BIND_ADDRESS: '127.0.0.1:0' };
    world = await openProxyWorld(through, { name: 'probes', settings });
    scenario = await world.scenario('one', { forms: { form: { configMaps: [configMap('a')] } }, rows: ['r1'] });
    await scenario.ready(['r1-form']);
  });
  afterAll(async () => {
    await world?.close();
    await engine?.close();
    await temporal?.close();
  });

  async function probe(path: string) {
    const line = world.worker
      .output()
      .split('\n')
      .find((text) => text.includes('"listening"') && text.includes('"probes"'));
    const { port } = JSON.parse(line ?? '{}') as { port?: number };
    const { statusCode, body } = await request(`http://127.0.0.1:${port}${path}`);
    return { status: statusCode, text: await body.text() };
  }
  const readyIs = (status: number) =>
    eventually(
      `readyz answers ${status}`,
      async () => {
        const found = await probe('/readyz?verbose');
        return found.status === status ? there(found.text) : notYet(found.text);
      },
      { withinMs: 60_000 },
    );
  const isAlive = async () => expect(await probe('/healthz')).toEqual({ status: 200, text: 'ok\n' });

  test('readyz fails while Temporal cannot be reached and comes back by itself, healthz says that no restart would help', async () => {
    await readyIs(200);
    await temporal.down();
    const text = await readyIs(503);
    expect(text).toContain('[-]temporal failed');
    expect(text).toContain('[+]apiserver ok');
    await isAlive();
    await eventually(
      "Temporal's own part of the worker says so",
      async () => {
        const said = world.worker.stdout();
        return said.includes('retried') ? there(said) : notYet(said.slice(-500));
      },
      { withinMs: 90_000 },
    );
    await temporal.up();
    await readyIs(200);
    await isAlive();
  });

  test("every line of the log is JSON, those of Temporal's own part too", () => {
    const lines = world.worker.stdout().trimEnd().split('\n');
    const isJson = (line: string): boolean => line.startsWith('{') && line.endsWith('}');
    expect(lines.filter((line) => !isJson(line))).toEqual([]);
    const entries = lines.map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);
    const cores = entries.filter(({ sdkComponent }) => sdkComponent === 'core');
    expect(cores.length).toBeGreaterThan(0);
    for (const entry of cores) {
      expect(entry).toMatchObject({ time: expect.any(String), msg: expect.any(String), target: expect.any(String) });
      expect(entry['level']).toBeGreaterThanOrEqual(40);
    }
  });

  /** What the log has about a run. */
  const linesOf = (workflowId: string): readonly Readonly<Record<string, unknown>>[] =>
    world.worker
      .stdout()
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>)
      .filter((line) => line['workflowId'] === workflowId);

  test('readyz fails while the API server cannot be reached and comes back by itself; a failed activity says object, reason and next step, and the log which run it is of', async () => {
    await readyIs(200);
    const up = world.proxy.down();
    const text = await readyIs(503);
    expect(text).toContain('[-]apiserver failed');
    expect(text).toContain('[+]temporal ok');
    await isAlive();

    const handle = engine.client.workflow.getHandle(workflowIds.node(scenario.namespace, 'r1-form'));
    await handle.signal('resync', { cause: 'test' });
    const said = await eventually('the UI shows an activity that has failed', async () => {
      const pending = (await handle.describe()).raw.pendingActivities ?? [];
      const failure = pending.find(({ lastFailure }) => lastFailure)?.lastFailure;
      return failure ? there(failure) : notYet(pending);
    });
    const whole = new RegExp(
      `^LynqNode ${scenario.namespace}/r1-form: The API server does not answer \\(\\w+\\)\\. ${nextSteps.ClusterUnreachable}$`,
    );
    expect(said.message).toMatch(whole);
    const { runId } = await handle.describe();
    const line = await eventually('the log has the failure', () => {
      const lines = linesOf(workflowIds.node(scenario.namespace, 'r1-form'));
      const found = lines.find(({ msg }) => msg === 'Activity failed');
      return found === undefined ? notYet(lines) : there(found);
    });
    expect(line).toMatchObject({ level: 40, time: expect.any(String), activity: 'advanceNode', runId });
    await up();
    await readyIs(200);
    await isAlive();
    await eventually('its history keeps it', async () => {
      const events = (await handle.fetchHistory()).events ?? [];
      const kept = events.flatMap(
        ({ activityTaskStartedEventAttributes: started }) => started?.lastFailure?.message ?? [],
      );
      return kept.some((message) => whole.test(message)) ? there(kept) : notYet(kept);
    });
  });

  test('a sync that is lost to an outage is repeated by itself, also where nothing else would start one', async () => {
    const { client } = engine;
    const untimed = await world.scenario('untimed', {
      forms: { form: { configMaps: [configMap('a')] } },
      rows: ['r1'],
      syncInterval: '0s',
    });
    await untimed.ready(['r1-form']);
    const schedule = client.schedule.getHandle(workflowIds.schedule(untimed.namespace, 'hub'));
    const lastRun = async () => {
      const { recentActions } = (await schedule.describe()).info;
      return recentActions.toSorted((a, b) => a.takenAt.getTime() - b.takenAt.getTime()).at(-1)?.action.workflow
        .workflowId;
    };
    const before = await lastRun();
    const outage = world.proxy.add({
      match: { verb: 'get', resource: 'lynqhubs', namespace: untimed.namespace },
      fault: { kind: 'reset' },
    });
    await untimed.insert('r2');
    await schedule.trigger();
    await eventually('the sync is lost', async () => {
      const run = await lastRun();
      if (run === undefined || run === before) return notYet('not begun');
      const { status } = await client.workflow.getHandle(run).describe();
      return status.name === 'FAILED' ? there(run) : notYet(status.name);
    });
    outage.remove();
    await untimed.ready(['r2-form'], { withinMs: 60_000 });
  });
});
