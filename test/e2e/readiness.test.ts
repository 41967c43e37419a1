import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { conditionOf, type KubeObject } from '../support/e2e/cluster.ts';
import { eventually, notYet, there, window } from '../support/e2e/eventually.ts';
import { configMap, entryOf, mapOf, openSmallWorld, shows, type SmallWorld } from '../support/e2e/forms.ts';

/** Shifts the clock of a process by an hour; only JavaScript's, which is what the product reads. */
const hourAhead = `--import "data:text/javascript,const own=Date;globalThis.Date=class extends own{constructor(...a){if(a.length===0)super(own.now()+3600000);else super(...a)}static now(){return own.now()+3600000}}"`;

const jobSpec = {
  apiVersion: 'batch/v1',
  kind: 'Job',
  spec: {
    suspend: true,
    template: { spec: { restartPolicy: 'Never', containers: [{ name: 'main', image: 'example.com/none:1' }] } },
  },
};

const isProgressing = (node: KubeObject): true | undefined =>
  entryOf(node, 'job')?.startsWith('Progressing') === true ? true : undefined;

describe('e2e/readiness', () => {
  let world: SmallWorld;
  const jobPath = (name: string) => `/apis/batch/v1/namespaces/${world.namespace}/jobs/${name}`;
  const setData = (name: string, data: Readonly<Record<string, string>>) =>
    world.cluster.merge(`/api/v1/namespaces/${world.namespace}/configmaps/${name}`, { data });

  beforeAll(async () => {
    world = await openSmallWorld(inject('stack'), 'readiness');
    await world.addRow('acme');
  });
  afterAll(() => world?.close());

  test('readyWhen decides: not ready while it is false, ready when someone makes it true, not ready again after', async () => {
    await world.putForm('gate', {
      configMaps: [
        configMap('lock', { readyWhen: "has(object.data) && 'open' in object.data && object.data.open == 'yes'" }),
        configMap('behind', { dependIds: ['lock'] }),
      ],
    });
    await world.nodeShows('acme-gate', 'lock is not ready', shows('lock', 'Progressing/ReadyWhenFalse'));
    expect(await mapOf(world, 'acme-behind')).toBeUndefined();

    await setData('acme-lock', { open: 'yes' });
    await world.nodeShows('acme-gate', 'behind is ready', shows('behind', 'Ready'));

    await setData('acme-lock', { open: 'no' });
    await world.nodeShows('acme-gate', 'lock is not ready again', (node) =>
      conditionOf(node, 'Ready')?.status === 'False' && entryOf(node, 'lock') !== 'Ready' ? true : undefined,
    );
    await setData('acme-lock', { open: 'yes' });
    await world.ready(['acme-gate']);
  });

  test('what decides is known again after a restart of the worker', async () => {
    await world.worker.stop();
    await setData('acme-lock', { open: 'while nobody looked' });
    await world.worker.start();
    await world.nodeShows('acme-gate', 'lock is not ready', shows('lock', 'Progressing/ReadyWhenFalse'));
    await setData('acme-lock', { open: 'yes' });
    await world.ready(['acme-gate']);
  });

  test('other changes of such an object wake nobody and nothing is written', async () => {
    const place = world.audit.now();
    for (const beat of ['1', '2', '3']) await setData('acme-lock', { beat });
    await window(3_000);
    const touched = world.audit
      .ofWorker(place)
      .filter(({ objectRef }) => objectRef?.name?.startsWith('acme-') === true);
    expect(touched.map(({ verb, objectRef }) => `${verb} ${objectRef?.resource}/${objectRef?.name}`)).toEqual([]);
  });

  test('an expression that cannot be evaluated is not ready, and its values are in no message', async () => {
    await world.putForm('secretive', {
      secrets: [
        {
          id: 'key',
          nameTemplate: '{{ .uid }}-key',
          spec: { apiVersion: 'v1', kind: 'Secret', stringData: { word: 'hunter2-hunter2' } },
          readyWhen: 'int(object.data.word) == 1',
        },
      ],
    });
    await world.nodeShows('acme-secretive', 'an error', shows('key', 'Progressing/ReadyWhenError'));
    const node = await world.node('acme-secretive');
    expect(JSON.stringify(node)).not.toMatch(/hunter2|aHVudGVyMi/);
    expect(world.worker.output()).not.toMatch(/hunter2|aHVudGVyMi/);
    await world.dropForm('secretive');
  });

  test('an expression that cannot be compiled makes the form not Valid, naming resource and place', async () => {
    await world.putForm('broken', { configMaps: [configMap('lock', { readyWhen: 'object.status.phase ==' })] });
    const message = await eventually('the form is not valid', async () => {
      const found = conditionOf(await world.form('broken'), 'Valid');
      return found?.status === 'False' ? there(found.message) : notYet(found ?? 'no condition');
    });
    expect(message).toMatch(/resource 'lock': readyWhen: line 1, column \d+/);
    expect(await world.node('acme-broken')).toBeUndefined();
    await world.dropForm('broken');
  });

  test('an object that times out comes back with more time, and by itself when it is ready', async () => {
    const entry = { id: 'job', nameTemplate: '{{ .uid }}-job', spec: jobSpec, timeoutSeconds: 3 };
    await world.putForm('work', { jobs: [entry] });
    await world.nodeShows('acme-work', 'timed out', shows('job', 'Failed/ReadinessTimeout'));

    await world.putForm('work', { jobs: [{ ...entry, timeoutSeconds: 3600 }] });
    await world.nodeShows('acme-work', 'on its way again', isProgressing);
    await world.putForm('work', { jobs: [entry] });
    await world.nodeShows('acme-work', 'timed out', shows('job', 'Failed/ReadinessTimeout'));

    await world.cluster.merge(`${jobPath('acme-job')}/status`, {
      status: { succeeded: 1, startTime: '2026-01-01T00:00:00Z' },
    });
    await world.ready(['acme-work']);
    await world.dropForm('work');
  });

  test('a worker whose clock is an hour ahead lets nothing time out', async () => {
    await world.putForm('patient', {
      jobs: [{ id: 'job', nameTemplate: '{{ .uid }}-slow', spec: jobSpec, timeoutSeconds: 1800 }],
    });
    await world.nodeShows('acme-patient', 'on its way', isProgressing);
    await world.worker.stop();
    const shifted = world.shifted({ NODE_OPTIONS: hourAhead });
    await shifted.start();
    await world.addRow('late');
    const since = await world.nodeShows('late-patient', 'on its way', (node) =>
      entryOf(node, 'job')?.startsWith('Progressing/') === true ? String(node.status.resources[0].since) : undefined,
    );
    expect(Math.abs(Date.parse(since) - Date.now())).toBeLessThan(600_000);
    expect(entryOf((await world.node('acme-patient'))!, 'job')).toMatch(/^Progressing/);
    await shifted.stop();
    await world.worker.start();
  });
});
