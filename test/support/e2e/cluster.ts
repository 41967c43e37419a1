import { readFileSync } from 'node:fs';
import { Agent, request } from 'undici';
import { z } from 'zod';

export interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
  readonly observedGeneration?: number;
}

/** A Kubernetes object as JSON; tests look at whatever part they are about. */
// oxlint-disable-next-line typescript/no-explicit-any -- the shape depends on the kind, and an assertion fails on a wrong path anyway
export type Json = any;

export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid: string;
    readonly resourceVersion: string;
    readonly generation?: number;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly ownerReferences?: readonly { readonly kind: string; readonly name: string; readonly uid: string }[];
    readonly finalizers?: readonly string[];
    readonly deletionTimestamp?: string;
    readonly managedFields?: readonly { readonly subresource?: string; readonly time?: string }[];
  };
  readonly spec?: Json;
  readonly status?: Json;
  readonly data?: Readonly<Record<string, string>>;
}

export interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  readonly object: KubeObject;
}

export interface Watching {
  readonly events: readonly WatchEvent[];
  stop(): void;
}

/** Plain JSON access to an API server, of the tests alone: nothing of the product is in between. */
export interface Cluster {
  /** @throws ClusterAnswer for every status of 400 and above. */
  call(method: string, path: string, body?: unknown, contentType?: string): Promise<Json>;
  get(path: string): Promise<KubeObject>;
  /** Undefined when there is no such object. */
  find(path: string): Promise<KubeObject | undefined>;
  list(path: string): Promise<readonly KubeObject[]>;
  create(path: string, body: unknown): Promise<KubeObject>;
  merge(path: string, body: unknown): Promise<KubeObject>;
  remove(path: string, query?: string): Promise<void>;
  /** Every event from now on, the objects that exist first as ADDED. */
  watch(path: string): Watching;
  close(): Promise<void>;
}

export class ClusterAnswer extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

const Kubeconfig = z.object({
  clusters: z.array(z.object({ cluster: z.object({ server: z.string(), 'certificate-authority-data': z.string() }) })),
  users: z.array(z.object({ user: z.object({ token: z.string() }) })),
});

export function openCluster(kubeconfigPath: string): Cluster {
  const config = Kubeconfig.parse(JSON.parse(readFileSync(kubeconfigPath, 'utf8')));
  const { server, 'certificate-authority-data': ca } = config.clusters[0]!.cluster;
  const agent = new Agent({ connect: { ca: Buffer.from(ca, 'base64').toString('utf8') }, bodyTimeout: 0 });
  const headers = { authorization: `Bearer ${config.users[0]!.user.token}`, 'user-agent': 'e2e-tests' };

  async function call(method: string, path: string, body?: unknown, type = 'application/json'): Promise<Json> {
    const answer = await request(`${server}${path}`, {
      method: method as 'GET',
      dispatcher: agent,
      headers: { ...headers, ...(body === undefined ? {} : { 'content-type': type }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.body.text();
    if (answer.statusCode >= 400) throw new ClusterAnswer(answer.statusCode, `${method} ${path}: ${text}`);
    return JSON.parse(text);
  }

  async function follow(path: string, events: WatchEvent[], signal: AbortSignal): Promise<void> {
    const { body } = await request(`${server}${path}${path.includes('?') ? '&' : '?'}watch=true`, {
      dispatcher: agent,
      headers,
      signal,
    });
    let rest = '';
    for await (const chunk of body.setEncoding('utf8')) {
      const lines = `${rest}${String(chunk)}`.split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) events.push(JSON.parse(line) as WatchEvent);
    }
  }

  return {
    call,
    get: (path) => call('GET', path),
    find: (path) =>
      call('GET', path).catch((error: unknown) => {
        if (error instanceof ClusterAnswer && error.status === 404) return undefined;
        throw error;
      }),
    list: async (path) => ((await call('GET', path)) as { items: KubeObject[] }).items,
    create: (path, body) => call('POST', path, body),
    merge: (path, body) => call('PATCH', path, body, 'application/merge-patch+json'),
    remove: (path, query = '') => call('DELETE', `${path}${query}`),
    watch: (path) => {
      const events: WatchEvent[] = [];
      const abort = new AbortController();
      follow(path, events, abort.signal).catch((error: unknown) => {
        if (!abort.signal.aborted) throw error;
      });
      return { events, stop: () => abort.abort() };
    },
    close: () => agent.destroy(),
  };
}

export const conditionOf = (object: KubeObject | undefined, type: string): Condition | undefined =>
  (object?.status?.conditions as readonly Condition[] | undefined)?.find((condition) => condition.type === type);

export const lynqPath = (namespace: string, plural: 'lynqhubs' | 'lynqforms' | 'lynqnodes', name?: string): string =>
  `/apis/operator.lynq.sh/v1/namespaces/${namespace}/${plural}${name === undefined ? '' : `/${name}`}`;

const folders = {
  Namespace: () => '/api/v1/namespaces',
  Secret: (namespace: string) => `/api/v1/namespaces/${namespace}/secrets`,
  ConfigMap: (namespace: string) => `/api/v1/namespaces/${namespace}/configmaps`,
  Service: (namespace: string) => `/api/v1/namespaces/${namespace}/services`,
  PersistentVolumeClaim: (namespace: string) => `/api/v1/namespaces/${namespace}/persistentvolumeclaims`,
  Deployment: (namespace: string) => `/apis/apps/v1/namespaces/${namespace}/deployments`,
  StatefulSet: (namespace: string) => `/apis/apps/v1/namespaces/${namespace}/statefulsets`,
  Ingress: (namespace: string) => `/apis/networking.k8s.io/v1/namespaces/${namespace}/ingresses`,
} as const;

export type ChildKind = keyof typeof folders;

/** Path of an object, or of its folder when no name is given. */
export const childPath = (kind: ChildKind, namespace: string, name?: string): string =>
  `${folders[kind](namespace)}${name === undefined ? '' : `/${name}`}`;

/** Every object in a namespace, of every kind the API server can list, but events. */
export const everythingIn = (cluster: Cluster, namespace: string): Promise<readonly KubeObject[]> =>
  everything(cluster, (root, { name, namespaced }) =>
    namespaced ? `${root}/namespaces/${namespace}/${name}` : undefined,
  );

/** The same of all namespaces and of none; events too. */
export const everythingAnywhere = (cluster: Cluster): Promise<readonly KubeObject[]> =>
  everything(cluster, (root, { name }) => `${root}/${name}`, { events: true });

interface Resource {
  readonly name: string;
  readonly kind: string;
  readonly namespaced: boolean;
  readonly verbs: readonly string[];
}

async function everything(
  cluster: Cluster,
  pathOf: (root: string, resource: Resource) => string | undefined,
  { events = false } = {},
): Promise<readonly KubeObject[]> {
  const groups = (await cluster.call('GET', '/apis')) as { groups: { preferredVersion: { groupVersion: string } }[] };
  const roots = ['/api/v1', ...groups.groups.map((group) => `/apis/${group.preferredVersion.groupVersion}`)];
  const lists = await Promise.all(
    roots.map(async (root) => {
      const { resources } = (await cluster.call('GET', root)) as { resources: readonly Resource[] };
      const wanted = resources.filter(
        ({ name, verbs }) => verbs.includes('list') && !name.includes('/') && (events || name !== 'events'),
      );
      return Promise.all(
        wanted.map(async (resource) => {
          const path = pathOf(root, resource);
          const items = path === undefined ? [] : await cluster.list(path);
          return items.map((item) => ({ ...item, kind: resource.kind }));
        }),
      );
    }),
  );
  return lists.flat(2);
}
