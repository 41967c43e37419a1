import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { bin, type CliWorld, openCliWorld, podSpec, printed, serviceSpec } from '../support/e2e/cli-world.ts';
import { childPath, type KubeObject } from '../support/e2e/cluster.ts';
import { eventually, notYet, there } from '../support/e2e/eventually.ts';
import { configMap, shows } from '../support/e2e/forms.ts';
import { run } from '../support/e2e/programs.ts';

/** A machine has this label only when a test gives it: pods that ask for it wait until then. */
const machineLabel = 'lynq.test/cli-explain';

/** `lynq explain`, `watch` and `history` on nodes that wait for something, with the real scheduler, Events and Temporal behind them. */
describe('e2e/cli-explain', () => {
  let world: CliWorld;
  const pods = (): string => `/api/v1/namespaces/${world.namespace}/pods`;
  const podOf = (app: string): Promise<KubeObject> =>
    eventually(`a pod of ${app} that the scheduler has looked at`, async () => {
      const [pod] = await world.cluster.list(`${pods()}?labelSelector=app%3D${app}`);
      return pod?.status?.conditions === undefined ? notYet(pod?.status ?? 'none') : there(pod);
    });

  beforeAll(async () => {
    world = await openCliWorld(inject('stack'), 'cli-explain', ['acme', 'beta']);
    const spec = podSpec('slow', 1, { nodeSelector: { [machineLabel]: 'yes' } });
    await world.putForm('slow', {
      deployments: [{ id: 'web', nameTemplate: '{{ .uid }}-slow', timeoutSeconds: 600, spec }],
      services: [{ id: 'web-svc', nameTemplate: '{{ .uid }}-slow', dependIds: ['web'], spec: serviceSpec('slow') }],
    });
    for (const uid of ['acme', 'beta']) {
      await world.nodeShows(`${uid}-slow`, 'the Service waits', shows('web-svc', 'Waiting/DependencyNotReady'));
      await world.nodeShows(
        `${uid}-slow`,
        'the Deployment is on its way',
        shows('web', 'Progressing/ReplicasUnavailable'),
      );
      await podOf(`${uid}-slow`);
    }
  }, 240_000);
  afterAll(() => world?.close());

  test('explain names the entry that holds a node up, its condition, its pod, the last warning, and what comes next', async () => {
    const text = await eventually('the scheduler has said why', async () => {
      const shown = await world.said('explain', 'acme-slow');
      return shown.includes('FailedScheduling') ? there(shown) : notYet(shown);
    });
    const place = world.namespace;
    expect(text).toMatch(
      new RegExp(
        `^LynqNode ${place}/acme-slow is NotReady for \\S+ \\(since \\S+Z\\): 0/2 resources ready\n +NotAllRes`,
      ),
    );
    expect(text).toMatch(new RegExp(`^web {3}Deployment ${place}/acme-slow$`, 'm'));
    expect(text).toMatch(/^ {2}state: +Progressing for /m);
    expect(text).toMatch(/^ {2}condition: +Available=False for \S+: MinimumReplicasUnavailable/m);
    expect(text).toMatch(/^ {2}pod: +acme-slow-\S+ Pending: Unschedulable: 0\/3 nodes are available/m);
    expect(text).toMatch(/^ {2}event: +.*FailedScheduling \(Pod acme-slow-/m);
    const next =
      /^ {2}next: +looked at again as soon as it changes, at the latest every 600 s .*; fails at \S+Z \(in \S+, timeoutSeconds 600\); web-svc would then/m;
    expect(text).toMatch(next);
    expect(text).toMatch(/^Behind these:\n {2}web-svc +Service acme-slow +waits for /m);
    expect(text).toMatch(/^Run: +\w+, pass \d+ \(\w+\)$/m);
    expect(text.trimEnd().split('\n').length, 'one screen').toBeLessThanOrEqual(24);
  });

  test('an entry by its id: what it depends on, and in which state that is', async () => {
    const text = await world.said('explain', 'acme-slow', 'web-svc');
    expect(text).toMatch(/^ {2}state: +Waiting for /m);
    expect(text).toMatch(/^ {2}needs: +web \(Progressing\)$/m);
    expect(text).toMatch(
      /^ {2}next: +written as soon as what it waits for is ready, which is looked at again as soon as it changes, /m,
    );
    expect(await world.lynq(['explain', 'acme-slow', 'nothing'])).toMatchObject({ code: 1, stdout: '' });
  });

  test('an image that cannot be pulled is named as the kubelet names it', async () => {
    const { metadata } = await podOf('beta-slow');
    // The machines of the stack pull nothing: this is what a kubelet writes.
    const waiting = { reason: 'ImagePullBackOff', message: 'Back-off pulling image "registry.example.com/web:1"' };
    const image = { image: 'registry.example.com/web:1', imageID: '' };
    const containerStatuses = [{ name: 'web', ...image, ready: false, restartCount: 0, state: { waiting } }];
    await world.cluster.merge(`${pods()}/${metadata.name}/status`, { status: { containerStatuses } });
    const now = new Date().toISOString();
    await world.cluster.create(`/api/v1/namespaces/${world.namespace}/events`, {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: 'beta-slow.pull', namespace: world.namespace },
      involvedObject: { kind: 'Pod', name: metadata.name, namespace: world.namespace, uid: metadata.uid },
      type: 'Warning',
      reason: 'Failed',
      message: 'Failed to pull image "registry.example.com/web:1": not found',
      firstTimestamp: now,
      lastTimestamp: now,
      count: 5,
      source: { component: 'kubelet' },
    });

    const text = await world.said('explain', 'beta-slow');
    expect(text).toMatch(/^ {2}pod: +beta-slow-\S+ Pending: container web ImagePullBackOff: Back-off pulling image/m);
    expect(text).toMatch(
      /^ {2}event: +\S+ \(x5 over \S+\) Failed \(Pod beta-slow-\S+\): Failed to pull image .* found$/m,
    );
  });

  test('an object of somebody else is a conflict with a way out, and watch ends with 1 where nothing moves', async () => {
    const metadata = { name: 'acme-taken' };
    const foreign = { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { whose: 'not ours' } };
    await world.cluster.create(childPath('ConfigMap', world.namespace), foreign);
    await world.putForm('claimed', { configMaps: [configMap('taken')] });
    await world.nodeShows('acme-claimed', 'the conflict', (node) =>
      JSON.stringify(node.status?.resources ?? []).includes('"Conflicted"') ? true : undefined,
    );
    const text = await world.said('explain', 'acme-claimed');
    expect(text).toMatch(/^taken {3}ConfigMap (\S+\/)?acme-taken$/m);
    expect(text).toMatch(/^ {2}state: +Conflicted for /m);
    expect(text).toMatch(/^ {2}why: +\w+: \S/m);
    expect(text).toMatch(/^ {2}next: +looked at again every 30 s; its holder has to let go/m);
    const ended = await world.lynq(['watch', 'acme-claimed']);
    expect(ended).toMatchObject({ code: 1 });
    expect(ended.stdout).toMatch(/ {2}taken \(ConfigMap acme-taken\) {2}Conflicted/);
  });

  describe('on a terminal', () => {
    /** Everything that is printed when `lynq` has a terminal. */
    const drawn = async (line: string, env: Readonly<Record<string, string>> = {}, code = 0): Promise<string> => {
      const command = `${process.execPath} ${bin('lynq')} -n ${world.namespace} ${line}`;
      const ended = await run('script', ['-qec', command, '/dev/null'], { ...world.env, TERM: 'xterm', ...env });
      expect(ended).toMatchObject({ code });
      return ended.stdout;
    };
    const green = '\u001B[32mReady\u001B[0m';

    test('watch draws a table instead of lines', async () => {
      const text = await drawn('watch acme-shop', { NO_COLOR: '1' });
      expect(text).toMatch(/node\/acme-shop Ready: 4\/4 ready/);
      expect(text).toMatch(/ID +KIND +NAME +STATE +SINCE +REASON/);
      expect(text).not.toMatch(/^\d\d:\d\d:\d\d /m);
    });

    test('states have colours, but not with NO_COLOR and not in a pipe', async () => {
      expect(await drawn('tree acme')).toContain(green);
      expect(await drawn('tree acme', { NO_COLOR: '1' })).not.toContain('\u001B[');
      expect(await world.said('tree', 'acme')).not.toContain('\u001B[');
    });

    test('waiting turns a spinner, and in a pipe says lines', async () => {
      const long = ['resync', 'acme-slow', '--wait', '--wait-timeout', '1s'];
      expect(await drawn(long.join(' '), {}, 4)).toMatch(/[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏] acme-slow 0\/2 resources ready/);
      const piped = await world.lynq(long);
      expect(piped).toMatchObject({ code: 4 });
      expect(piped.stderr).toMatch(/^acme-slow 0\/2 resources ready$/m);
      expect(piped.stderr).not.toContain('\u001B');
    });
  });

  test('watch follows a node live and ends with 0 when it is Ready', async () => {
    const watching = world.following('watch', 'acme-slow');
    await printed(watching, 'web (Deployment acme-slow)  Progressing');
    const labelled = (value: string | null) =>
      world.cluster.merge('/api/v1/nodes/machine-1', { metadata: { labels: { [machineLabel]: value } } });
    await labelled('yes');
    expect(await watching.ended).toBe(0);
    const text = watching.output();
    expect(text).toMatch(/ {2}web \(Deployment acme-slow\) {2}Progressing → Ready$/m);
    expect(text).toMatch(/ {2}web-svc \(Service acme-slow\) {2}\w+ → Ready$/m);
    expect(text.trimEnd().split('\n').at(-1)).toMatch(/ {2}node\/acme-slow {2}NotReady → Ready: 2\/2 ready$/);
    await labelled(null);
  });

  test('a node that is Ready is said to be, and needs nothing', async () => {
    const text = await world.said('explain', 'acme-shop');
    expect(text).toMatch(/^LynqNode \S+\/acme-shop is Ready for \S+ \(since \S+Z\): 4\/4 resources ready$/m);
    expect(text).not.toContain('why:');
  });

  test('history lists causes and changes, with addresses of runs that Temporal knows', async () => {
    await world.said('resync', 'acme-slow', '--wait');
    const text = await world.said('history', 'acme-slow');
    expect(text).toMatch(new RegExp(`^Workflow: +node/${world.namespace}/acme-slow$`, 'm'));
    expect(text).toMatch(/^\S+Z +\S+ +start.*\bweb /m);
    expect(text).toMatch(/^\S+Z +\S+ +\S*resync.* settled 2\/2/m);
    const address = /http:\/\/ui\.example\.com\/namespaces\/default\/workflows\/([^/\s]+)\/([^/\s]+)\/history/;
    const [, workflow = '', runId = ''] = address.exec(text) ?? [];
    const handle = world.engine.client.workflow.getHandle(decodeURIComponent(workflow), runId);
    expect((await handle.describe()).status.name).toBe('RUNNING');
    const last = await world.said('history', 'acme-slow', '--max', '1');
    const passes = (shown: string): number => (shown.split('\nRuns in')[0]?.match(/^\d{4}-\S+Z/gm) ?? []).length;
    expect(passes(text)).toBeGreaterThan(1);
    expect(passes(last)).toBe(1);
  });
});
