import { describe, expect, it } from 'vitest';
import { type JsonObject, listAt, textAt } from '../../../../domain/api/json.ts';
import { LynqFailure } from '../../../../domain/failures.ts';
import type { Cluster } from '../../../../domain/ports.ts';
import { formOf, hubOf, namespace, openHubWorld } from '../../../support/hub-world.ts';

const widgetKind = { apiVersion: 'example.com/v1', kind: 'Widget' };

/** A form whose kinds are served by an aggregated API. */
function widgetForm(): JsonObject {
  const spec = { ...widgetKind, spec: { plan: '{{ .plan }}' } };
  const manifests = ['one', 'two'].map((id) => ({ id, nameTemplate: `{{ .uid }}-${id}`, spec }));
  return { ...formOf('widgets', 'one'), spec: { hubId: 'one', manifests } };
}

/** An object of row `gone`, whose LynqNode is not there any more. */
const leftover: JsonObject = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: {
    name: 'gone-web',
    namespace,
    labels: { 'lynq.sh/node': 'gone-web', 'lynq.sh/node-namespace': namespace },
    annotations: { 'lynq.sh/deletion-policy': 'Delete' },
  },
};

describe('activities/hub/sweep', () => {
  it('an API group whose backend is down stops no form of the hub, and is asked once', async () => {
    const world = await openHubWorld([hubOf('one'), formOf('web', 'one'), widgetForm()]);
    const { cluster } = world;
    cluster.addKind(widgetKind);
    const mend = cluster.breakGroup('example.com');
    const asked: string[] = [];
    const counting: Cluster = {
      ...cluster,
      kindInfo: async (kind) => {
        asked.push(kind.apiVersion);
        return cluster.kindInfo(kind);
      },
    };

    const outcome = await world.sync('one', { cluster: counting });

    expect(outcome).toMatchObject({ kind: 'synced', counts: { created: 2 } });
    expect(outcome).toMatchObject({ page: { births: [{ node: 'acme-web' }, { node: 'acme-widgets' }] } });
    expect(world.status()).toMatchObject({ desired: 2, rows: { seen: 1, active: 1 } });
    const why = 'the kinds of example.com/v1 cannot be told';
    const warning = `objects that have lost their LynqNodes are not all looked for: example.com/v1: ${why}`;
    expect(listAt(world.status(), 'warnings')).toEqual([warning]);
    expect(asked.toSorted()).toEqual(['example.com/v1', 'v1']);

    mend();
    await world.sync();
    expect(listAt(world.status(), 'warnings')).toEqual([]);
  });

  it('what has lost its LynqNode waits while the forms of other hubs cannot be listed, and nothing else does', async () => {
    const world = await openHubWorld([hubOf('one'), formOf('web', 'one')]);
    const { cluster } = world;
    await world.sync();
    cluster.seed(leftover, 'lynq-operator');
    let isListed = false;
    const lift = cluster.intercept(({ verb, ref }) => {
      if (verb === 'create' && ref.kind === 'LynqNode') isListed = true;
      const isNext = isListed && verb === 'list' && ref.kind === 'LynqForm';
      return isNext ? { failure: new LynqFailure('ClusterUnreachable', 'forms cannot be listed') } : undefined;
    });
    world.setRows([{ id: 'acme' }, { id: 'new' }]);
    const left = () => cluster.objects('ConfigMap').map((object) => textAt(object, 'metadata', 'name'));

    expect(await world.sync()).toMatchObject({ kind: 'synced', counts: { created: 1 } });

    expect(left()).toContain('gone-web');
    expect(listAt(world.status(), 'warnings')).toEqual([
      'objects that have lost their LynqNodes are not all looked for: operator.lynq.sh/v1: forms cannot be listed',
    ]);
    lift();
    await world.sync();
    expect(left()).not.toContain('gone-web');
    expect(listAt(world.status(), 'warnings')).toEqual([]);
  });
});
