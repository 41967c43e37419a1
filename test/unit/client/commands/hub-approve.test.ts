import { describe, expect, it } from 'vitest';
import type { HubOutlook } from '../../../../domain/change-plan/types.ts';
import type { Planner } from '../../../../client/planner.ts';
import { textAt } from '../../../../domain/api/json.ts';
import { LynqFailure } from '../../../../domain/failures.ts';
import { createFakeCluster } from '../../../support/fake-cluster.ts';
import { run } from '../run.ts';

const hubRef = { apiVersion: 'operator.lynq.sh/v1', kind: 'LynqHub', namespace: 'lynq-system', name: 'shop' };

function world(held: HubOutlook['held'], annotations: Readonly<Record<string, string>> = {}) {
  const cluster = createFakeCluster();
  cluster.addKind(hubRef);
  cluster.seed({ ...hubRef, metadata: { name: 'shop', namespace: 'lynq-system', annotations }, spec: {} });
  const hub: HubOutlook = {
    hub: 'shop',
    namespace: 'lynq-system',
    uid: 'u',
    generation: 1,
    rows: { seen: 0, active: 0, frozen: 0 },
    births: [],
    updates: [],
    removals: [],
    frozen: [],
    brokenForms: [],
    paused: false,
    warnings: [],
    ...(held === undefined ? {} : { held }),
  };
  const planner: Planner = { plan: async () => ({ hub, forms: [] }), render: async () => [] };
  const approval = async () =>
    textAt(await cluster.get(hubRef), 'metadata', 'annotations', 'lynq.sh/approve-deletions');
  return { cluster, planner, approval };
}

/** A hub whose table cannot be read from where the command runs; its last sync holds two rows. */
function remote(
  failure: LynqFailure,
  condition: { readonly status: string; readonly reason?: string } = { status: 'True' },
) {
  const cluster = createFakeCluster();
  cluster.addKind(hubRef);
  const message =
    condition.reason === 'SourceChanged'
      ? '2 rows would lose their nodes but another source answers than before: acme, beta. They are judged again when it has given two further equal reads.'
      : '2 rows would lose their nodes but the table has no active row: acme, beta. Approve this set with plan hash abc.';
  cluster.seed({
    ...hubRef,
    metadata: { name: 'shop', namespace: 'lynq-system' },
    spec: {},
    status: {
      lastSyncTime: '2026-11-22T11:59:30Z',
      conditions: [{ type: 'DeletionHeld', reason: 'EmptyResult', message, ...condition }],
    },
  });
  const planner: Planner = { plan: () => Promise.reject(failure), render: async () => [] };
  const approval = async () =>
    textAt(await cluster.get(hubRef), 'metadata', 'annotations', 'lynq.sh/approve-deletions');
  return { cluster, planner, approval };
}

const noWay = new LynqFailure('SourceUnreachable', 'db.test:3306 cannot be reached (ECONNREFUSED).');
const noSecret = new LynqFailure('ClusterForbidden', 'Secret lynq-system/db: The account may not read this.');

const held = {
  why: 'EmptyResult',
  rows: 1,
  planHash: 'abc',
  budget: 0,
  nodes: [
    { name: 'acme-web', form: 'web', uid: 'acme', why: 'row' as const },
    { name: 'acme-api', form: 'api', uid: 'acme', why: 'row' as const },
  ],
};

describe('client/commands/hub-approve', () => {
  it('prints what will go, and approves it when a person says yes', async () => {
    const given = world(held);
    const { err, questions, exitCode } = await run('approve-deletions shop --plan abc', { ...given, answer: true });

    expect(err).toContain('- acme: acme-api, acme-web\n');
    expect(questions).toEqual(['Let 1 row and 2 LynqNodes of lynqhub.operator.lynq.sh/shop go?']);
    expect(exitCode).toBe(0);
    expect(await given.approval()).toBe('abc');
  });

  it('says so when exactly this set is approved already', async () => {
    const given = world(undefined, { 'lynq.sh/approve-deletions': 'abc' });

    expect(await run('approve-deletions shop --plan abc', given)).toMatchObject({
      out: 'lynqhub.operator.lynq.sh/shop unchanged: already approved, the next sync judges it\n',
      err: '',
      questions: [],
      exitCode: 0,
    });
    expect((await run('approve-deletions shop --plan old', given)).err).toContain('no deletion of LynqHub');
  });

  it.each([noWay, noSecret])(
    'approves what the last sync holds where the table cannot be read: $type',
    async (failure) => {
      const given = remote(failure);
      const { err, out, questions, exitCode } = await run('approve-deletions shop --plan abc', {
        ...given,
        answer: true,
      });

      expect(err).toBe(
        `The table cannot be read from here: ${failure.message}\n` +
          'The last sync, 30s ago, says: 2 rows would lose their nodes but the table has no active row: acme, beta. Approve this set with plan hash abc.\n',
      );
      expect(questions).toEqual(['Let 2 rows and their LynqNodes of lynqhub.operator.lynq.sh/shop go?']);
      expect(out).toBe('lynqhub.operator.lynq.sh/shop deletions approved: 2 rows\n');
      expect(exitCode).toBe(0);
      expect(await given.approval()).toBe('abc');
    },
  );

  it.each([
    ['another set', noWay, { status: 'True' }, 'approve-deletions shop --plan old --yes', 'their plan hash is abc'],
    ['nothing held', noWay, { status: 'False' }, 'approve-deletions shop --plan abc --yes', 'holds no deletion'],
    [
      'another source',
      noWay,
      { status: 'True', reason: 'SourceChanged' },
      'approve-deletions shop --plan abc --yes',
      'cannot be approved',
    ],
    ['nobody to ask', noWay, { status: 'True' }, 'approve-deletions shop --plan abc', '--yes'],
    [
      'a hub that no worker could read either',
      new LynqFailure('HubInvalid', 'the hub has no table'),
      { status: 'True' },
      'approve-deletions shop --plan abc --yes',
      'the hub has no table',
    ],
  ])('approves nothing that it cannot see: %s', async (_why, failure, condition, line, words) => {
    const given = remote(failure, condition);
    const { err, exitCode } = await run(line, given);

    expect(err).toContain(words);
    expect(exitCode).not.toBe(0);
    expect(await given.approval()).toBeUndefined();
  });

  it.each([
    ['no', 'approve-deletions shop --plan abc', held, false, 'nothing was changed'],
    ['nobody to ask', 'approve-deletions shop --plan abc', held, undefined, '--yes'],
    ['another set', 'approve-deletions shop --plan old --yes', held, undefined, 'their plan hash is abc'],
    ['nothing held', 'approve-deletions shop --plan abc --yes', undefined, undefined, 'no deletion of LynqHub'],
    [
      'another source',
      'approve-deletions shop --plan abc --yes',
      { ...held, why: 'SourceChanged' },
      undefined,
      'cannot be approved',
    ],
  ])('approves nothing: %s', async (_why, line, set, answer, words) => {
    const given = world(set);
    const { err, exitCode } = await run(line, { ...given, ...(answer === undefined ? {} : { answer }) });

    expect(err).toContain(words);
    expect(exitCode).not.toBe(0);
    expect(await given.approval()).toBeUndefined();
  });
});
