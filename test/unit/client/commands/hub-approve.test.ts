import { describe, expect, it } from 'vitest';
import type { HubOutlook } from '../../../../domain/change-plan/types.ts';
import type { Planner } from '../../../../client/planner.ts';
import { textAt } from '../../../../domain/api/json.ts';
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
