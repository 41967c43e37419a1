import { describe, expect, it, vi } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { type Json, type JsonObject, textAt } from '../../../../domain/api/json.ts';
import { LynqFailure } from '../../../../domain/failures.ts';
import type { ListOptions, Reflector } from '../../../../domain/ports.ts';
import { createFakeCluster } from '../../../support/fake-cluster.ts';
import { aNode, now, run } from '../run.ts';

function aCluster() {
  const cluster = createFakeCluster({ now: () => new Date(now.getTime() - 600_000) });
  cluster.seed(aNode('acme-corp-data-tier'));
  cluster.seed(
    aNode('acme-corp-api-tier', {
      form: 'api-tier',
      ready: 1,
      desired: 2,
      status: 'False',
      reason: 'NotAllResourcesReady',
    }),
  );
  cluster.seed({
    apiVersion: 'operator.lynq.sh/v1',
    kind: 'LynqHub',
    metadata: { name: 'multi-tier-nodes', namespace: 'lynq-system' },
    spec: { source: { type: 'mysql' } },
    status: {
      referencingTemplates: 4,
      desired: 4,
      ready: 3,
      failed: 1,
      lastSyncTime: '2026-11-22T11:59:30Z',
      rows: { seen: 3, active: 1, frozen: 1, held: 0 },
      conditions: [{ type: 'Ready', status: 'False', reason: 'NodesFailed' }],
    },
  });
  cluster.seed({
    apiVersion: 'operator.lynq.sh/v1',
    kind: 'LynqForm',
    metadata: { name: 'api-tier', namespace: 'lynq-system' },
    spec: { hubId: 'multi-tier-nodes' },
    status: {
      totalNodes: 2,
      readyNodes: 1,
      conditions: [{ type: 'Valid', status: 'True', reason: 'ValidationPassed' }],
    },
  });
  return cluster;
}

/** Names of the objects of which each is a document of its own; of another document its kind. */
function namesIn(format: string, text: string): readonly (string | undefined)[] {
  const documents =
    format === 'yaml'
      ? parseAllDocuments(text).map((document) => document.toJS() as Json)
      : (JSON.parse(`[${text.replaceAll('}\n{', '},{')}]`) as readonly Json[]);
  return documents.map((object) => textAt(object, 'metadata', 'name') ?? textAt(object, 'kind'));
}

