import type { Planner } from '../../../client/planner.ts';
import { type JsonObject, textAt } from '../../../domain/api/json.ts';
import { createFakeCluster, type FakeCluster } from '../fake-cluster.ts';
import { openInMemoryRowServer } from '../in-memory-row-source.ts';
import { plannerOver } from '../plan-world.ts';

/** The multi-tier story in the middle of a bad day: one row is fine, one waits for a deployment, one is frozen, some are held. */

export const goldenNow = new Date('2026-11-22T12:00:00Z');
const created = new Date('2026-11-22T09:00:00Z');
const apiVersion = 'operator.lynq.sh/v1';
const namespace = 'lynq-system';

const condition = (type: string, status: string, reason: string, message: string, at = '2026-11-22T11:52:00Z') => ({
  type,
  status,
  reason,
  message,
  lastTransitionTime: at,
});

export const hub: JsonObject = {
  apiVersion,
  kind: 'LynqHub',
  metadata: { name: 'multi-tier-nodes', namespace },
  spec: {
    source: {
      type: 'mysql',
      syncInterval: '1m',
      mysql: {
        host: 'mysql.internal',
        port: 3306,
        username: 'lynq_reader',
        database: 'nodes_db',
        table: 'nodes',
        passwordRef: { name: 'mysql-credentials', key: 'password' },
      },
    },
    valueMappings: { uid: 'node_id', activate: 'is_active' },
    extraValueMappings: { apiReplicas: 'api_replicas' },
    secretValueMappings: { apiToken: 'api_token' },
  },
  status: {
    referencingTemplates: 2,
    desired: 4,
    ready: 3,
    failed: 1,
    lastSyncTime: '2026-11-22T11:59:30Z',
    lastSyncDuration: '1.2s',
    rows: { seen: 4, active: 2, frozen: 1, held: 14, inactive: 1, provisioned: 1, waiting: 0, failed: 1 },
    frozenRows: [
      { uid: 'Umbrella Corp', reason: 'InvalidUid', message: 'a uid has lower-case letters, digits and dashes' },
    ],
    warnings: ['column created_at of row initech holds a zero date, read as empty'],
    deletionGuard: {
      window: [{ at: '2026-11-22T11:30:00Z', rows: 6 }],
      rowsAtStart: 40,
      hold: { maxRows: 10, maxPercent: 20, allowEmpty: false },
    },
    conditions: [
      condition('Ready', 'True', 'DatabaseConnected', 'Successfully connected to database and queried node data'),
      condition(
        'DeletionHeld',
        'True',
        'BudgetSpent',
        '14 rows would lose their nodes but the budget of this hour allows 4 more: a1, a2, a3, …. None goes until all rows are back, an edit of spec.deletionGuard allows them, or this set is approved with plan hash 3f9c2a7b1e.',
      ),
      condition('SourceChanged', 'False', 'KnownSource', 'The known source answers'),
      condition('InsecureTransport', 'True', 'NoTls', 'The connection to the database is not encrypted'),
    ],
  },
};

const entry = (id: string, kind: string, more: JsonObject = {}): JsonObject => ({
  id,
  nameTemplate: `{{ .uid }}-${id}`,
  spec: { apiVersion: 'v1', kind },
  ...more,
});

export const forms: readonly JsonObject[] = [
  {
    apiVersion,
    kind: 'LynqForm',
    metadata: { name: 'api-tier', namespace, generation: 3 },
    spec: {
      hubId: 'multi-tier-nodes',
      dependsOn: [{ form: 'data-tier' }],
      rollout: { maxSkew: 5 },
      deployments: [entry('api', 'Deployment', { dependIds: ['config'], timeoutSeconds: 600 })],
      configMaps: [entry('config', 'ConfigMap')],
      services: [entry('api-service', 'Service', { dependIds: ['api'] })],
    },
    status: {
      totalNodes: 2,
      readyNodes: 1,
      rollout: { phase: 'InProgress', updatingNodes: 1, message: '1 of 2 nodes updated' },
      conditions: [
        condition('Valid', 'True', 'ValidationPassed', 'The form is valid'),
        condition('Applied', 'False', 'NodesNotReady', '1/2 nodes ready'),
      ],
    },
  },
  {
    apiVersion,
    kind: 'LynqForm',
    metadata: { name: 'data-tier', namespace, generation: 1 },
    spec: {
      hubId: 'multi-tier-nodes',
      secrets: [entry('credentials', 'Secret', { creationPolicy: 'Once', deletionPolicy: 'Retain' })],
      statefulSets: [entry('postgres', 'StatefulSet', { dependIds: ['credentials'], deletionPolicy: 'Retain' })],
    },
    status: {
      totalNodes: 2,
      readyNodes: 2,
      conditions: [condition('Valid', 'True', 'ValidationPassed', 'The form is valid')],
    },
  },
];

