import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../../domain/api/json.ts';
import type { TResource } from '../../../../domain/api/resource.ts';
import { ScopePolicy } from '../../../../domain/api/scope.ts';
import { judgeScope, matchesPattern, type ScopeReason } from '../../../../domain/policies/scope.ts';
import { aConfigMap, anEntry } from '../../../support/builders/resources.ts';

function judge(
  object: JsonObject,
  change: { readonly entry?: Partial<TResource>; readonly namespaced?: boolean; readonly policy?: unknown } = {},
): ScopeReason | undefined {
  return judgeScope(
    { policy: ScopePolicy.parse(change.policy ?? {}), workerNamespace: 'lynq-worker' },
    {
      entry: anEntry('one', { spec: { apiVersion: 'v1', kind: 'ConfigMap' }, ...change.entry }),
      object,
      namespaced: change.namespaced ?? true,
      nodeNamespace: 'tenants',
    },
  )?.reason;
}

const inNamespace = (namespace: string) => aConfigMap('one', { metadata: { namespace } });
const labelled = (labels: JsonObject) => aConfigMap('one', { metadata: { labels } });
const ofKind = (apiVersion: string, kind: string): JsonObject => ({ apiVersion, kind, metadata: { name: 'one' } });
const aNamespace = (name: string): JsonObject => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });

