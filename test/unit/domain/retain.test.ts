import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../domain/api/json.ts';
import type { InventoryEntry } from '../../../domain/api/node.ts';
import type { ObjectRef } from '../../../domain/ports.ts';
import {
  effectivePolicies,
  neededObjects,
  type NeededObject,
  type RetainCandidate,
  retainedByForm,
} from '../../../domain/retain.ts';
import { aConfigMap, aDeployment } from '../../support/builders/resources.ts';

function candidate(id: string, kind: string, change: Partial<RetainCandidate> = {}): RetainCandidate {
  const namespaced = kind !== 'Namespace';
  const workload = kind === 'StatefulSet' || kind === 'Deployment';
  const ref: ObjectRef = {
    apiVersion: workload ? 'apps/v1' : 'v1',
    kind,
    name: id,
    ...(namespaced ? { namespace: 'acme' } : {}),
  };
  return { id, ref, policy: 'Delete', dependIds: [], needs: [], ...change };
}

const needs = (kind: NeededObject['kind'], name: string): NeededObject => ({ kind, name });

function retained(candidates: readonly RetainCandidate[]): readonly string[] {
  return [...effectivePolicies(candidates)].filter(([, { policy }]) => policy === 'Retain').map(([id]) => id);
}

describe('domain/retain', () => {
  describe('effectivePolicies', () => {
    it('keeps what the form says when nothing is retained', () => {
      expect(effectivePolicies([candidate('a', 'ConfigMap'), candidate('b', 'Secret', { dependIds: ['a'] })])).toEqual(
        new Map([
          ['a', { policy: 'Delete' }],
          ['b', { policy: 'Delete' }],
        ]),
      );
    });

    it('keeps a retained database, its claim, its Secret and its namespace, and nothing else', () => {
      const candidates = [
        candidate('acme', 'Namespace'),
        candidate('credentials', 'Secret'),
        candidate('other-credentials', 'Secret'),
        candidate('claim', 'PersistentVolumeClaim'),
        candidate('postgres', 'StatefulSet', {
          policy: 'Retain',
          needs: [needs('Secret', 'credentials'), needs('PersistentVolumeClaim', 'claim')],
        }),
        candidate('api', 'Deployment', { dependIds: ['postgres'], needs: [needs('Secret', 'other-credentials')] }),
        candidate('service', 'Service'),
      ];

      expect(retained(candidates)).toEqual(['acme', 'credentials', 'claim', 'postgres']);
    });

    it('extends to dependencies of dependencies', () => {
      const candidates = [
        candidate('base', 'Service'),
        candidate('middle', 'Service', { dependIds: ['base'] }),
        candidate('top', 'Service', { dependIds: ['middle'], policy: 'Retain' }),
        candidate('above', 'Service', { dependIds: ['top'] }),
      ];

      expect(retained(candidates)).toEqual(['base', 'middle', 'top']);
    });

    it('extends to what a dependency needs in its pods', () => {
      const candidates = [
        candidate('settings', 'ConfigMap'),
        candidate('queue', 'Deployment', { needs: [needs('ConfigMap', 'settings')] }),
        candidate('database', 'StatefulSet', { policy: 'Retain', dependIds: ['queue'] }),
      ];

      expect(retained(candidates)).toEqual(['settings', 'queue', 'database']);
    });

    it('names the retained entry that needs an object', () => {
      const policies = effectivePolicies([
        candidate('base', 'Service'),
        candidate('middle', 'Service', { dependIds: ['base'] }),
        candidate('top', 'Service', { dependIds: ['middle'], policy: 'Retain' }),
      ]);

      expect(policies.get('top')).toEqual({ policy: 'Retain' });
      expect(policies.get('middle')).toEqual({ policy: 'Retain', because: 'top' });
      expect(policies.get('base')).toEqual({ policy: 'Retain', because: 'middle' });
    });

    it('takes only objects of the namespace of the pod, and the namespace itself', () => {
      const elsewhere = { apiVersion: 'v1', kind: 'Secret', namespace: 'other', name: 'credentials' };
      const candidates = [
        candidate('elsewhere', 'Secret', { ref: elsewhere }),
        candidate('other', 'Namespace'),
        candidate('acme', 'Namespace'),
        candidate('database', 'StatefulSet', { policy: 'Retain', needs: [needs('Secret', 'credentials')] }),
      ];

      expect(retained(candidates)).toEqual(['acme', 'database']);
    });

    it('does not take a custom kind for a Secret or a Namespace because of its name', () => {
      const vault = { apiVersion: 'vault.example/v1', kind: 'Secret', namespace: 'acme', name: 'credentials' };
      const space = { apiVersion: 'spaces.example/v1', kind: 'Namespace', name: 'acme' };
      const candidates = [
        candidate('vault', 'Secret', { ref: vault }),
        candidate('space', 'Namespace', { ref: space }),
        candidate('database', 'StatefulSet', { policy: 'Retain', needs: [needs('Secret', 'credentials')] }),
      ];

      expect(retained(candidates)).toEqual(['database']);
    });

    it('comes to an end on dependencies that go in a circle', () => {
      const candidates = [
        candidate('a', 'Service', { dependIds: ['b'], policy: 'Retain' }),
        candidate('b', 'Service', { dependIds: ['a'] }),
      ];

      expect(retained(candidates)).toEqual(['a', 'b']);
    });

    const anyCandidates = fc
      .array(
        fc.record({
          policy: fc.constantFrom('Delete' as const, 'Retain' as const),
          dependIds: fc.array(
            fc.integer({ min: 0, max: 7 }).map((index) => `id${index}`),
            { maxLength: 2 },
          ),
          kind: fc.constantFrom('Secret', 'ConfigMap', 'StatefulSet', 'Namespace'),
          needs: fc.array(
            fc.integer({ min: 0, max: 7 }).map((index) => needs('Secret', `id${index}`)),
            { maxLength: 2 },
          ),
        }),
        { maxLength: 8 },
      )
      .map((items) => items.map(({ kind, ...change }, index) => candidate(`id${index}`, kind, change)));

    it('never leaves a dependency or a Secret of a retained entry to be deleted, and never retains without a reason', () => {
      fc.assert(
        fc.property(anyCandidates, (candidates) => {
          const kept = new Set(retained(candidates));
          const needed = (id: string) =>
            candidates.some(
              (other) =>
                kept.has(other.id) &&
                (other.dependIds.includes(id) ||
                  candidates.some(
                    ({ id: own, ref }) =>
                      own === id &&
                      ((ref.kind === 'Namespace' && ref.name === other.ref.namespace) ||
                        (ref.kind === 'Secret' &&
                          ref.namespace === other.ref.namespace &&
                          other.needs.some(({ name }) => name === ref.name))),
                  )),
            );

          for (const { id, policy } of candidates) if (policy === 'Retain' || needed(id)) expect(kept).toContain(id);
          for (const id of kept)
            expect(candidates.find((item) => item.id === id)?.policy === 'Retain' || needed(id)).toBe(true);
        }),
      );
    });

    it('does not depend on the order of the entries', () => {
      fc.assert(
        fc.property(anyCandidates, (candidates) => {
          expect([...retained(candidates.toReversed())].toSorted()).toEqual([...retained(candidates)].toSorted());
        }),
      );
    });
  });

  describe('neededObjects', () => {
    const inVolumes = (volume: JsonObject): JsonObject => ({ containers: [], volumes: [{ name: 'v', ...volume }] });
    const inContainer = (container: JsonObject): JsonObject => ({ containers: [{ name: 'c', ...container }] });

    it.each<[string, JsonObject, NeededObject]>([
      ['envFrom a ConfigMap', inContainer({ envFrom: [{ configMapRef: { name: 'x' } }] }), needs('ConfigMap', 'x')],
      ['envFrom a Secret', inContainer({ envFrom: [{ secretRef: { name: 'x' } }] }), needs('Secret', 'x')],
      [
        'one variable of a ConfigMap',
        inContainer({ env: [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'x', key: 'k' } } }] }),
        needs('ConfigMap', 'x'),
      ],
      [
        'one variable of a Secret',
        inContainer({
          env: [
            { name: 'A', value: 'plain' },
            { name: 'B', valueFrom: { secretKeyRef: { name: 'x', key: 'k' } } },
          ],
        }),
        needs('Secret', 'x'),
      ],
      ['an init container', { initContainers: [{ envFrom: [{ secretRef: { name: 'x' } }] }] }, needs('Secret', 'x')],
      ['a ConfigMap volume', inVolumes({ configMap: { name: 'x' } }), needs('ConfigMap', 'x')],
      ['a Secret volume', inVolumes({ secret: { secretName: 'x' } }), needs('Secret', 'x')],
      [
        'a projected ConfigMap',
        inVolumes({ projected: { sources: [{ configMap: { name: 'x' } }] } }),
        needs('ConfigMap', 'x'),
      ],
      ['a projected Secret', inVolumes({ projected: { sources: [{ secret: { name: 'x' } }] } }), needs('Secret', 'x')],
      ['a claim', inVolumes({ persistentVolumeClaim: { claimName: 'x' } }), needs('PersistentVolumeClaim', 'x')],
      ['a ServiceAccount', { serviceAccountName: 'x', containers: [] }, needs('ServiceAccount', 'x')],
      [
        'a ServiceAccount by its deprecated field',
        { serviceAccount: 'x', containers: [] },
        needs('ServiceAccount', 'x'),
      ],
      ['an image pull secret', { imagePullSecrets: [{ name: 'x' }] }, needs('Secret', 'x')],
      [
        'the Secret of a CSI volume',
        inVolumes({ csi: { driver: 'd', nodePublishSecretRef: { name: 'x' } } }),
        needs('Secret', 'x'),
      ],
      [
        'the Secret of an Azure file share',
        inVolumes({ azureFile: { shareName: 's', secretName: 'x' } }),
        needs('Secret', 'x'),
      ],
      [
        'the Secret of a Ceph volume',
        inVolumes({ cephfs: { monitors: ['m'], secretRef: { name: 'x' } } }),
        needs('Secret', 'x'),
      ],
      [
        'the Secret of an iSCSI volume',
        inVolumes({ iscsi: { iqn: 'i', secretRef: { name: 'x' } } }),
        needs('Secret', 'x'),
      ],
    ])('sees %s', (_, podSpec, needed) => {
      expect(neededObjects(aDeployment('web', podSpec))).toContainEqual(needed);
    });

    it('sees the pods of a CronJob and a bare Pod', () => {
      const podSpec = { serviceAccountName: 'robot', containers: [] };

      expect(
        neededObjects({ kind: 'CronJob', spec: { jobTemplate: { spec: { template: { spec: podSpec } } } } }),
      ).toEqual([needs('ServiceAccount', 'robot')]);
      expect(neededObjects({ kind: 'Pod', spec: podSpec })).toEqual([needs('ServiceAccount', 'robot')]);
    });

    it('sees nothing in an object without pods', () => {
      expect(neededObjects(aConfigMap('plain'))).toEqual([]);
    });

    it('survives pods of any shape', () => {
      for (const podSpec of [
        { containers: 'none' },
        { volumes: [null, 1, { secret: { secretName: 7 } }] },
        { containers: [{ env: [{}] }] },
      ])
        expect(neededObjects(aDeployment('web', podSpec as JsonObject))).toEqual([]);
    });
  });

  it('keeps what the form retains by now, and what that needs, although the record says Delete', () => {
    const entry = (id: string, kind: string, more: Partial<InventoryEntry> = {}): InventoryEntry => ({
      id,
      apiVersion: 'v1',
      kind,
      namespace: 'space',
      name: id,
      policy: 'Delete',
      ...more,
    });
    const record = [
      entry('space', 'Namespace', { namespace: undefined }),
      entry('data', 'PersistentVolumeClaim', { dependIds: ['space'] }),
      entry('password', 'Secret'),
      entry('api', 'ConfigMap', { dependIds: ['data'] }),
    ];
    const kept = retainedByForm(record, new Map([['data', [{ kind: 'Secret', name: 'password' }]]]));
    expect(kept.map(({ id, policy }) => `${id} ${policy}`)).toEqual([
      'space Retain',
      'data Retain',
      'password Retain',
      'api Delete',
    ]);
    expect(retainedByForm(record, new Map())).toEqual(record);
  });
});
