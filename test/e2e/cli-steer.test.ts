import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { type CliWorld, note, openCliWorld, podSpec, settings } from '../support/e2e/cli-world.ts';
import { childPath, lynqPath } from '../support/e2e/cluster.ts';
import { eventually, notYet, there } from '../support/e2e/eventually.ts';
import { configMap, shows } from '../support/e2e/forms.ts';

/** Commands by which a person has something done by hand, and what of it can be seen afterwards; until nothing is left. */
describe('e2e/cli-steer', () => {
  let world: CliWorld;
  const replicasOf = async (uid: string): Promise<number | undefined> =>
    (await world.cluster.find(childPath('Deployment', world.namespace, `${uid}-web`)))?.spec.replicas;
  const shopsOf = (...uids: readonly string[]): readonly string[] => uids.map((uid) => `${uid}-shop`);

  beforeAll(async () => {
    world = await openCliWorld(inject('stack'), 'cli-steer', ['acme', 'beta', 'gamma']);
  }, 240_000);
  afterAll(() => world?.close());

  test('scale --set holds until --clear, and --wait comes back when it is done', async () => {
    const scale = (...flags: readonly string[]) => world.said('scale', 'acme', 'shop', ...flags, '--wait');
    expect(await scale('--set', 'size=3')).toContain('scaled, overridden: size');
    expect(await replicasOf('acme')).toBe(3);
    expect(await world.said('describe', 'node', 'acme-shop')).toMatch(/^ {2}Overridden +True/m);
    expect(await scale('--clear')).toContain('scaled by its row, nothing overridden');
    expect(await replicasOf('acme')).toBe(1);
    expect(await world.lynq(['scale', 'acme', 'shop'])).toMatchObject({ code: 2, stdout: '' });
    expect(await world.lynq(['scale', 'nobody', 'shop', '--set', 'size=3'])).toMatchObject({ code: 1, stdout: '' });
  });

  test('resync --all-failed tries again what failed, and only that', async () => {
    const metadata = { name: 'acme-taken' };
    await world.cluster.create(childPath('ConfigMap', world.namespace), {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata,
    });
    await world.putForm('claimed', { configMaps: [configMap('taken')] });
    await world.ready(['beta-claimed', 'gamma-claimed']);
    await world.nodeShows('acme-claimed', 'the conflict', (node) =>
      JSON.stringify(node.status?.resources ?? []).includes('"Conflicted"') ? true : undefined,
    );
    await world.cluster.remove(childPath('ConfigMap', world.namespace, 'acme-taken'));
    const said = await world.said('resync', '--all-failed', '--wait');
    expect(said).toBe('lynqnode.operator.lynq.sh/acme-claimed resync requested\n');
    expect(await world.said('get', 'node', 'acme-claimed', '--no-headers')).toMatch(/^acme-claimed +True +1\/1/);
    expect(await world.said('resync', '--all-failed')).toBe('no node has failed\n');
  });

  test('resync of a hub writes no object that is right; with --force every one', async () => {
    const written = async (...flags: readonly string[]): Promise<ReadonlySet<string>> => {
      const place = world.audit.now();
      await world.said('resync', 'hub/things', '--wait', ...flags);
      const kinds = ['configmaps', 'deployments', 'services'];
      const ours = world.audit.ofWorker(place).filter(({ objectRef }) => kinds.includes(objectRef?.resource ?? ''));
      return new Set(ours.map(({ objectRef }) => `${objectRef?.resource}/${objectRef?.name}`));
    };
    expect(await written()).toEqual(new Set());
    const all = ['acme', 'beta', 'gamma'].flatMap((uid) => [
      ...['settings', 'note', 'taken'].map((id) => `configmaps/${uid}-${id}`),
      `deployments/${uid}-web`,
      `services/${uid}-web`,
    ]);
    expect(await written('--force')).toEqual(new Set(all));
  });

  test('resync of a hub with --wait comes back when what was in its table before has come about', async () => {
    await world.database.sql("UPDATE things SET size = 2 WHERE id = 'acme'");
    await world.addRow('delta');
    await world.said('resync', 'hub/things', '--wait');
    expect([await replicasOf('acme'), await replicasOf('delta')]).toEqual([2, 1]);
    expect(await world.said('get', 'node', 'delta-shop', '--no-headers')).toMatch(/^delta-shop +True +4\/4/);

    await world.database.sql("UPDATE things SET size = 1 WHERE id = 'acme'");
    await world.dropRow('delta');
    await world.said('resync', 'hub/things', '--wait');
    expect(await replicasOf('acme')).toBe(1);
    expect([await world.node('delta-shop'), await replicasOf('delta')]).toEqual([undefined, undefined]);
    expect(await world.said('retained', 'things', '--uid', 'delta', '--delete', '--yes')).toContain(
      'delta-note deleted',
    );

    await world.said('pause', 'hub/things');
    const ended = await world.lynq(['resync', 'hub/things', '--wait']);
    expect(ended).toMatchObject({ code: 1 });
    expect(ended.stderr).toContain('was not synced: it is paused');
    await world.said('resume', 'hub/things');
  }, 120_000);

  test('what an entry left behind is listed, deleted, or taken back with the same UID when the form names it again', async () => {
    const path = childPath('ConfigMap', world.namespace, 'acme-note');
    const before = (await world.cluster.get(path)).metadata.uid;
    await world.putForm('shop', { configMaps: [settings] });
    for (const uid of ['acme', 'beta', 'gamma']) {
      await eventually(`the note of ${uid} is retained`, async () => {
        const text = (await world.lynq(['retained', 'things'])).stdout;
        const line = new RegExp(`^${uid} +shop +ConfigMap +${world.namespace} +${uid}-note`, 'm');
        return line.test(text) ? there(true) : notYet(text);
      });
    }
    expect(await world.said('retained', 'things', '--uid', 'beta')).not.toContain('acme-note');
    const deleted = await world.said('retained', 'things', '--uid', 'gamma', '--delete', '--yes');
    expect(deleted).toBe(`ConfigMap ${world.namespace}/gamma-note deleted\n`);

    const adopted = await world.said('retained', 'things', '--uid', 'acme', '--adopt');
    expect(adopted).toBe('lynqnode.operator.lynq.sh/acme-shop takes back what its form still names\n');
    await world.putForm('shop', { configMaps: [settings, note] });
    await eventually('nothing is retained', async () => {
      // What other tests have of the Go operator's is listed as unknown.
      const { stdout, stderr } = await world.lynq(['retained', 'things']);
      const isListed = /^(?:acme|beta|gamma) /m.test(stdout);
      return !isListed && stderr.includes('nothing is retained of things') ? there(true) : notYet(stdout);
    });
    await world.ready(shopsOf('acme', 'beta', 'gamma'));
    const after = await world.cluster.get(path);
    expect(after.metadata.uid).toBe(before);
    expect(after.metadata.labels?.['lynq.sh/orphaned']).toBeUndefined();
  });

  test('a wait whose time is over ends with 4', async () => {
    const spec = podSpec('far', 1, { nodeSelector: { 'lynq.test/nowhere': 'yes' } });
    await world.putForm('far', { deployments: [{ id: 'web', nameTemplate: '{{ .uid }}-far', spec }] });
    await world.nodeShows('acme-far', 'it waits for a machine', shows('web', 'Progressing/ReplicasUnavailable'));
    const ended = await world.lynq(['resync', 'acme-far', '--wait', '--wait-timeout', '1s']);
    expect(ended).toMatchObject({ code: 4 });
    expect(ended.stderr).toContain('waited 1s for the node to be Ready');
    expect(await world.said('delete', 'form', 'far', '--yes', '--wait')).toMatch(/"far" deleted$/m);
    const far = ['acme-far', 'beta-far', 'gamma-far'];
    expect(await Promise.all(far.map((name) => world.node(name)))).toEqual([undefined, undefined, undefined]);
  }, 240_000);

  describe('status', () => {
    const status = async (): Promise<string> => (await world.lynq(['status', 'things'])).stdout;

    test('counts rows and nodes, and says when the next sync is', async () => {
      const text = await eventually('all nodes are counted', async () => {
        const shown = await status();
        return /^Nodes: +6\/6 ready, 0 failed$/m.test(shown) ? there(shown) : notYet(shown);
      });
      expect(text).toMatch(/^State: +Ready \(DatabaseConnected\)$/m);
      expect(text).toMatch(/^Last sync: +\S+ ago, took \S+$/m);
      expect(text).toMatch(/^Next sync: +(in \S+ \(every 2s\)|running now)$/m);
      expect(text).toMatch(/^Rows: +3 seen: 3 active$/m);
      expect(text).toMatch(/^ {2}shop +3\/3 +True/m);
    });

    test('names the row that is frozen and the rows that are held, with the way out', async () => {
      const hub = lynqPath(world.namespace, 'lynqhubs', 'things');
      await world.cluster.merge(hub, { spec: { deletionGuard: { maxRows: 1, maxPercent: 1 } } });
      await world.addRow('Umbrella Corp');
      const frozen = await eventually('the row is frozen', async () => {
        const shown = await status();
        return shown.includes('Umbrella Corp') ? there(shown) : notYet(shown);
      });
      expect(frozen).toMatch(/^Frozen rows:\n {2}UID +REASON +MESSAGE\n {2}Umbrella Corp +InvalidUid +\S/m);
      await world.database.sql("DELETE FROM things WHERE id IN ('beta', 'gamma')");
      const held = await eventually('two rows are held', async () => {
        const shown = await status();
        return shown.includes('\nHeld (') && shown.includes('2 held') ? there(shown) : notYet(shown);
      });
      const [, hash = ''] = /let them go: lynq approve-deletions things -n \S+ --plan (\w+)$/m.exec(held) ?? [];
      await world.said('approve-deletions', 'things', '--plan', hash, '--yes', '--wait');
      await world.gone([...shopsOf('beta', 'gamma'), 'beta-claimed', 'gamma-claimed']);
      await eventually('nothing is held', async () => {
        const shown = await status();
        return shown.includes('\nHeld (') ? notYet(shown) : there(true);
      });
    });
  });

  test('uninstall asks, then takes objects, nodes, forms and hubs away, but for what is retained', async () => {
    const refused = await world.lynq(['uninstall']);
    expect(refused).toMatchObject({ code: 1, stdout: '' });
    expect(refused.stderr).toContain('confirm with --yes');
    expect(await world.said('uninstall', '--yes')).toMatch(/^1 hub, 2 forms, 2 nodes removed$/m);
    for (const plural of ['lynqhubs', 'lynqforms', 'lynqnodes'] as const) {
      expect(await world.cluster.list(lynqPath(world.namespace, plural)), plural).toEqual([]);
    }
    expect(await world.cluster.find(childPath('Deployment', world.namespace, 'acme-web'))).toBeUndefined();
    const kept = await world.cluster.get(childPath('ConfigMap', world.namespace, 'acme-note'));
    expect(kept.metadata.labels?.['lynq.sh/orphaned']).toBe('true');
    expect(await world.said('retained', 'things')).toMatch(/^acme +shop +ConfigMap +\S+ +acme-note/m);
  }, 240_000);
});
