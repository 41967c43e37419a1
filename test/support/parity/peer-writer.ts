import { createHash } from 'node:crypto';
import { canonicalJson } from '../../../domain/canonical.ts';
import { type Cluster, type Json, type KubeObject, lynqPath } from '../e2e/cluster.ts';
import { arraysOf, type Entry } from './entries.ts';
import { type Kind, pathOf } from './paths.ts';

/**
 * Writes a hub's form, LynqNodes and children to the real API server as the Go operator does (parity 1.5, 1.6, 5.2 to 5.11): server-side apply as
 * `lynq-operator`, Create, merge patch and Update without a field manager (the API server then takes `manager`, the name of its program), raw bodies
 * in the arrays of a node, its hash and clock as annotations, its keys in `status.appliedResources`.
 */

export interface PeerNode {
  readonly namespace: string;
  readonly hub: KubeObject;
  readonly form: KubeObject;
  readonly uid: string;
  /** Variables of the row beside uid. */
  readonly extra: Readonly<Record<string, string>>;
  readonly entries: readonly Entry[];
}

const manager = 'lynq-operator';
/** What the API server makes of a request without field manager whose user agent is `manager/v0.0.0 (linux/amd64) kubernetes/$Format`. */
const derivedManager = 'manager';

const render = (text: string, variables: Readonly<Record<string, string>>): string =>
  text.replaceAll(/\{\{ \.(\w+) \}\}/g, (_, name: string) => variables[name] ?? '');

function rendered(value: unknown, variables: Readonly<Record<string, string>>): Json {
  if (typeof value === 'string') return render(value, variables);
  if (Array.isArray(value)) return value.map((item) => rendered(item, variables));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, rendered(item, variables)]));
}

const nodeName = ({ uid, form }: PeerNode): string => `${uid}-${form.metadata.name}`;
const variablesOf = ({ uid, extra, hub, form }: PeerNode) => ({
  ...extra,
  uid,
  hubId: hub.metadata.name,
  templateRef: form.metadata.name,
});
const nameOf = (node: PeerNode, entry: Entry): string =>
  render(entry.nameTemplate ?? `{{ .uid }}-${node.form.metadata.name}-${entry.id}`, variablesOf(node));

/** The first eight bytes of a SHA-256 over the object as Go marshals it (parity 5.11). */
const hashOf = (object: Json): string => createHash('sha256').update(canonicalJson(object)).digest('hex').slice(0, 16);

export function childOf(node: PeerNode, entry: Entry, live: KubeObject): Json {
  const kind = entry.spec.kind;
  const namespace = render(entry.targetNamespace ?? '', variablesOf(node)) || node.namespace;
  const owned = namespace === node.namespace && kind !== 'Namespace' && entry.deletionPolicy !== 'Retain';
  const tracking = { 'lynq.sh/node': live.metadata.name, 'lynq.sh/node-namespace': node.namespace };
  const owner = {
    apiVersion: 'operator.lynq.sh/v1',
    kind: 'LynqNode',
    name: live.metadata.name,
    uid: live.metadata.uid,
    controller: true,
    blockOwnerDeletion: true,
  };
  const object = rendered(
    {
      ...entry.spec,
      metadata: {
        name: nameOf(node, entry),
        ...(kind === 'Namespace' || kind === 'ClusterRole' ? {} : { namespace }),
        ...(owned ? { ownerReferences: [owner] } : { labels: tracking }),
        annotations: {
          'lynq.sh/deletion-policy': entry.deletionPolicy ?? 'Delete',
          ...(entry.creationPolicy === 'Once' ? { 'lynq.sh/created-once': 'true' } : {}),
        },
      },
    },
    variablesOf(node),
  );
  const stamps = {
    'lynq.sh/applied-hash': hashOf(object),
    'lynq.sh/apply-start-time': '2026-11-20T12:00:00.123456789Z',
  };
  return { ...object, metadata: { ...object.metadata, annotations: { ...object.metadata.annotations, ...stamps } } };
}

async function writeChild(cluster: Cluster, node: PeerNode, entry: Entry, live: KubeObject): Promise<KubeObject> {
  const body = childOf(node, entry, live);
  const path = pathOf(entry.spec.kind as Kind, body.metadata.namespace ?? '', body.metadata.name);
  const folder = path.slice(0, path.lastIndexOf('/'));
  const plain = `?fieldManager=${derivedManager}`;
  switch (entry.patchStrategy ?? 'apply') {
    case 'apply':
      return cluster.call('PATCH', `${path}?fieldManager=${manager}&force=false`, body, 'application/apply-patch+yaml');
    case 'merge': {
      await cluster.call('POST', `${folder}${plain}`, body);
      return cluster.call('PATCH', `${path}${plain}`, body, 'application/merge-patch+json');
    }
    case 'replace': {
      const made: KubeObject = await cluster.call('POST', `${folder}${plain}`, body);
      const metadata = { ...body.metadata, resourceVersion: made.metadata.resourceVersion };
      return cluster.call('PUT', `${path}${plain}`, { ...body, metadata });
    }
  }
}

