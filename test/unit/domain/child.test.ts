import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../domain/api/json.ts';
import type { TResource } from '../../../domain/api/resource.ts';
import {
  childRef,
  type DesiredChild,
  describeRef,
  desiredChildren,
  intendedRecord,
  namingProblem,
  refKey,
} from '../../../domain/child.ts';
import type { NodeIdentity } from '../../../domain/ownership.ts';
import { json, reversedKeys, textMap } from '../../support/builders/arbitraries.ts';
import { aConfigMap, aDeployment, anEntry, anIdentity, rendered, hubKey } from '../../support/builders/resources.ts';

interface Wish {
  readonly object?: JsonObject;
  readonly entry?: Partial<TResource>;
  readonly identity?: NodeIdentity;
  readonly namespaced?: boolean;
  readonly key?: Uint8Array;
}

function child({
  object = aConfigMap('settings'),
  entry = {},
  identity = anIdentity(),
  namespaced = true,
  key = hubKey,
}: Wish = {}): DesiredChild {
  const [first] = desiredChildren(identity, [rendered(object, anEntry('settings', entry), namespaced)], key);
  if (first === undefined) throw new Error('no child');
  return first;
}

const metadataOf = ({ body }: DesiredChild): JsonObject => body['metadata'] as JsonObject;
const owner = {
  apiVersion: 'operator.lynq.sh/v1',
  kind: 'LynqNode',
  name: 'acme-web',
  uid: 'node-uid-1',
  controller: true,
  blockOwnerDeletion: true,
};

