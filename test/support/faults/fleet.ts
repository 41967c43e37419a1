import { type KubeObject, lynqPath } from '../e2e/cluster.ts';
import { eventually, notYet, there } from '../e2e/eventually.ts';
import { hubObject } from '../e2e/manifests.ts';
import { removeHubs, setSecret } from '../e2e/world.ts';
import { foreignPrefix, plantForeign } from './foreign.ts';
import { type History, openHistory } from './history.ts';
import { skewOf, skewOfRequests, type SkewReport } from './skew.ts';
import type { Stage } from './stage.ts';

/** Many tenants of one form that is rolled out a few at a time. */
export interface Fleet {
  readonly namespace: string;
  readonly form: string;
  readonly uids: readonly string[];
  readonly maxSkew: number;
}

export interface FleetEdit {
  /** Tag of the image. The stack's machines cannot pull an image with the tag `broken` (stack/servers/pod-stages.ts). */
  readonly version: string;
  /** Below `spec.rollout`, besides maxSkew. */
  readonly rollout?: Readonly<Record<string, unknown>>;
  /** Condition of a template: rows it holds for ask for a machine that does not exist. */
  readonly brokenWhen?: string;
  /** How long a pod has to be ready before it counts, so that a node takes that long at least. */
  readonly slowSeconds?: number;
  /** Has an entry that shows the secret column `token`. */
  readonly secret?: boolean;
}

export function fleetNamed(name: string, size: number, maxSkew: number): Fleet {
  const uids = Array.from({ length: size }, (_, index) => `t${String(index).padStart(2, '0')}`);
  return { namespace: `fleet-${name}`, form: 'web', uids, maxSkew };
}

export const formPath = ({ namespace, form }: Fleet): string => lynqPath(namespace, 'lynqforms', form);

/** A Deployment that shows the version and the row, and a Service. */
export function fleetForm(
  { namespace, form, maxSkew }: Fleet,
  { version, rollout = {}, brokenWhen, slowSeconds, secret = false }: FleetEdit,
) {
  const app = { app: '{{ .uid }}-web' };
  const container = { name: 'web', image: `web:${version}`, env: [{ name: 'SIZE', value: '{{ .size }}' }] };
  const timeoutSeconds = version === 'broken' ? 4 : brokenWhen === undefined ? 300 : 20;
  const pods = {
    metadata: { labels: app },
    spec: { terminationGracePeriodSeconds: 0, ...machineUnless(brokenWhen), containers: [container] },
  };
  const slow = slowSeconds === undefined ? {} : { minReadySeconds: slowSeconds };
  const deployment = { replicas: 1, ...slow, selector: { matchLabels: app }, template: pods };
  const service = { selector: app, ports: [{ port: 80 }] };
  return {
    apiVersion: 'operator.lynq.sh/v1',
    kind: 'LynqForm',
    metadata: { name: form, namespace },
    spec: {
      hubId: 'hub',
      rollout: { maxSkew, ...rollout },
      deployments: [
        {
          id: 'web',
          nameTemplate: '{{ .uid }}-web',
          timeoutSeconds,
          spec: { apiVersion: 'apps/v1', kind: 'Deployment', spec: deployment },
        },
      ],
      ...(secret ? { secrets: [tokenSecret] } : {}),
      services: [
        { id: 'front', nameTemplate: '{{ .uid }}-front', spec: { apiVersion: 'v1', kind: 'Service', spec: service } },
      ],
    },
  };
}

/** The machines of the stack all say that they run Linux. */
function machineUnless(condition: string | undefined) {
  if (condition === undefined) return {};
  return { nodeSelector: { 'kubernetes.io/os': `{{ if ${condition} }}none{{ else }}linux{{ end }}` } };
}

const tokenSecret = {
  id: 'token',
  nameTemplate: '{{ .uid }}-token',
  spec: { apiVersion: 'v1', kind: 'Secret', stringData: { token: '{{ .token }}' } },
};

const tableOf = ({ namespace }: Fleet): string => namespace.replaceAll('-', '_');