/** An orphan as the Go operator marks it: an Update without `lynq.sh/orphaned-from`. */
export async function markOrphan(cluster: Cluster, path: string): Promise<KubeObject> {
  const live = await cluster.get(path);
  const { 'lynq.sh/node': _node, 'lynq.sh/node-namespace': _namespace, ...labels } = live.metadata.labels ?? {};
  const metadata = {
    ...live.metadata,
    ownerReferences: [],
    labels: { ...labels, 'lynq.sh/orphaned': 'true' },
    annotations: {
      ...live.metadata.annotations,
      'lynq.sh/orphaned-at': '2026-11-21T12:00:00Z',
      'lynq.sh/orphaned-reason': 'LynqNodeDeleted',
    },
  };
  return cluster.call('PUT', `${path}?fieldManager=${derivedManager}`, { ...live, metadata });
}

const appliedKey = (node: PeerNode, entry: Entry): string => {
  const name = entry.nameTemplate === '' ? '' : nameOf(node, entry);
  return `${entry.spec.kind}/${entry.targetNamespace || node.namespace}/${name}@${entry.id}`;
};

function nodeObject(node: PeerNode): Json {
  const { namespace, hub, form, uid, extra } = node;
  const entries = node.entries.map((entry) => ({ ...entry, nameTemplate: nameOf(node, entry) }));
  return {
    apiVersion: 'operator.lynq.sh/v1',
    kind: 'LynqNode',
    metadata: {
      name: nodeName(node),
      namespace,
      labels: { 'lynq.sh/hub': hub.metadata.name, 'lynq.sh/uid': uid },
      annotations: {
        'lynq.sh/hostOrUrl': '',
        'lynq.sh/activate': '1',
        'lynq.sh/extra': canonicalJson(extra),
        'lynq.sh/template-generation': String(form.metadata.generation),
        'lynq.sh/hubId': hub.metadata.name,
        'lynq.sh/rollout-update-start': '2026-11-20T12:00:00Z',
      },
      ownerReferences: [
        {
          apiVersion: 'operator.lynq.sh/v1',
          kind: 'LynqHub',
          name: hub.metadata.name,
          uid: hub.metadata.uid,
          controller: true,
          blockOwnerDeletion: true,
        },
      ],
      finalizers: ['lynqnode.operator.lynq.sh/finalizer'],
    },
    spec: { uid, templateRef: form.metadata.name, ...arraysOf(form.metadata.name, entries) },
  };
}

const condition = (type: string, status: string, reason: string, message: string) => ({
  type,
  status,
  reason,
  message,
  lastTransitionTime: '2026-11-20T12:00:10Z',
});

/** Writes a node with all its children and its status, in the order of the entries. Returns the children as the API server has them. */
export async function writePeerNode(cluster: Cluster, node: PeerNode): Promise<readonly KubeObject[]> {
  const plain = `?fieldManager=${derivedManager}`;
  const live: KubeObject = await cluster.call(
    'POST',
    `${lynqPath(node.namespace, 'lynqnodes')}${plain}`,
    nodeObject(node),
  );
  const children: KubeObject[] = [];
  for (const entry of node.entries) children.push(await writeChild(cluster, node, entry, live));
  const status = {
    observedGeneration: live.metadata.generation,
    desiredResources: node.entries.length,
    readyResources: node.entries.length,
    failedResources: 0,
    skippedResources: 0,
    appliedResources: node.entries.map((entry) => appliedKey(node, entry)),
    lastFullReconcileAt: '2026-11-20T12:00:10Z',
    conditions: [
      condition('Ready', 'True', 'Reconciled', 'Successfully reconciled all resources'),
      condition('Progressing', 'False', 'ReconcileComplete', 'Reconciliation completed'),
      condition('Conflicted', 'False', 'NoConflict', 'No resource conflicts detected'),
      condition('Degraded', 'False', 'Healthy', 'All resources are healthy'),
    ],
  };
  const path = `${lynqPath(node.namespace, 'lynqnodes', live.metadata.name)}/status${plain}`;
  await cluster.call('PATCH', path, { status }, 'application/merge-patch+json');
  return children;
}
