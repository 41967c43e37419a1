import { z } from 'zod';

/**
 * What forms and rows may reach, chosen by the person who runs the worker (reliability S1, S2, S13). Of what an
 * installation of the Go operator has, the defaults take other namespaces, and Namespaces themselves. Names and keys are texts in which `*` stands for any number of characters;
 * a kind is `Namespace` or `ClusterRole.rbac.authorization.k8s.io`.
 */

const pattern = z.string().min(1).max(253);

/** Namespaces of platforms: a literal name in a form may mean them, a name made of a row's text hardly ever does. */
const platformNamespaces = [
  'argocd',
  'argo-rollouts',
  'calico-system',
  'cattle-system',
  'cert-manager',
  'crossplane-system',
  'default',
  'external-secrets',
  'flux-system',
  'gatekeeper-system',
  'ingress-nginx',
  'istio-system',
  'knative-serving',
  'kyverno',
  'linkerd',
  'longhorn-system',
  'lynq-system',
  'metallb-system',
  'openshift',
  'openshift-*',
  'rook-ceph',
  'tigera-operator',
  'vault',
  'velero',
] as const;

const NamespaceScope = z.strictObject({
  /** What may be written into, besides the namespace of the node itself. */
  allow: z.array(pattern).default(['*']),
  /** What may never be written into; wins over `allow`, and holds for the node's own namespace too. */
  deny: z.array(pattern).default(['kube-*']),
  /** What a template may not lead to with the text of a row. */
  denyFromRows: z.array(pattern).default([...platformNamespaces]),
});

export const ScopePolicy = z.strictObject({
  namespaces: NamespaceScope.prefault({}),
  /** Whether a node may have objects outside of its own namespace. */
  crossNamespace: z.boolean().default(true),
  /** Cluster-scoped kinds that a node may have. */
  clusterKinds: z.array(pattern).default(['Namespace']),
  /** Kinds that a node may not have, besides those that none may. */
  denyKinds: z.array(pattern).default([]),
  /** Keys of labels and annotations that forms may set although they are reserved. */
  allowMetadata: z.array(pattern).default([]),
  /** Whether hubs may name only Secrets that say so themselves, by label `lynq.sh/hub-secret: "true"` (reliability S9). */
  labelledSecrets: z.boolean().default(false),
});
export type ScopePolicy = z.infer<typeof ScopePolicy>;
