import { setTimeout as sleep } from 'node:timers/promises';
import { CancelledFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createActivities } from '../../../activities/index.ts';
import type { Activities } from '../../../activities/contract.ts';
import { type JsonObject, textAt } from '../../../domain/api/json.ts';
import type { Reflector } from '../../../domain/ports.ts';
import { openWatches, startWatches } from '../../../worker/watch/index.ts';
import { createFakeCluster, type FakeCluster } from '../../support/fake-cluster.ts';
import { type FakeProcess, startProcess } from '../../support/node-deps.ts';
import { namespace, rowNodes } from '../../support/row-nodes.ts';

const apiVersion = 'operator.lynq.sh/v1';
const map: JsonObject = { id: 'map', nameTemplate: '{{ .uid }}-map', spec: { apiVersion: 'v1', kind: 'ConfigMap' } };

describe('activities/index', () => {
  let cluster: FakeCluster;
  let earlier: FakeProcess;
  let stop: AbortController;
  let activities: Activities;
  let list: (reflector?: Reflector) => Promise<void>;
  let environment: MockActivityEnvironment;
  /** How many calls there were before the worker came. */
  let calls: number;

  /** Two nodes of a row that stood when the worker ended; the one that the test is about goes after the other one. */
  beforeEach(async () => {
    cluster = createFakeCluster();
    for (const kind of ['LynqHub', 'LynqForm', 'LynqNode']) cluster.addKind({ apiVersion, kind });
    cluster.seed({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
    earlier = await startProcess(cluster);
    const nodes = rowNodes(cluster, earlier);
    await nodes.make('acme', 'data', { configMaps: [map] });
    await nodes.make('acme', 'app', {
      configMaps: [{ ...map, nameTemplate: '{{ .uid }}-app' }],
      dependsOn: [{ form: 'data' }],
    });
    // A worker whose watches have not listed anything yet.
    stop = new AbortController();
    const watches = openWatches(cluster.reflector, stop.signal, () => undefined);
    activities = createActivities({ ...earlier.deps, ...watches.ports });
    list = (reflector = cluster.reflector) => startWatches(reflector, watches, stop.signal);
    environment = new MockActivityEnvironment({ heartbeatTimeoutMs: 400 });
    calls = cluster.calls.length;
  });
  afterEach(() => {
    environment.cancel();
    stop.abort();
    earlier.die();
  });

  async function deleteAll(): Promise<void> {
    for (const node of cluster.objects('LynqNode')) {
      const name = textAt(node, 'metadata', 'name') ?? '';
      await cluster.delete({ apiVersion, kind: 'LynqNode', namespace, name }, textAt(node, 'metadata', 'uid') ?? '');
    }
  }
  const within = <T>(work: () => Promise<T>): Promise<T> => environment.run<[], T, () => Promise<T>>(work);
  const remove = (node: string) => within(() => activities.removeNode({ namespace, node }));
  const advance = (node: string) => within(() => activities.advanceNode({ namespace, node, force: false }));
  const maps = () => cluster.objects('ConfigMap').map((object) => textAt(object, 'metadata', 'name'));
  const state = <T>(run: Promise<T>) =>
    Promise.race([
      run.then(
        () => 'ended',
        (error: unknown) => (error instanceof CancelledFailure ? 'cancelled' : 'failed'),
      ),
      sleep(250, 'waits'),
    ]);

  it('a removal begins once the nodes are listed, so that the order of the row holds after a restart too', async () => {
    await deleteAll();
    let beats = 0;
    environment.on('heartbeat', () => (beats += 1));
    const removal = remove('acme-data');
    expect(await state(removal)).toBe('waits');
    expect({ maps: maps(), beats: beats > 1 }).toEqual({ maps: ['acme-map', 'acme-app'], beats: true });

    await list();
    expect(await state(removal)).toBe('waits');
    expect(maps()).toEqual(['acme-map', 'acme-app']);
    await remove('acme-app');
    expect((await removal).kind).toBe('removed');
    expect(maps()).toEqual([]);
  });

  it('a pass begins once nodes and namespaces are listed', async () => {
    const pass = advance('acme-data');
    expect(await state(pass)).toBe('waits');
    expect(cluster.calls.slice(calls)).toEqual([]);

    await list();
    expect(await pass).toMatchObject({ kind: 'settled', progress: { ready: 1, desired: 1 } });
  });

  it.each([
    ['a removal', () => remove('acme-data')],
    ['a pass', () => advance('acme-data')],
  ])('%s ends when it is cancelled while it waits for the lists', async (_, begin) => {
    const run = state<unknown>(begin());
    await sleep(50);
    environment.cancel();
    expect(await run).toBe('cancelled');
    expect(cluster.calls.slice(calls)).toEqual([]);
  });

  it('a worker that may not list namespaces goes on without them', async () => {
    const barred: Reflector = {
      run: (kind, options, onEvent, signal) => {
        if (kind.kind !== 'Namespace') return cluster.reflector.run(kind, options, onEvent, signal);
        onEvent({ kind: 'unlisted' });
        return Promise.resolve();
      },
    };
    await deleteAll();
    void list(barred);
    const removal = remove('acme-app');
    expect(await removal).toMatchObject({ kind: 'removed' });
  });
});
