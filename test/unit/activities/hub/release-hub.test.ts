import { beforeEach, describe, expect, it } from 'vitest';
import { openFormStore } from '../../../../activities/forms.ts';
import { advanceNode } from '../../../../activities/node/advance.ts';
import { at, type JsonObject, listAt, textAt } from '../../../../domain/api/json.ts';
import type { Cluster, ObjectRef, WriteOptions } from '../../../../domain/ports.ts';
import {
  apiVersion,
  formOf,
  hubOf,
  type HubWorld,
  namespace,
  openHubWorld,
  withToken,
} from '../../../support/hub-world.ts';
import { startProcess } from '../../../support/node-deps.ts';

const attempt = { signal: new AbortController().signal };
const hub = { apiVersion, kind: 'LynqHub', namespace, name: 'one' };
const form = { apiVersion, kind: 'LynqForm', namespace, name: 'web' };
const first = '2026-11-28T00:00:00Z';

/** The entry beside it cannot be rendered, nor named, without the value of a secret column. */
function secretForm(): JsonObject {
  const made = formOf('web', 'one');
  const spec = made['spec'] as JsonObject;
  const body = { apiVersion: 'v1', kind: 'ConfigMap', data: { token: '{{ .token }}' } };
  const hidden = { id: 'hidden', nameTemplate: '{{ .uid }}-hidden', spec: body };
  return { ...made, spec: { ...spec, configMaps: [...listAt(spec, 'configMaps'), hidden] } };
}

function signal(): { readonly given: Promise<void>; give(): void } {
  let give = (): void => undefined;
  const given = new Promise<void>((resolve) => {
    give = resolve;
  });
  return { given, give: () => give() };
}

