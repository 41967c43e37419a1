import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { KubeObject } from '../../support/e2e/cluster.ts';
import {
  autoscaler,
  claim,
  configMap,
  cronJob,
  daemonSet,
  deployment,
  disruptionBudget,
  type Entry,
  failingJob,
  ingress,
  job,
  namespace,
  networkPolicy,
  noScheduler,
  service,
  statefulSet,
  stuckDeployment,
  widget,
} from '../../support/parity/entries.ts';
import { nodeSays, openStand, type Scene, soon, type Stand, serveWidgets } from '../../support/parity/stand.ts';

const plain = (id: string, kind: string, more: Readonly<Record<string, unknown>> = {}): Entry => ({
  id,
  spec: { apiVersion: 'v1', kind, ...more },
});

/** Entries that are ready without any help; parity 5.5 with decisions.md section 5. */
const becomeReady: Readonly<Record<string, readonly Entry[]>> = {
  Namespace: [namespace('it', 'parity-ready-{{ .uid }}')],
  ConfigMap: [configMap('it')],
  Secret: [plain('it', 'Secret', { stringData: { k: 'v' } })],
  ServiceAccount: [plain('it', 'ServiceAccount')],
  CronJob: [cronJob('it')],
  PodDisruptionBudget: [disruptionBudget('it')],
  NetworkPolicy: [networkPolicy('it')],
  'Service with a cluster address': [service('it')],
  'headless Service': [service('it', { clusterIP: 'None' })],
  Ingress: [ingress('it')],
  Deployment: [deployment('it', { replicas: 2 })],
  'Deployment scaled to zero': [deployment('it', { replicas: 0 })],
  StatefulSet: [statefulSet('it', { replicas: 2 })],
  'StatefulSet scaled to zero': [statefulSet('it', { replicas: 0 })],
  DaemonSet: [daemonSet('it')],
  'Job that completes': [job('it')],
  'PersistentVolumeClaim that is bound': [claim('it', undefined)],
  HorizontalPodAutoscaler: [deployment('app'), autoscaler('it', '{{ .uid }}-ready-horizontalpodautoscaler-app')],
  'custom resource without conditions': [widget('it')],
};

/** Entries that are not ready as long as nothing happens to them. */
const stayUnready: Readonly<Record<string, Entry>> = {
  'Deployment without pods': stuckDeployment('it'),
  'StatefulSet without pods': statefulSet('it', { schedulerName: noScheduler }),
  'DaemonSet without pods': daemonSet('it', { schedulerName: noScheduler }),
  'Service of type LoadBalancer without address': service('it', { type: 'LoadBalancer' }),
};

