import { describe, expect, it } from 'vitest';
import { readForms } from '../../../../activities/hub/read-forms.ts';
import { parseHub } from '../../../../activities/hub/read-hub.ts';
import { openFormStore } from '../../../../activities/forms.ts';
import { LynqFailure } from '../../../../domain/failures.ts';
import type { ListOptions } from '../../../../domain/ports.ts';
import { createFakeCluster } from '../../../support/fake-cluster.ts';
import { listAt, textAt } from '../../../../domain/api/json.ts';
import { type HubWorld, formOf, hubOf, namespace, openHubWorld } from '../../../support/hub-world.ts';

const apiVersion = 'operator.lynq.sh/v1';
const hub = parseHub({
  apiVersion,
  kind: 'LynqHub',
  metadata: { name: 'hub', namespace, uid: 'u1', resourceVersion: '1' },
  spec: {
    source: {
      type: 'mysql',
      syncInterval: '1m',
      mysql: { host: 'h', port: 3306, username: 'u', database: 'd', table: 't' },
    },
    valueMappings: { uid: 'id', activate: 'active' },
  },
});

function clusterThatAnswers(answer: (options: ListOptions) => void) {
  const cluster = createFakeCluster();
  for (const kind of ['LynqForm', 'ControllerRevision'])
    cluster.addKind({ apiVersion: kind === 'LynqForm' ? apiVersion : 'apps/v1', kind });
  cluster.seed({ apiVersion, kind: 'LynqForm', metadata: { name: 'form', namespace }, spec: { hubId: 'hub' } });
  const asked: ListOptions[] = [];
  const list: typeof cluster.list = (kind, options) => {
    if (kind.kind === 'LynqForm') {
      asked.push(options);
      answer(options);
    }
    return cluster.list(kind, options);
  };
  return { cluster: { ...cluster, list }, asked };
}

const read = ({ cluster }: ReturnType<typeof clusterThatAnswers>, notOlderThan?: string) =>
  readForms({ cluster, forms: openFormStore(cluster) }, { namespace, hub: 'hub' }, hub, notOlderThan);

const longName = 'f'.repeat(243);

function refuseRevisions({ cluster }: HubWorld, of: string): () => void {
  const message = `ControllerRevision ${namespace}: exceeded quota`;
  return cluster.intercept(({ verb, ref: { kind, name } }) =>
    verb === 'create' && kind === 'ControllerRevision' && name?.startsWith(`${of}-`) === true
      ? { answer: { kind: 'refused', reason: 'QuotaExceeded', message } }
      : undefined,
  );
}

function validOf({ cluster }: HubWorld, form: string) {
  const object = cluster.objects('LynqForm').find((one) => textAt(one, 'metadata', 'name') === form);
  const valid = listAt(object, 'status', 'conditions').find((condition) => textAt(condition, 'type') === 'Valid');
  return [textAt(valid, 'status'), textAt(valid, 'reason'), textAt(valid, 'message')];
}

describe('activities/hub/read-forms', () => {
  it.each(['web', longName])(
    'a form whose content cannot be kept is not Valid, and the other forms of the hub go on: %s',
    async (name) => {
      const world = await openHubWorld([hubOf('one'), formOf(name, 'one'), formOf('db', 'one')]);
      refuseRevisions(world, name);

      expect(await world.sync()).toMatchObject({ kind: 'synced', counts: { created: 1 } });

      expect(world.nodes()).toEqual(['acme-db']);
      expect(validOf(world, name)).toEqual(['False', 'ValidationFailed', expect.stringContaining('exceeded quota')]);
      expect(validOf(world, 'db')[0]).toBe('True');
    },
  );

  it('it is Valid again with the first sync that can keep it, though nothing else has changed', async () => {
    const world = await openHubWorld([hubOf('one'), formOf('web', 'one')]);
    const lift = refuseRevisions(world, 'web');
    await world.sync();
    await world.sync();
    await world.sync();
    lift();

    await world.sync();

    expect(validOf(world, 'web')[0]).toBe('True');
    expect(world.nodes()).toEqual(['acme-web']);
  });

  it('asks for forms no older than what its process has seen, and for those of now where it follows none', async () => {
    const following = clusterThatAnswers(() => undefined);
    expect((await read(following, '42')).map(({ name }) => name)).toEqual(['form']);
    const others = clusterThatAnswers(() => undefined);
    await read(others);
    expect([following.asked, others.asked]).toEqual([[{ namespace, notOlderThan: '42' }], [{ namespace }]]);
  });

  it('takes what a server has that cannot come to that version any more', async () => {
    const restored = clusterThatAnswers(({ notOlderThan }) => {
      if (notOlderThan !== undefined) throw new LynqFailure('ClusterUnreachable', 'Too large resource version');
    });
    expect(await read(restored, '42')).toHaveLength(1);
    expect(restored.asked).toEqual([{ namespace, notOlderThan: '42' }, { namespace }]);
  });

  it('does not repeat a list that is refused for another reason', async () => {
    const refused = clusterThatAnswers(() => {
      throw new LynqFailure('ClusterForbidden', 'no');
    });
    await expect(read(refused, '42')).rejects.toMatchObject({ type: 'ClusterForbidden' });
    expect(refused.asked).toHaveLength(1);
  });
});