const resource = (id: string, kind: string, state: string, more: JsonObject = {}): JsonObject => ({
  id,
  kind,
  name: `globex-${id}`,
  state,
  since: '2026-11-22T11:55:00Z',
  ...more,
});

const recorded = (id: string, kind: string, apiVersionOf: string, dependIds: readonly string[] = []): JsonObject => ({
  id,
  apiVersion: apiVersionOf,
  kind,
  namespace: 'node-globex',
  name: `globex-${id}`,
  uid: `0000-${id}`,
  policy: 'Delete',
  ...(dependIds.length === 0 ? {} : { dependIds }),
});

function node(form: string, more: { readonly status: JsonObject; readonly metadata?: JsonObject }): JsonObject {
  return {
    apiVersion,
    kind: 'LynqNode',
    metadata: {
      name: `globex-${form}`,
      namespace,
      labels: { 'lynq.sh/hub': 'multi-tier-nodes', 'lynq.sh/uid': 'globex' },
      ...more.metadata,
    },
    spec: { uid: 'globex', templateRef: form, formRevision: `${form}-5d1f0c` },
    status: more.status,
  };
}

export const nodes: readonly JsonObject[] = [
  node('api-tier', {
    status: {
      readyResources: 1,
      desiredResources: 3,
      failedResources: 0,
      skippedResources: 0,
      conditions: [
        condition(
          'Ready',
          'False',
          'NotAllResourcesReady',
          'Not all resources are ready: 1/3 ready',
          '2026-11-22T11:55:00Z',
        ),
        condition('Progressing', 'True', 'Reconciling', 'Reconciling changed resources', '2026-11-22T11:55:00Z'),
      ],
      resources: [
        resource('api', 'Deployment', 'Progressing', {
          reason: 'NotAvailable',
          message: '0 of 2 replicas are available',
        }),
        resource('api-service', 'Service', 'Waiting', { reason: 'DependencyNotReady', message: "waits for 'api'" }),
        resource('config', 'ConfigMap', 'Ready'),
      ],
      inventory: [recorded('api', 'Deployment', 'apps/v1', ['config']), recorded('config', 'ConfigMap', 'v1')],
    },
  }),
  node('data-tier', {
    status: {
      readyResources: 2,
      desiredResources: 2,
      failedResources: 0,
      skippedResources: 0,
      conditions: [condition('Ready', 'True', 'Reconciled', 'Successfully reconciled all resources')],
      resources: [resource('credentials', 'Secret', 'Ready'), resource('postgres', 'StatefulSet', 'Ready')],
      inventory: [
        recorded('credentials', 'Secret', 'v1'),
        recorded('postgres', 'StatefulSet', 'apps/v1', ['credentials']),
      ],
    },
  }),
];

