import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { type AuditEntry, created, identityOf } from '../support/e2e/audit.ts';
import { childPath, everythingIn } from '../support/e2e/cluster.ts';
import { eventually, notYet, there } from '../support/e2e/eventually.ts';
import { isReady, nodesOf, openWorld, seedForms, type World } from '../support/e2e/world.ts';

describe('e2e/crash', () => {
  const uids = ['crash-a', 'crash-b', 'crash-c', 'crash-d', 'crash-e', 'crash-f'];
  const nodes = uids.flatMap(nodesOf);
  let world: World;
  let place = 0;

  /** UIDs of what exists of a row, by kind and name; what Kubernetes' own controllers make (with copied labels) is left out. */
  async function uidsOf(uid: string): Promise<ReadonlyMap<string, string>> {
    const objects = await everythingIn(world.cluster, `node-${uid}`);
    return new Map(
      objects
        .filter(({ kind }) => kind !== 'Endpoints')
        .filter(
          ({ metadata }) => metadata.labels?.['lynq.sh/node'] !== undefined && metadata.ownerReferences === undefined,
        )
        .map(({ kind, metadata }) => [`${kind}/${metadata.name}`, metadata.uid]),
    );
  }
  const creations = () => world.audit.ofWorker(place).filter(created);

  beforeAll(async () => {
    world = await openWorld(inject('stack'), { name: 'crash' });
    await world.applyAll(world.hubText('5s'), ...seedForms.map((form) => world.formText(form)));
  });
  afterAll(() => world?.close());

  test('a worker killed with -9 in the middle of the first provisioning and started again finishes all rows', async () => {
    place = world.audit.now();
    await world.database.sql(`INSERT INTO nodes (node_id) VALUES ${uids.map((uid) => `('${uid}')`).join(', ')}`);
    await eventually(
      'some objects have been made',
      () => (creations().filter(isChild).length >= 12 ? there(true) : notYet(creations().length)),
      { everyMs: 10 },
    );
    await world.worker.kill();
    const made = creations().filter(isChild).length;
    const left = (await world.nodes()).filter((node) => !isReady(node));
    expect({ made, unfinished: left.length > 0 || made < uids.length * 12 }).toEqual({ made, unfinished: true });
    expect(made).toBeLessThan(uids.length * 12);

    await world.worker.start();
    await world.ready(nodes, { withinMs: 180_000 });
  }, 240_000);

  /** The answer to a request that the kill interrupted is not on record as a success, so an object may have none; it has never two. */
  test('each object was created once and none was deleted: what was created first is what is there', async () => {
    const made = new Map<string, readonly (string | undefined)[]>();
    for (const entry of creations()) {
      const identity = identityOf(entry);
      made.set(identity, [...(made.get(identity) ?? []), entry.responseObject?.metadata.uid]);
    }
    expect([...made].filter(([, uids]) => uids.length > 1)).toEqual([]);
    expect(world.audit.since(place).filter((entry) => entry.verb.startsWith('delete') && isChild(entry))).toEqual([]);
    expect(await world.nodes()).toHaveLength(nodes.length);
    for (const uid of uids) {
      const now = await uidsOf(uid);
      expect(now.size).toBe(11);
      const worker = await world.cluster.get(childPath('Deployment', `node-${uid}`, `${uid}-worker`));
      const postgres = await world.cluster.get(childPath('StatefulSet', `node-${uid}`, `${uid}-postgres`));
      for (const { metadata } of [worker, postgres]) {
        const resource = metadata.name.endsWith('worker') ? 'deployments' : 'statefulsets';
        const [first = metadata.uid] = made.get(`apps/${resource}/node-${uid}/${metadata.name}`) ?? [];
        expect(metadata.uid).toBe(first);
      }
    }
  });

  test('a worker killed with -9 at rest changes nothing when it comes back', async () => {
    const before = await Promise.all(uids.map(uidsOf));
    const rest = world.audit.now();
    await world.worker.kill();
    await world.worker.start();
    const stopped = (await world.hub()).status.lastSyncTime as string;
    await eventually(
      'a sync of the new worker',
      async () => {
        const last = (await world.hub()).status.lastSyncTime as string;
        return last > stopped ? there(last) : notYet(last);
      },
      { withinMs: 120_000 },
    );
    await world.ready(nodes);
    expect(await Promise.all(uids.map(uidsOf))).toEqual(before);
    const writes = world.audit.ofWorker(rest).filter(isChild);
    expect(writes.map(identityOf)).toEqual([]);
  }, 180_000);

  test('a worker killed with -9 in the middle of a removal finishes it without touching what is retained', async () => {
    const uid = uids[0]!;
    const postgres = await world.cluster.get(childPath('StatefulSet', `node-${uid}`, `${uid}-postgres`));
    const removal = world.audit.now();
    await world.database.sql(`UPDATE nodes SET is_active = FALSE WHERE node_id = '${uid}'`);
    const deletes = () => world.audit.ofWorker(removal).filter((entry) => entry.verb === 'delete' && isChild(entry));
    await eventually('the removal has begun', () => (deletes().length > 0 ? there(true) : notYet('no delete')), {
      everyMs: 10,
    });
    await world.worker.kill();
    await world.worker.start();
    await world.gone(nodesOf(uid), { withinMs: 150_000 });
    const names = deletes().map(identityOf);
    expect(names.filter((name) => /statefulsets|secrets|namespaces|persistentvolumeclaims/.test(name))).toEqual([]);
    expect(new Set(names).size).toBe(9);
    const after = await world.cluster.get(childPath('StatefulSet', `node-${uid}`, `${uid}-postgres`));
    expect(after.metadata.uid).toBe(postgres.metadata.uid);
    await world.ready(uids.slice(1).flatMap(nodesOf));
  }, 240_000);

  test('SIGTERM ends the worker cleanly', async () => {
    expect(await world.worker.stop()).toBe(0);
    await world.worker.start();
    await world.ready(uids.slice(1).flatMap(nodesOf));
  }, 120_000);

  /** Objects of the customers; what Kubernetes' own controllers clear away in them is not ours. */
  function isChild({ objectRef }: Pick<AuditEntry, 'objectRef'>): boolean {
    return objectRef?.resource === 'namespaces' || objectRef?.namespace?.startsWith('node-crash-') === true;
  }
});
