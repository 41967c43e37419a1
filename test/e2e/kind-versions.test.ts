import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import type { Json } from '../support/e2e/cluster.ts';
import { eventually, notYet, there, window } from '../support/e2e/eventually.ts';
import { openSmallWorld, shows, type SmallWorld } from '../support/e2e/forms.ts';

const group = 'versions.example.com';
const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const definition = `${definitions}/gadgets.${group}`;

/** A kind in two versions, of which the older one is not served any more at some time. */
function gadgets(betaServed: boolean): Json {
  const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } };
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `gadgets.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: { plural: 'gadgets', singular: 'gadget', kind: 'Gadget', listKind: 'GadgetList' },
      versions: [
        { name: 'v1beta1', served: betaServed, storage: false, schema },
        { name: 'v1', served: true, storage: true, schema },
      ],
    },
  };
}

describe('e2e/kind-versions', () => {
  let world: SmallWorld;
  const pathOf = (name: string) => `/apis/${group}/v1/namespaces/${world.namespace}/gadgets/${name}`;
  const open = (name: string) => world.cluster.merge(pathOf(name), { spec: { open: 'yes' } });

  const putForm = (version: string) =>
    world.putForm('web', {
      manifests: [
        {
          id: 'gadget',
          nameTemplate: '{{ .uid }}-gadget',
          timeoutSeconds: 120,
          readyWhen: "has(object.spec.open) && object.spec.open == 'yes'",
          spec: { apiVersion: `${group}/${version}`, kind: 'Gadget', spec: { size: 'small' } },
        },
      ],
    });

  beforeAll(async () => {
    world = await openSmallWorld(inject('stack'), 'kind-versions');
    await world.cluster.create(definitions, gadgets(true));
    await putForm('v1beta1');
    await world.addRow('acme');
    await world.nodeShows('acme-web', 'its gadget is not ready', shows('gadget', 'Progressing/ReadyWhenFalse'));
    await open('acme-gadget');
    await world.ready(['acme-web']);
  });
  afterAll(async () => {
    await world?.close();
    await world?.cluster.remove(definition).catch(() => undefined);
  });

  test('a form that was edited to a newer version goes on when the older one is not served any more', async () => {
    await putForm('v1');
    await eventually('the record has the new version', async () => {
      const node = await world.node('acme-web');
      const versions = ((node?.status?.inventory ?? []) as readonly Json[]).map(({ apiVersion }) => apiVersion);
      return String(versions) === `${group}/v1` ? there(true) : notYet(versions);
    });
    await world.cluster.merge(definition, { spec: gadgets(false).spec });
    await eventually('the watch of the older version has ended', () =>
      world.worker.output().includes('unknown kind') ? there(true) : notYet('not yet'),
    );

    await world.addRow('globex');
    await world.nodeShows('globex-web', 'its gadget is not ready', shows('gadget', 'Progressing/ReadyWhenFalse'));
    await open('globex-gadget');
    await world.ready(['globex-web'], { withinMs: 20_000 });

    await world.cluster.merge(pathOf('acme-gadget'), { spec: { size: 'huge' } });
    await eventually(
      'what was changed in the object is put right',
      async () => {
        const { spec } = await world.cluster.get(pathOf('acme-gadget'));
        return spec?.size === 'small' ? there(true) : notYet(spec);
      },
      { withinMs: 20_000 },
    );
  }, 240_000);

  test('a kind that is removed after its last node is not looked for any more', async () => {
    await world.dropForm('web');
    await world.gone(['acme-web', 'globex-web']);
    await world.cluster.remove(definition);
    const looks = () =>
      world.worker
        .output()
        .split('\n')
        .filter((line) => line.includes('watch waits') && line.includes(group)).length;
    const before = looks();
    await eventually('the watch has ended', () => (looks() > before ? there(true) : notYet(looks())));

    await window(3_000);
    const after = looks();
    await window(12_000);
    expect(looks()).toBe(after);
  }, 240_000);
});
