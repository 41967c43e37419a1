import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { childPath, conditionOf, type Json, lynqPath } from '../support/e2e/cluster.ts';
import { eventually, notYet, there, window } from '../support/e2e/eventually.ts';
import { configMapForm, type FormObject, hubObject } from '../support/e2e/manifests.ts';
import { openWorld, setSecret, type World } from '../support/e2e/world.ts';

const schema = 'CREATE TABLE things (id VARCHAR(63), active BOOLEAN DEFAULT TRUE, size VARCHAR(200));';

interface Told {
  readonly reason: string;
  readonly type: string;
  readonly message: string;
  readonly count: number;
  readonly lastTimestamp: string;
  readonly source: { readonly component: string };
  readonly reportingComponent: string;
  readonly involvedObject: { readonly kind: string; readonly name: string; readonly uid: string };
}

describe('e2e/events', () => {
  const hub = 'things';
  let world: World;

  const form = (name: string, entries: Parameters<typeof configMapForm>[1]): FormObject =>
    configMapForm({ name, namespace: world.namespace, hub }, entries);
  const put = (object: FormObject) => world.cluster.create(lynqPath(world.namespace, 'lynqforms'), object);
  const drop = (name: string) => world.cluster.remove(lynqPath(world.namespace, 'lynqforms', name));
  const all = async (): Promise<readonly Told[]> =>
    (await world.cluster.list(`/api/v1/namespaces/${world.namespace}/events`)) as Json;
  const about = async (kind: string, name: string): Promise<readonly Told[]> =>
    (await all()).filter(({ involvedObject }) => involvedObject.kind === kind && involvedObject.name === name);
  const line = ({ type, source, reason, message }: Told): string => `${type} ${source.component} ${reason}: ${message}`;
  /** Waits until exactly these events are told of an object. */
  const expectTold = (kind: string, name: string, ...wanted: readonly string[]): Promise<readonly Told[]> =>
    eventually(`${wanted.join(' | ')} on ${kind} ${name}`, async () => {
      const found = await about(kind, name);
      const lines = found.map(line);
      return wanted.every((text) => lines.includes(text)) ? there(found) : notYet(lines);
    });
  const counts = async (): Promise<readonly string[]> =>
    (await all()).map((told) => `${told.involvedObject.name} ${told.reason} ${told.count} ${told.message}`).toSorted();

  beforeAll(async () => {
    world = await openWorld(inject('stack'), { name: 'events', schema });
    await world.database.sql("INSERT INTO things (id, size) VALUES ('acme', '1'), ('beta', '1')");
    const { namespace, database } = world;
    const extra = { size: 'size' };
    const object = hubObject({ name: hub, namespace, database, table: 'things', extra, syncInterval: '2s' });
    await world.cluster.create(lynqPath(namespace, 'lynqhubs'), object);
    await put(
      form('good', [
        { id: 'map', data: { size: '{{ .size }}' } },
        { id: 'kept', deletionPolicy: 'Retain' },
      ]),
    );
    await world.ready(['acme-good', 'beta-good']);
  });
  afterAll(() => world?.close());

  const applying = (node: string, generation = 1): string =>
    `Normal lynqnode-controller TemplateResourcesApplying: Applying resources from LynqForm 'good' (generation: ${generation}). Reconciling 2 total resources: 2 ConfigMap(s). Hub: things, LynqNode UID: ${node}, Namespace: e2e-events. Resources will be applied in dependency order with readiness checks.`;

  test('a new node tells that its resources are applied, and that they are, as the Go operator does', async () => {
    const found = await expectTold(
      'LynqNode',
      'acme-good',
      applying('acme'),
      "Normal lynqnode-controller TemplateAppliedSuccess: Successfully applied LynqForm 'good' (generation: 1). All 2 resources reconciled successfully (2 changed, 2 ready). Hub: things, LynqNode UID: acme, Namespace: e2e-events. All resources are now in desired state.",
    );
    expect(found).toHaveLength(2);
    const node = await world.node('acme-good');
    for (const told of found) {
      expect(told.involvedObject.uid).toBe(node?.metadata.uid);
      expect(told.reportingComponent).toBe('lynqnode-controller');
      expect(told.count).toBe(1);
    }
    await expectTold(
      'LynqForm',
      'good',
      'Normal lynqform-controller ValidationPassed: Template validation passed successfully',
    );
  });

  test('kubectl describe shows them', async () => {
    const { stdout } = await world.kubectl(['describe', 'lynqnode', 'acme-good', '-n', world.namespace]);
    expect(stdout).toMatch(/Normal\s+TemplateAppliedSuccess\s+\S+\s+lynqnode-controller\s+Successfully applied/);
  });

  test('a changed row and a changed form are told on the node', async () => {
    await world.database.sql("UPDATE things SET size = '2' WHERE id = 'acme'");
    await expectTold(
      'LynqNode',
      'acme-good',
      "Normal lynqhub-controller DataUpdated: LynqNode data updated from registry 'things'. Total 2 resources may be affected. Template: good (generation: 1)",
    );
    await world.cluster.merge(lynqPath(world.namespace, 'lynqforms', 'good'), {
      spec: {
        configMaps: form('good', [
          { id: 'map', data: { size: 'n{{ .size }}' } },
          { id: 'kept', deletionPolicy: 'Retain' },
        ]).spec['configMaps'],
      },
    });
    await expectTold(
      'LynqNode',
      'acme-good',
      "Normal lynqhub-controller TemplateApplied: Applying LynqForm 'good' changes (generation: 1 -> 2). Total 2 resources will be reconciled: [2 ConfigMap(s)]. Hub: things, UID: acme",
      applying('acme', 2),
    );
    await world.ready(['acme-good', 'beta-good']);
  });

  test('a conflict is told once, in the sentence that the dashboard reads', async () => {
    const name = 'acme-foreign-map';
    await world.cluster.create(childPath('ConfigMap', world.namespace), {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name },
      data: { mine: 'yes' },
    });
    await put(
      form('foreign', [
        { id: 'map', data: { ours: 'yes' } },
        { id: 'after', dependIds: ['map'] },
      ]),
    );
    const found = await eventually('the conflict is told', async () => {
      const told = await about('LynqNode', 'acme-foreign');
      return told.some(({ reason }) => reason === 'DependencySkipped') ? there(told) : notYet(told.map(line));
    });
    expect(found.map(line)).toEqual(
      expect.arrayContaining([
        expect.stringMatching(
          /^Warning lynqnode-controller ResourceConflict: Resource conflict detected for e2e-events\/acme-foreign-map \(Kind: ConfigMap, Policy: Stuck\)\. Another controller or user may be managing this resource\. Consider using ConflictPolicy=Force/,
        ),
        "Warning lynqnode-controller DependencySkipped: Resource 'after' skipped because dependency 'map' failed. Set skipOnDependencyFailure=false to create anyway.",
      ]),
    );
  });

  test('nothing is told again while nothing changes, whatever passes, nor after a restart of the worker', async () => {
    await window(2_000);
    const before = await counts();
    expect(await world.lynq(['resync', 'acme-foreign'])).toMatchObject({ code: 0 });
    await window(4_000);
    await world.worker.stop();
    await world.worker.start();
    await world.database.sql("INSERT INTO things (id, size) VALUES ('late', '1')");
    await world.ready(['late-good']);
    await window(4_000);
    const after = (await counts()).filter((text) => !text.startsWith('late'));
    expect(after).toEqual(before);
    await drop('foreign');
  });

  test('the kinds of problems of a form are told apart, once', async () => {
    await put(
      form('cycle', [
        { id: 'a', dependIds: ['b'] },
        { id: 'b', dependIds: ['a'] },
      ]),
    );
    const found = await eventually('the problem is told', async () => {
      const told = await about('LynqForm', 'cycle');
      return told.length >= 2 ? there(told) : notYet(told.map(line));
    });
    expect(found.map(({ reason, type }) => `${type} ${reason}`).toSorted()).toEqual([
      'Warning DependencyValidationFailed',
      'Warning ValidationFailed',
    ]);
    expect(found.map(({ message }) => message).join('\n')).toMatch(
      /^(Dependency graph validation failed: |Template validation failed: \[Dependency validation failed: )/m,
    );
    await window(5_000);
    expect((await about('LynqForm', 'cycle')).map(({ count }) => count)).toEqual([1, 1]);
    await drop('cycle');
  });

  test('a form whose hub does not exist says so', async () => {
    await put(configMapForm({ name: 'homeless', namespace: world.namespace, hub: 'nowhere' }, [{ id: 'map' }]));
    await expectTold(
      'LynqForm',
      'homeless',
      "Warning lynqform-controller HubNotFound: Referenced LynqHub 'nowhere' not found in namespace 'e2e-events'",
    );
    const found = conditionOf(await world.cluster.get(lynqPath(world.namespace, 'lynqforms', 'homeless')), 'Valid');
    expect(found).toMatchObject({ status: 'False', reason: 'ValidationFailed' });
    expect(found?.message).toContain("Hub validation failed: hub 'nowhere' not found");
    await drop('homeless');
  });

  test('a value that cannot be used is never quoted in an event', async () => {
    const secret = 'canary: not a label value!';
    await world.database.sql('UPDATE things SET size = ? WHERE id = ?', [secret, 'beta']);
    const refused = form('refused', [{ id: 'map' }]);
    const [entry] = refused.spec['configMaps'] as Json[];
    entry.spec.metadata = { labels: { size: '{{ .size }}' } };
    await put(refused);
    const found = await eventually('the refusal is told', async () => {
      const told = (await about('LynqNode', 'beta-refused')).filter(({ reason }) => reason === 'ApplyFailed');
      return told.length > 0 ? there(told) : notYet((await about('LynqNode', 'beta-refused')).map(line));
    });
    expect(found[0]?.message).toMatch(/^Failed to apply resource map: .*metadata\.labels/);
    const partial = (await about('LynqNode', 'beta-refused')).map(({ reason }) => reason);
    expect(partial).not.toContain('TemplateAppliedSuccess');
    expect(JSON.stringify(await all())).not.toContain('canary');
    await world.database.sql("UPDATE things SET size = '1' WHERE id = 'beta'");
    await drop('refused');
  });

  test('a template that cannot be rendered is told on the node and on the hub', async () => {
    await put(form('unrenderable', [{ id: 'map', data: { x: '{{ index .size 5000 }}' } }]));
    await eventually('both say it', async () => {
      const onNode = (await about('LynqNode', 'acme-unrenderable')).filter(
        ({ reason }) => reason === 'TemplateRenderError',
      );
      const onHub = (await about('LynqHub', hub)).filter(
        ({ reason, message }) =>
          reason === 'TemplateRenderFailed' && message.startsWith('Failed to render template for node acme: '),
      );
      return onNode.length === 1 && onHub.length === 1 ? there(true) : notYet((await all()).map(line));
    });
    await drop('unrenderable');
  });

  test('an unreadable table is told once on the hub, without the password', async () => {
    const { password } = world.database;
    const failures = async (): Promise<readonly Told[]> =>
      (await about('LynqHub', hub)).filter(({ reason }) => reason === 'DatabaseQueryFailed');
    await world.database.setPassword('another');
    try {
      // A read that is under way when the connections end says so first; what stays is that the account is refused.
      const found = await eventually('the refusal is told', async () => {
        const told = await failures();
        return told.some(({ message }) => message.includes('refused')) ? there(told) : notYet(told.map(line));
      });
      for (const { message } of found) expect(message).toMatch(/^Failed to query database: /);
      await window(6_000);
      const later = await failures();
      expect(later.map(line)).toEqual(found.map(line));
      for (const { count } of later) expect(count).toBe(1);
      expect(JSON.stringify(await all())).not.toContain(password);
    } finally {
      await world.database.setPassword(password);
      await setSecret(world.cluster, world.namespace, 'mysql-credentials', { password });
    }
    await eventually('the hub reads again', async () => {
      const condition = conditionOf(await world.hub(hub), 'Ready');
      return condition?.status === 'True' ? there(condition) : notYet(condition ?? 'none');
    });
  });

  test('a row that goes is told on the hub, its node and what is kept of it; its return takes that back', async () => {
    await world.database.sql("DELETE FROM things WHERE id = 'acme'");
    await world.gone(['acme-good']);
    await expectTold(
      'LynqHub',
      hub,
      "Normal lynqhub-controller NodeDeleting: Deleting LynqNode 'acme-good' (template: good, uid: acme) - no longer in active dataset. This could be due to: row deletion, activate=false, or template change.",
      "Normal lynqhub-controller NodeDeleted: Successfully deleted LynqNode 'acme-good' (template: good, uid: acme)",
    );
    await expectTold(
      'LynqNode',
      'acme-good',
      'Normal lynqnode-controller ResourceRetained: Resource ConfigMap/acme-good-kept retained with orphan labels (ownerReferences removed)',
      'Normal lynqnode-controller LynqNodeDeleted: LynqNode acme-good deleted successfully. Resources will be cleaned up by Kubernetes garbage collector.',
    );
    await expectTold(
      'ConfigMap',
      'acme-good-kept',
      'Normal lynq-operator OrphanMarkersAdded: Resource retained with orphan markers (reason: LynqNodeDeleted)',
    );
    await world.database.sql("INSERT INTO things (id, size) VALUES ('acme', '2')");
    await world.ready(['acme-good']);
    await expectTold(
      'ConfigMap',
      'acme-good-kept',
      'Normal lynq-operator OrphanMarkersRemoved: Resource re-adopted into management - orphan markers removed',
    );
  });

  test('an entry that leaves the form is told by what becomes of its object', async () => {
    await world.cluster.merge(lynqPath(world.namespace, 'lynqforms', 'good'), {
      spec: { configMaps: form('good', [{ id: 'other' }]).spec['configMaps'] },
    });
    await expectTold(
      'LynqNode',
      'beta-good',
      'Normal lynqnode-controller OrphanedResourceDeleted: Deleted orphaned resource ConfigMap/beta-good-map (ID: map) - removed from template',
      'Normal lynqnode-controller OrphanedResourceRetained: Retained orphaned resource ConfigMap/beta-good-kept (ID: kept) - removed from template, marked with orphan labels',
    );
  });
});