describe('activities/hub/release-hub', () => {
  let world: HubWorld;
  beforeEach(async () => {
    world = await openHubWorld([hubOf('one', withToken), secretForm()]);
    world.setRows([{ id: 'acme' }, { id: 'globex' }]);
    await world.sync();
    for (const node of world.nodes()) await advanceNode(world.deps, { namespace, node, force: false }, attempt);
  });

  const release = async (released = first): Promise<void> => {
    const metadata = { annotations: { 'lynq.sh/released': released } };
    await world.cluster.patch(hub, 'merge', { metadata }, { manager: 'lynq' });
    await world.sync('one', { forms: openFormStore(world.cluster) });
  };
  const condition = (): JsonObject | undefined =>
    listAt({ status: world.status() ?? {} }, 'status', 'conditions').find(
      (item): item is JsonObject => textAt(item, 'type') === 'Released',
    );
  const stored = (node: string) => ({
    mark: textAt(world.node(node), 'metadata', 'annotations', 'lynq.sh/released'),
    names: listAt(world.node(node), 'spec', 'configMaps').map((entry) => textAt(entry, 'nameTemplate')),
    applied: listAt(world.node(node), 'status', 'appliedResources'),
  });
  const asThePeerHas = (uid: string, mark = first) => ({
    mark,
    names: [`${uid}-web`, `${uid}-hidden`],
    applied: [`ConfigMap/${namespace}/${uid}-web@cfg`, `ConfigMap/${namespace}/${uid}-hidden@hidden`],
  });
  const remove = async (kind: { apiVersion: string; kind: string; name: string }): Promise<void> => {
    const ref = { namespace, ...kind };
    await world.cluster.delete(ref, textAt(await world.cluster.get(ref), 'metadata', 'uid') ?? '');
  };
  const removeRevisions = async (): Promise<void> => {
    for (const { metadata } of world.cluster.objects('ControllerRevision'))
      await remove({
        apiVersion: 'apps/v1',
        kind: 'ControllerRevision',
        name: textAt({ metadata }, 'metadata', 'name')!,
      });
  };

  it('stores every node as the Go operator does and then says so', async () => {
    await release();

    expect([stored('acme-web'), stored('globex-web')]).toEqual([asThePeerHas('acme'), asThePeerHas('globex')]);
    expect(condition()).toMatchObject({
      status: 'True',
      message: `2 nodes are as the Go operator stores them; nothing is written since ${first}`,
    });
  });

  it('names the entries of a node whose secret values are gone as they are on record', async () => {
    await remove({ apiVersion: 'v1', kind: 'Secret', name: 'acme-web-values' });

    await release();

    expect([stored('acme-web'), stored('globex-web')]).toEqual([asThePeerHas('acme'), asThePeerHas('globex')]);
    expect(condition()).toMatchObject({ status: 'True' });
  });

  it('makes a revision that is gone again from its form', async () => {
    await removeRevisions();

    await release();

    expect([stored('acme-web'), stored('globex-web')]).toEqual([asThePeerHas('acme'), asThePeerHas('globex')]);
    expect(condition()).toMatchObject({ status: 'True' });
  });

  it('takes the form as it is now for a revision that is gone, with the names that its objects have', async () => {
    await removeRevisions();
    const renamed = listAt(at(secretForm(), 'spec'), 'configMaps').map((entry) => ({
      ...(entry as JsonObject),
      nameTemplate: `{{ .uid }}-${textAt(entry, 'id') ?? ''}-renamed`,
    }));
    await world.cluster.patch(form, 'merge', { spec: { configMaps: renamed } }, { manager: 'kubectl' });

    await release();

    expect([stored('acme-web'), stored('globex-web')]).toEqual([asThePeerHas('acme'), asThePeerHas('globex')]);
    expect(condition()).toMatchObject({ status: 'True' });
  });

  it('says of which nodes there is nothing left to store, and that they are not released', async () => {
    await removeRevisions();
    await remove(form);

    await release();

    expect(stored('acme-web')).toMatchObject({ mark: undefined, names: [] });
    expect(condition()).toMatchObject({ status: 'False', reason: 'NodesNotStored' });
    const message = textAt(condition(), 'message') ?? '';
    expect(message).toContain('2 of 2 nodes are not as the Go operator stores them');
    expect(message).toContain('acme-web: its form web and the revision it was made from are gone');
    expect(message).toContain('globex-web');
    expect(message.endsWith(first)).toBe(true);
  });

  it('tries again when it is asked anew', async () => {
    await removeRevisions();
    await remove(form);
    await release();
    world.cluster.seed(secretForm());

    const second = '2026-11-28T00:05:00Z';
    await release(second);

    expect([stored('acme-web'), stored('globex-web')]).toEqual([
      asThePeerHas('acme', second),
      asThePeerHas('globex', second),
    ]);
    expect(condition()).toMatchObject({ status: 'True' });
  });

  it('leaves a node as it is that only the Go operator has written', async () => {
    const peers = [{ id: 'peers', nameTemplate: 'acme-peers', spec: { apiVersion: 'v1', kind: 'ConfigMap' } }];
    const ref = { apiVersion, kind: 'LynqNode', namespace, name: 'acme-web' };
    const status = { inventory: null, appliedResources: [`ConfigMap/${namespace}/acme-peers@peers`] };
    await world.cluster.patch(
      ref,
      'merge',
      { spec: { formRevision: null, configMaps: peers } },
      { manager: 'manager' },
    );
    await world.cluster.patch(ref, 'merge', { status }, { manager: 'manager', subresource: 'status' });

    await release();

    expect(stored('acme-web')).toEqual({ mark: first, names: ['acme-peers'], applied: status.appliedResources });
    expect(condition()).toMatchObject({ status: 'True' });
  });

  describe('while a pass of another worker goes on', () => {
    const raw = [`ConfigMap/node-{{ .uid }}/acme-web@cfg`];
    const request = { namespace, node: 'acme-web' };
    const node = { apiVersion, kind: 'LynqNode', namespace, name: 'acme-web' };
    const applied = () => listAt(world.node('acme-web'), 'status', 'appliedResources');
    const isReport = (ref: ObjectRef, options: WriteOptions): boolean =>
      ref.kind === 'LynqNode' && options.subresource === 'status';
    /** As a pass writes it: where the object is, and not as the form has it. */
    const overwrite = () =>
      world.cluster.patch(
        node,
        'merge',
        { status: { appliedResources: ['ConfigMap/node-acme/acme-web@cfg'] } },
        { manager: 'lynq-operator', subresource: 'status' },
      );

    beforeEach(async () => {
      const made = formOf('web', 'one');
      const [entry] = listAt(made, 'spec', 'configMaps');
      const configMaps = [{ ...(entry as JsonObject), targetNamespace: 'node-{{ .uid }}' }];
      world = await openHubWorld([hubOf('one'), { ...made, spec: { hubId: 'one', configMaps } }]);
      world.cluster.seed({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'node-acme' } }, 'kubectl');
      await world.sync();
      await advanceNode(world.deps, { ...request, force: false }, attempt);
      expect(applied()).toEqual(['ConfigMap/node-acme/acme-web@cfg']);
    });

    it('that pass does not take back what the Go operator compares with when it ends', async () => {
      const other = await startProcess(world.cluster);
      const released = signal();
      const reports = signal();
      const cluster: Cluster = {
        ...other.deps.cluster,
        patch: async (ref, type, body, options) => {
          if (isReport(ref, options)) {
            reports.give();
            await released.given;
          }
          return world.cluster.patch(ref, type, body, options);
        },
      };
      world.setRows([{ id: 'acme', plan: 'gold' }]);
      await world.sync();
      const pass = advanceNode({ ...other.deps, cluster }, { ...request, force: false }, attempt);
      await reports.given;

      await release();
      released.give();

      expect(await pass).toMatchObject({ kind: 'superseded' });
      expect(applied()).toEqual(raw);
      expect(condition()).toMatchObject({ status: 'True' });
      other.die();
    });

    /** A worker whose writes to the node are followed by one of another worker, `times` times. */
    const followed = (times: number): Cluster => {
      let left = times;
      return {
        ...world.cluster,
        patch: async (ref, type, body, options) => {
          const result = await world.cluster.patch(ref, type, body, options);
          if (isReport(ref, options) && left > 0) {
            left -= 1;
            await overwrite();
          }
          return result;
        },
      };
    };
    const releaseWith = async (cluster: Cluster): Promise<void> => {
      await world.cluster.patch(
        hub,
        'merge',
        { metadata: { annotations: { 'lynq.sh/released': first } } },
        { manager: 'lynq' },
      );
      await world.sync('one', { cluster });
    };

    it('what such a pass has written is found before the hub is said to be released, and put right', async () => {
      await releaseWith(followed(1));

      expect(applied()).toEqual(raw);
      expect(condition()).toMatchObject({ status: 'True' });
    });

    it('the hub is not said to be released while the node is written again and again', async () => {
      await releaseWith(followed(100));

      expect(condition()).toMatchObject({ status: 'False', reason: 'NodesNotStored' });
      expect(textAt(condition(), 'message')).toContain('acme-web: a pass of another worker still writes it');
    });

    it('a node that came into being meanwhile is released too', async () => {
      const late = { metadata: { ...(world.node('acme-web')?.['metadata'] as JsonObject) } };
      let made = false;
      const cluster: Cluster = {
        ...world.cluster,
        patch: async (ref, type, body, options) => {
          const result = await world.cluster.patch(ref, type, body, options);
          if (isReport(ref, options) && !made) {
            made = true;
            const { uid: _, resourceVersion: _version, ...metadata } = late.metadata;
            const labels = { 'lynq.sh/hub': 'one', 'lynq.sh/uid': 'late' };
            const formRevision = textAt(world.node('acme-web'), 'spec', 'formRevision');
            const spec = { uid: 'late', templateRef: 'web', formRevision };
            const name = 'late-web';
            world.cluster.seed({
              apiVersion,
              kind: 'LynqNode',
              metadata: { ...metadata, name, labels },
              spec,
            });
          }
          return result;
        },
      };

      await releaseWith(cluster);

      expect(stored('late-web')).toMatchObject({ mark: first, names: ['late-web'] });
      expect(textAt(condition(), 'message')).toContain('2 nodes are as the Go operator stores them');
    });
  });
});
