import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../../domain/api/json.ts';
import { createFakeCluster, type FakeCluster } from '../../../support/fake-cluster.ts';
import { run } from '../run.ts';
import { goodForm, goodHub } from './forms.ts';

const inFile = (name: string, dependsOn: string, hub = 'shop'): string =>
  goodForm
    .replace('name: web', `name: ${name}`)
    .replaceAll('{{ .uid }}-', `{{ .uid }}-${name}-`)
    .replace('  hubId: shop', `  hubId: ${hub}\n  dependsOn: [{ form: ${dependsOn} }]`);

const inCluster = (name: string, dependsOn: string, { hub = 'shop', leaving = false } = {}): JsonObject => ({
  apiVersion: 'operator.lynq.sh/v1',
  kind: 'LynqForm',
  metadata: { name, namespace: 'lynq-system', ...(leaving ? { deletionTimestamp: '2026-11-22T11:59:00Z' } : {}) },
  spec: { hubId: hub, dependsOn: [{ form: dependsOn }] },
});

function clusterOf(...forms: readonly JsonObject[]): FakeCluster {
  const cluster = createFakeCluster();
  cluster.addKind({ apiVersion: 'operator.lynq.sh/v1', kind: 'LynqForm' });
  for (const form of forms) cluster.seed(form);
  return cluster;
}

const line = 'lint -f hub.yaml -f form.yaml';
const files = (form: string) => ({ 'hub.yaml': goodHub, 'form.yaml': form });
const asked = (cluster: FakeCluster): number => cluster.calls.filter(({ verb }) => verb === 'list').length;

describe('client/lint/form-order', () => {
  it('refuses a form that closes a cycle with forms of the cluster, and says which are there', async () => {
    const cluster = clusterOf(inCluster('b', 'c'), inCluster('c', 'a'), inCluster('d', 'a'));

    const { out, exitCode } = await run(line, { files: files(inFile('a', 'b')), cluster });

    expect(out).toBe(
      [
        'form.yaml:7:17: error: dependsOn forms a cycle: a -> b -> c -> a',
        '    remove one of these dependencies; in the cluster: b, c',
        '',
      ].join('\n'),
    );
    expect(exitCode).toBe(1);
    expect(asked(cluster)).toBe(1);
  });

  it.each<[string, readonly JsonObject[], string]>([
    ['is of another hub', [inCluster('b', 'a', { hub: 'other' })], 'LynqForm b is of hub other and not of shop'],
    [
      'is being deleted',
      [inCluster('b', 'a', { leaving: true })],
      'there is no LynqForm b, neither in these files nor in the cluster',
    ],
    ['does not exist', [], 'there is no LynqForm b, neither in these files nor in the cluster'],
  ])('warns of a form of the cluster that %s, and knows no cycle with it', async (_story, forms, message) => {
    const { out, exitCode } = await run(line, { files: files(inFile('a', 'b')), cluster: clusterOf(...forms) });

    expect(out).toBe(
      `form.yaml:7:17: warning: ${message}\n    new rows of this form wait until hub shop has a form b\n`,
    );
    expect(exitCode).toBe(0);
  });

  it('warns of a form of the files that is of another hub, whether or not a cluster is asked', async () => {
    const two = `${inFile('a', 'b')}---\n${goodForm.replace('name: web', 'name: b').replace('hubId: shop', 'hubId: other')}`;

    expect((await run(`${line} --offline`, { files: files(two) })).out).toContain(
      'form.yaml:7:17: warning: LynqForm b is of hub other and not of shop\n',
    );
  });

  it('takes a form of the files in place of the one of that name in the cluster', async () => {
    const cluster = clusterOf(inCluster('a', 'b'), inCluster('b', 'a'), inCluster('c', 'd'));
    const both = `${inFile('a', 'b')}---\n${inFile('b', 'c')}`;

    expect((await run(line, { files: files(both), cluster })).out).toBe('');
    const moved = `${inFile('a', 'b')}---\n${inFile('b', 'c', 'other')}`;
    expect((await run(line, { files: files(moved), cluster })).out).not.toContain('cycle');
  });

  it('has nothing to say about forms of different hubs that name each other', async () => {
    const two = `${inFile('a', 'b')}---\n${inFile('b', 'a', 'other')}`;

    expect((await run(`${line} --offline`, { files: files(two) })).out).not.toContain('cycle');
  });

  it('asks no cluster where every form that is named is in the files', async () => {
    const cluster = clusterOf();
    const both = `${inFile('a', 'b')}---\n${inFile('b', 'c')}---\n${inFile('c', 'b')}`;

    const { out } = await run(line, { files: files(both), cluster });

    expect(out).toContain('error: dependsOn forms a cycle: b -> c -> b');
    expect(asked(cluster)).toBe(0);
  });

  it.each([
    ['is not reached', line, { clusterError: new Error('connection refused') }, 'connection refused'],
    ['is not asked', `${line} --offline`, {}, 'no cluster was asked'],
  ])('says what was not checked when the cluster %s', async (_story, command, world, why) => {
    const { out, exitCode } = await run(command, { files: files(inFile('a', 'b')), ...world });

    expect(out).toBe(
      [
        `form.yaml:7:17: warning: form b is not known, so whether it waits for this one was not checked: ${why}`,
        '    give its file too: -f b.yaml',
        '',
      ].join('\n'),
    );
    expect(exitCode).toBe(0);
  });

  it('is what apply goes by', async () => {
    const cluster = clusterOf(inCluster('b', 'a'));

    const { err, exitCode } = await run('apply -f hub.yaml -f form.yaml', { files: files(inFile('a', 'b')), cluster });

    expect(err).toContain('form.yaml:7:17: error: dependsOn forms a cycle: a -> b -> a');
    expect(exitCode).toBe(1);
    expect(cluster.objects('LynqForm')).toHaveLength(1);
  });
});
