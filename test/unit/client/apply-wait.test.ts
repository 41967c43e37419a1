import { describe, expect, it } from 'vitest';
import { type JsonObject, textAt } from '../../../domain/api/json.ts';
import { applyingEngine, condition, nodeOf, type Work } from '../../support/cli/applying-worker.ts';
import { createFakeCluster, type FakeCluster } from '../../support/fake-cluster.ts';
import { goodForm, goodHub } from './lint/forms.ts';
import { fakeEngine, type Ran, run } from './run.ts';

const apiVersion = 'operator.lynq.sh/v1';
const api = goodForm.replace('name: web', 'name: api').replaceAll('{{ .uid }}-', '{{ .uid }}-api-');
const files = { 'hub.yaml': goodHub, 'web.yaml': goodForm, 'api.yaml': api };
const all = 'apply -f hub.yaml -f web.yaml -f api.yaml';
const secret = 'apiVersion: v1\nkind: Secret\nmetadata:\n  name: db\nstringData:\n  password: s3cret\n';
const applied = [
  'lynqhub.operator.lynq.sh/shop created\n',
  'lynqform.operator.lynq.sh/web created\n',
  'lynqform.operator.lynq.sh/api created\n',
].join('');
const synced = 'lynqhub.operator.lynq.sh/shop synced\n';

function aCluster(): FakeCluster {
  const cluster = createFakeCluster();
  for (const kind of ['LynqHub', 'LynqForm', 'LynqNode']) cluster.addKind({ apiVersion, kind });
  cluster.seed({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'lynq-system' } });
  return cluster;
}

interface Given extends Partial<Work> {
  readonly cluster?: FakeCluster;
  readonly timePasses?: true;
  readonly files?: Readonly<Record<string, string>>;
}

function lynq(line: string, { cluster = aCluster(), timePasses, files: more, ...work }: Given = {}): Promise<Ran> {
  const engine = applyingEngine(cluster, { hub: 'shop', uids: ['acme', 'beta'], ...work });
  return run(line, { cluster, engine, files: { ...files, ...more }, ...(timePasses ? { timePasses } : {}) });
}

