import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Manifest } from './account.ts';
import { root } from './blocks.ts';

/**
 * What an installation of the Go operator leaves in a cluster, as far as the instructions name it: by its chart under a name and in a namespace that are
 * not the usual ones, and by kustomize.
 */

const system = 'lynq-system';
const dead = 'this-service-has-no-pods';

function webhooks(kind: 'Mutating' | 'Validating', name: string, labels: Readonly<Record<string, string>>): Manifest {
  const letter = kind.charAt(0).toLowerCase();
  const hooks = ['lynqhub', 'lynqform'].map((of) => ({
    name: `${letter}${of}.kb.io`,
    admissionReviewVersions: ['v1'],
    sideEffects: 'None',
    failurePolicy: 'Fail',
    clientConfig: { service: { name: dead, namespace: system, path: `/${of}` } },
    rules: [
      { apiGroups: ['operator.lynq.sh'], apiVersions: ['v1'], operations: ['CREATE', 'UPDATE'], resources: [`${of}s`] },
    ],
  }));
  const apiVersion = 'admissionregistration.k8s.io/v1';
  return { apiVersion, kind: `${kind}WebhookConfiguration`, metadata: { name, labels }, webhooks: hooks };
}

/** The objects of one installation but for the definitions; names begin with `prefix`. */
function objects(prefix: string, labels: Readonly<Record<string, string>>): readonly Manifest[] {
  const matchLabels = { 'control-plane': 'controller-manager', 'app.kubernetes.io/instance': prefix };
  const account = `${prefix}-controller-manager`;
  const inNamespace = (name: string) => ({ name: `${prefix}-${name}`, namespace: system, labels });
  const clusterWide = (name: string) => ({ name: `${prefix}-${name}`, labels });
  const subjects = [{ kind: 'ServiceAccount', name: account, namespace: system }];
  const spec = { serviceAccountName: account, containers: [{ name: 'manager', image: 'registry.example.com/lynq:1' }] };
  const template = { metadata: { labels: matchLabels }, spec };
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: `${prefix}-manager-role` };
  const rbac = 'rbac.authorization.k8s.io/v1';
  const certificates = 'cert-manager.io/v1';
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: inNamespace('controller-manager') },
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: inNamespace('controller-manager'),
      spec: { selector: { matchLabels }, template },
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: inNamespace('webhook-service'),
      spec: { selector: matchLabels, ports: [{ port: 443 }] },
    },
    { apiVersion: rbac, kind: 'Role', metadata: inNamespace('leader-election-role'), rules: [] },
    { apiVersion: rbac, kind: 'ClusterRole', metadata: clusterWide('manager-role'), rules: [] },
    { apiVersion: rbac, kind: 'ClusterRoleBinding', metadata: clusterWide('manager-rolebinding'), roleRef, subjects },
    { apiVersion: certificates, kind: 'Certificate', metadata: inNamespace('serving-cert') },
    { apiVersion: certificates, kind: 'Issuer', metadata: inNamespace('selfsigned-issuer') },
  ];
}

/** Kinds of cert-manager, which the Go operator needs. */
export function certManagerKinds(): readonly Manifest[] {
  return ['Certificate', 'Issuer'].map((kind) => {
    const [singular, group] = [kind.toLowerCase(), 'cert-manager.io'];
    const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } };
    return {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: `${singular}s.${group}` },
      spec: {
        group,
        scope: 'Namespaced',
        names: { kind, singular, plural: `${singular}s` },
        versions: [{ name: 'v1', served: true, storage: true, schema }],
      },
    };
  });
}

/** What people gave the account of release `prod` by hand, for entries that are Certificates. */
export function handMadeRights(): readonly Manifest[] {
  const [apiVersion, name] = ['rbac.authorization.k8s.io/v1', 'certificates-for-rows'];
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name };
  const subjects = [{ kind: 'ServiceAccount', name: 'prod-lynq-controller-manager', namespace: system }];
  const rules = [{ apiGroups: ['cert-manager.io'], resources: ['certificates'], verbs: ['*'] }];
  return [
    { apiVersion, kind: 'ClusterRole', metadata: { name }, rules },
    { apiVersion, kind: 'ClusterRoleBinding', metadata: { name }, roleRef, subjects },
  ];
}

/** Installed with kustomize: neither labels nor a release. */
export function byKustomize(): readonly Manifest[] {
  const hooks = (['Mutating', 'Validating'] as const).map((kind) =>
    webhooks(kind, `lynq-${kind.toLowerCase()}-webhook-configuration`, {}),
  );
  return [...objects('lynq', {}), ...hooks];
}

/**
 * Writes a chart with what the Go operator's makes of release `prod`: everything in lynq-system wherever the release is, the definitions as ordinary templates.
 * Its webhooks, which no pod answers, come with the value `webhooks`.
 * @returns the folder of the chart.
 */
export function chartOfTheGoOperator(folder: string): string {
  const chart = join(folder, 'go-operator');
  mkdirSync(join(chart, 'templates'), { recursive: true });
  cpSync(join(root, 'deploy/crds'), join(chart, 'definitions'), { recursive: true });
  const labels = {
    'app.kubernetes.io/name': 'lynq',
    'app.kubernetes.io/instance': 'prod',
    'control-plane': 'controller-manager',
  };
  const template = (name: string, text: string) => writeFileSync(join(chart, 'templates', name), text);
  const documents = (manifests: readonly Manifest[]) =>
    manifests.map((object) => JSON.stringify(object)).join('\n---\n');
  writeFileSync(join(chart, 'Chart.yaml'), 'apiVersion: v2\nname: lynq\nversion: 1.1.0\n');
  template(
    'definitions.yaml',
    '{{ range $_, $text := .Files.Glob "definitions/*.yaml" }}---\n{{ toString $text }}\n{{ end }}',
  );
  const place = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: system } };
  template('objects.yaml', documents([place, ...objects('prod-lynq', labels)]));
  const hooks = (['Mutating', 'Validating'] as const).map((kind) =>
    webhooks(kind, `prod-lynq-${kind.toLowerCase()}`, labels),
  );
  template('webhooks.yaml', `{{ if .Values.webhooks }}\n${documents(hooks)}\n{{ end }}`);
  return chart;
}
