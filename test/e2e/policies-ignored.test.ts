import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { describeRequest } from '../support/e2e/audit.ts';
import { childPath, type Json, type KubeObject } from '../support/e2e/cluster.ts';
import { eventually, notYet, there, window } from '../support/e2e/eventually.ts';
import { type Entry, openPolicyWorld, type PolicyWorld, widgetKind } from '../support/e2e/policy-world.ts';

const group = 'ignored.example.com';
const strategies = ['apply', 'merge', 'replace'] as const;

/** What a form says: `own` is the form's everywhere, `left` is what stands in the places that may be left to others. */
interface Values {
  readonly own: string;
  readonly left: string;
}

interface Kind {
  readonly id: string;
  readonly ignoreFields: readonly string[];
  readonly path: (namespace: string, name: string) => string;
  readonly spec: (values: Values) => Json;
  /** The values of a live object, per place. */
  readonly own: (object: KubeObject) => readonly Json[];
  readonly left: (object: KubeObject) => readonly Json[];
  /** Edits of places that may be left to others, and of one that never is. */
  readonly editLeft: (value: string) => readonly Json[];
  readonly editOwn: (value: string) => readonly Json[];
  /** The API server takes the list only as a whole: who edits a part of it holds all of it, until we have written it again with the same values. */
  readonly takenWhole?: boolean;
}

const replace = (path: string, value: string): Json => ({ op: 'replace', path, value });
const container = (at: number, field: string) => `/spec/template/spec/containers/${at}/${field}`;
const deployment = (namespace: string, name: string) => childPath('Deployment', namespace, name);

/** Two containers; what of them is the form's and what is left to others is for the images to say. */
function workload({ own, left }: Values, images: readonly [string, string]): Json {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { labels: { team: left } },
    spec: {
      replicas: 1,
      selector: { matchLabels: { app: 'web' } },
      template: {
        metadata: { labels: { app: 'web' } },
        spec: {
          containers: [
            { name: 'web', image: images[0], workingDir: `/${own}` },
            { name: 'side', image: images[1], workingDir: `/${own}` },
          ],
        },
      },
    },
  };
}

/** Widgets, with a list whose items the API server tells apart by name; of lists that the definition does not name it takes the whole. */
const widgets = (): Json => {
  const definition = structuredClone(widgetKind(group)) as Json;
  const text = { type: 'string' };
  definition.spec.versions[0].schema.openAPIV3Schema.properties.spec.properties = {
    keyed: {
      type: 'array',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['name'],
      items: { type: 'object', required: ['name'], properties: { name: text, own: text, left: text } },
    },
  };
  return definition;
};
const widget = (namespace: string, name: string) => `/apis/${group}/v1/namespaces/${namespace}/widgets/${name}`;

/** A Widget with two items in a list of this name. */
const listOf = (
  list: string,
): Pick<Kind, 'ignoreFields' | 'path' | 'spec' | 'own' | 'left' | 'editLeft' | 'editOwn'> => ({
  ignoreFields: [`$.spec.${list}[*].left`],
  path: widget,
  spec: ({ own, left }) => ({
    apiVersion: `${group}/v1`,
    kind: 'Widget',
    spec: { [list]: ['a', 'b'].map((name) => ({ name, own, left: `${name}-${left}` })) },
  }),
  own: ({ spec }) => spec[list].map((item: Json) => item.own),
  left: ({ spec }) => spec[list].map((item: Json) => item.left?.replace(`${item.name}-`, '')),
  editLeft: (value) => [replace(`/spec/${list}/0/left`, `a-${value}`), replace(`/spec/${list}/1/left`, `b-${value}`)],
  editOwn: (value) => [replace(`/spec/${list}/0/own`, value)],
});

const containersOf = ({ spec }: KubeObject): readonly Json[] => spec.template.spec.containers;
const colon = (image: string): string => image.split(':')[1]!;
const slash = (folder: string): string => folder.slice(1);

const kinds: readonly Kind[] = [
  {
    id: 'filter',
    ignoreFields: ['$.spec.template.spec.containers[?(@.name=="side")].image', '$.metadata.labels[*]'],
    path: deployment,
    spec: (values) => workload(values, [`web:${values.own}`, `side:${values.left}`]),
    own: (object) => [
      colon(containersOf(object)[0].image),
      ...containersOf(object).map(({ workingDir }) => slash(workingDir)),
    ],
    left: (object) => [colon(containersOf(object)[1].image), object.metadata.labels?.['team']],
    editLeft: (value) => [replace(container(1, 'image'), `side:${value}`), replace('/metadata/labels/team', value)],
    editOwn: (value) => [replace(container(0, 'image'), `web:${value}`)],
  },
  {
    id: 'wildcard',
    ignoreFields: ['$.spec.template.spec.containers[*].image', 'metadata.labels.team'],
    path: deployment,
    spec: (values) => workload(values, [`web:${values.left}`, `side:${values.left}`]),
    own: (object) => containersOf(object).map(({ workingDir }) => slash(workingDir)),
    left: (object) => [...containersOf(object).map(({ image }) => colon(image)), object.metadata.labels?.['team']],
    editLeft: (value) => [
      replace(container(0, 'image'), `web:${value}`),
      replace(container(1, 'image'), `side:${value}`),
      replace('/metadata/labels/team', value),
    ],
    editOwn: (value) => [replace(container(1, 'workingDir'), `/${value}`)],
  },
  { id: 'keyed', ...listOf('keyed') },
  { id: 'whole', ...listOf('items'), takenWhole: true },
  {
    id: 'map',
    ignoreFields: ["data['left']"],
    path: (namespace, name) => childPath('ConfigMap', namespace, name),
    spec: (values) => ({ apiVersion: 'v1', kind: 'ConfigMap', data: values }),
    own: ({ data }) => [data?.['own']],
    left: ({ data }) => [data?.['left']],
    editLeft: (value) => [replace('/data/left', value)],
    editOwn: (value) => [replace('/data/own', value)],
  },
];