describe('domain/child', () => {
  describe('tracking', () => {
    it('puts both tracking labels on every child, in whatever namespace and with whatever policy', () => {
      const wishes: readonly Wish[] = [
        {},
        { entry: { deletionPolicy: 'Retain' } },
        { object: aConfigMap('settings', { metadata: { namespace: 'elsewhere' } }) },
        { object: { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'acme' } }, namespaced: false },
        { object: { apiVersion: 'v1', kind: 'ConfigMap' } },
      ];

      for (const wish of wishes)
        expect(metadataOf(child(wish))['labels']).toEqual({
          'lynq.sh/node': 'acme-web',
          'lynq.sh/node-namespace': 'tenants',
        });
    });

    it('keeps the labels and annotations of the form, and its own against it', () => {
      const metadata = {
        labels: { app: 'web', 'lynq.sh/node': 'forged' },
        annotations: { note: 'x', 'lynq.sh/deletion-policy': 'Retain' },
      };

      const made = metadataOf(child({ object: aConfigMap('settings', { metadata }) }));

      expect(made['labels']).toEqual({ app: 'web', 'lynq.sh/node': 'acme-web', 'lynq.sh/node-namespace': 'tenants' });
      expect(made['annotations']).toMatchObject({ note: 'x', 'lynq.sh/deletion-policy': 'Delete' });
    });

    it('does not let a form set keys that are reserved for tracking', () => {
      const metadata = {
        labels: { 'lynq.sh/orphaned': 'true', 'lynq.sh/hub': 'forged' },
        annotations: { 'lynq.sh/created-once': 'true', 'lynq.sh/orphaned-from': 'customers/web/other' },
      };

      const made = metadataOf(child({ object: aConfigMap('settings', { metadata }) }));

      expect(Object.keys(made['labels'] as JsonObject).toSorted()).toEqual(['lynq.sh/node', 'lynq.sh/node-namespace']);
      expect(Object.keys(made['annotations'] as JsonObject).toSorted()).toEqual([
        'lynq.sh/applied-hash',
        'lynq.sh/deletion-policy',
      ]);
    });

    it('cuts a long node name to 52 characters, a hyphen and 10 hex, and keeps the full name in an annotation of the same key', () => {
      const name = `${'n'.repeat(60)}-web`;
      const digest = createHash('sha256').update(name).digest('hex').slice(0, 10);

      const made = metadataOf(child({ identity: anIdentity({ name }) }));

      expect(made['labels']).toMatchObject({ 'lynq.sh/node': `${'n'.repeat(52)}-${digest}` });
      expect(made['annotations']).toMatchObject({ 'lynq.sh/node': name });
    });

    it('needs no annotation for a name of 63 characters', () => {
      const made = metadataOf(child({ identity: anIdentity({ name: 'n'.repeat(63) }) }));

      expect(made['labels']).toMatchObject({ 'lynq.sh/node': 'n'.repeat(63) });
      expect(made['annotations']).not.toHaveProperty(['lynq.sh/node']);
    });

    it('tells the policy always, and Once where it is', () => {
      expect(metadataOf(child())['annotations']).toMatchObject({ 'lynq.sh/deletion-policy': 'Delete' });
      expect(metadataOf(child())['annotations']).not.toHaveProperty(['lynq.sh/created-once']);
      expect(
        metadataOf(child({ entry: { creationPolicy: 'Once', deletionPolicy: 'Retain' } }))['annotations'],
      ).toMatchObject({
        'lynq.sh/deletion-policy': 'Retain',
        'lynq.sh/created-once': 'true',
      });
    });
  });

  describe('ownerReference', () => {
    it('is set on an object of the own namespace that goes with the node', () => {
      expect(metadataOf(child())['ownerReferences']).toEqual([owner]);
    });

    it.each<[string, Wish]>([
      ['another namespace', { object: aConfigMap('settings', { metadata: { namespace: 'elsewhere' } }) }],
      [
        'no namespace',
        { object: { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'acme' } }, namespaced: false },
      ],
      ['Retain', { entry: { deletionPolicy: 'Retain' } }],
    ])('is absent with %s', (_, wish) => {
      expect(metadataOf(child(wish))).not.toHaveProperty('ownerReferences');
    });

    it('is absent from what a retained object needs, whatever the form says of it', () => {
      const database = aDeployment('database', {
        containers: [{ name: 'c', envFrom: [{ secretRef: { name: 'credentials' } }] }],
      });
      const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'credentials' } };

      const made = desiredChildren(
        anIdentity(),
        [
          rendered(secret, anEntry('credentials')),
          rendered(database, anEntry('database', { deletionPolicy: 'Retain' })),
          rendered(aConfigMap('other'), anEntry('other')),
        ],
        hubKey,
      );

      expect(made.map(({ policy, retainedBecause }) => [policy, retainedBecause])).toEqual([
        ['Retain', 'database'],
        ['Retain', undefined],
        ['Delete', undefined],
      ]);
      expect(made.map((item) => 'ownerReferences' in metadataOf(item))).toEqual([false, false, true]);
      expect(metadataOf(made[0] as DesiredChild)['annotations']).toMatchObject({ 'lynq.sh/deletion-policy': 'Retain' });
    });

    it('is absent from a retained object even when the form writes one', () => {
      const object = aConfigMap('settings', { metadata: { ownerReferences: [owner] } });

      expect(metadataOf(child({ object, entry: { deletionPolicy: 'Retain' } }))).not.toHaveProperty('ownerReferences');
    });
  });

  describe('coordinates', () => {
    it('puts a namespaced object without namespace beside the node', () => {
      expect(childRef(rendered(aConfigMap('x'), anEntry('x')), 'tenants')).toEqual({
        apiVersion: 'v1',
        kind: 'ConfigMap',
        namespace: 'tenants',
        name: 'x',
      });
      expect(
        childRef(rendered(aConfigMap('x', { metadata: { namespace: '' } }), anEntry('x')), 'tenants').namespace,
      ).toBe('tenants');
    });

    it('takes a namespace off a cluster-scoped object', () => {
      const object = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'acme', namespace: 'tenants' } };

      expect(childRef(rendered(object, anEntry('x'), false), 'tenants').namespace).toBeUndefined();
      expect(metadataOf(child({ object, namespaced: false }))).not.toHaveProperty('namespace');
    });

    it('tells objects apart by group, kind, namespace and name, and not by version', () => {
      const ref = { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'a', name: 'x' };

      expect(refKey({ ...ref, apiVersion: 'apps/v1beta1' })).toBe(refKey(ref));
      for (const change of [
        { apiVersion: 'v1' },
        { kind: 'Other' },
        { namespace: 'b' },
        { namespace: undefined },
        { name: 'y' },
      ])
        expect(refKey({ ...ref, ...change })).not.toBe(refKey(ref));
      expect(describeRef(ref)).toBe('Deployment x');
    });
  });

  describe('hash', () => {
    it('is in the annotation, 16 hex characters', () => {
      const made = child();

      expect(made.hash).toMatch(/^k-[0-9a-f]{32}$/);
      expect(metadataOf(made)['annotations']).toMatchObject({ 'lynq.sh/applied-hash': made.hash });
    });

    it('does not depend on the order of keys', () => {
      fc.assert(
        fc.property(json, textMap(), (data, found) => {
          const object = aConfigMap('x', { metadata: { labels: found, annotations: found }, data });

          expect(child({ object: reversedKeys(object) as JsonObject }).hash).toBe(child({ object }).hash);
        }),
      );
    });

    it.each<[string, Wish]>([
      ['the content', { object: aConfigMap('settings', { data: { key: 'other' } }) }],
      ['a label', { object: aConfigMap('settings', { metadata: { labels: { a: 'b' } } }) }],
      ['an annotation', { object: aConfigMap('settings', { metadata: { annotations: { a: 'b' } } }) }],
      ['the policy', { entry: { deletionPolicy: 'Retain' } }],
      ['Once', { entry: { creationPolicy: 'Once' } }],
      ['the owner', { identity: anIdentity({ nodeUid: 'node-uid-2' }) }],
    ])('changes with %s', (_, wish) => {
      expect(child(wish).hash).not.toBe(child().hash);
    });

    it('does not change with what does not reach the object', () => {
      expect(child({ entry: { timeoutSeconds: 7, waitForReady: false, dependIds: ['x'] } }).hash).toBe(child().hash);
    });

    it('cannot be made without the key of the hub, and says what an earlier version recorded for the same content', () => {
      const made = child();
      const other = child({ key: new Uint8Array(32).fill(8) });

      expect(other.hash).not.toBe(made.hash);
      expect(other.formerHash).toBe(made.formerHash);
      expect(made.formerHash).toMatch(/^[0-9a-f]{16}$/);
      expect(JSON.stringify(made.body)).not.toContain(made.formerHash);
    });

    it('does not change with an applied hash that the form itself carries', () => {
      const object = (hash: string) => aConfigMap('x', { metadata: { annotations: { 'lynq.sh/applied-hash': hash } } });

      expect(child({ object: object('1') }).hash).toBe(child({ object: object('2') }).hash);
    });
  });

  it('keeps the object as it was rendered, keys of every kind included', () => {
    fc.assert(
      fc.property(textMap(), json, (data, spec) => {
        const { body } = child({
          object: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'x' }, data, spec },
        });

        expect(body['data']).toEqual(data);
        expect(body['spec']).toEqual(spec);
      }),
    );
  });

  describe('intendedRecord', () => {
    it('has the coordinates and policies and no uid', () => {
      expect(
        intendedRecord(child({ entry: { dependIds: ['base'], creationPolicy: 'Once', deletionPolicy: 'Retain' } })),
      ).toEqual({
        id: 'settings',
        apiVersion: 'v1',
        kind: 'ConfigMap',
        namespace: 'tenants',
        name: 'settings',
        policy: 'Retain',
        dependIds: ['base'],
        once: true,
      });
    });

    it('leaves out what does not apply', () => {
      const object = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'acme' } };

      expect(intendedRecord(child({ object, namespaced: false }))).toEqual({
        id: 'settings',
        apiVersion: 'v1',
        kind: 'Namespace',
        name: 'acme',
        policy: 'Delete',
      });
    });
  });

  describe('namingProblem', () => {
    const named = (metadata: JsonObject) =>
      rendered({ apiVersion: 'v1', kind: 'ConfigMap', metadata }, anEntry('settings'), true);

    it.each(['acme-web', 'a', 'system:acme', 'Acme.v1', 'a_b', 'a'.repeat(253)])('lets %s be a name', (name) => {
      expect(namingProblem(named({ name }))).toBeUndefined();
    });

    it.each(['', 'a/b', '..', '.', '-a', 'a%2Fb', 'a b', 'ä', 'a\n', 'a'.repeat(254)])(
      'refuses %j as a name and never quotes it',
      (name) => {
        expect(namingProblem(named({ name }))).toMatch(/^metadata\.name is /);
        if (name.length > 3) expect(namingProblem(named({ name }))).not.toContain(name);
      },
    );

    it.each(['kube_system', 'a/b', 'A', '-', 'a'.repeat(64)])('refuses %s as a namespace', (namespace) => {
      expect(namingProblem(named({ name: 'x', namespace }))).toMatch(/^metadata\.namespace is not /);
    });

    it.each(['node-acme.example.com', 'Acme', 'a_b', 'a'.repeat(64)])(
      'refuses %s as the name of a Namespace',
      (name) => {
        const object = { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
        const problem = namingProblem(rendered(object, anEntry('settings'), false));
        expect(problem).toMatch(/^metadata\.name is not a namespace: /);
        expect(problem).not.toContain(name);
      },
    );

    it('lets kinds of others that are called Namespace have any name', () => {
      const object = { apiVersion: 'example.com/v1', kind: 'Namespace', metadata: { name: 'acme.example.com' } };
      expect(namingProblem(rendered(object, anEntry('settings'), false))).toBeUndefined();
    });

    it('does not look at the namespace of a cluster-scoped object', () => {
      const object = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'x', namespace: 'A B' } };
      expect(namingProblem(rendered(object, anEntry('settings'), false))).toBeUndefined();
    });
  });
});
