import { describe, expect, it, vi } from 'vitest';
import { LynqFailure } from '../../../../domain/failures.ts';
import { createFakeCluster } from '../../../support/fake-cluster.ts';
import { seenOn } from '../../../support/cli/terminal.ts';
import { aNode, run } from '../run.ts';

function moving(ready: number) {
  const node = aNode('acme-corp-api-tier', { ready, desired: 2, status: 'False', reason: 'NotAllResourcesReady' });
  const status = node['status'] as Record<string, unknown>;
  return {
    ...node,
    status: {
      ...status,
      conditions: [
        ...(status['conditions'] as unknown[]),
        { type: 'Progressing', status: 'True', reason: 'Reconciling' },
      ],
      resources: [
        {
          id: 'api',
          kind: 'Deployment',
          name: 'acme-api',
          state: ready > 0 ? 'Ready' : 'Progressing',
          since: '2026-11-22T11:59:00Z',
        },
        {
          id: 'svc',
          kind: 'Service',
          name: 'acme-api',
          state: 'Waiting',
          reason: 'DependencyNotReady',
          message: "waits for 'api'",
          since: '2026-11-22T11:59:00Z',
        },
      ],
    },
  } as ReturnType<typeof aNode>;
}

/** A node with this many entries, the first of them ready. */
function withEntries(count: number, ready: number): ReturnType<typeof aNode> {
  const node = moving(0);
  const resources = Array.from({ length: count }, (_, index) => ({
    id: `r${index}`,
    kind: 'ConfigMap',
    name: `acme-${index}`,
    state: index < ready ? 'Ready' : 'Progressing',
    since: '2026-11-22T11:30:00Z',
  }));
  const metadata = { ...(node['metadata'] as Record<string, unknown>), name: 'acme' };
  return { ...node, metadata, status: { ...(node['status'] as Record<string, unknown>), resources } } as typeof node;
}

