import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse, parseAllDocuments } from 'yaml';
import { kubeconfigText } from '../../../stack/kubeconfig.ts';

/** A manifest as data. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly [key: string]: unknown };
  readonly [key: string]: unknown;
}

export interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

export const readManifests = (text: string): readonly Manifest[] =>
  parseAllDocuments(text)
    .map((document) => document.toJS() as Manifest | null)
    .filter((object) => object !== null);

const ofDeploy = (name: string): string =>
  readFileSync(fileURLToPath(new URL(`../../../deploy/${name}`, import.meta.url)), 'utf8');

/** What stays at an uninstall. */
export const plainDefinitions = (): string => ofDeploy('definitions.yaml');
/** What may be deleted as it was applied. */
export const plainWorker = (): string => ofDeploy('install.yaml');
/** An installation without Helm. */
export const plainInstall = (): string => `${plainDefinitions()}---\n${plainWorker()}`;

interface Target {
  readonly kubectl: string;
  /** Of an administrator. */
  readonly kubeconfig: string;
}

function runKubectl({ kubectl, kubeconfig }: Target, args: readonly string[], input = ''): string {
  const { status, stdout, stderr } = spawnSync(kubectl, ['--kubeconfig', kubeconfig, ...args], {
    input,
    encoding: 'utf8',
    maxBuffer: 64 << 20,
  });
  if (status !== 0) throw new Error(`kubectl ${args.join(' ')} ended with ${status}\n${stderr}`);
  return stdout;
}

/** For a kubectl. One list: that of 1.30 takes no separators between documents of JSON. */
export const manifestText = (manifests: readonly object[]): string =>
  JSON.stringify({ apiVersion: 'v1', kind: 'List', items: manifests });

/** `kubectl apply --server-side` of manifests, as the instructions for an installation say; definitions of kinds are served afterwards. */
export function applyManifests(target: Target, manifests: readonly Manifest[]): void {
  runKubectl(target, ['apply', '--server-side', '--force-conflicts', '-f', '-'], manifestText(manifests));
  const kinds = manifests
    .filter(({ kind }) => kind === 'CustomResourceDefinition')
    .map(({ metadata }) => metadata.name);
  if (kinds.length > 0) runKubectl(target, ['wait', '--for=condition=Established', '--timeout=60s', 'crd', ...kinds]);
}

interface Place {
  readonly namespace: string;
  /** Of the account and its roles; the manifests' own when absent, so that a second installation replaces the first. */
  readonly name?: string | undefined;
}

/** Moves an installation into another namespace, as an overlay of kustomize does. */
export function relocated(manifests: readonly Manifest[], { namespace, name }: Place): readonly Manifest[] {
  const metadata = manifests.find(({ kind }) => kind === 'ServiceAccount')?.metadata;
  if (metadata === undefined) throw new Error('the manifests have no ServiceAccount');
  const text = JSON.stringify(manifests.filter(({ kind }) => kind !== 'Namespace'))
    .replaceAll(`"namespace":"${metadata.namespace}"`, `"namespace":"${namespace}"`)
    .replaceAll(`"name":"${metadata.name}"`, `"name":"${name ?? metadata.name}"`);
  return JSON.parse(text) as readonly Manifest[];
}

const isWorkload = ({ kind }: Manifest): boolean => kind === 'Deployment' || kind === 'Service';

/** It holds in the whole cluster, and the tests write forms that are wrong on purpose. */
const isPolicy = ({ kind }: Manifest): boolean => kind.startsWith('ValidatingAdmissionPolicy');

export interface Account extends Target, Place {
  /** Where the kubeconfig of the account is written. */
  readonly file: string;
  /** What the tests' own kinds need beyond the manifests, as `rbac.extraRules` would give it. */
  readonly extraRules?: readonly Rule[];
}

/**
 * Installs manifests without the worker and the policy for forms, in a namespace, and writes a kubeconfig with a token of exactly that ServiceAccount. The worker that uses it
 * has the rights it would have in the cluster, and nothing else.
 */
export function installAccount(manifests: readonly Manifest[], account: Account): void {
  const { namespace, file, extraRules = [] } = account;
  const placed = relocated(manifests, account).filter((manifest) => !isWorkload(manifest) && !isPolicy(manifest));
  const name = placed.find(({ kind }) => kind === 'ServiceAccount')?.metadata.name ?? '';
  applyManifests(account, [...placed, ...extraRole(extraRules, name, namespace)]);
  accountKubeconfigOf(account, { namespace, name, file });
}

/** Writes a kubeconfig with a token of a ServiceAccount that is there. */
export function accountKubeconfigOf(
  target: Target,
  { namespace, name, file }: { readonly namespace: string; readonly name: string; readonly file: string },
): void {
  const token = runKubectl(target, ['-n', namespace, 'create', 'token', name, '--duration=24h']).trim();
  writeFileSync(file, accountKubeconfig(target.kubeconfig, { namespace, user: name, token }), { mode: 0o600 });
}

function accountKubeconfig(
  admin: string,
  { namespace, user, token }: { readonly namespace: string; readonly user: string; readonly token: string },
): string {
  const { clusters } = parse(readFileSync(admin, 'utf8')) as {
    clusters: [{ cluster: { server: string; 'certificate-authority-data': string } }];
  };
  const { server, 'certificate-authority-data': ca } = clusters[0].cluster;
  const text = kubeconfigText({ server, ca: Buffer.from(ca, 'base64').toString('utf8'), user, token });
  const config = JSON.parse(text) as { contexts: [{ context: Record<string, string> }] };
  config.contexts[0].context['namespace'] = namespace;
  return JSON.stringify(config, null, 2);
}

function extraRole(rules: readonly Rule[], account: string, namespace: string): readonly Manifest[] {
  if (rules.length === 0) return [];
  const rbac = 'rbac.authorization.k8s.io';
  const metadata = { name: `${account}-${namespace}-extra` };
  const roleRef = { apiGroup: rbac, kind: 'ClusterRole', name: metadata.name };
  const subjects = [{ kind: 'ServiceAccount', name: account, namespace }];
  return [
    { apiVersion: `${rbac}/v1`, kind: 'ClusterRole', metadata, rules },
    { apiVersion: `${rbac}/v1`, kind: 'ClusterRoleBinding', metadata, roleRef, subjects },
  ];
}
