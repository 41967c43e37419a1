import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { eventually, notYet, there, window } from '../../support/e2e/eventually.ts';
import { configMap, configMapOf } from '../../support/faults/proxy-forms.ts';
import { describeCall } from '../../support/faults/proxy-rules.ts';
import { openProxyWorld, type ProxyWorld } from '../../support/faults/proxy-world.ts';
import { expectRulesKept } from '../../support/faults/rules-kept.ts';
import { isFull } from '../../support/faults/seed.ts';

/** A promise and the way to resolve it. */
function gate(): { readonly opened: Promise<void>; open(): void } {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open: () => open() };
}

const many = (count: number) => Array.from({ length: count }, (_, at) => configMap(`c${at}`));

describe('faults/api/writes', () => {
  let world: ProxyWorld;
  beforeAll(async () => {
    world = await openProxyWorld(inject('stack'), { name: 'writes', settings: { LYNQ_RELIST_SECONDS: '20' } });
  });
  afterAll(() => world?.close());

  test.concurrent('K2 after a 429 nothing is sent about that resource before its time, and hardly more in all', async () => {
    const forms = { form: { configMaps: many(20) } };
    const calm = await world.scenario('k2-calm', { forms, rows: ['r1'] });
    await calm.ready(['r1-form']);
    const busy = await world.scenario('k2', { forms });
    const about = { namespace: busy.namespace, resource: 'configmaps' };
    const rule = world.proxy.add({
      match: about,
      from: 12,
      to: 13,
      fault: { kind: 'answer', code: 429, retryAfterSeconds: 3 },
    });
    await busy.insert('r1');
    await busy.ready(['r1-form']);
    expect(rule.hits()).toBe(2);
    const calls = world.proxy.of(about);
    const refused = calls.findLast(({ code }) => code === 429)!;
    const early = calls.filter(({ at }) => at > refused.at + 300 && at < refused.at + 2_900);
    expect(early.map(describeCall)).toEqual([]);
    const usual = world.proxy.of({ namespace: calm.namespace, resource: 'configmaps' }).length;
    expect({ usual, now: calls.length, most: Math.ceil(usual * 1.1) }).toSatisfy(({ now, most }) => now <= most);
  });

  test.concurrent('what does not depend on each other is made side by side: all are asked for before one is answered', async () => {
    const behind = configMap('behind', { dependIds: ['c0'] });
    const scenario = await world.scenario('beside', { forms: { form: { configMaps: [...many(6), behind] } } });
    const { namespace } = scenario;
    const answered = gate();
    const first = { namespace, verb: 'apply', resource: 'configmaps' } as const;
    const rule = world.proxy.add({ match: first, to: 6, fault: { kind: 'hold', until: answered.opened } });
    await scenario.insert('r1');
    await eventually('six are asked for', () => (rule.hits() === 6 ? there(6) : notYet(rule.hits())));
    const names = world.proxy.of(first).map(({ name }) => name);
    expect(names.toSorted()).toEqual(['r1-c0', 'r1-c1', 'r1-c2', 'r1-c3', 'r1-c4', 'r1-c5']);
    answered.open();
    await scenario.ready(['r1-form']);
    expect((await scenario.get(configMapOf(namespace, 'r1-behind'))).metadata.name).toBe('r1-behind');
  });

  test.concurrent('K3 a stale version is read and decided again, a few times quickly, until it goes through', async () => {
    const scenario = await world.scenario('k3', { forms: { form: { configMaps: [configMap('a')] } }, rows: ['r1'] });
    await scenario.ready(['r1-form']);
    const { uid } = (await scenario.get(configMapOf(scenario.namespace, 'r1-a'))).metadata;
    const about = { namespace: scenario.namespace, name: 'r1-a' };
    const conflict = { reason: 'Conflict', message: 'the object has been modified' };
    const rule = world.proxy.add({
      match: { ...about, verb: 'apply' },
      to: 3,
      fault: { kind: 'answer', code: 409, status: conflict },
    });
    const began = Date.now();
    await scenario.count('r1', 2);
    await eventually('the new value', async () => {
      const { data } = await scenario.get(configMapOf(scenario.namespace, 'r1-a'));
      return data?.['counter'] === '2' ? there(true) : notYet(data);
    });
    // The object may be seen before the answer that tells of it has gone through the proxy.
    const tries = await eventually('all tries are answered', () => {
      const calls = world.proxy.of(about).filter(({ at }) => at >= began);
      return calls.every(({ code }) => code !== undefined) ? there(calls) : notYet(calls.map(describeCall));
    });
    expect(rule.hits()).toBe(3);
    const told = tries.map(({ verb, code }) => `${verb} ${code}`);
    expect(told).toEqual(['apply 409', 'get 200', 'apply 409', 'get 200', 'apply 409', 'get 200', 'apply 200']);
    expect((await scenario.get(configMapOf(scenario.namespace, 'r1-a'))).metadata.uid).toBe(uid);

    world.proxy.add({ match: { ...about, verb: 'apply' }, fault: { kind: 'answer', code: 409, status: conflict } });
    const again = Date.now();
    await scenario.count('r1', 3);
    await eventually('the quick tries', () => {
      const count = world.proxy.of({ ...about, verb: 'apply' }).filter(({ at }) => at >= again).length;
      return count >= 6 ? there(count) : notYet(count);
    });
    await window(4_000);
    const applies = world.proxy.of({ ...about, verb: 'apply' }).filter(({ at }) => at >= again);
    expect(applies.length).toBeLessThanOrEqual(6 * 4);
  });

  test.concurrent('K7 a create whose answer is lost has made one object, for a child and for a LynqNode', async () => {
    const scenario = await world.scenario('k7', { forms: { form: { configMaps: [configMap('a')] } } });
    const { namespace } = scenario;
    const child = world.proxy.add({
      match: { namespace, verb: 'apply', name: 'r1-a' },
      to: 1,
      fault: { kind: 'dropAnswer' },
    });
    const node = world.proxy.add({
      match: { namespace, verb: 'create', resource: 'lynqnodes' },
      to: 1,
      fault: { kind: 'dropAnswer' },
    });
    await scenario.insert('r1');
    await scenario.ready(['r1-form']);
    expect([child.hits(), node.hits()]).toEqual([1, 1]);
    const created = world.proxy.of({ namespace, verb: ['apply', 'create'] }).filter(({ upstream }) => upstream === 201);
    const names = created
      .filter(({ resource }) => resource === 'configmaps' || resource === 'lynqnodes')
      .map(({ verb, resource }) => `${verb} ${resource}`);
    expect(names.toSorted()).toEqual(['apply configmaps', 'create lynqnodes']);
    expect(scenario.writes().length).toBeLessThanOrEqual(2);
    expect(scenario.deletes()).toEqual([]);
  });

  test.concurrent('K8 a delete whose answer is lost is done, and what someone made there since is left alone', async () => {
    const scenario = await world.scenario('k8', {
      forms: { form: { configMaps: [configMap('a'), configMap('b')] } },
      rows: ['r1'],
    });
    const { namespace } = scenario;
    await scenario.ready(['r1-form']);
    const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'r1-b' }, data: { whose: 'not ours' } };
    const plant = async (): Promise<void> =>
      void (await world.cluster.create(`/api/v1/namespaces/${namespace}/configmaps`, body));
    const plain = world.proxy.add({
      match: { namespace, verb: 'delete', name: 'r1-a' },
      to: 1,
      fault: { kind: 'dropAnswer' },
    });
    const planted = world.proxy.add({
      match: { namespace, verb: 'delete', name: 'r1-b' },
      to: 1,
      fault: { kind: 'dropAnswer', before: plant },
    });
    await scenario.remove('r1');
    await scenario.gone(['r1-form']);
    expect([plain.hits(), planted.hits()]).toEqual([1, 1]);
    expect(await world.cluster.find(configMapOf(namespace, 'r1-a'))).toBeUndefined();
    const stranger = await scenario.get(configMapOf(namespace, 'r1-b'));
    expect(stranger.data).toEqual({ whose: 'not ours' });
    await window(3_000);
    expect((await scenario.get(configMapOf(namespace, 'r1-b'))).metadata).toEqual(stranger.metadata);
  });

  /** How much later a request arrives than it was sent. */
  const lateness = isFull() ? 70_000 : 3_000;

  test.concurrent('K9 a create that arrives after its object was removed does not bring it back', async () => {
    const scenario = await world.scenario('k9-create');
    const { namespace, outside } = scenario;
    const late = gate();
    for (const space of [namespace, outside])
      world.proxy.add({
        match: { namespace: space, verb: 'apply', resource: 'configmaps' },
        to: 1,
        fault: { kind: 'late', until: late.opened },
      });
    const far = configMap('far', { targetNamespace: outside });
    await scenario.addForm('form', { configMaps: [configMap('near'), far] });
    await scenario.insert('r1');
    await scenario.ready(['r1-form']);
    await scenario.remove('r1');
    await scenario.gone(['r1-form']);
    await window(lateness);
    late.open();
    await eventually('the late writes have arrived', () => {
      const arrived = world.proxy
        .of({ namespace: [namespace, outside], resource: 'configmaps' })
        .filter(({ fault, upstream }) => fault === 'late' && upstream !== undefined);
      return arrived.length === 2 ? there(arrived) : notYet(arrived.length);
    });
    await eventually('nothing of the row is left', async () => {
      const left = [
        await world.cluster.find(configMapOf(namespace, 'r1-near')),
        await world.cluster.find(configMapOf(outside, 'r1-far')),
      ];
      return left.every((one) => one === undefined) ? there(true) : notYet(left.map((one) => one?.metadata.name));
    });
  });

  test.concurrent('K9 writes that arrive late never bring back older content', async () => {
    const scenario = await world.scenario('k9-content', { forms: { form: { configMaps: [configMap('a')] } } });
    const { namespace } = scenario;
    const path = configMapOf(namespace, 'r1-a');
    const late = gate();
    const hold = (match: object) =>
      world.proxy.add({ match: { namespace, ...match }, to: 1, fault: { kind: 'late', until: late.opened } });
    const created = hold({ verb: 'apply', name: 'r1-a' });
    await scenario.insert('r1');
    await scenario.ready(['r1-form']);
    const watching = world.cluster.watch(
      `/api/v1/namespaces/${namespace}/configmaps?fieldSelector=metadata.name%3Dr1-a`,
    );
    const rules = [
      hold({ verb: 'apply', name: 'r1-a' }),
      hold({ verb: 'patch', resource: 'lynqnodes', subresource: '' }),
      hold({ verb: 'patch', resource: 'lynqnodes', subresource: 'status' }),
    ];
    const shows = (counter: string) =>
      eventually(`counter ${counter}`, async () => {
        const { data } = await scenario.get(path);
        return data?.['counter'] === counter ? there(true) : notYet(data);
      });
    await scenario.count('r1', 2);
    await shows('2');
    await scenario.count('r1', 3);
    await shows('3');
    await scenario.ready(['r1-form']);
    await scenario.quiet(2_000);
    await window(lateness);
    const before = await scenario.get(path);
    const node = await scenario.node('r1-form');
    late.open();
    const arrived = await eventually('the late writes have arrived', () => {
      const found = world.proxy
        .of({ namespace })
        .filter(({ fault, upstream }) => fault === 'late' && upstream !== undefined);
      return found.length === 4 ? there(found) : notYet(found.map(describeCall));
    });
    expect([created, ...rules].map((rule) => rule.hits())).toEqual([1, 1, 1, 1]);
    expect(arrived.map((call) => `${describeCall(call)} ${call.upstream}`).toSorted()).toEqual([
      'apply configmaps/r1-a 409',
      'apply configmaps/r1-a 409',
      'patch lynqnodes/r1-form 409',
      'patch lynqnodes/status/r1-form 409',
    ]);
    await window(2_000);
    expect((await scenario.get(path)).metadata.resourceVersion).toBe(before.metadata.resourceVersion);
    expect((await scenario.node('r1-form'))?.metadata.resourceVersion).toBe(node?.metadata.resourceVersion);
    watching.stop();
    const shown = watching.events.map(({ object }) => Number(object.data?.['counter']));
    expect(shown).toEqual(shown.toSorted((a, b) => a - b));
  });

  test.concurrent('K16 an object that can never be taken is sent once, until its input changes', async () => {
    const broken = {
      id: 'bad',
      nameTemplate: '{{ .uid }}-bad',
      spec: { apiVersion: 'v1', kind: 'Service', spec: { ports: [{ port: 99_999 }] } },
    };
    const scenario = await world.scenario('k16', {
      forms: { form: { services: [broken], configMaps: [configMap('good'), configMap('large')] } },
    });
    const large = { namespace: scenario.namespace, verb: 'apply', name: 'r1-large' } as const;
    const tooLarge = world.proxy.add({ match: large, fault: { kind: 'answer', code: 413 } });
    await scenario.insert('r1');
    expect((await scenario.entry('r1-form', 'large', 'Failed', 'TooLarge')).message).toContain('too large');
    const failed = await scenario.entry('r1-form', 'bad', 'Failed', 'Invalid');
    expect(failed.message).toContain('spec.ports[0].port');
    await scenario.entry('r1-form', 'good', 'Ready');
    const tries = () => world.proxy.of({ namespace: scenario.namespace, verb: 'apply', name: 'r1-bad' }).length;
    await window(12_000);
    expect([tries(), tooLarge.hits()]).toEqual([1, 1]);
    tooLarge.remove();
    const good = { ...broken, spec: { ...broken.spec, spec: { ports: [{ port: 80 }] } } };
    const changed = configMap('large', { labelsTemplate: { changed: 'yes' } });
    await scenario.changeForm('form', { services: [good], configMaps: [configMap('good'), changed] });
    await scenario.ready(['r1-form']);
    expect([tries(), world.proxy.of(large).length]).toEqual([2, 2]);
  });

  test('nothing in the log of the API server breaks a rule, and what is not ours is what it was', async () => {
    await expectRulesKept(world, world.begun);
  });
});
