import { describe, expect, it } from 'vitest';
import { openFormStore } from '../../../../activities/forms.ts';
import { FormJudge } from '../../../../activities/rollout/gather.ts';
import type { JsonObject } from '../../../../domain/api/json.ts';
import { createFakeCluster } from '../../../support/fake-cluster.ts';

const namespace = 'lynq-system';
const apiVersion = 'operator.lynq.sh/v1';
const hubRef = { apiVersion, kind: 'LynqHub', namespace, name: 'hub' };

const hub: JsonObject = {
  apiVersion,
  kind: 'LynqHub',
  metadata: { name: 'hub', namespace, annotations: { 'lynq.sh/controller-id': 'here' } },
  spec: {
    source: {
      type: 'mysql',
      syncInterval: '5s',
      mysql: { host: 'db', port: 3306, username: 'reader', database: 'app', table: 'nodes' },
    },
    valueMappings: { uid: 'id', activate: 'active' },
  },
};

const form: JsonObject = {
  apiVersion,
  kind: 'LynqForm',
  metadata: { name: 'web', namespace },
  spec: {
    hubId: 'hub',
    rollout: { maxSkew: 1 },
    configMaps: [
      {
        id: 'one',
        nameTemplate: '{{ .uid }}',
        spec: { apiVersion: 'v1', kind: 'ConfigMap', data: { plan: '{{ .plan }}' } },
      },
    ],
  },
};

function judgeOf() {
  const cluster = createFakeCluster();
  cluster.addKind({ apiVersion, kind: 'LynqHub' });
  cluster.addKind({ apiVersion, kind: 'LynqForm' });
  cluster.seed(hub);
  cluster.seed(form);
  const judge = new FormJudge(
    { cluster, forms: openFormStore(cluster), installation: 'here' },
    { namespace, hub: 'hub', form: 'web' },
  );
  const edit = (spec: JsonObject) => cluster.patch(hubRef, 'merge', { spec }, { manager: 'test' });
  return { judge, edit, cluster };
}

describe('activities/rollout/gather', () => {
  it('judges a form again when its hub was edited', async () => {
    const { judge, edit } = judgeOf();

    expect(await judge.gather()).toEqual({ kind: 'idle', reason: 'FormInvalid' });
    await edit({ extraValueMappings: { plan: 'plan' } });
    expect(await judge.gather()).toMatchObject({ kind: 'form' });
  });

  it('leaves a hub alone that another installation holds, or none yet', async () => {
    const { judge, cluster } = judgeOf();
    for (const holder of ['elsewhere', null]) {
      const metadata = { annotations: { 'lynq.sh/controller-id': holder } };
      await cluster.patch(hubRef, 'merge', { metadata }, { manager: 'test' });
      expect(await judge.gather()).toEqual({ kind: 'idle', reason: 'HubNotHeld' });
    }
  });

  it('stops at the next look when the hub is paused, and goes on when it is not', async () => {
    const { judge, edit } = judgeOf();
    await edit({ extraValueMappings: { plan: 'plan' } });
    expect(await judge.gather()).toMatchObject({ kind: 'form' });

    await edit({ paused: true });
    expect(await judge.gather()).toEqual({ kind: 'idle', reason: 'HubPaused' });
    await edit({ paused: false });
    expect(await judge.gather()).toMatchObject({ kind: 'form' });
  });
});
