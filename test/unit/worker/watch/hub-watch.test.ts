import { afterEach, describe, expect, it, vi } from 'vitest';
import type { JsonObject } from '../../../../domain/api/json.ts';
import { type HubReactions, HubWatch } from '../../../../worker/watch/hub-watch.ts';
import { createFakeCluster } from '../../../support/fake-cluster.ts';

const apiVersion = 'operator.lynq.sh/v1';
const namespace = 'lynq-system';
const formRef = (name: string) => ({ apiVersion, kind: 'LynqForm', namespace, name });
const form = (name: string, rollout: JsonObject | undefined): JsonObject => ({
  apiVersion,
  kind: 'LynqForm',
  metadata: { name, namespace },
  spec: { hubId: 'hub', ...(rollout === undefined ? {} : { rollout }) },
});

const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };

describe('worker/watch/hub-watch', () => {
  const stop = new AbortController();
  let watch: HubWatch | undefined;
  afterEach(() => {
    watch?.close();
    stop.abort();
  });

  it('has the rollout of a limited form look as soon as it is edited or told something, not for what was there before', async () => {
    const cluster = createFakeCluster();
    for (const kind of ['LynqHub', 'LynqForm']) cluster.addKind({ apiVersion, kind });
    cluster.seed({ apiVersion, kind: 'LynqHub', metadata: { name: 'hub', namespace }, spec: {} });
    cluster.seed(form('limited', { maxSkew: 1 }));
    cluster.seed(form('open', undefined));
    const looked: string[] = [];
    let triggered = 0;
    const reactions: HubReactions = {
      ensure: async () => undefined,
      trigger: async () => void (triggered += 1),
      rollout: async (one) => void looked.push(`${one.namespace}/${one.hub}/${one.form}`),
      remove: async () => undefined,
      isScheduled: async () => true,
      hubless: async () => false,
      onLost: () => undefined,
    };
    watch = new HubWatch(reactions, silent);
    void watch.run(cluster.reflector, stop.signal);
    await vi.waitFor(() => expect(triggered).toBeGreaterThan(0));

    const told = { metadata: { annotations: { 'lynq.sh/rollout': 'abort' } } };
    await cluster.patch(formRef('open'), 'merge', told, { manager: 'test' });
    await cluster.patch(formRef('limited'), 'merge', told, { manager: 'test' });
    await vi.waitFor(() => expect(looked).toEqual(['lynq-system/hub/limited']));
    await cluster.patch(formRef('limited'), 'merge', { spec: { rollout: { paused: true } } }, { manager: 'test' });
    await vi.waitFor(() => expect(looked).toHaveLength(2));
  });
});