/** What the API server has of the deployment that is not ready, and the pod that says why. */
export const workload: readonly JsonObject[] = [
  {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'globex-api', namespace: 'node-globex', uid: '0000-api' },
    spec: { replicas: 2, selector: { matchLabels: { app: 'globex-api' } } },
    status: {
      replicas: 2,
      conditions: [
        {
          type: 'Available',
          status: 'False',
          reason: 'MinimumReplicasUnavailable',
          message: 'Deployment does not have minimum availability.',
          lastTransitionTime: '2026-11-22T11:55:00Z',
        },
        {
          type: 'Progressing',
          status: 'True',
          reason: 'ReplicaSetUpdated',
          message: 'ReplicaSet "globex-api-7d9" is progressing.',
          lastTransitionTime: '2026-11-22T11:55:00Z',
        },
      ],
    },
  },
  {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: 'globex-api-7d9-x2x',
      namespace: 'node-globex',
      uid: '0000-pod',
      labels: { app: 'globex-api' },
    },
    spec: { containers: [{ name: 'api', image: 'registry.example/api:2' }] },
    status: {
      phase: 'Pending',
      conditions: [{ type: 'Ready', status: 'False', reason: 'ContainersNotReady' }],
      containerStatuses: [
        {
          name: 'api',
          ready: false,
          restartCount: 0,
          state: {
            waiting: { reason: 'ImagePullBackOff', message: 'Back-off pulling image "registry.example/api:2"' },
          },
        },
      ],
    },
  },
];

function event(kind: string, name: string, of: string, more: JsonObject): JsonObject {
  return {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: `${name}.1`, namespace },
    involvedObject: { kind, name, uid: of },
    source: { component: 'kubelet' },
    ...more,
  };
}

/** All of it in a cluster; uids of our own objects are the server's. */
export function goldenCluster(): FakeCluster {
  const cluster = createFakeCluster({ now: () => created });
  for (const object of [hub, ...forms, ...nodes, ...workload]) cluster.seed(object);
  const uidOf = (kind: string, name: string): string => {
    const found = cluster.objects(kind).find((object) => textAt(object, 'metadata', 'name') === name);
    return textAt(found, 'metadata', 'uid') ?? '';
  };
  cluster.seed(
    event('LynqNode', 'globex-api-tier', uidOf('LynqNode', 'globex-api-tier'), {
      type: 'Normal',
      reason: 'TemplateApplied',
      message: 'Applied 2 resources',
      source: { component: 'lynqnode-controller' },
      firstTimestamp: '2026-11-22T11:45:00Z',
      lastTimestamp: '2026-11-22T11:55:00Z',
      count: 3,
    }),
  );
  cluster.seed(
    event('Pod', 'globex-api-7d9-x2x', uidOf('Pod', 'globex-api-7d9-x2x'), {
      namespace: 'node-globex',
      metadata: { name: 'pull', namespace: 'node-globex' },
      type: 'Warning',
      reason: 'Failed',
      message: 'Failed to pull image "registry.example/api:2": not found',
      firstTimestamp: '2026-11-22T11:55:10Z',
      lastTimestamp: '2026-11-22T11:58:40Z',
      count: 5,
    }),
  );
  return cluster;
}

/** Nodes of the form api-tier in every state that holds one up: one row each. */
export function troubledCluster(): FakeCluster {
  const cluster = createFakeCluster({ now: () => created });
  for (const object of [hub, ...forms]) cluster.seed(object);
  const troubled = (uid: string, resources: readonly JsonObject[], metadata: JsonObject = {}): void => {
    const labels = { 'lynq.sh/hub': 'multi-tier-nodes', 'lynq.sh/uid': uid };
    const status = {
      readyResources: 0,
      desiredResources: resources.length,
      conditions: [
        condition('Ready', 'False', 'NotAllResourcesReady', `Not all resources are ready: 0/${resources.length} ready`),
      ],
      resources,
    };
    const object = node('api-tier', { status, metadata: { name: `${uid}-api-tier`, labels, ...metadata } });
    cluster.seed({ ...object, spec: { uid, templateRef: 'api-tier', formRevision: 'api-tier-5d1f0c' } });
  };
  const api = (state: string, reason: string, message: string): JsonObject =>
    resource('api', 'Deployment', state, { reason, message });
  const behind = resource('api-service', 'Service', 'Waiting', {
    reason: 'DependencyNotReady',
    message: "waits for 'api'",
  });
  troubled('waiting', [api('Waiting', 'QuotaExceeded', 'exceeded quota: pods'), behind]);
  troubled('gated', [api('Waiting', 'WaitingForForm', 'starts when LynqNode gated-data-tier is Ready')]);
  troubled('failed', [
    api('Failed', 'ReadinessTimeout', 'not ready after 600 s: 0 of 2 replicas are available'),
    resource('api-service', 'Service', 'Skipped', { reason: 'DependencyFailed', message: "dependency 'api' failed" }),
    resource('config', 'ConfigMap', 'Failed', {
      reason: 'Immutable',
      message: 'data: field is immutable when `immutable` is set',
    }),
  ]);
  troubled('conflicted', [api('Conflicted', 'ResourceConflict', 'held by kubectl-client-side-apply'), behind]);
  troubled(
    'deleting',
    [
      resource('api', 'Deployment', 'Deleting', { reason: 'Deleting', message: 'Deleting' }),
      resource('config', 'ConfigMap', 'Deleting', {
        reason: 'WaitsForDependents',
        message: 'goes after the objects that depend on it',
      }),
    ],
    { deletionTimestamp: '2026-11-22T11:58:00Z', finalizers: ['lynqnode.operator.lynq.sh/finalizer'] },
  );
  return cluster;
}

