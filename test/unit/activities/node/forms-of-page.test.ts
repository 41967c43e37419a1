import { describe, expect, it } from 'vitest';
import { formsOfPage } from '../../../../activities/node/forms-of-page.ts';
import { openFormStore } from '../../../../activities/forms.ts';
import { LynqFailure } from '../../../../domain/failures.ts';
import { createFakeCluster } from '../../../support/fake-cluster.ts';

const apiVersion = 'operator.lynq.sh/v1';
const namespace = 'tenants';

function open() {
  const cluster = createFakeCluster();
  cluster.addKind({ apiVersion, kind: 'LynqForm' });
  cluster.seed({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  cluster.seed({ apiVersion, kind: 'LynqForm', metadata: { name: 'web', namespace }, spec: { hubId: 'first' } });
  let now = 0;
  const forms = formsOfPage(openFormStore(cluster), () => now);
  return {
    cluster,
    hubOf: async () => (await forms.present(namespace, 'web'))?.spec.hubId,
    edit: (hubId: string) =>
      cluster.patch(
        { apiVersion, kind: 'LynqForm', namespace, name: 'web' },
        'merge',
        { spec: { hubId } },
        { manager: 'person' },
      ),
    pass: (milliseconds: number) => void (now += milliseconds),
    reads: () => cluster.calls.filter(({ verb }) => verb === 'get').length,
  };
}

describe('activities/node/forms-of-page', () => {
  it('reads a form once for all that ask within a second', async () => {
    const { hubOf, pass, reads } = open();
    expect(await Promise.all([hubOf(), hubOf()])).toEqual(['first', 'first']);
    pass(999);
    expect(await hubOf()).toBe('first');
    expect(reads()).toBe(1);
  });

  it('tells of an edit a second after it at the latest', async () => {
    const { hubOf, edit, pass } = open();
    await hubOf();
    await edit('second');
    pass(1_000);
    expect(await hubOf()).toBe('second');
  });

  it('asks again after an answer that did not come', async () => {
    const { cluster, hubOf } = open();
    const end = cluster.intercept(() => ({ failure: new LynqFailure('ClusterUnreachable', 'not now', {}) }));
    await expect(hubOf()).rejects.toThrow('not now');
    end();
    expect(await hubOf()).toBe('first');
  });
});
