import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { auditedAccount } from '../../stack/servers/audit-policy.ts';
import { lynqPath, openCluster } from '../support/e2e/cluster.ts';
import { eventually, notYet, there } from '../support/e2e/eventually.ts';
import { hubObject } from '../support/e2e/manifests.ts';
import { openWorld, type World } from '../support/e2e/world.ts';
import { installAccount, plainInstall, readManifests, relocated } from '../support/install/account.ts';
import { grantedRights, type Right, type Use, usesIn } from '../support/install/rights.ts';
import {
  arraysOf,
  autoscaler,
  claim,
  configMap,
  cronJob,
  daemonSet,
  deployment,
  disruptionBudget,
  type Entry,
  ingress,
  job,
  namespace,
  networkPolicy,
  type Policies,
  service,
  statefulSet,
} from '../support/parity/entries.ts';

/**
 * The worker under exactly the ServiceAccount of deploy/install.yaml, with the audit log as witness: what a life of a row uses is what the roles
 * give. A right that is taken away is missed here, one that is added for nothing is found here.
 */

const account = `system:serviceaccount:${auditedAccount.namespace}:${auditedAccount.name}`;

/** Rights that this story cannot use, each with the reason why it is given all the same. */
const unused: Readonly<Record<Right, string>> = {
  'get /events': 'rbac-grants.test.ts: an Event that is there already is counted up',
  'patch /events': 'rbac-grants.test.ts: an Event that is there already is counted up',
  'create authentication.k8s.io/tokenreviews': 'rbac-grants.test.ts: who reads the metrics over TLS',
  'create authorization.k8s.io/subjectaccessreviews': 'rbac-grants.test.ts: whether that reader may',
  'update operator.lynq.sh/lynqhubs/finalizers':
    'rbac-owners.test.ts: asked for only where OwnerReferencesPermissionEnforcement is on',
  'update operator.lynq.sh/lynqforms/finalizers':
    'rbac-owners.test.ts: asked for only where OwnerReferencesPermissionEnforcement is on',
  'update operator.lynq.sh/lynqnodes/finalizers':
    'rbac-owners.test.ts: asked for only where OwnerReferencesPermissionEnforcement is on',
};

const secret = (id: string, more: Policies): Entry => ({
  id,
  spec: {
    apiVersion: 'v1',
    kind: 'Secret',
    stringData: { token: '{{ .token }}', word: '{{ generate "word" 12 }}', key: '{{ genPrivateKey "ecdsa" }}' },
  },
  ...more,
});
const serviceAccount = (id: string, more: Policies): Entry => ({
  id,
  spec: { apiVersion: 'v1', kind: 'ServiceAccount' },
  ...more,
});

/** One object of each kind that a form has an array for, with a label that follows the row. */
function everyKind(strategy: 'apply' | 'replace'): readonly Entry[] {
  const of = (kind: string): string => `${kind}-${strategy}`;
  const more: Policies = { patchStrategy: strategy, labelsTemplate: { size: 's{{ .size }}' } };
  return [
    configMap(of('cm'), { size: '{{ .size }}' }, more),
    secret(of('secret'), more),
    serviceAccount(of('sa'), more),
    service(of('svc'), {}, more),
    deployment(of('dep'), {}, more),
    statefulSet(of('sts'), {}, more),
    daemonSet(of('ds'), {}, more),
    job(of('job'), more),
    cronJob(of('cron'), more),
    ingress(of('ing'), more),
    networkPolicy(of('np'), more),
    disruptionBudget(of('pdb'), more),
    autoscaler(of('hpa'), `{{ .uid }}-all-dep-${strategy}`, more),
    claim(of('pvc'), undefined, more),
    namespace(of('ns'), `rbac-{{ .uid }}-${strategy}`, more),
  ];
}