/** The row acme, whose form has a Deployment of another name, a Deployment in another namespace, and an entry less: the old objects are still there. */
export function renamedCluster(): FakeCluster {
  const cluster = createFakeCluster({ now: () => created });
  for (const object of [hub, ...forms]) cluster.seed(object);
  const record = (id: string, name: string, place: string, more: JsonObject = {}): JsonObject => ({
    ...recorded(id, 'Deployment', 'apps/v1'),
    namespace: place,
    name,
    uid: `${place}/${name}`,
    ...more,
  });
  const coming = { state: 'Progressing', reason: 'NotAvailable', message: '0 of 1 replicas are available' };
  const status = {
    readyResources: 0,
    desiredResources: 2,
    conditions: [condition('Ready', 'False', 'NotAllResourcesReady', 'Not all resources are ready: 0/2 ready')],
    resources: [
      resource('api', 'Deployment', 'Progressing', { ...coming, name: 'acme-api-new' }),
      resource('cache', 'Deployment', 'Progressing', { ...coming, name: 'acme-cache' }),
    ],
    inventory: [
      record('api', 'acme-api-old', 'node-acme'),
      record('api', 'acme-api-new', 'node-acme'),
      record('cache', 'acme-cache', 'node-acme'),
      record('cache', 'acme-cache', 'caches'),
      record('disk', 'acme-disk', 'node-acme', { policy: 'Retain' }),
    ],
  };
  const labels = { 'lynq.sh/hub': 'multi-tier-nodes', 'lynq.sh/uid': 'acme' };
  const acme = node('api-tier', { status, metadata: { name: 'acme-api-tier', labels } });
  cluster.seed({ ...acme, spec: { uid: 'acme', templateRef: 'api-tier', formRevision: 'api-tier-5d1f0c' } });
  for (const { name, namespace: place } of status.inventory.map((one) => ({
    name: textAt(one, 'name') ?? '',
    namespace: textAt(one, 'namespace') ?? '',
  }))) {
    const type = { type: 'Available', lastTransitionTime: '2026-11-22T11:55:00Z' };
    const bad = { ...type, status: 'False', reason: 'MinimumReplicasUnavailable', message: `${place}/${name} is new.` };
    const old = { ...type, status: 'False', reason: 'OfTheOldObject', message: `${place}/${name} is old.` };
    const isNew = name === 'acme-api-new' || place === 'caches';
    cluster.seed({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name, namespace: place },
      status: { conditions: [isNew ? bad : old] },
    });
  }
  return cluster;
}

/** The planner of the hub when the table has these rows: node_id, is_active, api_replicas, api_token. */
export function goldenPlanner(cluster: FakeCluster, rows: readonly (readonly string[])[]): Planner {
  const server = openInMemoryRowServer();
  server.state.host = 'mysql.internal';
  server.tables.set('nodes_db.nodes', { columns: ['node_id', 'is_active', 'api_replicas', 'api_token'], rows });
  const data = { password: Buffer.from('secret').toString('base64') };
  cluster.seed({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'mysql-credentials', namespace }, data });
  return plannerOver(cluster, server, goldenNow).planner;
}