describe('client/apply-wait', () => {
  it('ends when a sync has read what was applied and all nodes of the hub are Ready', async () => {
    const { out, err, exitCode } = await lynq(`${all} --wait`, {
      nodes: (node) => (node === 'beta-web' ? 'moving' : 'ready'),
      later: () => 'ready',
    });

    expect(out).toBe(
      `${applied}${synced}lynqform.operator.lynq.sh/api 2 nodes Ready\nlynqform.operator.lynq.sh/web 2 nodes Ready\n`,
    );
    expect(err).toBe('the sync is under way\n3/4 nodes done, waiting for beta-web 1/2 resources ready\n');
    expect(exitCode).toBe(0);
  });

  it('waits for the nodes of the applied forms only, where the hub was not applied', async () => {
    const cluster = aCluster();
    await lynq(all, { cluster });

    const { out, exitCode } = await lynq('apply -f web.yaml --wait', {
      cluster,
      nodes: (node) => (node.endsWith('-api') ? 'failed' : 'ready'),
    });

    expect(out).toBe(`lynqform.operator.lynq.sh/web unchanged\n${synced}lynqform.operator.lynq.sh/web 2 nodes Ready\n`);
    expect(exitCode).toBe(0);
  });

  it('says that there is nothing to wait for, and asks no engine', async () => {
    const engine = { ...fakeEngine(), hubSyncs: async () => Promise.reject(new Error('not to be asked')) };
    const world = { cluster: aCluster(), engine, files: { 's.yaml': secret } };

    const { out, err, exitCode } = await run('apply -f s.yaml --wait', world);

    expect(out).toBe('secret/db created\n');
    expect(err).toBe('nothing to wait for: neither a hub nor a form was applied\n');
    expect(exitCode).toBe(0);
  });

  it.each(['client', 'server'])('is a usage error together with --dry-run=%s', async (mode) => {
    const { out, err, exitCode } = await lynq(`${all} --wait --dry-run=${mode}`);

    expect(out).toBe('');
    expect(err).toContain('--wait has nothing to wait for in a dry run');
    expect(exitCode).toBe(2);
  });

  it('does not wait when not everything was applied', async () => {
    const cluster = aCluster();
    cluster.intercept(({ verb, ref }) =>
      verb === 'apply' && ref.kind === 'LynqForm'
        ? { answer: { kind: 'refused', reason: 'Forbidden', message: 'not allowed' } }
        : undefined,
    );

    const { out, err, exitCode } = await lynq(`${all} --wait`, { cluster });

    expect(out).toBe('lynqhub.operator.lynq.sh/shop created\n');
    expect(err).toContain('not waited: not everything was applied\n');
    expect(exitCode).toBe(1);
  });

  it('waits for the schedule of a new hub, and says after a while that no worker seems to serve it', async () => {
    const cluster = aCluster();
    let asked = 0;
    const engine = applyingEngine(cluster, { hub: 'shop', uids: [] });
    const hubSyncs: typeof engine.hubSyncs = async (...name) =>
      (asked += 1) < 2 ? undefined : engine.hubSyncs(...name);
    const later = await run(`${all} --wait`, { cluster, files, engine: { ...engine, hubSyncs } });
    expect(later.err).toContain('it has no schedule in Temporal at temporal.test:7233\n');
    expect(later).toMatchObject({ exitCode: 0 });
    expect(later.out).toContain('lynqform.operator.lynq.sh/web no node Ready\n');

    const never = await run(`${all} --wait --wait-timeout 1s`, {
      cluster: aCluster(),
      files,
      timePasses: true,
      engine: { ...fakeEngine(), hubSyncs: async () => undefined },
    });
    expect(never.err).toContain(
      'Error: waited 1s for a worker to take LynqHub lynq-system/shop up: it has no schedule in Temporal at temporal.test:7233\n' +
        '  no worker seems to serve it: check that one is running,',
    );
    expect(never.exitCode).toBe(4);
  });

  it.each<[string, string, string]>([
    ['paused', '  paused: true\n', 'was not synced: it is paused\n  let it go on: lynq resume hub/shop'],
    ['released', '', 'was not synced: it is released to another operator\n  take it up again: lynq adopt shop'],
  ])('ends at once for a hub that is %s', async (what, line, words) => {
    const cluster = aCluster();
    const annotations = what === 'released' ? { 'lynq.sh/released': '2026-11-22T11:00:00Z' } : {};
    cluster.seed({
      apiVersion,
      kind: 'LynqHub',
      metadata: { name: 'shop', namespace: 'lynq-system', annotations },
      spec: {},
    });

    const { err, exitCode } = await lynq('apply -f own.yaml --force-conflicts --wait', {
      cluster,
      files: { 'own.yaml': `${goodHub}${line}` },
    });

    expect(err).toContain(words);
    expect(exitCode).toBe(1);
  });

  it('tells why a sync came to nothing: an operator that holds the hub, a table that cannot be read', async () => {
    const ready = { conditions: [condition('Ready', 'False', 'access denied for reader')] };
    const other = { conditions: [condition('OtherOperator', 'True', 'the Go operator is at work: peer-0')] };
    const ended = (outcome: string) => [{ kind: 'ended', outcome }] as const;

    const unread = await lynq(`${all} --wait`, { states: ended('unread'), hubStatus: ready });
    const held = await lynq(`${all} --wait`, { states: ended('paused'), hubStatus: other });

    expect(unread.err).toContain('was not synced: its table could not be read: access denied for reader');
    expect(held.err).toContain('was not synced: another operator holds it: the Go operator is at work: peer-0');
    expect([unread.exitCode, held.exitCode]).toEqual([1, 1]);
  });

  it('ends with 1 and the reason when a form is not Valid', async () => {
    const { err, exitCode } = await lynq(`${all} --wait`, {
      formStatus: () => ({ conditions: [condition('Valid', 'False', 'Validation errors: [no such variable]')] }),
    });

    expect(err).toContain(
      'Error: LynqForm lynq-system/api is not Valid: Validation errors: [no such variable]\n' +
        '  correct it and apply it again; see: lynq describe form api -n lynq-system\n',
    );
    expect(exitCode).toBe(1);
  });

  it('does not believe a verdict over an older edit', async () => {
    const { err, exitCode } = await lynq(`${all} --wait --wait-timeout 1s`, {
      timePasses: true,
      formStatus: () => ({ observedGeneration: 0 }),
    });

    expect(err).toContain('waited 1s for the forms of LynqHub lynq-system/shop: the worker has not judged api yet');
    expect(exitCode).toBe(4);
  });

  it('waits for the others when a node has failed, and names those that have', async () => {
    const failing = (node: string) => (node === 'beta-web' ? 'ready' : 'failed');
    const { out, err, exitCode } = await lynq(`${all} --wait`, {
      uids: ['acme', 'beta', 'core'],
      nodes: (node) => (node === 'beta-web' ? 'moving' : 'failed'),
      later: failing,
    });

    expect(out).toContain('lynqform.operator.lynq.sh/web 1 node Ready\n');
    expect(err).toContain('0/6 nodes done, 5 failed, waiting for beta-web 1/2 resources ready\n');
    expect(err).toContain(
      'Error: 5 nodes are not Ready: acme-api, beta-api, core-api and 2 more\n  see why: lynq explain acme-api -n lynq-system\n',
    );
    expect(exitCode).toBe(1);
  });

  it('does not wait for a node that waits for one that has failed', async () => {
    const { err, exitCode } = await lynq(`${all} --wait`, {
      uids: ['acme'],
      nodes: (node) => (node === 'acme-web' ? 'behind' : 'failed'),
    });

    expect(err).toContain('Error: LynqNode lynq-system/acme-api is not Ready: 1 resources failed\n');
    expect(exitCode).toBe(1);
  });

  it('ends with 4 when the time is over', async () => {
    const { err, exitCode } = await lynq(`${all} --wait --wait-timeout 1s`, { timePasses: true, nodes: () => 'stale' });

    expect(err).toContain(
      'waited 1s for the nodes of LynqHub lynq-system/shop to be Ready: 0/4 nodes done, waiting for beta-web 2/2 resources ready',
    );
    expect(exitCode).toBe(4);
  });

  it('waits for no row that is frozen or held, and tells of them in one line', async () => {
    const cluster = aCluster();
    await lynq(all, { cluster });
    cluster.seed(nodeOf({ uid: 'gone', form: 'web', hub: 'shop', revision: 'web-old' }, 'ready'));
    cluster.seed(
      nodeOf({ uid: 'kept', form: 'web', hub: 'shop', revision: 'web-old' }, 'ready', { spec: { paused: true } }),
    );

    const { err, exitCode } = await lynq('apply -f web.yaml --wait', {
      cluster,
      hubStatus: { rows: { frozen: 1, held: 14 } },
    });

    expect(err).toContain(
      'LynqHub lynq-system/shop: left as it is: 1 frozen row, 14 rows held for deletion, 1 paused node; see: lynq status shop -n lynq-system\n',
    );
    expect(exitCode).toBe(0);
  });

  it('ends with 1 when the form is changed or the hub deleted meanwhile', async () => {
    const changed = aCluster();
    const gone = aCluster();
    const atFirstLook = (cluster: FakeCluster, act: () => unknown): void => {
      const stop = cluster.intercept(({ verb, ref }) => {
        if (verb !== 'list' || ref.kind !== 'LynqNode') return undefined;
        stop();
        queueMicrotask(act);
        return undefined;
      });
    };
    atFirstLook(changed, () => {
      const form = changed.objects('LynqForm').find((one) => textAt(one, 'metadata', 'name') === 'api') ?? {};
      changed.seed({ ...form, spec: { ...(form['spec'] as JsonObject), driftPolicy: 'Report' } });
    });
    atFirstLook(gone, () => {
      const uid = textAt(gone.objects('LynqHub')[0], 'metadata', 'uid') ?? '';
      return gone.delete({ apiVersion, kind: 'LynqHub', namespace: 'lynq-system', name: 'shop' }, uid);
    });

    const first = await lynq(`${all} --wait`, { cluster: changed, nodes: () => 'moving' });
    const second = await lynq(`${all} --wait`, { cluster: gone, nodes: () => 'moving' });

    expect(first.err).toContain('Error: LynqForm lynq-system/api was changed or deleted meanwhile\n');
    expect(second.err).toContain('LynqHub lynq-system/shop is not acted on any more: it is not there any more\n');
    expect([first.exitCode, second.exitCode]).toEqual([1, 1]);
  });

  describe('a form with a rollout', () => {
    const limited = goodForm.replace('  hubId: shop\n', '  hubId: shop\n  rollout:\n    maxSkew: 1\n');
    const paused = limited.replace('maxSkew: 1\n', 'maxSkew: 1\n    paused: true\n');
    const rollout = (more: JsonObject) => (form: JsonObject) => ({
      rollout: {
        phase: 'InProgress',
        targetGeneration: (form['metadata'] as { generation: number }).generation,
        totalNodes: 2,
        updatedNodes: 1,
        readyUpdatedNodes: 1,
        inFlight: [],
        message: 'Updating: 1/2 nodes updated (0 updating, 1 ready)',
        ...more,
      },
    });
    const wait = (form: string, given: Given) =>
      lynq('apply -f hub.yaml -f form.yaml --wait --wait-timeout 1s', { ...given, files: { 'form.yaml': form } });

    it('is waited for until the rollout has ended', async () => {
      const moving = await wait(limited, { timePasses: true, formStatus: rollout({}) });
      const ended = await wait(limited, { formStatus: rollout({ phase: 'Complete', updatedNodes: 2 }) });

      expect(moving.err).toContain('waiting for the rollout of web: Updating: 1/2 nodes updated');
      expect([moving.exitCode, ended.exitCode]).toEqual([4, 0]);
    });

    it('ends with 1 when it has failed', async () => {
      const { err, exitCode } = await wait(limited, {
        formStatus: rollout({ phase: 'Failed', message: 'No progress for 60 s: acme-web (ReadinessTimeout)' }),
      });

      expect(err).toContain(
        'Error: the rollout of LynqForm lynq-system/web has failed: No progress for 60 s: acme-web (ReadinessTimeout)\n' +
          '  see: lynq rollout status web -n lynq-system\n',
      );
      expect(exitCode).toBe(1);
    });

    it('ends well and says so when only a node that a person has paused is left', async () => {
      const { err, exitCode } = await wait(limited, {
        nodes: (node) => (node === 'acme-web' ? 'paused' : 'ready'),
        formStatus: rollout({
          updatedNodes: 2,
          inFlight: [{ node: 'acme-web', since: '' }],
          message: 'Waiting for paused nodes: acme-web',
        }),
      });

      expect(err).toContain(
        'the rollout of LynqForm lynq-system/web has only paused nodes left: Waiting for paused nodes: acme-web\n' +
          '  let it go on: lynq resume node/acme-web -n lynq-system\n',
      );
      expect(exitCode).toBe(0);
    });

    it('ends well and says so when it is paused', async () => {
      const { err, exitCode } = await wait(paused, { formStatus: rollout({ message: 'Paused; 1/2 nodes updated' }) });

      expect(err).toContain(
        'the rollout of LynqForm lynq-system/web is paused: Paused; 1/2 nodes updated\n  let it go on: lynq rollout resume web -n lynq-system\n',
      );
      expect(exitCode).toBe(0);
    });
  });
});