describe('parity/peer-suite/readiness', () => {
  let stand: Stand;
  beforeAll(async () => {
    stand = await openStand('readiness');
    await serveWidgets(stand);
  });
  afterAll(async () => {
    await stand?.close();
  });

  const nameOf = (prefix: string, what: string) => `${prefix}-${what.toLowerCase().replaceAll(' ', '-')}`;
  const waiting = (scene: Scene) =>
    nodeSays(scene, ({ status }) => status?.desiredResources === 1 && status.readyResources === 0);
  const setStatus = (path: string, status: unknown) => stand.world.cluster.merge(`${path}/status`, { status });
  const readyCount = (node: KubeObject | undefined) => [node?.status?.readyResources, node?.status?.desiredResources];

  for (const [what, form] of Object.entries(becomeReady)) {
    test.concurrent(`${what} becomes ready`, async () => {
      const scene = await stand.scene(nameOf('ready', what), { form });
      const node = await scene.ready();
      expect(readyCount(node)).toEqual([form.length, form.length]);
      expect(await scene.nodeCondition('Ready')).toMatchObject({
        status: 'True',
        reason: 'Reconciled',
        message: 'Successfully reconciled all resources',
      });
    });
  }

  for (const [what, entry] of Object.entries(stayUnready)) {
    test.concurrent(`${what} is not ready, and its dependents wait`, async () => {
      const scene = await stand.scene(nameOf('unready', what), {
        form: [entry, configMap('after', {}, { dependIds: ['it'] })],
      });
      await nodeSays(scene, ({ status }) => status?.desiredResources === 2);
      await soon(async () => expect(await scene.child(entry.spec.kind as 'Service', 'it')).toBeDefined());
      await soon(async () => expect((await scene.nodeCondition('Ready'))?.reason).toBe('NotAllResourcesReady'));
      expect(readyCount(await scene.node())).toEqual([0, 2]);
      expect(await scene.child('ConfigMap', 'after')).toBeUndefined();
    });
  }

  test.concurrent('PersistentVolumeClaim without a volume is not ready, but its dependents are made: one of them may be the consumer', async () => {
    const scene = await stand.scene('unready-claim', {
      form: [claim('it', 'no-such-class'), configMap('after', {}, { dependIds: ['it'] })],
    });
    await soon(async () => expect(await scene.child('ConfigMap', 'after')).toBeDefined());
    await soon(async () => expect(readyCount(await scene.node())).toEqual([1, 2]));
    expect(await scene.child('PersistentVolumeClaim', 'it')).toBeDefined();
    expect((await scene.nodeCondition('Ready'))?.reason).toBe('NotAllResourcesReady');
  });

  test.concurrent('Service of type LoadBalancer is ready once it has an address', async () => {
    const scene = await stand.scene('balancer', { form: [service('it', { type: 'LoadBalancer' })] });
    await waiting(scene);
    await soon(async () => expect(await scene.child('Service', 'it')).toBeDefined());
    await setStatus(scene.path('Service', 'it'), { loadBalancer: { ingress: [{ ip: '192.0.2.1' }] } });
    await scene.ready();
  });

  const say = (scene: Scene, type: string, status: string) =>
    setStatus(scene.path('Widget', 'it'), { conditions: [{ type, status, reason: 'Test', message: '' }] });

  test.concurrent('custom resource with condition Ready follows it', async () => {
    const scene = await stand.scene('custom', { form: [widget('it')] });
    await scene.ready();
    await say(scene, 'Ready', 'False');
    await soon(async () => expect(readyCount(await scene.node())).toEqual([0, 1]));
    await say(scene, 'Ready', 'True');
    await scene.ready();
  });

  test.concurrent('custom resource with other conditions and without Ready counts by the kstatus conventions', async () => {
    const scene = await stand.scene('custom-stalled', { form: [widget('it')] });
    await scene.ready();
    await say(scene, 'Stalled', 'True');
    await nodeSays(scene, ({ status }) => status?.failedResources === 1);
    await say(scene, 'Synced', 'True');
    await scene.ready();
  });

  test.concurrent('Job that fails is failed at once, whatever its timeout', async () => {
    const scene = await stand.scene('job-fails', { form: [failingJob('it', { timeoutSeconds: 3600 })] });
    const node = await nodeSays(scene, ({ status }) => status?.failedResources === 1);
    expect(readyCount(node)).toEqual([0, 1]);
  });

  test.concurrent('claim that waits for its first consumer lets its dependents go on', async () => {
    const storageClass = {
      apiVersion: 'storage.k8s.io/v1',
      kind: 'StorageClass',
      metadata: { name: 'parity-first-consumer' },
      provisioner: 'example.com/none',
      volumeBindingMode: 'WaitForFirstConsumer',
    };
    await stand.world.cluster.create('/apis/storage.k8s.io/v1/storageclasses', storageClass);
    const scene = await stand.scene('first-consumer', {
      form: [claim('it', 'parity-first-consumer'), configMap('after', {}, { dependIds: ['it'] })],
    });
    await soon(async () => expect(await scene.child('ConfigMap', 'after')).toBeDefined());
  });

  test.concurrent('a child that becomes unready later makes its node unready, and ready again', async () => {
    const scene = await stand.scene('flaps', { form: [service('it', { type: 'LoadBalancer' })] });
    await waiting(scene);
    await soon(async () => expect(await scene.child('Service', 'it')).toBeDefined());
    const address = { loadBalancer: { ingress: [{ ip: '192.0.2.1' }] } };
    await setStatus(scene.path('Service', 'it'), address);
    await scene.ready();
    await setStatus(scene.path('Service', 'it'), { loadBalancer: { ingress: null } });
    await soon(async () => expect((await scene.nodeCondition('Ready'))?.status).toBe('False'));
    expect((await scene.node())?.status.failedResources ?? 0).toBe(0);
    await setStatus(scene.path('Service', 'it'), address);
    await scene.ready();
  });

  test.concurrent('timeoutSeconds: what is not ready by then is failed', async () => {
    const scene = await stand.scene('times-out', {
      form: [stuckDeployment('it', { timeoutSeconds: 1 }), configMap('free')],
    });
    const node = await nodeSays(scene, ({ status }) => status?.failedResources === 1);
    expect(readyCount(node)).toEqual([1, 2]);
    expect(await scene.nodeCondition('Ready')).toMatchObject({ status: 'False', reason: 'ResourcesFailed' });
  });

  test.concurrent('timeoutSeconds: a failed child that becomes ready after all heals its node', async () => {
    const scene = await stand.scene('late-ready', {
      form: [service('it', { type: 'LoadBalancer' }, { timeoutSeconds: 1 })],
    });
    await nodeSays(scene, ({ status }) => status?.failedResources === 1);
    await setStatus(scene.path('Service', 'it'), { loadBalancer: { ingress: [{ ip: '192.0.2.1' }] } });
    const node = await scene.ready();
    expect(node.status.failedResources ?? 0).toBe(0);
    expect(await scene.nodeCondition('Degraded')).toMatchObject({
      status: 'False',
      reason: 'Healthy',
      message: 'All resources are healthy',
    });
  });

  test.concurrent('waitForReady false: ready as soon as it is applied', async () => {
    const scene = await stand.scene('fire-and-forget', {
      form: [stuckDeployment('it', { waitForReady: false, timeoutSeconds: 1 })],
    });
    await scene.ready();
  });
});
