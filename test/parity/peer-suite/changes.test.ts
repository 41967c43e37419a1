import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Json, type KubeObject, lynqPath } from '../../support/e2e/cluster.ts';
import { window } from '../../support/e2e/eventually.ts';
import { configMap, deployment, type Entry, failingJob, stuckDeployment } from '../../support/parity/entries.ts';
import { nodeSays, openStand, soon, type Stand } from '../../support/parity/stand.ts';

const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

/** Rollouts, template functions and events as tests of the Go operator look at them, and a restart of the worker. */
describe('parity/peer-suite/changes', () => {
  let stand: Stand;
  beforeAll(async () => {
    stand = await openStand('changes');
  });
  afterAll(() => stand?.close());

  const nodesOf = (hub: string) =>
    stand.world.cluster.list(`${lynqPath(stand.world.namespace, 'lynqnodes')}?labelSelector=lynq.sh/hub%3D${hub}`);

  describe('rollout', () => {
    const withSkew = async (name: string, maxSkew: number) => {
      const path = lynqPath(stand.world.namespace, 'lynqforms', name);
      await soon(() => stand.world.cluster.merge(path, { spec: { rollout: { maxSkew } } }));
    };
    const rolloutOf = async (scene: { form(): Promise<KubeObject> }) => (await scene.form()).status?.rollout;

    test.concurrent('with maxSkew every node is updated in the end, and the form says Complete', async () => {
      const rows = ['a', 'b', 'c'];
      const scene = await stand.scene('skewed', { rows, form: [configMap('cfg', { v: '1' })] });
      await Promise.all(rows.map((uid) => scene.ready(uid)));
      await withSkew('skewed', 1);
      const path = lynqPath(stand.world.namespace, 'lynqforms', 'skewed');
      const entries = (await stand.world.cluster.get(path)).spec.configMaps as readonly Json[];
      const changed = entries.map((entry) => ({ ...entry, spec: { ...entry.spec, data: { v: '2' } } }));
      await soon(() => stand.world.cluster.merge(path, { spec: { configMaps: changed } }));
      await soon(
        async () => {
          for (const uid of rows) expect((await scene.child('ConfigMap', 'cfg', uid))?.data).toEqual({ v: '2' });
          expect(await rolloutOf(scene)).toMatchObject({
            phase: 'Complete',
            totalNodes: 3,
            updatedNodes: 3,
            updatingNodes: 0,
            readyUpdatedNodes: 3,
            message: 'All 3 nodes updated and ready',
          });
        },
        { withinMs: 120_000 },
      );
      expect((await rolloutOf(scene)).startTime).toMatch(time);
      expect((await rolloutOf(scene)).completionTime).toMatch(time);
    });

    test.concurrent('with maxSkew 1 a node that does not become ready holds the others back', async () => {
      const rows = ['a', 'b', 'c'];
      const scene = await stand.scene('held', { rows, form: [deployment('app')] });
      await Promise.all(rows.map((uid) => scene.ready(uid)));
      await withSkew('held', 1);
      const path = lynqPath(stand.world.namespace, 'lynqforms', 'held');
      const stuck = stuckDeployment('app');
      const changed = [{ nameTemplate: '{{ .uid }}-held-app', ...stuck }];
      await soon(() => stand.world.cluster.merge(path, { spec: { deployments: changed } }));
      const generation = String((await scene.form()).metadata.generation);
      await soon(async () => expect(await rolloutOf(scene)).toMatchObject({ phase: 'InProgress', updatingNodes: 1 }));
      await window(12_000);
      const updated = (await nodesOf('held')).filter(
        ({ metadata }) => metadata.annotations?.['lynq.sh/template-generation'] === generation,
      );
      expect(updated).toHaveLength(1);
    });
  });

  describe('templates', () => {
    test.concurrent('functions give what they give in the Go operator', async () => {
      const scene = await stand.scene('functions', {
        extra: { plan: 'plan', size: 'size', url: 'url' },
        form: [
          configMap('cfg', {
            host: '{{ .url | toHost }}',
            sha: '{{ sha1sum .uid }}',
            short: '{{ trunc63 (repeat 70 "x") }}',
            json: '{{ (fromJson "{\\"k\\":\\"v\\"}").k }}',
            upper: '{{ .plan | upper | quote }}',
            b64: '{{ .plan | b64enc }}',
            choice: '{{ if eq .plan "basic" }}small{{ else }}large{{ end }}',
            list: '{{ range $i, $e := list "a" "b" }}{{ $i }}{{ $e }}{{ end }}',
            ternary: '{{ ternary "yes" "no" (eq .size "1") }}',
            names: '{{ .hubId }} {{ .templateRef }} {{ .uid }} {{ .activate }}',
          }),
        ],
      });
      await scene.sql("UPDATE $ SET url = 'https://shop.example.com:8443/path'");
      await soon(async () =>
        expect((await scene.child('ConfigMap', 'cfg'))?.data).toEqual({
          host: 'shop.example.com',
          sha: '86f7e437faa5a7fce15d1ddcb9eaeaea377667b8',
          short: 'x'.repeat(63),
          json: 'v',
          upper: '"BASIC"',
          b64: 'YmFzaWM=',
          choice: 'small',
          list: '0a1b',
          ternary: 'yes',
          names: 'functions functions a 1',
        }),
      );
    });

    test.concurrent('int, float and bool give numbers and booleans outside of strings', async () => {
      const scene = await stand.scene('typed', {
        form: [
          deployment('app', { replicas: '{{ .size | int }}' }),
          {
            id: 'account',
            spec: {
              apiVersion: 'v1',
              kind: 'ServiceAccount',
              automountServiceAccountToken: '{{ eq .plan "gold" | bool }}',
            },
          } satisfies Entry,
        ],
      });
      await scene.sql('UPDATE $ SET size = 2');
      await soon(async () => expect((await scene.child('Deployment', 'app'))?.spec.replicas).toBe(2));
      await scene.ready();
      const account = (await scene.child('ServiceAccount', 'account')) as Json;
      expect(account.automountServiceAccountToken).toBe(false);
    });

    test.concurrent('an entry whose template fails is failed with an event; the others are made', async () => {
      const scene = await stand.scene('render-fails', {
        form: [configMap('bad', { v: '{{ if .uid }}{{ fail "on purpose" }}{{ end }}' }), configMap('good')],
      });
      const node = await nodeSays(scene, ({ status }) => status?.failedResources === 1 && status.readyResources === 1);
      expect(node.status.desiredResources).toBe(2);
      const [event] = await soon(async () => {
        const found = await stand.events('a-render-fails', 'TemplateRenderError');
        expect(found).toHaveLength(1);
        return found;
      });
      expect(event).toMatchObject({
        type: 'Warning',
        message: expect.stringMatching(/^Failed to render resource bad: /),
      });
    });
  });

  describe('events of a node', () => {
    const one = (node: string, reason: string) =>
      soon(async () => {
        const [event] = await stand.events(node, reason);
        expect(event).toBeDefined();
        return event!;
      });

    test.concurrent('TemplateResourcesApplying and TemplateAppliedSuccess with counts', async () => {
      const scene = await stand.scene('told', { form: [configMap('cfg'), deployment('app')] });
      await scene.ready();
      expect((await one('a-told', 'TemplateResourcesApplying')).message).toBe(
        `Applying resources from LynqForm 'told' (generation: 1). Reconciling 2 total resources: 1 Deployment(s), 1 ConfigMap(s). Hub: told, LynqNode UID: a, Namespace: ${stand.world.namespace}. Resources will be applied in dependency order with readiness checks.`,
      );
      expect((await one('a-told', 'TemplateAppliedSuccess')).message).toMatch(
        /^Successfully applied LynqForm 'told' \(generation: 1\)\. All 2 resources reconciled successfully \(2 changed, 2 ready\)\. Hub: told, LynqNode UID: a, /,
      );
    });

    test.concurrent('DependencySkipped and DependencyFailedButProceeding name both ids', async () => {
      const scene = await stand.scene('skip-told', {
        form: [
          failingJob('job'),
          configMap('skipped', {}, { dependIds: ['job'] }),
          configMap('goes-on', {}, { dependIds: ['job'], skipOnDependencyFailure: false }),
        ],
      });
      await nodeSays(scene, ({ status }) => status?.skippedResources === 1 && status.readyResources === 1);
      expect((await one('a-skip-told', 'DependencySkipped')).message).toBe(
        "Resource 'skipped' skipped because dependency 'job' failed. Set skipOnDependencyFailure=false to create anyway.",
      );
      expect((await one('a-skip-told', 'DependencyFailedButProceeding')).message).toBe(
        "Dependency 'job' failed, but creating resource 'goes-on' anyway (skipOnDependencyFailure=false)",
      );
    });

    test.concurrent('ReadinessTimeout says for how long it was waited', async () => {
      const scene = await stand.scene('late-told', { form: [stuckDeployment('app', { timeoutSeconds: 3 })] });
      await nodeSays(scene, ({ status }) => status?.failedResources === 1);
      expect((await one('a-late-told', 'ReadinessTimeout')).message).toMatch(
        /^Resource 'app' not ready after \d+s \(timeout: 3s\)$/,
      );
    });

    test.concurrent('NodeDeleting and NodeDeleted are on the hub', async () => {
      const scene = await stand.scene('left-told', { form: [configMap('cfg')] });
      await scene.ready();
      await scene.dropRow();
      expect((await one('left-told', 'NodeDeleting')).message).toBe(
        "Deleting LynqNode 'a-left-told' (template: left-told, uid: a) - no longer in active dataset. This could be due to: row deletion, activate=false, or template change.",
      );
      expect((await one('left-told', 'NodeDeleted')).message).toBe(
        "Successfully deleted LynqNode 'a-left-told' (template: left-told, uid: a)",
      );
    });

    test.concurrent('OrphanedResourceDeleted names what left the form', async () => {
      const scene = await stand.scene('orphan-told', { form: [configMap('cfg'), configMap('leaves')] });
      await scene.ready();
      await scene.edit([configMap('cfg')]);
      expect((await one('a-orphan-told', 'OrphanedResourceDeleted')).message).toBe(
        'Deleted orphaned resource ConfigMap/a-orphan-told-leaves (ID: leaves) - removed from template',
      );
    });
  });

  test('a restart of the worker in the middle of things: nothing is made twice, and everything arrives', async () => {
    const form = [
      configMap('once', { v: '{{ randAlphaNum 12 }}' }, { creationPolicy: 'Once' }),
      deployment('app'),
      configMap('after', { plan: '{{ .plan }}' }, { dependIds: ['app'] }),
    ];
    const scene = await stand.scene('restart', { rows: ['a', 'b'], form });
    await scene.ready();
    const before = await Promise.all([
      scene.child('ConfigMap', 'once'),
      scene.child('Deployment', 'app'),
      scene.node(),
    ]);
    await scene.sql("INSERT INTO $ (id) VALUES ('c')");
    await scene.sql("UPDATE $ SET plan = 'gold'");
    await stand.world.worker.kill();
    await stand.world.worker.start();
    await Promise.all(['a', 'b', 'c'].map((uid) => scene.ready(uid)));
    await soon(async () => expect((await scene.child('ConfigMap', 'after'))?.data).toEqual({ plan: 'gold' }));
    const after = await Promise.all([scene.child('ConfigMap', 'once'), scene.child('Deployment', 'app'), scene.node()]);
    expect(after.map((one) => one?.metadata.uid)).toEqual(before.map((one) => one?.metadata.uid));
    expect(after[0]?.data).toEqual(before[0]?.data);
  });
});
