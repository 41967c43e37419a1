import { describe, expect, it } from 'vitest';
import { at, type JsonObject } from '../../../../domain/api/json.ts';
import { LynqFailure } from '../../../../domain/failures.ts';
import { createFakeCluster } from '../../../support/fake-cluster.ts';
import { goodForm, goodHub, withLine } from '../lint/forms.ts';
import { run } from '../run.ts';

const namespace = 'apiVersion: v1\nkind: Namespace\nmetadata:\n  name: lynq-system\n';
const secret = 'apiVersion: v1\nkind: Secret\nmetadata:\n  name: db\nstringData:\n  password: s3cret\n';

function aCluster() {
  const cluster = createFakeCluster();
  cluster.seed({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'lynq-system' } });
  return cluster;
}

const files = { 'all/form.yaml': goodForm, 'all/hub.yaml': goodHub, 'all/secret.yaml': secret };

describe('client/commands/manifest-apply', () => {
  it('applies with its own field manager what others need first, and says created', async () => {
    const cluster = createFakeCluster();

    const { out, err, exitCode } = await run('apply -f all', { cluster, files: { ...files, 'all/z.yaml': namespace } });

    expect(out).toBe(
      [
        'namespace/lynq-system created\n',
        'secret/db created\n',
        'lynqhub.operator.lynq.sh/shop created\n',
        'lynqform.operator.lynq.sh/web created\n',
      ].join(''),
    );
    expect(err).toBe('');
    expect(exitCode).toBe(0);
    const applies = cluster.calls.filter(({ verb }) => verb === 'apply');
    expect(applies.map(({ options }) => options)).toEqual(
      applies.map(() => expect.objectContaining({ manager: 'lynq-cli', force: false, dryRun: false })),
    );
  });

  it('sends template scalars as text, quotes or not', async () => {
    const cluster = aCluster();

    await run('apply -f all', { cluster, files });

    const form = cluster.objects('LynqForm')[0];
    const entry = (at(form, 'spec', 'deployments') as readonly JsonObject[])[0];
    expect(at(entry, 'spec', 'spec', 'replicas')).toBe('{{ .replicas | int }}');
  });

  it('says unchanged the second time and configured after an edit', async () => {
    const cluster = aCluster();
    await run('apply -f all', { cluster, files });

    const again = await run('apply -f all', { cluster, files });
    const edited = await run('apply -f all/hub.yaml', {
      cluster,
      files: { 'all/hub.yaml': goodHub.replace('30s', '60s') },
    });

    expect(again.out.match(/unchanged/g)).toHaveLength(3);
    expect(edited.out).toBe('lynqhub.operator.lynq.sh/shop configured\n');
  });

  it('applies nothing when lint finds an error anywhere, and lists it', async () => {
    const cluster = aCluster();

    const { out, err, exitCode } = await run('apply -f all', {
      cluster,
      files: { ...files, 'all/form.yaml': withLine(goodForm, 11, '      timeoutSecond: 300') },
    });

    expect(out).toBe('');
    expect(err).toBe(
      [
        'all/form.yaml:11:7: error: unknown field spec.deployments[0].timeoutSecond\n',
        '    did you mean timeoutSeconds?\n',
        'Error: nothing was applied: 1 error in 3 files\n',
        '  correct what is listed above\n',
      ].join(''),
    );
    expect(exitCode).toBe(1);
    expect(cluster.calls.filter(({ verb }) => verb === 'apply')).toEqual([]);
  });

  it('leaves schema problems to the server with --skip-lint, but never sends broken YAML', async () => {
    const cluster = aCluster();
    const bad = withLine(goodForm, 11, '      timeoutSecond: 300');

    const skipped = await run('apply --skip-lint -f form.yaml', { cluster, files: { 'form.yaml': bad } });
    const broken = await run('apply --skip-lint -f form.yaml', { cluster, files: { 'form.yaml': 'a:\n\tb: 1\n' } });

    expect(skipped).toMatchObject({ out: 'lynqform.operator.lynq.sh/web created\n', exitCode: 0 });
    expect(broken.err).toContain('form.yaml:2:1: error: tabs cannot indent YAML');
    expect(broken.exitCode).toBe(1);
  });

  it('checks files only with --dry-run=client: no server is asked', async () => {
    const clusterError = new LynqFailure('ClusterUnreachable', 'no cluster');

    expect(await run('apply -f all --dry-run=client', { clusterError, files })).toMatchObject({
      out: 'secret/db valid (dry run)\nlynqhub.operator.lynq.sh/shop valid (dry run)\nlynqform.operator.lynq.sh/web valid (dry run)\n',
      exitCode: 0,
    });
  });

  it('stores nothing with --dry-run=server', async () => {
    const cluster = aCluster();

    const { out } = await run('apply -f all/hub.yaml --dry-run=server', { cluster, files });

    expect(out).toBe('lynqhub.operator.lynq.sh/shop created (server dry run)\n');
    expect(cluster.objects('LynqHub')).toEqual([]);
  });

  it('reads standard input', async () => {
    expect(await run('apply -f -', { cluster: aCluster(), stdin: secret })).toMatchObject({
      out: 'secret/db created\n',
    });
  });

  it('names fields another manager holds, and takes them on request', async () => {
    const cluster = aCluster();
    const rule = cluster.intercept(({ verb }) =>
      verb === 'apply'
        ? { answer: { kind: 'conflict', fields: [{ manager: 'kubectl', field: '.spec.source.syncInterval' }] } }
        : undefined,
    );

    const refused = await run('apply -f all/hub.yaml', { cluster, files });
    rule();
    await run('apply -f all/hub.yaml --force-conflicts', { cluster, files });

    expect(refused.err).toBe(
      'Error: lynqhub.operator.lynq.sh/shop: .spec.source.syncInterval is held by kubectl\n' +
        '  remove these fields from the file, or take them over: lynq apply --force-conflicts\n',
    );
    expect(refused.exitCode).toBe(1);
    expect(cluster.calls.at(-1)?.options).toMatchObject({ force: true });
  });

  it('goes on with the others when the server refuses one object', async () => {
    const cluster = aCluster();
    cluster.intercept(({ verb, ref }) =>
      verb === 'apply' && ref.kind === 'Secret'
        ? {
            answer: {
              kind: 'refused',
              reason: 'Forbidden',
              message: 'Secret lynq-system/db: the account may not patch secrets',
            },
          }
        : undefined,
    );

    const { out, err, exitCode } = await run('apply -f all', { cluster, files });

    expect(out).toBe('lynqhub.operator.lynq.sh/shop created\nlynqform.operator.lynq.sh/web created\n');
    expect(err).toContain('Error: secret/db was refused: Secret lynq-system/db: the account may not patch secrets');
    expect(exitCode).toBe(1);
  });

  it('ends at once when the cluster cannot be reached', async () => {
    const cluster = aCluster();
    cluster.intercept(({ verb }) =>
      verb === 'apply'
        ? { failure: new LynqFailure('ClusterUnreachable', 'The API server does not answer.') }
        : undefined,
    );

    const { err, exitCode } = await run('apply -f all', { cluster, files });

    expect(err.match(/does not answer/g)).toHaveLength(1);
    expect(exitCode).toBe(3);
  });

  it('says how to get a kind the cluster does not have', async () => {
    const thing = 'apiVersion: example.com/v1\nkind: Thing\nmetadata: {name: a}\n';

    const { err, exitCode } = await run('apply -f t.yaml', { cluster: aCluster(), files: { 't.yaml': thing } });

    expect(err).toContain('Error: thing.example.com/a: the cluster has no kind Thing in example.com/v1\n');
    expect(exitCode).toBe(1);
  });

  it('applies nothing when -n contradicts one of the files, in whatever order they are', async () => {
    const cluster = aCluster();
    const other = secret.replace('  name: db', '  name: zdb\n  namespace: other');
    const world = { cluster, files: { 'a.yaml': secret, 'z.yaml': other } };

    const { out, err, exitCode } = await run('apply -n mine -f a.yaml -f z.yaml', world);

    expect({ out, exitCode }).toEqual({ out: '', exitCode: 1 });
    expect(err).toContain('Error: secret/zdb names namespace other, but -n names mine');
    expect(cluster.calls.filter(({ verb }) => verb === 'apply')).toEqual([]);
  });

  it('refuses -n that contradicts the file', async () => {
    const file = secret.replace('  name: db', '  name: db\n  namespace: other');

    const { err } = await run('apply -n mine -f s.yaml', { cluster: aCluster(), files: { 's.yaml': file } });

    expect(err).toContain('Error: secret/db names namespace other, but -n names mine');
  });

  it('leaves out what only a server writes', async () => {
    const cluster = aCluster();
    const exported = secret.replace(
      '  name: db',
      '  name: db\n  uid: "1"\n  creationTimestamp: "2026-01-01T00:00:00Z"\n  managedFields: []\n  resourceVersion: "99"\n  generation: 3\n  selfLink: /x',
    );

    await run('apply -f s.yaml', { cluster, files: { 's.yaml': exported } });

    const { body } = cluster.calls.filter(({ verb }) => verb === 'apply')[0] ?? {};
    expect(at(body as JsonObject, 'metadata')).toEqual({ name: 'db', namespace: 'lynq-system' });
  });

  it('applies a file that was got from the cluster and edited, although the object has changed since', async () => {
    const cluster = aCluster();
    await run('apply -f s.yaml', { cluster, files: { 's.yaml': secret } });
    const got = secret.replace('  name: db', '  name: db\n  resourceVersion: "1"');

    const { out, err, exitCode } = await run('apply -f s.yaml', {
      cluster,
      files: { 's.yaml': `${got}type: Opaque\n` },
    });

    expect({ out, err, exitCode }).toEqual({ out: 'secret/db configured\n', err: '', exitCode: 0 });
  });

  it.each([
    ['apply -f nope.yaml', 'nope.yaml does not exist'],
    ['apply -f empty', 'empty has no .yaml, .yml or .json file'],
    ['apply -f https://example.com/a.yaml', 'https://example.com/a.yaml: addresses are not read'],
  ])('explains what is wrong with %s', async (line, message) => {
    const { err, exitCode } = await run(line, { cluster: aCluster(), files: { 'empty/readme.txt': 'x' } });

    expect(err).toContain(`Error: ${message}\n`);
    expect(exitCode).toBe(1);
  });
});
