import { describe, expect, it } from 'vitest';
import { LynqFailure } from '../../../../domain/failures.ts';
import { createFakeCluster } from '../../../support/fake-cluster.ts';
import { aNode, fakeEngine, run } from '../run.ts';

const hubRef = { apiVersion: 'operator.lynq.sh/v1', kind: 'LynqHub', namespace: 'lynq-system', name: 'shop' };

function world() {
  const cluster = createFakeCluster();
  for (const kind of ['LynqHub', 'LynqForm', 'LynqNode']) cluster.addKind({ ...hubRef, kind });
  cluster.seed({ ...hubRef, metadata: { name: 'shop', namespace: 'lynq-system' }, spec: {} });
  cluster.seed(aNode('acme-web'));
  const broken = () => Promise.reject(new TypeError('the certificate is none'));
  return { cluster, engine: { ...fakeEngine(), hubSchedule: broken, nodeRun: broken } };
}

describe('client/commands/hub-status', () => {
  it.each([
    ['status shop', 'LynqHub'],
    ['describe node acme-web', 'LynqNode'],
    ['get forms web', 'LynqForm'],
    ['resync node/acme-web', 'LynqNode'],
    ['pause acme-web', 'LynqHub'],
  ])('says where a kind is not there at all, and how to get it: lynq %s', async (line, kind) => {
    const cluster = createFakeCluster();
    for (const name of ['LynqHub', 'LynqForm', 'LynqNode']) cluster.removeKind({ ...hubRef, kind: name });
    const { err, exitCode } = await run(line, { cluster });
    expect({ err, exitCode }).toEqual({
      err:
        `Error: the cluster has no kind ${kind} in operator.lynq.sh/v1\n` +
        '  install the definitions of Lynq: the worker does it, or: kubectl apply -f deploy/crds/\n',
      exitCode: 1,
    });
  });

  it.each(['status shop', 'explain acme-web'])(
    'tells what the cluster says, whatever is wrong with Temporal: lynq %s',
    async (line) => {
      const { out, err, exitCode } = await run(line, world());
      expect({ err, exitCode }).toEqual({ err: '', exitCode: 0 });
      expect(out).toContain('the certificate is none');
    },
  );

  it.each(['status shop', 'explain acme-web'])(
    'does not wait long for a Temporal that only adds to it: lynq %s',
    async (line) => {
      const limits: (number | undefined)[] = [];
      const { exitCode } = await run(line, { ...world(), engineLimit: (limit) => void limits.push(limit) });
      expect({ limits, exitCode }).toEqual({ limits: [5_000], exitCode: 0 });
    },
  );

  it.each(['status shop', 'describe hub shop'])(
    'gives no share of nodes where some are kept by a hold: lynq %s',
    async (line) => {
      const { cluster, engine } = world();
      const status = (desired: number) => ({ ready: 201, desired, failed: 0 });
      cluster.seed({ ...hubRef, metadata: { name: 'shop', namespace: 'lynq-system' }, spec: {}, status: status(101) });
      expect((await run(line, { cluster, engine })).out).toMatch(/Nodes: +201 ready, 101 desired, 0 failed/);
      cluster.seed({ ...hubRef, metadata: { name: 'shop', namespace: 'lynq-system' }, spec: {}, status: status(201) });
      expect((await run(line, { cluster, engine })).out).toMatch(/Nodes: +201\/201 ready, 0 failed/);
    },
  );

  it('says of a uid that no row with nodes can have that there are none', async () => {
    const { cluster } = world();
    cluster.intercept(({ verb, options }) =>
      verb === 'list' && (options as { labelSelector?: string }).labelSelector?.includes(' ') === true
        ? { failure: new LynqFailure('ClusterInvalid', 'LynqNode: The API server refuses the request.', { code: 400 }) }
        : undefined,
    );
    const { err, exitCode } = await run('tree "Big Corp"', { cluster });
    expect(exitCode).toBe(1);
    expect(err).toMatch(/^Error: no LynqNode of a row "Big Corp" in namespace "lynq-system"/);
  });

  it.each([
    [{}, ''],
    [{ deletionTimestamp: '2026-11-22T11:30:00Z', finalizers: ['lynq.sh/hub-finalizer'] }, ', and being deleted'],
  ])('says of a released hub that it is, and what takes it up again (%s)', async (more, words) => {
    const { cluster, engine } = world();
    const annotations = { 'lynq.sh/released': '2026-11-22T11:00:00Z' };
    cluster.seed({ ...hubRef, metadata: { name: 'shop', namespace: 'lynq-system', annotations, ...more }, spec: {} });
    const { out } = await run('status shop', { cluster, engine });
    expect(out).toContain(
      `State:       Released to another operator${words}: nothing is done until lynq adopt shop -n lynq-system\n`,
    );
  });
});
