import { afterEach, describe, expect, it } from 'vitest';
import { openMeters, openTelemetry, type Telemetry } from '../../../../adapters/telemetry/index.ts';
import { openWatches, startWatches } from '../../../../worker/watch/index.ts';
import { createFakeCluster } from '../../../support/fake-cluster.ts';

const hubRef = (name: string) => ({
  apiVersion: 'operator.lynq.sh/v1',
  kind: 'LynqHub',
  namespace: 'n',
  name,
});

describe('worker/watch/hub-index', () => {
  const stop = new AbortController();
  let telemetry: Telemetry | undefined;
  afterEach(async () => {
    stop.abort();
    await telemetry?.close();
  });

  it('shows no series of a hub that is gone, even of a sync that ended after it, on a worker that does not lead', async () => {
    const cluster = createFakeCluster();
    cluster.addKind(hubRef(''));
    const uids = ['stays', 'goes'].map((name) => {
      const { apiVersion, kind, namespace } = hubRef(name);
      const { metadata } = cluster.seed({ apiVersion, kind, metadata: { name, namespace } });
      return (metadata as { readonly uid: string }).uid;
    });
    const watches = openWatches(cluster.reflector, stop.signal, () => undefined);
    const meters = openMeters();
    let port = 0;
    telemetry = openTelemetry(meters, {
      metrics: { kind: 'at', host: '127.0.0.1', port: 0 },
      probes: { kind: 'off' },
      identity: undefined,
      ask: () => Promise.reject(new Error('nobody is asked in the clear')),
      families: async () => [],
      hubExists: (namespace, hub) => watches.hubs.exists(namespace, hub),
      alive: [],
      ready: [],
      logger: {
        info: (_, fields) => void (port = Number(fields?.['port'])),
        warn: () => undefined,
        error: () => undefined,
      },
    });
    await telemetry.start();
    const hubsShown = async () => {
      const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
      return new Set([...text.matchAll(/^lynqflow_sync_\w+{.*hub="(\w+)"/gm)].map(([, hub]) => hub));
    };
    const record = (hub: string, result: 'synced' | 'removing') => {
      const written = { created: 1, updated: 0, removed: 0 };
      meters.record({ kind: 'sync', namespace: 'n', hub, result, seconds: 1, written });
    };
    record('stays', 'synced');
    record('goes', 'synced');
    // Before the first list nothing is known to be gone.
    expect(await hubsShown()).toEqual(new Set(['stays', 'goes']));

    await startWatches(cluster.reflector, watches, stop.signal);
    expect(await hubsShown()).toEqual(new Set(['stays', 'goes']));

    await cluster.delete(hubRef('goes'), uids[1] ?? '');
    record('goes', 'removing');
    expect(await hubsShown()).toEqual(new Set(['stays']));
  });
});