/** Fields that are left to others (decisions.md section 5), element by element, under every patch strategy. */
describe('e2e/policies-ignored', () => {
  let world: PolicyWorld;
  const row = 'acme';

  beforeAll(async () => {
    world = await openPolicyWorld(inject('stack'), 'policies-ignored', [row]);
    await world.cluster.create('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', widgets());
  });
  afterAll(() => world?.close());

  const pathOf = (form: string, { id, path }: Kind) => path(world.namespace, `${row}-${form}-${id}`);
  const uidsOf = (form: string) =>
    Promise.all(kinds.map(async (kind) => (await world.cluster.get(pathOf(form, kind))).metadata.uid));

  const writesTo = (form: string, kind: Kind, place: number): readonly string[] =>
    world.writesTo(pathOf(form, kind), place).map(describeRequest);

  /** Waits until all objects show these values and the worker has no more to write, and proves that they are the values then. */
  async function show(form: string, { own, left }: Values): Promise<void> {
    const all = (values: readonly Json[], value: string) => values.every((one) => one === value);
    for (const kind of kinds)
      await world.until(
        pathOf(form, kind),
        `own ${own}, left ${left}`,
        (object) => all(kind.own(object), own) && all(kind.left(object), left),
      );
    await world.settled(`${row}-${form}`);
    await eventually('nothing is written any more', async () => {
      const place = world.audit.now();
      await window(2_500);
      const writes = kinds.flatMap((kind) => writesTo(form, kind, place));
      return writes.length === 0 ? there(true) : notYet(writes);
    });
    for (const kind of kinds) {
      const object = await world.cluster.get(pathOf(form, kind));
      expect([kind.id, kind.own(object), kind.left(object)]).toEqual([
        kind.id,
        kind.own(object).map(() => own),
        kind.left(object).map(() => left),
      ]);
    }
  }

  const edit = async (form: string, body: (kind: Kind) => readonly Json[]): Promise<void> => {
    await Promise.all(kinds.map((kind) => world.patch(pathOf(form, kind), 'someone', body(kind), 'json')));
  };

  /** Edits what is left to others, and proves that nothing is written for it. */
  async function editLeft(form: string, { own, left }: Values): Promise<void> {
    const place = world.audit.now();
    await edit(form, (kind) => kind.editLeft(left));
    await show(form, { own, left });
    for (const kind of kinds)
      expect([kind.id, writesTo(form, kind, place).length]).toEqual([kind.id, kind.takenWhole === true ? 1 : 0]);
  }

  describe.each(strategies)('under patchStrategy %s', (patchStrategy) => {
    const put = (form: string, values: Values, how: 'ignoring' | 'all ours') =>
      world.putForm(
        form,
        kinds.map(
          ({ id, ignoreFields, spec }): Entry => ({
            id,
            patchStrategy,
            nameTemplate: `{{ .uid }}-${form}-${id}`,
            spec: spec(values),
            ...(how === 'ignoring' ? { ignoreFields } : {}),
          }),
        ),
      );

    test('elements that filters and wildcards name are left to others, and the ones beside them are not', async () => {
      const form = `elements-${patchStrategy}`;
      await put(form, { own: '1', left: '1' }, 'ignoring');
      await show(form, { own: '1', left: '1' });
      await editLeft(form, { own: '1', left: 'theirs' });
      await put(form, { own: '2', left: '2' }, 'ignoring');
      await show(form, { own: '2', left: 'theirs' });
      await edit(form, (kind) => kind.editOwn('edited'));
      await show(form, { own: '2', left: 'theirs' });
    });

    test('switched on for a live object, its fields stay as they are and are left from then on', async () => {
      const form = `switched-${patchStrategy}`;
      await put(form, { own: '1', left: '1' }, 'all ours');
      await show(form, { own: '1', left: '1' });
      const uids = await uidsOf(form);
      await edit(form, (kind) => kind.editLeft('too-early'));
      await show(form, { own: '1', left: '1' });
      await put(form, { own: '2', left: '2' }, 'ignoring');
      await show(form, { own: '2', left: '1' });
      await editLeft(form, { own: '2', left: 'theirs' });
      expect(await uidsOf(form)).toEqual(uids);
    });

    test('switched off again, the form has the fields back and keeps them', async () => {
      const form = `switched-${patchStrategy}`;
      const uids = await uidsOf(form);
      await put(form, { own: '3', left: '3' }, 'all ours');
      await show(form, { own: '3', left: '3' });
      await edit(form, (kind) => kind.editLeft('too-late'));
      await show(form, { own: '3', left: '3' });
      expect(await uidsOf(form)).toEqual(uids);
    });
  });
});
