import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { childPath } from '../../support/e2e/cluster.ts';
import { eventually, notYet, there, window } from '../../support/e2e/eventually.ts';
import { childrenOf } from '../../support/faults/proxy-golden.ts';
import { configMap, deployment, secret, service } from '../../support/faults/proxy-forms.ts';
import { openProxyWorld, type ProxyWorld, type Scenario } from '../../support/faults/proxy-world.ts';
import type { PassedCall } from '../../support/faults/proxy.ts';

const comparisonSeconds = 5;
const rounds = 6;

const plain = (id: string, apiVersion: string, kind: string, spec?: unknown) => ({
  id,
  nameTemplate: `{{ .uid }}-${id}`,
  spec: { apiVersion, kind, ...(spec === undefined ? {} : { spec }) },
});

/** Objects of eight kinds. */
const manifests = [
  configMap('settings'),
  secret('keys'),
  service('web'),
  deployment('api'),
  plain('account', 'v1', 'ServiceAccount'),
  plain('wall', 'networking.k8s.io/v1', 'NetworkPolicy', { podSelector: {}, policyTypes: ['Ingress'] }),
  plain('budget', 'policy/v1', 'PodDisruptionBudget', {
    maxUnavailable: 1,
    selector: { matchLabels: { app: '{{ .uid }}' } },
  }),
  plain('nightly', 'batch/v1', 'CronJob', {
    schedule: '0 0 1 1 *',
    jobTemplate: {
      spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'job', image: 'example/job:1' }] } } },
    },
  }),
];
const resources = [
  'configmaps',
  'secrets',
  'services',
  'deployments',
  'serviceaccounts',
  'networkpolicies',
  'poddisruptionbudgets',
  'cronjobs',
];

/** The full comparison of all nodes (by listing, spread out; that nodes' turns are, test/unit/domain/comparison.test.ts shows), as the requests of a worker show it. */
describe('faults/api/comparison', () => {
  let world: ProxyWorld;
  let full: Scenario;
  /** Requests of some rounds in which nothing happened. */
  let calls: readonly PassedCall[] = [];
  const rows = Array.from({ length: 20 }, (_, index) => `r${index}`);
  const nodes = rows.map((row) => `${row}-form`);

  beforeAll(async () => {
    world = await openProxyWorld(inject('stack'), {
      name: 'comparison',
      settings: { LYNQ_RELIST_SECONDS: String(comparisonSeconds) },
    });
    full = await world.scenario('full', { forms: { form: { manifests } }, rows, syncInterval: '1h' });
    await full.ready(nodes, { withinMs: 150_000 });
    await full.quiet(2 * comparisonSeconds * 1_000);
    const place = world.proxy.calls.length;
    await window(rounds * comparisonSeconds * 1_000);
    calls = world.proxy.calls.slice(place);
  }, 400_000);
  afterAll(() => world?.close());

  /** Times of the lists of a kind in the whole cluster, and of those only. */
  const listsOf = (resource: string): readonly number[] =>
    calls
      .filter((call) => call.verb === 'list' && call.resource === resource && call.namespace === '')
      .filter(({ query }) => !query.has('continue'))
      .map(({ at }) => at);

  test('goes by lists of whole kinds: not one object of a node is read, and nothing is written', async () => {
    const children = await childrenOf(world.cluster, full.namespace);
    expect(children).toHaveLength(rows.length * manifests.length);
    const names = new Set(children.map(({ metadata }) => metadata.name));
    const ofChildren = calls.filter(({ namespace, name }) => namespace === full.namespace && names.has(name));
    expect(ofChildren.map(({ verb, resource, name }) => `${verb} ${resource} ${name}`)).toEqual([]);
    for (const resource of resources) {
      const lists = listsOf(resource).length;
      expect([resource, lists >= rounds - 2, lists <= rounds + 2, lists]).toEqual([resource, true, true, lists]);
    }
    const inNamespace = calls.filter(
      ({ verb, namespace, resource }) =>
        verb === 'list' && namespace === full.namespace && resources.includes(resource),
    );
    expect(inNamespace).toEqual([]);
  });

  test('lists each kind after a time of its own, so that kinds which were listed together do not stay so', () => {
    // A watch is asked to last until the next list is due: the request says what was drawn, however busy the machine is.
    const lengths = resources.map((resource) =>
      calls
        .filter((call) => call.verb === 'watch' && call.resource === resource && call.namespace === '')
        .map(({ query }) => Number(query.get('timeoutSeconds'))),
    );
    for (const [index, drawn] of lengths.entries())
      expect([resources[index], drawn.length >= rounds - 2, drawn]).toEqual([resources[index], true, drawn]);
    expect(new Set(lengths.flat()).size).toBeGreaterThan(1);
    expect(new Set(lengths.map((drawn) => drawn.slice(0, rounds - 2).join())).size).toBeGreaterThan(1);
  });

  test('finds, by the next lists alone, what no watch told of, and reads only what it repairs', async () => {
    const name = 'r7-settings';
    const path = childPath('ConfigMap', full.namespace, name);
    const hear = world.proxy.lose(({ object }) => object.metadata.namespace === full.namespace);
    const place = world.proxy.calls.length;
    await world.cluster.merge(path, { data: { counter: 'edited' } });
    await eventually('the edit is repaired', async () => {
      const found = await world.cluster.get(path);
      return found.data?.['counter'] === '1' ? there(true) : notYet(found.data);
    });
    hear();
    const touched = world.proxy.calls
      .slice(place)
      .filter(
        ({ namespace, verb, resource }) =>
          namespace === full.namespace && verb !== 'list' && resources.includes(resource),
      )
      .map((call) => call.name);
    expect(new Set(touched)).toEqual(new Set([name]));
  });
});