async function makeNamespace(kubeconfig: string, name: string): Promise<void> {
  const cluster = openCluster(kubeconfig);
  await cluster.create('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  await cluster.close();
}

describe('install/rbac', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lynqflow-rbac-'));
  const workerKubeconfig = join(folder, 'kubeconfig');
  const manifests = readManifests(plainInstall());
  const roles = relocated(manifests, auditedAccount).filter(({ kind }) => kind.endsWith('Role'));
  let world: World;
  let place: number;
  let uses: readonly Use[] = [];

  const form = (entries: readonly Entry[]) => ({
    apiVersion: 'operator.lynq.sh/v1',
    kind: 'LynqForm',
    metadata: { name: 'all', namespace: world.namespace },
    spec: { hubId: 'things', rollout: { maxSkew: 5 }, ...arraysOf('all', entries) },
  });
  /** More than are kept of a form: the oldest are pruned. */
  async function leaveOldRevisions(): Promise<void> {
    const folder = `/apis/apps/v1/namespaces/${world.namespace}/controllerrevisions`;
    for (let index = 0; index < 11; index += 1) {
      const metadata = { name: `all-old${index}`, labels: { 'lynq.sh/form': 'all' } };
      const data = { hubId: 'things' };
      await world.cluster.create(folder, {
        apiVersion: 'apps/v1',
        kind: 'ControllerRevision',
        metadata,
        revision: 0,
        data,
      });
    }
  }
  const complete = (revision?: string) =>
    eventually(
      'the rollout is complete',
      async () => {
        const { status } = await world.cluster.get(lynqPath(world.namespace, 'lynqforms', 'all'));
        const done = status?.rollout?.phase === 'Complete' && status.rollout.revision !== revision;
        return done ? there(status.rollout.revision as string) : notYet(status?.rollout);
      },
      { withinMs: 120_000 },
    );

  /** The worker puts the earlier content back, and takes the annotation off. */
  const undo = () =>
    world.cluster.merge(lynqPath(world.namespace, 'lynqforms', 'all'), {
      metadata: { annotations: { 'lynq.sh/rollout': 'undo' } },
    });
  async function removedAndMadeAgain(path: string): Promise<void> {
    const { uid } = (await world.cluster.get(path)).metadata;
    await world.cluster.remove(path);
    await eventually('the object is made again', async () => {
      const found = await world.cluster.find(path);
      return found !== undefined && found.metadata.uid !== uid ? there(true) : notYet(found?.metadata.uid);
    });
    await world.ready(['acme-all'], { withinMs: 120_000 });
  }
  /** What a node was made from is read from the cluster by a worker that has not seen the form as it was. */
  async function restartedOnAnOlderRevision(edited: ReturnType<typeof form>): Promise<void> {
    const all = lynqPath(world.namespace, 'lynqforms', 'all');
    await world.cluster.merge(all, { spec: { rollout: { paused: true } } });
    await world.cluster.merge(all, { spec: { configMaps: edited.spec['configMaps' as keyof typeof edited.spec] } });
    await eventually('the rollout of the edit is under way', async () => {
      const { status } = await world.cluster.get(all);
      return status?.rollout?.phase === 'InProgress' ? there(true) : notYet(status?.rollout);
    });
    await world.worker.stop();
    await world.worker.start();
    await eventually('the node is compared', async () => {
      const ended = await world.lynq(['resync', 'acme-all', '--wait']);
      return ended.code === 0 ? there(true) : notYet(ended.stderr);
    });
    await undo();
    await world.cluster.merge(all, { spec: { rollout: { paused: null } } });
    await complete();
  }

  beforeAll(async () => {
    const stack = inject('stack');
    place = statSync(stack.auditLog).size;
    await makeNamespace(stack.kubeconfig, auditedAccount.namespace);
    installAccount(manifests, { ...stack, ...auditedAccount, file: workerKubeconfig });
    world = await openWorld(
      { ...stack, workerKubeconfig },
      {
        name: 'rbac',
        schema: `CREATE TABLE things (id VARCHAR(100), active BOOLEAN DEFAULT TRUE, size INT DEFAULT 1, token TEXT);
          INSERT INTO things (id, token) VALUES ('acme', 'a-secret-value')`,
      },
    );
    const extra = { size: 'size' };
    const hub = hubObject({
      name: 'things',
      namespace: world.namespace,
      database: world.database,
      table: 'things',
      extra,
      syncInterval: '2s',
    }) as { spec: object };
    await world.cluster.create(lynqPath(world.namespace, 'lynqhubs'), {
      ...hub,
      spec: { ...hub.spec, secretValueMappings: { token: 'token' } },
    });
  });
  afterAll(async () => {
    // A worker that is left would take the hubs of other files.
    if (uses.length === 0) await world?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test('a row has an object of every kind, follows its columns, its form is rolled out and undone, and all goes with the hub', async () => {
    const entries = [...everyKind('apply'), ...everyKind('replace')];
    await world.cluster.create(lynqPath(world.namespace, 'lynqforms'), form(entries));
    await world.ready(['acme-all'], { withinMs: 180_000 });
    const first = await complete();
    await world.database.sql("UPDATE things SET size = 2, token = 'another-secret-value'");
    const path = `/api/v1/namespaces/${world.namespace}/configmaps/acme-all-cm-replace`;
    await eventually('the row is followed', async () => {
      const { metadata } = await world.cluster.get(path);
      return metadata.labels?.['size'] === 's2' ? there(true) : notYet(metadata.labels);
    });
    await world.ready(['acme-all'], { withinMs: 120_000 });

    await leaveOldRevisions();
    await world.cluster.merge(lynqPath(world.namespace, 'lynqforms', 'all'), form(entries.slice(1)));
    const second = await complete(first);
    await undo();
    expect(await complete(second)).toBe(first);

    await restartedOnAnOlderRevision(form(entries.slice(1)));
    await removedAndMadeAgain(path);
    await world.database.sql('DELETE FROM things');
    await world.gone(['acme-all'], { withinMs: 180_000 });
    await world.database.sql("INSERT INTO things (id, token) VALUES ('acme', 'a-secret-value')");
    await world.ready(['acme-all'], { withinMs: 180_000 });
    await world.close();
    uses = usesIn(world.stack.auditLog, place, account);
    expect(uses.length).toBeGreaterThan(500);
  }, 900_000);

  test('nothing was refused but the question for retained objects of kinds that no form may have', () => {
    const refused = uses.filter((use) => use.refused).map(({ rights }) => rights.join());
    const other = refused.filter((right) => !right.startsWith('list '));
    expect(other).toEqual([]);
    const granted = grantedRights(roles, auditedAccount.name);
    expect(refused.filter((right) => granted.has(right))).toEqual([]);
  });

  /** Without the name of an object and the mark of the own namespace: a request on record has neither. */
  const general = (right: Right): Right => right.split(' ').slice(0, 2).join(' ');
  const usedRights = (): ReadonlySet<Right> =>
    new Set(uses.filter(({ refused }) => !refused).flatMap(({ rights }) => rights));
  /** What these rights would not have allowed of what was done. */
  const lacking = (given: Iterable<Right>): readonly Right[] => {
    const present = new Set([...given].map(general));
    return [...usedRights()].filter((right) => !present.has(right));
  };

  test('the roles give what was used, and nothing else but what is listed with a reason', () => {
    const granted = grantedRights(roles, auditedAccount.name);
    const used = usedRights();
    const idle = [...granted].filter((right) => !used.has(general(right)) && !(right in unused));
    expect(idle, 'granted and not used').toEqual([]);
    const needless = Object.keys(unused).filter((right) => used.has(right) || !granted.has(right));
    expect(needless, 'reasons without need').toEqual([]);
    expect(lacking(granted), 'used and not granted').toEqual([]);
  });

  test('each right but those is missed as soon as it is taken away', () => {
    const granted = [...grantedRights(roles, auditedAccount.name)];
    const needed = new Set(granted.filter((right) => !(right in unused)).map(general));
    expect(needed.size).toBeGreaterThan(100);
    const unnoticed = [...needed].filter((right) => {
      const rest = granted.filter((other) => general(other) !== right);
      return lacking(rest).join() !== right;
    });
    expect(unnoticed).toEqual([]);
  });
});
