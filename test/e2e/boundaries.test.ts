import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { type AuditEntry, describeRequest } from '../support/e2e/audit.ts';
import { childPath, conditionOf, type Json, type KubeObject, lynqPath } from '../support/e2e/cluster.ts';
import { eventually, notYet, there, window } from '../support/e2e/eventually.ts';
import { hubObject } from '../support/e2e/manifests.ts';
import { openWorld, setSecret, type World } from '../support/e2e/world.ts';

const schema =
  'CREATE TABLE rows_ (id VARCHAR(63), active BOOLEAN DEFAULT TRUE, level VARCHAR(63), place VARCHAR(63));';

type Entry = Readonly<Record<string, unknown>>;

describe('e2e/boundaries', () => {
  const hub = 'bounded';
  const platform = 'e2e-bounds-platform';
  let world: World;

  const map = (id: string, change: Entry = {}, metadata: Entry = {}): Entry => ({
    id,
    nameTemplate: `{{ .uid }}-${id}`,
    ...change,
    spec: { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { key: 'value' } },
  });
  const object = (id: string, spec: Entry): Entry => ({ id, nameTemplate: `e2e-bounds-{{ .uid }}-${id}`, spec });
  const put = (name: string, lists: Readonly<Record<string, readonly Entry[]>>) =>
    world.cluster.create(lynqPath(world.namespace, 'lynqforms'), {
      apiVersion: 'operator.lynq.sh/v1',
      kind: 'LynqForm',
      metadata: { name, namespace: world.namespace },
      spec: { hubId: hub, ...lists },
    });
  const secretPath = (name: string) => `/api/v1/namespaces/${world.namespace}/secrets/${name}`;
  const labelled = { metadata: { labels: { 'lynq.sh/hub-secret': 'true' } } };
  const drop = (name: string) => world.cluster.remove(lynqPath(world.namespace, 'lynqforms', name));
  const reasonsOf = (node: KubeObject | undefined): Readonly<Record<string, string>> =>
    Object.fromEntries(
      ((node?.status?.resources ?? []) as readonly { id: string; state: string; reason?: string }[]).map((entry) => [
        entry.id,
        `${entry.state} ${entry.reason ?? ''}`.trim(),
      ]),
    );
  const notValid = (form: string) =>
    eventually(`LynqForm ${form} is not Valid`, async () => {
      const valid = conditionOf(await world.cluster.get(lynqPath(world.namespace, 'lynqforms', form)), 'Valid');
      return valid?.status === 'False' ? there(valid) : notYet(valid);
    });
  /** Waits until no entry of a node is on its way any more. */
  const settled = (name: string) =>
    eventually(`LynqNode ${name} is settled`, async () => {
      const node = await world.node(name);
      const reasons = reasonsOf(node);
      const moving = Object.values(reasons).some((text) => /^(Pending|Progressing|Waiting)/.test(text));
      const said = Object.keys(reasons).length > 0 && node?.status?.observedInput !== undefined;
      return said && !moving ? there({ node: node!, reasons }) : notYet([node?.metadata.name, reasons]);
    });
  /** Writes of the worker outside of its own kinds. */
  const objectWrites = (place: number): readonly AuditEntry[] =>
    world.audit
      .ofWorker(place)
      .filter(({ objectRef }) => !['lynqhubs', 'lynqforms', 'lynqnodes', 'leases'].includes(objectRef?.resource ?? ''));
  const namesOf = (writes: readonly AuditEntry[]) =>
    [...new Set(writes.filter(({ objectRef }) => objectRef?.resource !== 'controllerrevisions').map(describeRequest))]
      .filter((text) => !text.endsWith('-lynq-key'))
      .toSorted();

  beforeAll(async () => {
    world = await openWorld(inject('stack'), {
      name: 'bounds',
      schema,
      settings: {
        LYNQ_SCOPE_POLICY: JSON.stringify({
          namespaces: { denyFromRows: ['argocd', 'e2e-bounds-listed'] },
          labelledSecrets: true,
        }),
      },
    });
    await world.cluster.merge(secretPath('mysql-credentials'), labelled);
    await world.database.sql("INSERT INTO rows_ VALUES ('plain', TRUE, 'privileged', 'e2e-bounds-shared')");
    await world.cluster.create(
      lynqPath(world.namespace, 'lynqhubs'),
      hubObject({
        name: hub,
        namespace: world.namespace,
        database: world.database,
        table: 'rows_',
        extra: { level: 'level', place: 'place' },
        syncInterval: '2s',
      }),
    );
  });
  afterAll(async () => {
    await world?.close();
  });

  test('entries outside of the boundaries are refused by name, the others go on, and nothing is written for the refused', async () => {
    const place = world.audit.now();
    await put('mixed', {
      configMaps: [
        map('good'),
        map('system', { targetNamespace: 'kube-system' }),
        map('worker', { targetNamespace: 'default' }),
        map('labels', { labelsTemplate: { 'lynq.sh/node': '{{ .uid }}-other' } }),
        map('annotations', { annotationsTemplate: { 'lynq.sh/orphaned-from': 'a/b/c' } }),
      ],
      namespaces: [
        {
          id: 'lowered',
          nameTemplate: 'e2e-bounds-{{ .uid }}',
          labelsTemplate: { 'pod-security.kubernetes.io/enforce': '{{ .level }}' },
          spec: { apiVersion: 'v1', kind: 'Namespace' },
        },
      ],
      manifests: [
        object('binding', {
          apiVersion: 'rbac.authorization.k8s.io/v1',
          kind: 'ClusterRoleBinding',
          roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
          subjects: [{ kind: 'ServiceAccount', name: 'default', namespace: 'default' }],
        }),
      ],
    });

    const { reasons } = await settled('plain-mixed');
    expect(reasons).toEqual({
      good: 'Ready',
      system: 'Failed NamespaceNotAllowed',
      worker: 'Failed NamespaceNotAllowed',
      labels: 'Failed ReservedMetadata',
      annotations: 'Failed ReservedMetadata',
      lowered: 'Failed ReservedMetadata',
      binding: 'Failed KindNotAllowed',
    });
    expect(namesOf(objectWrites(place))).toEqual(['patch configmaps/plain-good']);
    const status = JSON.stringify((await world.node('plain-mixed'))?.status);
    expect(status).toContain('kube-system');
    expect(status).not.toContain('privileged');
    await drop('mixed');
  });

  test('a form with what no policy allows is not Valid, says all of it, and gets no node', async () => {
    const place = world.audit.now();
    await put('forged', {
      configMaps: [
        map('finalizers', {}, { finalizers: ['example.com/hold'] }),
        map('owners', {}, { ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: 'x', uid: 'y' }] }),
      ],
      manifests: [
        object('webhook', { apiVersion: 'admissionregistration.k8s.io/v1', kind: 'ValidatingWebhookConfiguration' }),
        object('definition', { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', spec: {} }),
        object('volume', { apiVersion: 'v1', kind: 'PersistentVolume', spec: {} }),
        object('node', {
          apiVersion: 'operator.lynq.sh/v1',
          kind: 'LynqNode',
          spec: { uid: 'forged', templateRef: 'forged' },
        }),
      ],
    });

    const { message } = await notValid('forged');
    for (const kind of ['ValidatingWebhookConfiguration', 'CustomResourceDefinition', 'PersistentVolume', 'LynqNode'])
      expect(message).toContain(`no form may have objects of kind ${kind}`);
    expect(message).toContain("forms may not set metadata.finalizers (resource 'finalizers')");
    expect(message).toContain("forms may not set metadata.ownerReferences (resource 'owners')");
    expect(await world.node('plain-forged')).toBeUndefined();
    expect(namesOf(objectWrites(place))).toEqual([]);
    await drop('forged');
  });

  test('a row named after a namespace of somebody else gets nothing into it, and it outlives the row', async () => {
    const made = await world.cluster.create('/api/v1/namespaces', {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: platform, labels: { team: 'platform' } },
    });
    const inNamespace = { targetNamespace: '{{ .uid }}' };
    await put('space', {
      namespaces: [{ id: 'ns', nameTemplate: '{{ .uid }}', spec: { apiVersion: 'v1', kind: 'Namespace' } }],
      configMaps: [map('inside', inNamespace), map('beside')],
    });
    await put('tier', { configMaps: [map('guest', inNamespace)] });
    const place = world.audit.now();
    await world.database.sql("INSERT INTO rows_ (id) VALUES ('kube-system'), ('argocd'), (?)", [platform]);

    expect((await settled(`${platform}-space`)).reasons).toEqual({
      ns: 'Conflicted ResourceConflict',
      inside: 'Failed NamespaceNotAllowed',
      beside: 'Ready',
    });
    expect((await settled(`${platform}-tier`)).reasons).toEqual({ guest: 'Failed NamespaceNotAllowed' });
    for (const uid of ['kube-system', 'argocd']) {
      expect((await settled(`${uid}-space`)).reasons).toEqual({
        ns: 'Failed NamespaceNotAllowed',
        inside: 'Failed NamespaceNotAllowed',
        beside: 'Ready',
      });
    }
    expect((await settled('plain-tier')).reasons).toEqual({ guest: 'Ready' });
    await world.database.sql("DELETE FROM rows_ WHERE id <> 'plain'");
    await world.gone([platform, 'kube-system', 'argocd'].flatMap((uid) => [`${uid}-space`, `${uid}-tier`]));

    const foreign = objectWrites(place).filter(({ objectRef }) =>
      [platform, 'kube-system', 'argocd'].some((name) => objectRef?.namespace === name || objectRef?.name === name),
    );
    expect(foreign.map(describeRequest)).toEqual([]);
    expect((await world.cluster.get(`/api/v1/namespaces/${platform}`)).metadata).toMatchObject({
      uid: made.metadata.uid,
      resourceVersion: made.metadata.resourceVersion,
    });
    expect(await world.cluster.find('/api/v1/namespaces/argocd')).toBeUndefined();
    await world.cluster.remove(`/api/v1/namespaces/${platform}`);
  });

  test('a row named after the namespace of another row gets nothing into it, from whichever of its forms', async () => {
    const inNamespace = { targetNamespace: '{{ .place }}' };
    const space = { id: 'ns', nameTemplate: '{{ .place }}', spec: { apiVersion: 'v1', kind: 'Namespace' } };
    await put('own', { namespaces: [space], configMaps: [map('inside', inNamespace)] });
    await eventually('its Namespace is there', async () => {
      const reasons = reasonsOf(await world.node('plain-own'));
      return reasons['inside'] === 'Ready' ? there(reasons) : notYet(reasons);
    });
    await world.database.sql("INSERT INTO rows_ (id, place) VALUES ('evil', 'e2e-bounds-shared')");
    expect((await settled('evil-own')).reasons).toEqual({
      ns: 'Conflicted ResourceConflict',
      inside: 'Failed NamespaceNotAllowed',
    });
    await put('late', { configMaps: [map('guest', inNamespace)] });
    expect((await settled('evil-late')).reasons).toEqual({ guest: 'Failed NamespaceNotAllowed' });
    expect((await settled('plain-late')).reasons).toEqual({ guest: 'Ready' });
    expect(await world.cluster.find(childPath('ConfigMap', 'e2e-bounds-shared', 'evil-inside'))).toBeUndefined();
    await drop('late');
    await world.database.sql("DELETE FROM rows_ WHERE id = 'evil'");
    await world.gone(['evil-own', 'evil-late', 'plain-late']);
    expect(await world.cluster.find('/api/v1/namespaces/e2e-bounds-shared')).toBeDefined();
    await drop('own');
    await world.gone(['plain-own']);
  });

  test('a namespace that was there before and that no form of the row makes may be used', async () => {
    await world.cluster.create('/api/v1/namespaces', {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: 'e2e-bounds-shared' },
    });
    await put('shared', { configMaps: [map('note', { targetNamespace: '{{ .place }}' })] });

    expect((await settled('plain-shared')).reasons).toEqual({ note: 'Ready' });
    await drop('shared');
    await world.gone(['plain-shared']);
    expect(await world.cluster.find(childPath('ConfigMap', 'e2e-bounds-shared', 'plain-note'))).toBeUndefined();
    await world.cluster.remove('/api/v1/namespaces/e2e-bounds-shared');
  });

  test('S9 a hub can name a Secret as its password only when the Secret has the label for it', async () => {
    const { cluster, namespace, database } = world;
    await setSecret(cluster, namespace, 'somebodys', { password: database.password });
    const place = { name: 'taker', namespace, database, table: 'rows_', extra: {}, syncInterval: '2s' };
    const taker = hubObject(place) as Json;
    taker.spec.source.mysql.passwordRef.name = 'somebodys';
    await cluster.create(lynqPath(namespace, 'lynqhubs'), taker);
    const ready = (status: string) =>
      eventually(`Ready is ${status}`, async () => {
        const found = conditionOf(await world.hub('taker'), 'Ready');
        return found?.status === status ? there(found) : notYet(found);
      });
    const refused = await ready('False');
    expect(refused.message).toContain(
      'Secret e2e-bounds/somebodys, named by spec.source.mysql.passwordRef, does not have label',
    );
    await cluster.merge(secretPath('somebodys'), labelled);
    expect((await ready('True')).reason).toBe('DatabaseConnected');
    await cluster.remove(lynqPath(namespace, 'lynqhubs', 'taker'));
  });

  test('an entry that was inside once and is refused now keeps its object', async () => {
    await put('turning', { configMaps: [map('kept')] });
    await world.ready(['plain-turning']);
    const before = await world.cluster.get(childPath('ConfigMap', world.namespace, 'plain-kept'));
    await world.cluster.merge(lynqPath(world.namespace, 'lynqforms', 'turning'), {
      spec: { configMaps: [map('kept', {}, { finalizers: ['example.com/hold'] })] },
    });
    expect((await notValid('turning')).message).toContain('forms may not set metadata.finalizers');
    await world.cluster.merge(lynqPath(world.namespace, 'lynqforms', 'turning'), {
      spec: { configMaps: [map('kept', { labelsTemplate: { 'openshift.io/run-level': '0' } })] },
    });
    await eventually('it is refused', async () => {
      const reasons = reasonsOf(await world.node('plain-turning'));
      return reasons['kept'] === 'Failed ReservedMetadata' ? there(true) : notYet(reasons);
    });
    await window(1_000);
    const after = await world.cluster.get(childPath('ConfigMap', world.namespace, 'plain-kept'));
    expect(after.metadata.resourceVersion).toBe(before.metadata.resourceVersion);
  });
});