describe('client/commands/node-watch', () => {
  it('prints a line for each change where there is no terminal, and ends when the node is Ready', async () => {
    const cluster = createFakeCluster();
    cluster.seed(moving(0));
    let printed = '';
    const watching = run('watch acme-corp-api-tier', { cluster, onOut: (out) => void (printed = out) });
    await vi.waitFor(() => expect(printed).toContain('node/acme-corp-api-tier'));

    cluster.seed(moving(1));
    await vi.waitFor(() => expect(printed).toContain('→ Ready'));
    cluster.seed(aNode('acme-corp-api-tier', { ready: 2, desired: 2 }));

    const { out, exitCode } = await watching;
    expect(out).toBe(
      [
        '12:00:00  api (Deployment acme-api)  Progressing\n',
        "12:00:00  svc (Service acme-api)  Waiting: DependencyNotReady: waits for 'api'\n",
        '12:00:00  node/acme-corp-api-tier  NotReady: 0/2 ready, NotAllResourcesReady\n',
        '12:00:00  api (Deployment acme-api)  Progressing → Ready\n',
        '12:00:00  node/acme-corp-api-tier  NotReady → NotReady: 1/2 ready, NotAllResourcesReady\n',
        '12:00:00  node/acme-corp-api-tier  NotReady → Ready: 2/2 ready\n',
      ].join(''),
    );
    expect(exitCode).toBe(0);
  });

  it('ends with code 1 when nothing moves any more and the node is not Ready', async () => {
    const cluster = createFakeCluster();
    const failed = aNode('acme', { status: 'False', reason: 'ResourcesFailed' });
    const status = failed['status'] as Record<string, unknown>;
    const conditions = [...(status['conditions'] as unknown[]), { type: 'Progressing', status: 'False' }];
    cluster.seed({ ...failed, status: { ...status, conditions } } as typeof failed);

    expect(await run('watch acme', { cluster })).toMatchObject({
      out: '12:00:00  node/acme  NotReady: 6/6 ready, ResourcesFailed\n',
      exitCode: 1,
    });
  });

  it('draws a table over itself on a terminal, cut to its width', async () => {
    const cluster = createFakeCluster();
    cluster.seed(moving(0));
    let printed = '';
    const watching = run('watch acme-corp-api-tier', {
      cluster,
      terminalColumns: 60,
      onOut: (out) => void (printed = out),
    });
    await vi.waitFor(() => expect(printed).toContain('svc'));
    cluster.seed(aNode('acme-corp-api-tier', { ready: 2, desired: 2 }));

    const { out, exitCode } = await watching;
    expect(out).toContain('⠋ node/acme-corp-api-tier NotReady: 0/2 ready');
    const [moved = ''] = out.split('\u001B[4A\u001B[J');
    expect(Math.max(...seenOn(24, moved).screen.map((line) => Array.from(line).length))).toBe(59);
    expect(seenOn(24, out).screen).toEqual([
      'node/acme-corp-api-tier Ready: 2/2 ready',
      expect.stringMatching(/^ID/),
      '',
    ]);
    expect(exitCode).toBe(0);
  });

  it('draws on a terminal that is too low for the table no more than fits, the entries that are not ready first, and says how many are left out', async () => {
    const cluster = createFakeCluster();
    cluster.seed(withEntries(30, 28));
    let printed = '';
    const onOut = (out: string) => void (printed = out);
    const stop = new AbortController();
    const size = { terminalColumns: 80, terminalRows: 10 };
    const watching = run('watch acme', { cluster, ...size, stop: stop.signal, timePasses: true, onOut });
    await vi.waitFor(() => expect(printed.match(/[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏]/g)?.length).toBeGreaterThan(3), { timeout: 5_000 });
    cluster.tellWatches({ kind: 'lost' });
    stop.abort();
    await watching;

    const { screen, scrolledOff } = seenOn(10, printed);
    expect(scrolledOff).toEqual([]);
    expect(screen.map((line) => line.replace(/ +(\S+).*/, ' $1').replace(/^[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏]/, '*'))).toEqual([
      '* node/acme',
      'connection lost,',
      'ID KIND',
      'r28 ConfigMap',
      'r29 ConfigMap',
      'r0 ConfigMap',
      'r1 ConfigMap',
      'r2 ConfigMap',
      'and 25',
      '',
    ]);
  });

  it('leaves the entries in the order of the form where all of them fit', async () => {
    const cluster = createFakeCluster();
    cluster.seed(withEntries(7, 5));
    let printed = '';
    const stop = new AbortController();
    const size = { terminalColumns: 80, terminalRows: 10 };
    const onOut = (out: string) => void (printed = out);
    const watching = run('watch acme', { cluster, ...size, stop: stop.signal, onOut });
    await vi.waitFor(() => expect(printed).toContain('r6'));
    stop.abort();
    await watching;

    const { screen } = seenOn(10, printed);
    expect(screen.flatMap((line) => /^r\d/.exec(line) ?? [])).toEqual(['r0', 'r1', 'r2', 'r3', 'r4', 'r5', 'r6']);
    expect(screen.join()).not.toContain('more');
  });

  it('writes the table once, and again no more than the spinner that turns', async () => {
    const cluster = createFakeCluster();
    cluster.seed(withEntries(30, 28));
    let printed = '';
    const stop = new AbortController();
    const world = { cluster, terminalColumns: 80, terminalRows: 50, stop: stop.signal };
    const watching = run('watch acme', { ...world, onOut: (out) => void (printed = out) });
    await vi.waitFor(() => expect(printed).toContain('⠹'), { timeout: 5_000 });
    stop.abort();
    await watching;

    expect(printed.match(/ConfigMap/g)).toHaveLength(30);
    expect(seenOn(50, printed).screen.filter((line) => line.includes('node/acme'))).toHaveLength(1);
  });

  it('ends when the node went while no watch was open', async () => {
    const cluster = createFakeCluster();
    const node = cluster.seed(moving(0));
    let printed = '';
    const watching = run('watch acme-corp-api-tier', { cluster, onOut: (out) => void (printed = out) });
    await vi.waitFor(() => expect(printed).toContain('node/acme-corp-api-tier'));
    const ref = {
      apiVersion: 'operator.lynq.sh/v1',
      kind: 'LynqNode',
      namespace: 'lynq-system',
      name: 'acme-corp-api-tier',
    };
    await vi.waitFor(async () => {
      await cluster.unwatched(() => cluster.delete(ref, (node['metadata'] as { uid: string }).uid));
      expect(printed).toContain('gone');
    });

    const { out, exitCode } = await watching;
    expect(out).toMatch(/12:00:00 {2}node\/acme-corp-api-tier {2}NotReady → gone\n$/);
    expect(exitCode).toBe(0);
  });

  it('says that the connection is lost and that it is back, once each', async () => {
    const cluster = createFakeCluster();
    cluster.seed(moving(0));
    let errors = '';
    const watching = run('watch acme-corp-api-tier', { cluster, onErr: (err) => void (errors = err) });

    await vi.waitFor(() => {
      for (const kind of ['lost', 'lost', 'well', 'well'] as const) cluster.tellWatches({ kind });
      expect(errors).not.toBe('');
    });
    cluster.seed(aNode('acme-corp-api-tier', { ready: 2, desired: 2 }));

    expect((await watching).err).toBe('connection lost, trying again\nconnected again\n');
  });

  it('says so in the table on a terminal, where stderr would be written over', async () => {
    const cluster = createFakeCluster();
    cluster.seed(moving(0));
    let printed = '';
    const onOut = (out: string) => void (printed = out);
    const watching = run('watch acme-corp-api-tier', { cluster, terminalColumns: 80, onOut });

    await vi.waitFor(() => {
      cluster.tellWatches({ kind: 'lost' });
      expect(printed).toContain('connection lost, trying again\n');
    });
    cluster.tellWatches({ kind: 'well' });
    cluster.seed(aNode('acme-corp-api-tier', { ready: 2, desired: 2 }));

    const { out, err } = await watching;
    expect(seenOn(24, out).screen.join()).not.toContain('connection');
    expect(err).toBe('');
  });

  it('ends with the error when the account may not watch', async () => {
    const cluster = createFakeCluster();
    cluster.seed(moving(0));
    const failure = new LynqFailure('ClusterForbidden', 'LynqNode: The account may not watch this.');
    let ended = false;
    const watching = run('watch acme-corp-api-tier', { cluster }).finally(() => (ended = true));

    await vi.waitFor(() => {
      cluster.tellWatches({ kind: 'refused', failure });
      expect(ended).toBe(true);
    });

    const { err, exitCode } = await watching;
    expect(err).toContain('Error: LynqNode: The account may not watch this.\n');
    expect(exitCode).toBe(1);
  });

  it('fails for a node that is not there', async () => {
    expect(await run('watch nope', { cluster: createFakeCluster() })).toMatchObject({ exitCode: 1 });
  });
});
