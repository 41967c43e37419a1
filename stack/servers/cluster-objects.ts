import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { StackError } from '../errors.ts';
import { type Answer, call } from '../http.ts';
import { loopback, notYet, type Readiness, ready, type ServerContext } from './definition.ts';

/** The simulated machines. Together far larger than anything a test on one real machine can fill. */
export const nodeNames = ['machine-1', 'machine-2', 'machine-3'] as const;

const capacity = { cpu: '100000', memory: '100Ti', 'ephemeral-storage': '1000Ti', pods: '50000' };

interface ClusterObject {
  readonly path: string;
  readonly object: object;
}

/** A machine for kwok to play. Its size is part of the creation, since kwok fills in a size only where there is none. */
function node(name: string): ClusterObject {
  return {
    path: '/api/v1/nodes',
    object: {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: {
        name,
        annotations: { 'kwok.x-k8s.io/node': 'fake' },
        labels: {
          'kubernetes.io/arch': 'amd64',
          'kubernetes.io/hostname': name,
          'kubernetes.io/os': 'linux',
          type: 'kwok',
        },
      },
      status: { capacity, allocatable: capacity },
    },
  };
}

const standardStorageClass: ClusterObject = {
  path: '/apis/storage.k8s.io/v1/storageclasses',
  object: {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata: { name: 'standard', annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
    provisioner: 'kubernetes.io/host-path',
    reclaimPolicy: 'Delete',
    volumeBindingMode: 'Immediate',
  },
};

/** The objects every stack has from its first start. */
export const clusterObjects: readonly ClusterObject[] = [standardStorageClass, ...nodeNames.map(node)];

/** Creates what is not there yet; never changes what is. */
export async function createClusterObjects(context: ServerContext): Promise<void> {
  for (const { path, object } of clusterObjects) {
    const answer = await askApiserver(context, path, object);
    if (answer.status !== 201 && answer.status !== 409) {
      const reason = `creating an object at ${path} was answered ${answer.status} ${answer.text.slice(0, 300)}`;
      throw new StackError({ kind: 'server-cannot-start', server: 'apiserver', reason });
    }
  }
}

/** One GET, or a POST when there is a body, as the administrator. */
export async function askApiserver(context: ServerContext, path: string, body?: object): Promise<Answer> {
  const url = `https://${loopback}:${context.ports.apiserver}${path}`;
  const ca = readFileSync(join(context.paths.pki, 'apiserver.crt'), 'utf8');
  const common = { url, token: context.secrets.adminToken, ca };
  return call(body === undefined ? common : { ...common, method: 'POST', body });
}

/** Ready when the controllers have made the service account that pods of the default namespace need. */
export async function defaultServiceAccountExists(context: ServerContext): Promise<Readiness> {
  const { status } = await askApiserver(context, '/api/v1/namespaces/default/serviceaccounts/default');
  return status === 200 ? ready : notYet('the default service account is missing');
}

/** Ready when kwok has made every simulated machine Ready. */
export async function nodesAreReady(context: ServerContext): Promise<Readiness> {
  for (const name of nodeNames) {
    const { status, text } = await askApiserver(context, `/api/v1/nodes/${name}`);
    if (status !== 200 || !isReadyNode(JSON.parse(text))) return notYet(`node ${name} is not Ready`);
  }
  return ready;
}

function isReadyNode(value: unknown): boolean {
  const seen = value as { readonly status?: { readonly conditions?: readonly { type: string; status: string }[] } };
  return seen.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;
}
