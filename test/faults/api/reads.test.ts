import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { eventually, notYet, there, window } from '../../support/e2e/eventually.ts';
import { configMap, configMapOf, secret, secretOf } from '../../support/faults/proxy-forms.ts';
import { openProxyWorld, type ProxyWorld, type Scenario } from '../../support/faults/proxy-world.ts';
import { expectRulesKept } from '../../support/faults/rules-kept.ts';

describe('faults/api/reads', () => {
  let world: ProxyWorld;
  beforeAll(async () => {
    world = await openProxyWorld(inject('stack'), { name: 'reads', settings: { LYNQ_RELIST_SECONDS: '20' } });
  });
  afterAll(() => world?.close());

  const shows = (scenario: Scenario, name: string, counter: string) =>
    eventually(
      `${name} shows ${counter}`,
      async () => {
        const found = await world.cluster.find(configMapOf(scenario.namespace, name));
        return found?.data?.['counter'] === counter ? there(found) : notYet(found?.data);
      },
      { withinMs: 90_000 },
    );
  /** An edit by someone who is not us, of a field that is ours. */
  const drift = (scenario: Scenario, name: string) =>
    world.cluster.merge(configMapOf(scenario.namespace, name), { data: { counter: 'drifted' } });

  test.concurrent('K5 after a 410 of a watch and of a page of a list everything is listed again, and nothing is deleted', async () => {
    const scenario = await world.scenario('k5', {
      forms: { form: { configMaps: [configMap('a'), configMap('b'), configMap('c')] } },
      rows: ['r1'],
    });
    await scenario.ready(['r1-form']);
    const wide = { verb: 'list' as const, resource: 'configmaps', namespace: '' };
    const expired = world.proxy.add({
      match: { ...wide, where: ({ query }) => query.has('continue') },
      to: 2,
      fault: { kind: 'answer', code: 410 },
    });
    const pages = world.proxy.add({ match: wide, fault: { kind: 'pages', size: 2 } });
    for (const watch of world.proxy.watches()) if (watch.call.resource === 'configmaps') watch.expire();
    await drift(scenario, 'r1-b');
    await shows(scenario, 'r1-b', '1');
    await eventually('the pages were refused', () => (expired.hits() === 2 ? there(true) : notYet(expired.hits())));
    await scenario.quiet(2_000);
    pages.remove();
    expect(scenario.deletes()).toEqual([]);
    expect(scenario.writes().filter(({ name }) => name === 'r1-b')).toHaveLength(2);
    await scenario.ready(['r1-form']);
  });

  test.concurrent('K10 what a half-open watch does not tell is repaired by the next list', async () => {
    const scenario = await world.scenario('k10', { forms: { form: { secrets: [secret('a')] } }, rows: ['r1'] });
    await scenario.ready(['r1-form']);
    const path = secretOf(scenario.namespace, 'r1-a');
    const watches = world.proxy.watches().filter(({ call }) => call.resource === 'secrets');
    for (const watch of watches) watch.mute();
    const { metadata, data } = await scenario.get(path);
    await world.cluster.merge(path, { data: { counter: Buffer.from('drifted').toString('base64') } });
    const repaired = await eventually('the drift is repaired', async () => {
      const found = await scenario.get(path);
      return found.data?.['counter'] === data?.['counter'] ? there(found) : notYet('drifted');
    });
    expect([watches.length, repaired.metadata.uid]).toEqual([1, metadata.uid]);
    expect(scenario.deletes()).toEqual([]);
  });

  test.concurrent('K12 reads from an older view take nothing back and delete nothing', async () => {
    const scenario = await world.scenario('k12', {
      forms: { form: { configMaps: [configMap('a')] } },
      rows: ['r1', 'r2'],
    });
    const { namespace } = scenario;
    await scenario.ready(['r1-form', 'r2-form']);
    const { metadata } = (await world.cluster.call('GET', `/api/v1/namespaces/${namespace}/configmaps?limit=1`)) as {
      metadata: { resourceVersion: string };
    };
    await scenario.count('r1', 2);
    await shows(scenario, 'r1-a', '2');
    await scenario.ready(['r1-form']);
    await scenario.quiet(2_000);
    const watching = world.cluster.watch(
      `/api/v1/namespaces/${namespace}/configmaps?fieldSelector=metadata.name%3Dr1-a`,
    );
    const frozen = world.proxy.add({
      match: { namespace, verb: ['get', 'list'] },
      fault: { kind: 'asOf', version: metadata.resourceVersion },
    });
    const deaf = world.proxy.lose(({ object }) => object.metadata.namespace === namespace);
    const began = Date.now();
    await scenario.insert('r3');
    await scenario.count('r1', 3);
    await scenario.remove('r2');
    await window(12_000);
    expect(frozen.hits()).toBeGreaterThan(5);
    expect(scenario.deletes(began).filter((call) => !call.includes('r2-'))).toEqual([]);
    frozen.remove();
    deaf();
    await shows(scenario, 'r1-a', '3');
    await scenario.gone(['r2-form']);
    await scenario.ready(['r1-form', 'r3-form']);
    watching.stop();
    const shown = watching.events.map(({ object }) => Number(object.data?.['counter']));
    expect(shown).toEqual(shown.toSorted((a, b) => a - b));
    expect(scenario.deletes(began)).toEqual(['delete configmaps/r2-a']);
    expect(await world.cluster.find(configMapOf(namespace, 'r2-a'))).toBeUndefined();
  });

  test.concurrent('K13 a list whose second page fails is no list: the sync ends without a change', async () => {
    const forms = { one: { configMaps: [configMap('a')] }, two: { configMaps: [configMap('b')] } };
    const scenario = await world.scenario('k13', { forms, rows: ['r1'] });
    const { namespace } = scenario;
    const before = await scenario.ready(['r1-one', 'r1-two']);
    const list = { namespace, verb: 'list' as const, resource: 'lynqforms' };
    const failing = world.proxy.add({
      match: { ...list, where: ({ query }) => query.has('continue') },
      fault: { kind: 'answer', code: 500 },
    });
    const pages = world.proxy.add({ match: list, fault: { kind: 'pages', size: 1 } });
    await scenario.count('r1', 2);
    await eventually('the page failed for all tries of a sync', () =>
      failing.hits() >= 8 ? there(true) : notYet(failing.hits()),
    );
    const nodes = await Promise.all(['r1-one', 'r1-two'].map((name) => scenario.node(name)));
    expect(nodes.map((node) => node?.metadata.resourceVersion)).toEqual(
      before.map(({ metadata }) => metadata.resourceVersion),
    );
    expect(scenario.deletes()).toEqual([]);
    failing.remove();
    await shows(scenario, 'r1-a', '2');
    await shows(scenario, 'r1-b', '2');
    pages.remove();
    expect(scenario.deletes()).toEqual([]);
  });

  test.concurrent('K22 a namespace goes only when every kind in it could be looked for', async () => {
    const scenario = await world.scenario('k22');
    const space = `${scenario.namespace}-{{ .uid }}`;
    const namespaces = [{ id: 'space', nameTemplate: space, spec: { apiVersion: 'v1', kind: 'Namespace' } }];
    const configMaps = [configMap('a', { targetNamespace: space, dependIds: ['space'] })];
    await scenario.addForm('form', { namespaces, configMaps });
    await scenario.insert('r1');
    await scenario.ready(['r1-form']);
    const path = `/api/v1/namespaces/${scenario.namespace}-r1`;
    const partial = world.proxy.add({
      match: { where: ({ target }) => target === '/apis/events.k8s.io/v1' },
      fault: { kind: 'answer', code: 503 },
    });
    await scenario.remove('r1');
    await eventually('the kinds were asked for in vain', () =>
      partial.hits() >= 4 ? there(true) : notYet(partial.hits()),
    );
    await scenario.entry('r1-form', 'space', 'Deleting', 'ClusterUnreachable');
    expect((await world.cluster.get(path)).metadata.deletionTimestamp).toBeUndefined();
    expect(world.proxy.of({ verb: 'delete', resource: 'namespaces', name: `${scenario.namespace}-r1` })).toEqual([]);
    partial.remove();
    await scenario.gone(['r1-form']);
    await eventually('the namespace is gone', async () =>
      (await world.cluster.find(path)) === undefined ? there(true) : notYet('there'),
    );
  });

  test.concurrent('K22 an object whose group does not answer is not counted as gone when its entry is taken out of the form', async () => {
    const spec = { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', spec: { maxUnavailable: 1 } };
    const budget = { id: 'budget', nameTemplate: '{{ .uid }}-budget', spec };
    const forms = { form: { podDisruptionBudgets: [budget], configMaps: [configMap('a')] } };
    const scenario = await world.scenario('k22-entry', { forms, rows: ['r1'] });
    const { namespace } = scenario;
    await scenario.ready(['r1-form']);
    const path = `/apis/policy/v1/namespaces/${namespace}/poddisruptionbudgets/r1-budget`;
    const { uid } = (await scenario.get(path)).metadata;
    const down = world.proxy.add({
      match: { where: ({ target }) => target.startsWith('/apis/policy/') },
      fault: { kind: 'answer', code: 503 },
    });
    const place = world.proxy.calls.length;
    await scenario.changeForm('form', { configMaps: [configMap('a')] });
    await eventually('it was asked for, or told to go, in vain', () => {
      const asked = world.proxy.calls.slice(place).filter(({ target }) => target === path);
      return asked.length >= 4 ? there(true) : notYet(asked.length);
    });
    await window(3_000);
    expect((await scenario.get(path)).metadata).toMatchObject({ uid });
    expect(await recordedIds(scenario)).toEqual(['a', 'budget']);
    down.remove();
    await eventually('the budget is gone and off the record', async () => {
      const ids = await recordedIds(scenario);
      return (await world.cluster.find(path)) === undefined && ids.join() === 'a' ? there(true) : notYet(ids);
    });
    expect(scenario.deletes()).toEqual(['delete poddisruptionbudgets/r1-budget']);
  });

  const recordedIds = async (scenario: Scenario): Promise<readonly string[]> => {
    const record = ((await scenario.node('r1-form'))?.status?.inventory ?? []) as readonly { readonly id: string }[];
    return record.map(({ id }) => id).toSorted();
  };

  test.concurrent('K24 an object to be kept whose entry was taken out of the form is kept while it cannot be read, and marked when it can', async () => {
    const kept = configMap('keep', { deletionPolicy: 'Retain' });
    const scenario = await world.scenario('k24-entry', {
      forms: { form: { configMaps: [kept, configMap('go'), configMap('a')] } },
      rows: ['r1'],
    });
    const { namespace } = scenario;
    await scenario.ready(['r1-form']);
    const path = configMapOf(namespace, 'r1-keep');
    const { uid } = (await scenario.get(path)).metadata;
    const failing = world.proxy.add({
      match: { namespace, verb: 'get', name: 'r1-keep' },
      fault: { kind: 'answer', code: 500 },
    });
    await scenario.changeForm('form', { configMaps: [configMap('a')] });
    await eventually('it was asked for in vain, and the other is gone', async () => {
      const other = await world.cluster.find(configMapOf(namespace, 'r1-go'));
      return failing.hits() >= 4 && other === undefined ? there(true) : notYet([failing.hits(), other?.metadata.name]);
    });
    await window(3_000);
    expect((await scenario.get(path)).metadata).toMatchObject({ uid });
    expect(await recordedIds(scenario)).toContain('keep');
    failing.remove();
    await eventually('it is marked', async () => {
      const { metadata } = await scenario.get(path);
      const ids = await recordedIds(scenario);
      return metadata.labels?.['lynq.sh/orphaned'] === 'true' && ids.join() === 'a' ? there(true) : notYet(metadata);
    });
    expect((await scenario.get(path)).metadata.uid).toBe(uid);
    expect(scenario.deletes()).toEqual(['delete configmaps/r1-go']);
  });

  test.concurrent('K24 an object to be kept that cannot be read is kept, and its node stays until it could be marked', async () => {
    const kept = configMap('keep', { deletionPolicy: 'Retain' });
    const scenario = await world.scenario('k24', {
      forms: { form: { configMaps: [kept, configMap('go')] } },
      rows: ['r1'],
    });
    const { namespace } = scenario;
    await scenario.ready(['r1-form']);
    const path = configMapOf(namespace, 'r1-keep');
    const { uid } = (await scenario.get(path)).metadata;
    const failing = world.proxy.add({
      match: { namespace, verb: 'get', name: 'r1-keep' },
      fault: { kind: 'answer', code: 500 },
    });
    await scenario.remove('r1');
    await scenario.entry('r1-form', 'keep', 'Deleting', 'ClusterUnreachable');
    expect(failing.hits()).toBeGreaterThanOrEqual(4);
    expect(await world.cluster.find(configMapOf(namespace, 'r1-go'))).toBeUndefined();
    expect((await scenario.get(path)).metadata.uid).toBe(uid);
    failing.remove();
    await scenario.gone(['r1-form']);
    const { metadata } = await scenario.get(path);
    expect([metadata.uid, metadata.labels?.['lynq.sh/orphaned']]).toEqual([uid, 'true']);
    expect(scenario.deletes()).toEqual(['delete configmaps/r1-go']);
  });

  test('nothing in the log of the API server breaks a rule, and what is not ours is what it was', async () => {
    await expectRulesKept(world, world.begun);
  });
});
