import { beforeEach, describe, expect, it } from 'vitest';
import type { AdvanceOutcome } from '../../../../activities/contract.ts';
import { advanceNode } from '../../../../activities/node/advance.ts';
import { type JsonObject, listAt, textAt } from '../../../../domain/api/json.ts';
import { createFakeCluster, type FakeCluster } from '../../../support/fake-cluster.ts';
import { type FakeProcess, startProcess } from '../../../support/node-deps.ts';

const namespace = 'tenants';
const apiVersion = 'operator.lynq.sh/v1';
const nodeRef = { apiVersion, kind: 'LynqNode', namespace, name: 'acme-web' };
const owner = { apiVersion, kind: 'LynqHub', name: 'customers', uid: 'hub-uid', controller: true };

const map = (id: string, change: JsonObject = {}): JsonObject => ({
  id,
  nameTemplate: `{{ .uid }}-${id}`,
  spec: { apiVersion: 'v1', kind: 'ConfigMap', data: { of: '{{ .uid }}' } },
  ...change,
});

describe('activities/node/advance', () => {
  let cluster: FakeCluster;
  let running: FakeProcess;

  const revisionOf = async (lists: JsonObject): Promise<string> =>
    (await running.deps.forms.ensure({ namespace, name: 'web', uid: 'form-uid' }, { hubId: 'customers', ...lists }))
      .name;

  /** Waves until nothing more can be done, or one has lasted for so long. */
  async function waves(milliseconds = 10_000): Promise<AdvanceOutcome['kind'] | 'lasts'> {
    for (;;) {
      const signal = AbortSignal.timeout(milliseconds);
      const request = { namespace, node: 'acme-web', force: false };
      const kind = await advanceNode(running.deps, request, { signal }).then(
        (outcome) => outcome.kind,
        (error: unknown) => {
          if (!signal.aborted) throw error;
          return 'lasts' as const;
        },
      );
      if (kind !== 'advanced' && kind !== 'superseded') return kind;
    }
  }

  async function make(lists: JsonObject): Promise<void> {
    cluster.seed({
      apiVersion,
      kind: 'LynqNode',
      metadata: {
        name: 'acme-web',
        namespace,
        labels: { 'lynq.sh/hub': 'customers', 'lynq.sh/uid': 'acme' },
        annotations: { 'lynq.sh/extra': '{}', 'lynq.sh/activate': '1', 'lynq.sh/hostOrUrl': '' },
        finalizers: ['lynqnode.operator.lynq.sh/finalizer'],
        ownerReferences: [owner],
      },
      spec: { uid: 'acme', templateRef: 'web', formRevision: await revisionOf(lists) },
    });
    expect(await waves()).toBe('settled');
  }

  async function edit(lists: JsonObject): Promise<void> {
    const spec = { formRevision: await revisionOf(lists) };
    await cluster.patch(nodeRef, 'merge', { spec }, { manager: 'test' });
  }

  const names = (kind = 'ConfigMap') => cluster.objects(kind).map((object) => textAt(object, 'metadata', 'name'));

  beforeEach(async () => {
    cluster = createFakeCluster();
    for (const kind of ['LynqHub', 'LynqForm', 'LynqNode']) cluster.addKind({ apiVersion, kind });
    cluster.seed({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
    running = await startProcess(cluster);
    return () => running.die();
  });

  it('keeps the object of an entry that got another id and cannot be rendered, until it can', async () => {
    await make({ configMaps: [map('db'), map('other')] });
    const uid = textAt(cluster.objects('ConfigMap')[0], 'metadata', 'uid');
    const renamed = { nameTemplate: '{{ .uid }}-db' };
    const failing = { apiVersion: 'v1', kind: 'ConfigMap', data: { of: '{{ fail "no plan" }}' } };
    await edit({ configMaps: [map('database', { ...renamed, spec: failing }), map('other')] });
    await waves();
    expect(names()).toEqual(['acme-db', 'acme-other']);

    await edit({ configMaps: [map('database', renamed)] });
    expect(await waves()).toBe('settled');
    expect(names()).toEqual(['acme-db']);
    expect(textAt(cluster.objects('ConfigMap')[0], 'metadata', 'uid')).toBe(uid);
  });

  it('keeps a row on its old objects while a new one is too late and those that need it were not tried', async () => {
    const chain = (version: string, isWaited: boolean): JsonObject => ({
      deployments: [
        {
          id: 'api',
          nameTemplate: `{{ .uid }}-api-${version}`,
          waitForReady: isWaited,
          timeoutSeconds: 1,
          spec: { apiVersion: 'apps/v1', kind: 'Deployment', spec: { replicas: 1 } },
        },
      ],
      configMaps: [map('routes', { nameTemplate: `{{ .uid }}-routes-${version}`, dependIds: ['api'] })],
    });
    await make(chain('1', false));
    await edit(chain('2', true));
    expect(await waves()).toBe('settled');
    expect(names('Deployment')).toEqual(['acme-api-1', 'acme-api-2']);
    expect(names()).toEqual(['acme-routes-1']);

    const status = { replicas: 1, updatedReplicas: 1, availableReplicas: 1, readyReplicas: 1, observedGeneration: 1 };
    const late = { apiVersion: 'apps/v1', kind: 'Deployment', namespace, name: 'acme-api-2' };
    await cluster.patch(late, 'merge', { status }, { manager: 'test', subresource: 'status' });
    expect(await waves()).toBe('settled');
    expect([...names('Deployment'), ...names()]).toEqual(['acme-api-2', 'acme-routes-2']);
  });

  describe('of an object of a removed entry that cannot go', () => {
    const both = { configMaps: [map('stays'), map('goes')] };
    const ref = { apiVersion: 'v1', kind: 'ConfigMap', namespace, name: 'acme-goes' };
    const conditions = () =>
      listAt(cluster.objects('LynqNode')[0], 'status', 'conditions').map((condition) => ({
        type: textAt(condition, 'type'),
        status: textAt(condition, 'status'),
        reason: textAt(condition, 'reason'),
        message: textAt(condition, 'message'),
      }));
    const blocked = () => conditions().find(({ type }) => type === 'CleanupBlocked');
    const isReady = () => conditions().find(({ type }) => type === 'Ready')?.status === 'True';
    const reasonsToldSince = (place: number) => running.told.slice(place).map(({ reason }) => reason);
    const writes = () => cluster.calls.filter(({ verb, ref: { kind } }) => verb === 'patch' && kind === 'LynqNode');

    it('says in a condition what is still there and why, and that it was deleted when it is gone', async () => {
      await make(both);
      await cluster.patch(ref, 'merge', { metadata: { finalizers: ['example.com/hold'] } }, { manager: 'other' });
      await edit({ configMaps: [map('stays')] });
      const place = running.told.length;
      // One that goes by itself within moments is not told.
      expect(await waves()).toBe('waiting');
      expect(blocked()).toBeUndefined();
      expect(await waves()).toBe('waiting');
      expect(blocked()).toEqual({
        type: 'CleanupBlocked',
        status: 'True',
        reason: 'Terminating',
        message: 'not named by the form any more, and still there: ConfigMap tenants/acme-goes (Terminating)',
      });
      expect(isReady()).toBe(true);
      expect(reasonsToldSince(place)).not.toContain('OrphanedResourceDeleted');
      const rested = writes().length;
      expect(await waves()).toBe('waiting');
      expect(writes()).toHaveLength(rested);

      await cluster.patch(ref, 'merge', { metadata: { finalizers: null } }, { manager: 'other' });
      expect(await waves()).toBe('settled');
      expect(blocked()).toBeUndefined();
      expect(reasonsToldSince(place).filter((reason) => reason === 'OrphanedResourceDeleted')).toHaveLength(1);
    });

    it('tells a refusal once, in an Event too', async () => {
      await make(both);
      const allow = cluster.intercept(({ verb, ref: { name } }) =>
        verb === 'delete' && name === ref.name
          ? { answer: { kind: 'refused', reason: 'AdmissionDenied', message: 'policy X says no' } }
          : undefined,
      );
      await edit({ configMaps: [map('stays')] });
      const place = running.told.length;
      for (let turn = 0; turn < 3; turn += 1) expect(await waves()).toBe('waiting');
      expect(blocked()).toMatchObject({ reason: 'AdmissionDenied' });
      expect(blocked()?.message).toContain('ConfigMap tenants/acme-goes (AdmissionDenied policy X says no)');
      const failures = running.told.slice(place).filter(({ message }) => message.includes('policy X says no'));
      expect(failures).toHaveLength(1);
      allow();
      expect(await waves()).toBe('settled');
      expect(blocked()).toBeUndefined();
    });

    it('names what is kept for an entry that cannot be rendered, and writes nothing more of it at rest', async () => {
      await make(both);
      const failing = { apiVersion: 'v1', kind: 'ConfigMap', data: { of: '{{ fail "no plan" }}' } };
      await edit({ configMaps: [map('stays'), map('comes', { spec: failing })] });
      await waves();
      expect(blocked()).toMatchObject({ reason: 'MayBelongTo' });
      expect(blocked()?.message).toContain('ConfigMap tenants/acme-goes (MayBelongTo comes)');
      const rested = writes().length;
      await waves();
      expect(writes()).toHaveLength(rested);
      await edit({ configMaps: [map('stays')] });
      expect(await waves()).toBe('settled');
      expect(blocked()).toBeUndefined();
    });

    it('names what waits for a new object that is not tried, and writes nothing more of it at rest', async () => {
      const api = (version: string, isWaited: boolean): JsonObject => ({
        id: 'api',
        nameTemplate: `{{ .uid }}-api-${version}`,
        waitForReady: isWaited,
        timeoutSeconds: 1,
        spec: { apiVersion: 'apps/v1', kind: 'Deployment', spec: { replicas: 1 } },
      });
      const routes = (version: string) => map('routes', { nameTemplate: `r-${version}`, dependIds: ['api'] });
      await make({ deployments: [api('1', false)], configMaps: [routes('1')] });
      await edit({ deployments: [api('2', true)], configMaps: [routes('2')] });
      expect(await waves()).toBe('settled');
      expect(blocked()).toMatchObject({ reason: 'AwaitsReplacement' });
      expect(blocked()?.message).toContain('ConfigMap tenants/r-1 (AwaitsReplacement by routes)');
      expect(blocked()?.message).toContain('Deployment tenants/acme-api-1 (NeededBy routes)');
      const rested = writes().length;
      expect(await waves()).toBe('settled');
      expect(writes()).toHaveLength(rested);
    });

    it('names the LynqNodes that a Namespace is kept for, in an order that is the same in every worker', async () => {
      const space = { id: 'space', nameTemplate: 'of-{{ .uid }}', spec: { apiVersion: 'v1', kind: 'Namespace' } };
      await make({ namespaces: [{ ...space, waitForReady: false }], configMaps: [map('stays')] });
      for (const name of ['acme-zone', 'acme-other'])
        cluster.seed({
          apiVersion,
          kind: 'LynqNode',
          metadata: { name, namespace },
          spec: { uid: 'acme', templateRef: name },
          status: {
            inventory: [
              { id: 'x', apiVersion: 'v1', kind: 'ConfigMap', namespace: 'of-acme', name: 'x', policy: 'Delete' },
            ],
          },
        });
      await edit({ configMaps: [map('stays')] });
      const place = running.told.length;
      for (let turn = 0; turn < 2; turn += 1) expect(await waves()).toBe('waiting');
      expect(blocked()).toMatchObject({ reason: 'NamespaceInUse' });
      expect(blocked()?.message).toContain('Namespace of-acme (NamespaceInUse by acme-other, acme-zone)');
      expect(reasonsToldSince(place).filter((reason) => reason === 'NamespaceInUse')).toHaveLength(1);
    });
  });
});