/** Table with active rows, hub and form; returns when all nodes are Ready. */
export async function bringFleet(stage: Stage, fleet: Fleet, edit: FleetEdit): Promise<void> {
  const { cluster, database } = stage;
  const { namespace, uids } = fleet;
  const table = tableOf(fleet);
  await database.sql(
    `CREATE TABLE ${table} (id VARCHAR(60) PRIMARY KEY, active BOOLEAN DEFAULT TRUE, size INT DEFAULT 1, token VARCHAR(60) DEFAULT 'first')`,
  );
  await addRows(stage, fleet, uids);
  await cluster.create('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  const forged = { namespace, node: `${uids[0]}-${fleet.form}`, nodeNamespace: namespace, prefix: foreignPrefix };
  stage.foreign.push(...(await plantForeign(cluster, forged)));
  await setSecret(cluster, namespace, 'mysql-credentials', { password: database.password });
  await cluster.create(lynqPath(namespace, 'lynqforms'), fleetForm(fleet, edit));
  const hub = hubObject({ name: 'hub', namespace, database, table, extra: { size: 'size' }, syncInterval: '3s' });
  await cluster.create(lynqPath(namespace, 'lynqhubs'), hub);
  await rolloutIs(stage, fleet, 'Complete');
}

/** Ends all fleets before the stage: the worker of the next test on the same stack would go on with them. */
export async function closeFleets(stage: Stage | undefined): Promise<void> {
  if (stage === undefined) return;
  try {
    const hubs = await stage.cluster.list('/apis/operator.lynq.sh/v1/lynqhubs');
    const places = new Set(hubs.flatMap(({ metadata: { namespace = '' } }) => namespace));
    for (const namespace of places) if (namespace.startsWith('fleet-')) await removeHubs(stage.cluster, namespace);
  } finally {
    await stage.close();
  }
}

export async function addRows(stage: Stage, fleet: Fleet, uids: readonly string[]): Promise<void> {
  await stage.database.sql(`INSERT INTO ${tableOf(fleet)} (id) VALUES ${uids.map((uid) => `('${uid}')`).join(', ')}`);
}

/** Sets a column of all rows, or of some. */
export async function setRows(
  stage: Stage,
  fleet: Fleet,
  column: string,
  value: string,
  uids?: readonly string[],
): Promise<void> {
  const which = uids === undefined ? '' : ` WHERE id IN (${uids.map((uid) => `'${uid}'`).join(', ')})`;
  await stage.database.sql(`UPDATE ${tableOf(fleet)} SET ${column} = '${value}'${which}`);
}

/** One more column of the fleet's table. */
export async function addColumn(stage: Stage, fleet: Fleet, column: string): Promise<void> {
  await stage.database.sql(`ALTER TABLE ${tableOf(fleet)} ADD COLUMN ${column} VARCHAR(60) DEFAULT 'first'`);
}

/** Puts the form as it would be in a file that is applied: what the file does not have goes. Returns it as the server has it. */
export async function putForm(stage: Stage, fleet: Fleet, spec: object): Promise<KubeObject> {
  return eventually('the form is replaced', async () => {
    const found = await stage.cluster.get(formPath(fleet));
    return there((await stage.cluster.call('PUT', formPath(fleet), { ...found, spec })) as KubeObject);
  });
}

export const editFleet = (stage: Stage, fleet: Fleet, edit: FleetEdit): Promise<KubeObject> =>
  putForm(stage, fleet, fleetForm(fleet, edit).spec);

export const nodesOfFleet = async (stage: Stage, { namespace, form }: Fleet): Promise<readonly KubeObject[]> =>
  (await stage.cluster.list(lynqPath(namespace, 'lynqnodes'))).filter(({ spec }) => spec.templateRef === form);

/** Waits until the rollout to the form's present generation is in this phase, over all nodes there are. */
export async function rolloutIs(stage: Stage, fleet: Fleet, phase: string, withinMs = 180_000): Promise<KubeObject> {
  return eventually(
    `the rollout of ${fleet.namespace} is ${phase}`,
    async () => {
      const form = await stage.cluster.get(formPath(fleet));
      const { rollout } = form.status ?? {};
      const current = rollout?.targetGeneration === form.metadata.generation;
      const all = (rollout?.totalNodes ?? 0) >= fleet.uids.length;
      return current && all && rollout.phase === phase ? there(form) : notYet(rollout);
    },
    { withinMs, everyMs: 250 },
  );
}

/** Images of the fleet's Deployments with how many there are of each. */
export async function imagesOf(stage: Stage, { namespace }: Fleet): Promise<Readonly<Record<string, number>>> {
  const found = await stage.cluster.list(`/apis/apps/v1/namespaces/${namespace}/deployments`);
  const counts: Record<string, number> = {};
  for (const { spec } of found) {
    const image = String(spec.template.spec.containers[0].image);
    counts[image] = (counts[image] ?? 0) + 1;
  }
  return counts;
}

export const followFleet = (stage: Stage, { namespace }: Fleet): Promise<History> =>
  openHistory(stage.cluster, stage.stack.kubeconfig, [
    lynqPath(namespace, 'lynqforms'),
    lynqPath(namespace, 'lynqnodes'),
    `/apis/apps/v1/namespaces/${namespace}/deployments`,
  ]);

export interface SkewSince {
  readonly history: History;
  readonly place: number;
  /** The API server was killed: its log may lack a write that is stored. */
  readonly killed?: boolean;
}

/** What the store's own history and the log of requests say, of everything since the history was opened. */
export async function proveSkew(
  stage: Stage,
  fleet: Fleet,
  since: SkewSince,
): Promise<{ readonly watched: SkewReport; readonly requested: SkewReport }> {
  const events = await since.history.stop();
  return {
    watched: skewOf(events, fleet),
    requested: skewOfRequests(
      stage.audit.ofWorker(since.place),
      fleet.namespace,
      fleet,
      since.killed === true ? events : [],
    ),
  };
}