describe('client/commands/get-objects', () => {
  it('prints nodes as the multi-tier story shows them', async () => {
    const { out, exitCode } = await run('get nodes', { cluster: aCluster() });

    expect(out).toBe(
      [
        'NAME                  READY   RESOURCES   SKIPPED   AGE\n',
        'acme-corp-api-tier    False   1/2         0         10m\n',
        'acme-corp-data-tier   True    6/6         0         10m\n',
      ].join(''),
    );
    expect(exitCode).toBe(0);
  });

  it('prints more columns with -o wide and the namespace with -A', async () => {
    const { out } = await run('get nodes -A -o wide', { cluster: aCluster() });

    expect(out).toBe(
      [
        'NAMESPACE     NAME                  READY   RESOURCES   SKIPPED   AGE   UID         FORM        HUB                FAILED   CONFLICTED   CONDITIONS\n',
        'lynq-system   acme-corp-api-tier    False   1/2         0         10m   acme-corp   api-tier    multi-tier-nodes   0                     NotAllResourcesReady\n',
        'lynq-system   acme-corp-data-tier   True    6/6         0         10m   acme-corp   data-tier   multi-tier-nodes   0                     Reconciled\n',
      ].join(''),
    );
  });

  it('prints hubs with the columns of kubectl, and more with -o wide', async () => {
    const { out } = await run('get hubs -o wide', { cluster: aCluster() });

    expect(out).toBe(
      [
        'NAME               TEMPLATES   DESIRED   READY   FAILED   CONDITIONS    AGE   LAST SYNC   ROWS   ACTIVE   FROZEN   HELD\n',
        'multi-tier-nodes   4           4         3       1        NodesFailed   10m   30s         3      1        1        0\n',
      ].join(''),
    );
  });

  it('prints forms with the columns of kubectl, empty where there is nothing', async () => {
    const { out } = await run('get forms', { cluster: aCluster() });

    expect(out).toBe(
      [
        'NAME       HUB                TOTAL   READY   ROLLOUT   UPDATING   APPLIED   AGE\n',
        'api-tier   multi-tier-nodes   2       1                                      10m\n',
      ].join(''),
    );
  });

  it.each(['node', 'lynqnodes', 'lynqnode', 'lnode'])('knows nodes as %s too', async (alias) => {
    expect((await run(`get ${alias} -o name`, { cluster: aCluster() })).out).toBe(
      'lynqnode.operator.lynq.sh/acme-corp-api-tier\nlynqnode.operator.lynq.sh/acme-corp-data-tier\n',
    );
  });

  it('prints one object by name as YAML and JSON, without managedFields', async () => {
    const cluster = aCluster();

    const yaml = await run('get node acme-corp-api-tier -o yaml', { cluster });
    const json = await run('get node acme-corp-api-tier -o json', { cluster });

    expect(yaml.out).toMatch(/^apiVersion: operator.lynq.sh\/v1\nkind: LynqNode\nmetadata:\n/);
    expect(JSON.parse(json.out)).toMatchObject({ kind: 'LynqNode', metadata: { name: 'acme-corp-api-tier' } });
    expect(yaml.out + json.out).not.toContain('managedFields');
  });

  it('prints several objects as a List', async () => {
    const { out } = await run('get nodes -o json', { cluster: aCluster() });

    expect(JSON.parse(out)).toMatchObject({ apiVersion: 'v1', kind: 'List', items: [{}, {}] });
  });

  it('asks for the nodes of a selector', async () => {
    const cluster = aCluster();
    cluster.seed(aNode('globex-data-tier', { uid: 'globex' }));

    const { out } = await run('get nodes -l lynq.sh/uid=globex --no-headers', { cluster });

    expect(out).toBe('globex-data-tier   True   6/6   0     10m\n');
  });

  it('says on stderr that there is nothing, as kubectl does', async () => {
    expect(await run('get nodes -n empty', { cluster: aCluster() })).toMatchObject({
      out: '',
      err: 'No resources found in empty namespace.\n',
      exitCode: 0,
    });
  });

  it('names no namespace when there is nothing in any', async () => {
    expect(await run('get nodes -A -l lynq.sh/uid=nobody', { cluster: aCluster() })).toMatchObject({
      err: 'No resources found\n',
      exitCode: 0,
    });
  });

  it.each(['jsonpath', 'jsonpath='])('asks for the template that -o %s lacks', async (format) => {
    expect(await run(`get nodes -o ${format}`, { cluster: aCluster() })).toMatchObject({
      out: '',
      err: `Error: -o ${format} has no template\n  such as: -o jsonpath='{.items[*].metadata.name}'\n`,
      exitCode: 2,
    });
  });

  it.each([
    [undefined, 'lynq-system'],
    ['team-a', 'team-a'],
  ])('takes the namespace of the context: %s gives %s', async (contextNamespace, expected) => {
    const cluster = aCluster();

    await run('get nodes', { cluster, ...(contextNamespace === undefined ? {} : { contextNamespace }) });

    expect(cluster.calls.at(-1)?.options).toMatchObject({ namespace: expected });
  });

  it('takes -n over the context, before or after the command', async () => {
    const cluster = aCluster();

    await run('-n one get nodes', { cluster, contextNamespace: 'team-a' });
    await run('get nodes -n two', { cluster, contextNamespace: 'team-a' });

    expect(cluster.calls.map(({ options }) => options)).toMatchObject([{ namespace: 'one' }, { namespace: 'two' }]);
  });

  it('prints those names that are there, and fails for the others', async () => {
    expect(await run('get nodes acme-corp-api-tier nope -o name', { cluster: aCluster() })).toMatchObject({
      out: 'lynqnode.operator.lynq.sh/acme-corp-api-tier\n',
      err: expect.stringContaining('"nope" not found'),
      exitCode: 1,
    });
  });

  it.each([
    ['get nodes -o "jsonpath={range .items[*]}{.metadata.name} {end}"', 'acme-corp-api-tier acme-corp-data-tier '],
    ['get node acme-corp-api-tier -o "jsonpath={.status.readyResources}"', '1'],
  ])('prints what %s asks for', async (line, text) => {
    expect(await run(line, { cluster: aCluster() })).toMatchObject({ out: text, exitCode: 0 });
  });

  it('prints the default table of nodes from the columns the API server has, without reading the objects', async () => {
    const cluster = aCluster();
    cluster.seed({ ...aNode('globex-new'), status: {} });

    const { out } = await run('get nodes -A', { cluster });

    expect(out).toContain('lynq-system   globex-new            Unknown   0/0         0         10m\n');
  });

  it('goes on with what changes after -w, each change one line under the table', async () => {
    const cluster = aCluster();
    const stop = new AbortController();
    let printed = '';
    const onOut = (out: string) => void (printed = out);
    const watching = run('get nodes -w', { cluster, stop: stop.signal, onOut });
    await vi.waitFor(() => expect(printed).toContain('acme-corp-data-tier'));

    cluster.seed(aNode('globex-data-tier-with-a-long-name', { ready: 1 }));
    await vi.waitFor(() => expect(printed).toContain('globex'));
    stop.abort();

    expect((await watching).out).toBe(
      [
        'NAME                  READY   RESOURCES   SKIPPED   AGE\n',
        'acme-corp-api-tier    False   1/2         0         10m\n',
        'acme-corp-data-tier   True    6/6         0         10m\n',
        'globex-data-tier-with-a-long-name   True    1/6         0         10m\n',
      ].join(''),
    );
  });

  /** Two namespaces, and what changes in each while they are followed: one node gets ready, one comes, one goes. */
  async function followedEverywhere(line: string): Promise<string> {
    const cluster = aCluster();
    const inTeam = (name: string, over: Parameters<typeof aNode>[1] = {}) => {
      const node = aNode(name, over);
      return { ...node, metadata: { ...(node['metadata'] as JsonObject), namespace: 'team-a' } };
    };
    const gone = inTeam('acme-corp-api-tier');
    cluster.seed(gone);
    const stop = new AbortController();
    let printed = '';
    const watching = run(line, { cluster, stop: stop.signal, onOut: (out) => void (printed = out) });
    await vi.waitFor(() => expect(printed).toContain('team-a'));

    cluster.seed(aNode('acme-corp-api-tier', { ready: 2, desired: 2 }));
    cluster.seed(inTeam('globex', { ready: 1 }));
    await vi.waitFor(() => expect(printed).toContain('globex'));
    const found = cluster.objects('LynqNode').find((object) => textAt(object, 'metadata', 'namespace') === 'team-a');
    const ref = {
      apiVersion: 'operator.lynq.sh/v1',
      kind: 'LynqNode',
      namespace: 'team-a',
      name: 'acme-corp-api-tier',
    };
    const before = printed.length;
    await cluster.delete(ref, textAt(found, 'metadata', 'uid') ?? '');
    await vi.waitFor(() => expect(printed.length).toBeGreaterThan(before));
    stop.abort();
    return (await watching).out;
  }

  it('follows with -w -A every namespace, each line with its own, and tells nodes of one name apart', async () => {
    expect(
      (await followedEverywhere('get nodes -w -A')).split('\n').map((row) => row.split(/ {2,}/).slice(0, 4)),
    ).toEqual([
      ['NAMESPACE', 'NAME', 'READY', 'RESOURCES'],
      ['lynq-system', 'acme-corp-api-tier', 'False', '1/2'],
      ['lynq-system', 'acme-corp-data-tier', 'True', '6/6'],
      ['team-a', 'acme-corp-api-tier', 'True', '6/6'],
      ['lynq-system', 'acme-corp-api-tier', 'True', '2/2'],
      ['team-a', 'globex', 'True', '1/6'],
      ['team-a', 'acme-corp-api-tier', 'True', '6/6'],
      [''],
    ]);
  });

  it('prints with -w -A -o json each object of every namespace as it is', async () => {
    const out = await followedEverywhere('get nodes -w -A -o json');

    const shown = JSON.parse(`[${out.replaceAll(/^}\n{$/gm, '},\n{')}]`) as readonly JsonObject[];
    expect(shown.map(({ metadata }) => `${textAt(metadata, 'namespace')}/${textAt(metadata, 'name')}`)).toEqual([
      'lynq-system/acme-corp-api-tier',
      'lynq-system/acme-corp-data-tier',
      'team-a/acme-corp-api-tier',
      'lynq-system/acme-corp-api-tier',
      'team-a/globex',
      'team-a/acme-corp-api-tier',
    ]);
  });

  it('has the header above the first that a watch of nothing shows', async () => {
    const cluster = createFakeCluster({ now: () => new Date(now.getTime() - 600_000) });
    cluster.addKind({ apiVersion: 'operator.lynq.sh/v1', kind: 'LynqNode' });
    const stop = new AbortController();
    let printed = '';
    const watching = run('get nodes -w', { cluster, stop: stop.signal, onOut: (out) => void (printed = out) });
    await new Promise((resolve) => setTimeout(resolve, 50));
    cluster.seed(aNode('acme-corp-data-tier'));
    await vi.waitFor(() => expect(printed).toContain('acme-corp-data-tier'));
    cluster.seed(aNode('globex'));
    await vi.waitFor(() => expect(printed).toContain('globex'));
    stop.abort();

    expect((await watching).out).toBe(
      [
        'NAME                  READY   RESOURCES   SKIPPED   AGE\n',
        'acme-corp-data-tier   True    6/6         0         10m\n',
        'globex                True    6/6         0         10m\n',
      ].join(''),
    );
  });

  it.each([
    ['"jsonpath={.metadata.name} "', 'acme-corp-api-tier acme-corp-data-tier ', 'globex '],
    ['"jsonpath={.items[*].metadata.name}|"', '||', '|'],
    [
      'name',
      'lynqnode.operator.lynq.sh/acme-corp-api-tier\nlynqnode.operator.lynq.sh/acme-corp-data-tier\n',
      'lynqnode.operator.lynq.sh/globex\n',
    ],
  ])('prints with -w -o %s what is there one by one, as what changes, like kubectl', async (format, first, change) => {
    const cluster = aCluster();
    const stop = new AbortController();
    let printed = '';
    const onOut = (out: string) => void (printed = out);
    const watching = run(`get nodes -w -o ${format}`, { cluster, stop: stop.signal, onOut });
    await vi.waitFor(() => expect(printed).toBe(first));

    cluster.seed(aNode('globex', { uid: 'globex' }));
    await vi.waitFor(() => expect(printed).not.toBe(first));
    stop.abort();

    expect((await watching).out).toBe(first + change);
  });

  it.each(['json', 'yaml'])(
    'prints with -w -o %s one document for each object, and none for nothing',
    async (format) => {
      const cluster = aCluster();
      const stop = new AbortController();
      let [ofGlobex, ofAll] = ['', ''];
      const world = { cluster, stop: stop.signal };
      const line = `get nodes -w -o ${format}`;
      const one = run(`${line} -l lynq.sh/uid=globex`, { ...world, onOut: (out) => void (ofGlobex = out) });
      const all = run(line, { ...world, onOut: (out) => void (ofAll = out) });

      await vi.waitFor(() => expect(cluster.calls.map(({ verb }) => verb)).toEqual(['list', 'list']));
      cluster.seed(aNode('globex', { uid: 'globex' }));
      await vi.waitFor(() => expect([ofGlobex, ofAll].every((text) => text.includes('globex'))).toBe(true));
      stop.abort();

      await Promise.all([one, all]);
      expect(namesIn(format, ofGlobex)).toEqual(['globex']);
      expect(namesIn(format, ofAll)).toEqual(['acme-corp-api-tier', 'acme-corp-data-tier', 'globex']);
      expect(ofGlobex + ofAll).not.toMatch(/^---\n/);
    },
  );

  it.each([
    ['get node acme-corp-api-tier -w', { namespace: 'lynq-system', fieldSelector: 'metadata.name=acme-corp-api-tier' }],
    ['get nodes acme-corp-api-tier acme-corp-data-tier -w', { namespace: 'lynq-system', fieldSelector: undefined }],
  ])('follows nothing but the one that is named, as rights with resourceNames demand: %s', async (line, expected) => {
    const cluster = aCluster();
    const stop = new AbortController();
    const asked: ListOptions[] = [];
    const reflector: Reflector = {
      run: (kind, options, onEvent, signal) => {
        asked.push(options);
        return cluster.reflector.run(kind, options, onEvent, signal);
      },
    };
    let printed = '';
    const onOut = (out: string) => void (printed = out);
    const watching = run(line, { cluster: { ...cluster, reflector }, stop: stop.signal, onOut });
    await vi.waitFor(() => expect(asked).toHaveLength(1));

    cluster.seed(aNode('globex'));
    cluster.seed(aNode('acme-corp-api-tier', { ready: 2, desired: 2 }));
    await vi.waitFor(() => expect(printed).toContain('2/2'));
    stop.abort();

    await watching;
    expect(asked.map(({ namespace, fieldSelector }) => ({ namespace, fieldSelector }))).toEqual([expected]);
    expect(printed).not.toContain('globex');
  });

  it('shows after -w what went while no watch was open, says when the connection is lost, and ends when it may not watch', async () => {
    const cluster = aCluster();
    const [node] = cluster.objects('LynqNode');
    let printed = '';
    let errors = '';
    const onOut = (out: string) => void (printed = out);
    const watching = run('get nodes -w', { cluster, onOut, onErr: (err) => void (errors = err) });
    await vi.waitFor(() => {
      cluster.tellWatches({ kind: 'lost' });
      expect(errors).toBe('connection lost, trying again\n');
    });
    const before = printed;
    const [name, uid] = [textAt(node, 'metadata', 'name') ?? '', textAt(node, 'metadata', 'uid') ?? ''];
    const ref = { apiVersion: 'operator.lynq.sh/v1', kind: 'LynqNode', namespace: 'lynq-system', name };
    await cluster.unwatched(() => cluster.delete(ref, uid));
    cluster.tellWatches({ kind: 'well' });
    cluster.tellWatches({
      kind: 'refused',
      failure: new LynqFailure('ClusterForbidden', 'LynqNode: The account may not read this.'),
    });

    const { out, err, exitCode } = await watching;
    expect(out.slice(before.length)).toMatch(new RegExp(`^${name} .*\\n$`));
    expect(err).toMatch(
      /^connection lost, trying again\nconnected again\nError: LynqNode: The account may not read this.\n/,
    );
    expect(exitCode).toBe(1);
  });

  it('fails for a name that is not there, with what to do', async () => {
    expect(await run('get node nope', { cluster: aCluster() })).toMatchObject({
      out: '',
      err: 'Error: lynqnodes.operator.lynq.sh "nope" not found in namespace "lynq-system"\n  see what is there: lynq get nodes -n lynq-system\n',
      exitCode: 1,
    });
  });

  it('refuses a name together with -A', async () => {
    expect(await run('get nodes x -A', { cluster: aCluster() })).toMatchObject({ exitCode: 2 });
  });

  it('exits 3 when the cluster cannot be reached', async () => {
    const clusterError = new LynqFailure('ClusterUnreachable', 'The API server does not answer.');

    expect(await run('get nodes', { clusterError })).toMatchObject({
      err: expect.stringMatching(/^Error: The API server does not answer\.\n/),
      exitCode: 3,
    });
  });

  it('says where the definitions come from when the cluster does not know the kind', async () => {
    const cluster = createFakeCluster();
    cluster.removeKind({ apiVersion: 'operator.lynq.sh/v1', kind: 'LynqNode' });

    const { err, exitCode } = await run('get nodes', { cluster });

    expect(err).toContain('kubectl apply -f deploy/crds/');
    expect(exitCode).toBe(1);
  });

  it.each(['get nodes', 'get hubs', 'get hubs -w'])(
    'says of a selector that is none how one is written: lynq %s',
    async (line) => {
      const cluster = aCluster();
      cluster.intercept(({ verb }) =>
        verb === 'list'
          ? { failure: new LynqFailure('ClusterInvalid', 'The API server refuses the request.', { code: 400 }) }
          : undefined,
      );
      const { out, err, exitCode } = await run(`${line} -l "a b"`, { cluster });
      expect({ out, exitCode }).toEqual({ out: '', exitCode: 2 });
      expect(err).toMatch(/^Error: "a b" is no label selector\n {2}write KEY=VALUE, /);
    },
  );
});
