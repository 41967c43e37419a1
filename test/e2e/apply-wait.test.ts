import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { childPath, lynqPath } from '../support/e2e/cluster.ts';
import { podSpec } from '../support/e2e/cli-world.ts';
import { configMap, mapOf } from '../support/e2e/forms.ts';
import { hubObject } from '../support/e2e/manifests.ts';
import type { Ended } from '../support/e2e/programs.ts';
import { isReady, openWorld, type World } from '../support/e2e/world.ts';

/** `lynq apply --wait`: when it ends, it is as it says. The hub is read on changes and on request only. */
describe('e2e/apply-wait', () => {
  const uids = ['acme', 'beta', 'core'] as const;
  let world: World;
  let folder: string;

  const hub = (change: { readonly port?: number } = {}, name = 'things'): string => {
    const database = { ...world.database, ...change };
    const where = { name, namespace: world.namespace, table: 'things', syncInterval: '0s' };
    return JSON.stringify(hubObject({ ...where, database, extra: { size: 'size' } }));
  };
  const form = (name: string, spec: Readonly<Record<string, unknown>>): string =>
    JSON.stringify({
      apiVersion: 'operator.lynq.sh/v1',
      kind: 'LynqForm',
      metadata: { name, namespace: world.namespace },
      spec: { hubId: 'things', ...spec },
    });
  const shop = (version: string): string =>
    form('shop', {
      configMaps: [configMap('settings', {}, { version, size: '{{ .size }}' })],
      deployments: [
        {
          id: 'web',
          nameTemplate: '{{ .uid }}-web',
          dependIds: ['settings'],
          spec: podSpec('web', '{{ .size | int }}'),
        },
      ],
    });
  const paced = (version: string): string =>
    form('paced', { rollout: { maxSkew: 1 }, configMaps: [configMap('paced', {}, { version })] });
  const applyAndWait = (texts: readonly string[], ...flags: readonly string[]): Promise<Ended> =>
    world.lynq(['apply', '-f', '-', '--wait', ...flags], texts.join('\n---\n'));
  const versionsOf = async (id: string): Promise<readonly unknown[]> =>
    Promise.all(uids.map(async (uid) => (await mapOf(world, `${uid}-${id}`))?.['data']?.version));

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'lynqflow-apply-wait-'));
    const schema = 'CREATE TABLE things (id VARCHAR(100), active BOOLEAN DEFAULT TRUE, size INT DEFAULT 1);';
    world = await openWorld(inject('stack'), { name: 'apply-wait', schema });
    for (const uid of uids) await world.database.sql('INSERT INTO things (id) VALUES (?)', [uid]);
  }, 240_000);
  afterAll(async () => {
    await world?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test('a new hub with its forms: all nodes are Ready when it ends', async () => {
    const ended = await applyAndWait([hub(), shop('v1'), paced('v1')]);

    expect(ended, ended.stderr).toMatchObject({ code: 0 });
    expect(ended.stdout).toBe(
      [
        'lynqhub.operator.lynq.sh/things created\n',
        'lynqform.operator.lynq.sh/shop created\n',
        'lynqform.operator.lynq.sh/paced created\n',
        'lynqhub.operator.lynq.sh/things synced\n',
        'lynqform.operator.lynq.sh/paced 3 nodes Ready\n',
        'lynqform.operator.lynq.sh/shop 3 nodes Ready\n',
      ].join(''),
    );
    expect((await world.nodes()).map(isReady)).toEqual(Array.from({ length: 6 }, () => true));
  }, 120_000);

  test('a change has reached every node and object, at once or in a rollout, and so has what was in the table', async () => {
    await world.database.sql("UPDATE things SET size = 2 WHERE id = 'acme'");
    const path = join(folder, 'paced.json');
    writeFileSync(path, paced('v2'));
    await world.lynq(['plan', '-f', path, '--out', join(folder, 'paced.plan')]);

    const changed = await applyAndWait([shop('v2')]);
    expect(changed, changed.stderr).toMatchObject({ code: 0 });
    expect(changed.stdout).toMatch(/shop configured\n.*things synced\n.*shop 3 nodes Ready\n$/);
    expect(await versionsOf('settings')).toEqual(['v2', 'v2', 'v2']);
    expect((await world.cluster.get(childPath('Deployment', world.namespace, 'acme-web'))).spec.replicas).toBe(2);
    expect(await versionsOf('paced')).toEqual(['v1', 'v1', 'v1']);

    await world.lynq(['plan', '-f', path, '--out', join(folder, 'paced.plan')]);
    const planned = await world.lynq(['apply', '--plan', join(folder, 'paced.plan'), '--wait']);
    expect(planned, planned.stderr).toMatchObject({ code: 0 });
    expect(planned.stdout).toMatch(/paced configured \(as planned\)\n.*things synced\n.*paced 3 nodes Ready\n$/);
    expect(await versionsOf('paced')).toEqual(['v2', 'v2', 'v2']);

    await world.database.sql("UPDATE things SET size = 3 WHERE id = 'acme'");
    expect(await applyAndWait([shop('v2')])).toMatchObject({ code: 0 });
    expect((await world.cluster.get(childPath('Deployment', world.namespace, 'acme-web'))).spec.replicas).toBe(3);
  }, 180_000);

  test('rows that are frozen are told of in a line and hold nothing up', async () => {
    await world.database.sql("INSERT INTO things (id) VALUES ('Umbrella Corp')");

    const ended = await applyAndWait([shop('v3')]);

    expect(ended).toMatchObject({ code: 0 });
    expect(ended.stderr).toContain(
      `LynqHub ${world.namespace}/things: left as it is: 1 frozen row; see: lynq status things -n ${world.namespace}\n`,
    );
    expect(await versionsOf('settings')).toEqual(['v3', 'v3', 'v3']);
    await world.database.sql("DELETE FROM things WHERE id = 'Umbrella Corp'");
  }, 120_000);

  test('a form that the worker cannot use ends it with 1 and the reason', async () => {
    const broken = form('broken', { configMaps: [configMap('broken', {}, { text: '{{ .nobody }}' })] });

    const ended = await applyAndWait([broken], '--skip-lint');

    expect(ended).toMatchObject({ code: 1 });
    expect(ended.stderr).toMatch(/^Error: LynqForm \S+\/broken is not Valid: .*nobody/m);
    await world.lynq(['delete', 'form', 'broken', '--yes']);
  }, 120_000);

  test('a node that fails ends it with 1, when the others are done', async () => {
    const taken = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'beta-taken' } };
    await world.cluster.create(childPath('ConfigMap', world.namespace), taken);

    const ended = await applyAndWait([form('taken', { configMaps: [configMap('taken')] })]);

    expect(ended).toMatchObject({ code: 1 });
    expect(ended.stdout).toContain('lynqform.operator.lynq.sh/taken 2 nodes Ready\n');
    expect(ended.stderr).toMatch(/^Error: LynqNode \S+\/beta-taken is not Ready: .*conflict/m);
    expect(ended.stderr).toContain(`see why: lynq explain beta-taken -n ${world.namespace}\n`);
    await world.lynq(['delete', 'form', 'taken', '--yes']);
  }, 120_000);

  test('what is not Ready in time ends it with 4', async () => {
    const spec = podSpec('far', 1, { nodeSelector: { 'lynq.test/nowhere': 'yes' } });
    const far = form('far', { deployments: [{ id: 'web', nameTemplate: '{{ .uid }}-far', spec }] });

    const ended = await applyAndWait([far], '--wait-timeout', '5s');

    expect(ended).toMatchObject({ code: 4 });
    expect(ended.stderr).toMatch(
      /^Error: waited 5s for the nodes of LynqHub \S+\/things to be Ready: 0\/3 nodes done, waiting for \S+-far 0\/1 resources ready$/m,
    );
    await world.lynq(['delete', 'form', 'far', '--yes']);
  }, 120_000);

  test('a hub that is paused, and one whose database does not answer, end it with 1', async () => {
    await world.lynq(['pause', 'hub/things']);
    const paused = await applyAndWait([shop('v4')]);
    expect(paused).toMatchObject({ code: 1 });
    expect(paused.stderr).toMatch(/was not synced: it is paused\n {2}let it go on: lynq resume hub\/things/);
    await world.lynq(['resume', 'hub/things']);

    const unread = await applyAndWait([hub({ port: 1 })]);
    expect(unread).toMatchObject({ code: 1 });
    expect(unread.stderr).toMatch(/was not synced: its table could not be read: \S/);
    expect(await applyAndWait([hub(), shop('v4')])).toMatchObject({ code: 0 });
    expect(await versionsOf('settings')).toEqual(['v4', 'v4', 'v4']);
  }, 120_000);

  test('a new hub that no worker serves ends it with 4 and says so', async () => {
    await world.worker.stop();

    const ended = await applyAndWait([hub({}, 'lonely')], '--wait-timeout', '2s');

    expect(ended).toMatchObject({ code: 4 });
    expect(ended.stderr).toMatch(
      /^Error: waited 2s for a worker to take LynqHub \S+\/lonely up: .*\n {2}no worker seems/m,
    );
    await world.worker.start();
    await world.cluster.remove(lynqPath(world.namespace, 'lynqhubs', 'lonely'));
  }, 120_000);
});