describe('domain/policies/scope', () => {
  describe('namespaces', () => {
    it.each(['', 'tenants', 'node-acme', 'other-team'])('lets a node into namespace "%s"', (namespace) => {
      expect(judge(inNamespace(namespace))).toBeUndefined();
    });

    it.each(['kube-system', 'kube-public', 'kube-node-lease', 'lynq-worker'])('keeps out of %s', (namespace) => {
      expect(judge(inNamespace(namespace))).toBe('NamespaceNotAllowed');
      expect(judge(aNamespace(namespace), { namespaced: false })).toBe('NamespaceNotAllowed');
    });

    it('lets a form name the namespace of a platform, and a row not', () => {
      const literal = { entry: { targetNamespace: 'argocd' } };
      const templated = { entry: { targetNamespace: '{{ .uid }}' } };

      expect(judge(inNamespace('argocd'), literal)).toBeUndefined();
      expect(judge(inNamespace('argocd'), templated)).toBe('NamespaceNotAllowed');
      expect(judge(inNamespace('solar-system'), templated)).toBeUndefined();
    });

    it('lets no row make the Namespace of a platform, wherever the form has its template', () => {
      const spec = { apiVersion: 'v1', kind: 'Namespace' };
      const inSpec = { ...spec, metadata: { name: '{{ .uid }}' } };

      expect(judge(aNamespace('argocd'), { namespaced: false, entry: { spec, nameTemplate: '{{ .uid }}' } })).toBe(
        'NamespaceNotAllowed',
      );
      expect(judge(aNamespace('argocd'), { namespaced: false, entry: { spec: inSpec } })).toBe('NamespaceNotAllowed');
    });

    it("keeps a node in its own namespace when the policy allows no other, and out of what it doesn't list", () => {
      expect(judge(inNamespace('node-acme'), { policy: { crossNamespace: false } })).toBe('NamespaceNotAllowed');
      expect(judge(inNamespace('tenants'), { policy: { crossNamespace: false } })).toBeUndefined();
      const policy = { namespaces: { allow: ['node-*'] } };
      expect(judge(inNamespace('node-acme'), { policy })).toBeUndefined();
      expect(judge(inNamespace('other'), { policy })).toBe('NamespaceNotAllowed');
    });
  });

  describe('kinds', () => {
    it.each([
      ['admissionregistration.k8s.io/v1', 'ValidatingWebhookConfiguration'],
      ['admissionregistration.k8s.io/v1', 'MutatingWebhookConfiguration'],
      ['apiextensions.k8s.io/v1', 'CustomResourceDefinition'],
      ['apiregistration.k8s.io/v1', 'APIService'],
      ['certificates.k8s.io/v1', 'CertificateSigningRequest'],
      ['v1', 'PersistentVolume'],
      ['v1', 'Node'],
      ['operator.lynq.sh/v1', 'LynqNode'],
    ])('never allows %s %s, not even by policy', (apiVersion, kind) => {
      const group = apiVersion.includes('/') ? `.${apiVersion.split('/')[0]}` : '';
      const policy = { clusterKinds: ['*', `${kind}${group}`] };

      expect(judge(ofKind(apiVersion, kind), { namespaced: false, policy })).toBe('KindNotAllowed');
    });

    it('allows cluster-scoped kinds only where the policy lists them', () => {
      const role = ofKind('rbac.authorization.k8s.io/v1', 'ClusterRole');

      expect(judge(role, { namespaced: false })).toBe('KindNotAllowed');
      const policy = { clusterKinds: ['ClusterRole.rbac.authorization.k8s.io'] };
      expect(judge(role, { namespaced: false, policy })).toBeUndefined();
      expect(judge(aNamespace('node-acme'), { namespaced: false, policy })).toBe('KindNotAllowed');
    });

    it('allows namespaced kinds of any group, but for those the policy denies', () => {
      const custom = ofKind('example.com/v1', 'Widget');

      expect(judge(custom)).toBeUndefined();
      expect(judge(custom, { policy: { denyKinds: ['*.example.com'] } })).toBe('KindNotAllowed');
    });

    it('wants kind and apiVersion written out', () => {
      const entry = { spec: { apiVersion: 'v1', kind: '{{ .kind }}' } };
      expect(judge(aConfigMap('one'), { entry })).toBe('KindNotAllowed');
    });
  });

  describe('metadata', () => {
    it.each([
      'lynq.sh/node',
      'lynq.sh/deletion-policy',
      'pod-security.kubernetes.io/enforce',
      'rbac.authorization.k8s.io/aggregate-to-admin',
      'kubernetes.io/metadata.name',
      'kubernetes.io/service-account.name',
    ])('refuses the key %s as label and as annotation', (key) => {
      expect(judge(labelled({ [key]: 'x' }))).toBe('ReservedMetadata');
      expect(judge(aConfigMap('one', { metadata: { annotations: { [key]: 'x' } } }))).toBe('ReservedMetadata');
    });

    it.each(['app', 'app.kubernetes.io/name', 'nginx.ingress.kubernetes.io/rewrite-target', 'istio-injection'])(
      'lets %s pass',
      (key) => {
        expect(judge(labelled({ [key]: 'x' }))).toBeUndefined();
      },
    );

    it.each(['ownerReferences', 'finalizers', 'managedFields', 'uid', 'resourceVersion'])(
      'refuses %s, unless it is empty',
      (member) => {
        expect(judge(aConfigMap('one', { metadata: { [member]: ['x'] } }))).toBe('ReservedMetadata');
        expect(judge(aConfigMap('one', { metadata: { [member]: [] } }))).toBeUndefined();
      },
    );

    it('lets a key pass that the policy allows', () => {
      const policy = { allowMetadata: ['pod-security.kubernetes.io/*'] };
      expect(judge(labelled({ 'pod-security.kubernetes.io/enforce': 'baseline' }), { policy })).toBeUndefined();
      expect(judge(labelled({ 'lynq.sh/node': 'x' }), { policy })).toBe('ReservedMetadata');
    });
  });

  it.each(['*', 'lynq.sh/*', 'lynq.sh/hub-secret'])(
    'lets no form set a key of ours, though the policy allows %s',
    (pattern) => {
      const policy = { allowMetadata: [pattern] };
      expect(judge(labelled({ 'lynq.sh/hub-secret': 'true' }), { policy })).toBe('ReservedMetadata');
      expect(
        judge(labelled({ 'openshift.io/node-selector': 'x' }), { policy: { allowMetadata: ['*'] } }),
      ).toBeUndefined();
    },
  );

  it('matches patterns as a regular expression with .* for * does', () => {
    const piece = fc.constantFrom('a', 'b', '-', '*', '.');
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '-', '.'), maxLength: 8 });
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 6 }), text, (pieces, candidate) => {
        const pattern = pieces.join('');
        const expression = new RegExp(`^${pattern.replaceAll('.', '\\.').replaceAll('*', '.*')}$`);
        expect(matchesPattern(pattern, candidate)).toBe(expression.test(candidate));
      }),
    );
  });
});
