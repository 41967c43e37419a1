import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SyncOutcome } from '../../../../activities/contract.ts';
import type { Deps } from '../../../../activities/deps.ts';
import { reportStuck } from '../../../../activities/hub/report-stuck.ts';
import { syncHub } from '../../../../activities/hub/sync.ts';
import { at, type JsonObject, textAt } from '../../../../domain/api/json.ts';
import type { LynqHubStatus } from '../../../../domain/api/hub.ts';
import { planHash } from '../../../../domain/deletion-guard.ts';
import { LynqFailure } from '../../../../domain/failures.ts';
import type { RowSource } from '../../../../domain/ports.ts';
import { createFakeCluster, type FakeCluster } from '../../../support/fake-cluster.ts';
import { type MemoryRowServer, openInMemoryRowServer } from '../../../support/in-memory-row-source.ts';
import { type FakeProcess, startProcess } from '../../../support/node-deps.ts';

const namespace = 'tenants';
const apiVersion = 'operator.lynq.sh/v1';
const request = { namespace, hub: 'customers' };
const hubRef = { apiVersion, kind: 'LynqHub', namespace, name: 'customers' };
const manager = 'kubectl';
const total = 40;

const hub: JsonObject = {
  apiVersion,
  kind: 'LynqHub',
  metadata: { name: 'customers', namespace, generation: 1 },
  spec: {
    source: {
      type: 'mysql',
      syncInterval: '5s',
      mysql: {
        host: 'db.test',
        port: 3306,
        username: 'lynq_reader',
        database: 'app',
        table: 'nodes',
        passwordRef: { name: 'db', key: 'password' },
      },
    },
    valueMappings: { uid: 'id', activate: 'active' },
  },
};

const form: JsonObject = {
  apiVersion,
  kind: 'LynqForm',
  metadata: { name: 'web', namespace, generation: 1 },
  spec: {
    hubId: 'customers',
    configMaps: [
      { id: 'cfg', nameTemplate: '{{ .uid }}-cfg', spec: { apiVersion: 'v1', kind: 'ConfigMap', data: {} } },
    ],
  },
};

/** 40 rows with nodes, of which 10 may go within an hour, and syncs of which one can be made to stall once it has read. */
describe('activities/hub/judged-status', () => {
  let cluster: FakeCluster;
  let server: MemoryRowServer;
  let running: FakeProcess;
  let now: Date;
  let stall: Promise<void> | undefined;

  beforeEach(async () => {
    cluster = createFakeCluster();
    for (const kind of ['LynqHub', 'LynqForm', 'LynqNode']) cluster.addKind({ apiVersion, kind });
    cluster.seed({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } }, manager);
    const password = { password: Buffer.from('secret').toString('base64') };
    cluster.seed({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'db', namespace }, data: password }, manager);
    cluster.seed(hub);
    cluster.seed(form);
    server = openInMemoryRowServer();
    now = new Date(1_790_000_000_000);
    stall = undefined;
    const source: RowSource = {
      ...server.source,
      read: async (asked, onRow) => {
        const waiting = stall;
        stall = undefined;
        try {
          return await server.source.read(asked, onRow);
        } finally {
          await waiting;
        }
      },
    };
    running = await startProcess(cluster, { now: () => now }, source);
    present(0, total);
    for (let round = 0; round < 4; round += 1) await sync();
  });
  afterEach(() => running.die());

  /** Rows of the table from now on. */
  function present(from: number, to: number): void {
    const rows = Array.from({ length: to - from }, (_, index) => [`row-${from + index}`, '1']);
    server.tables.set('app.nodes', { columns: ['id', 'active'], rows });
  }

  async function sync(deps: Deps = running.deps): Promise<SyncOutcome> {
    now = new Date(now.getTime() + 1_000);
    const outcome = await syncHub(deps, request, { signal: new AbortController().signal });
    for (const node of cluster.objects('LynqNode'))
      running.deps.runs.running(namespace, textAt(node, 'metadata', 'name') ?? '');
    return outcome;
  }

  /** A sync that has read what is there now and stalls until it is let go on. */
  async function stalled(): Promise<{ readonly goOn: () => Promise<SyncOutcome> }> {
    const reads = server.reads();
    let resolve = (): void => undefined;
    stall = new Promise((done) => {
      resolve = done;
    });
    const outcome = sync();
    outcome.catch(() => undefined);
    while (server.reads() === reads) await new Promise((turn) => setTimeout(turn, 1));
    return {
      goOn: () => {
        resolve();
        return outcome;
      },
    };
  }

  /** Something happens before the first write to the hub. */
  function beforeItWrites(meanwhile: () => Promise<void>): Deps {
    let isFirst = true;
    const patch: FakeCluster['patch'] = async (...asked) => {
      const isDue = isFirst && asked[0].kind === 'LynqHub';
      isFirst &&= !isDue;
      if (isDue) await meanwhile();
      return cluster.patch(...asked);
    };
    return { ...running.deps, cluster: { ...cluster, patch } };
  }

  const statusOf = async (): Promise<LynqHubStatus> =>
    ((await cluster.get(hubRef))?.['status'] ?? {}) as unknown as LynqHubStatus;
  const spent = async (): Promise<number> =>
    ((await statusOf()).deletionGuard?.window ?? []).reduce((sum, { rows }) => sum + rows, 0);
  const nodes = (): number =>
    cluster.objects('LynqNode').filter((node) => textAt(node, 'metadata', 'deletionTimestamp') === undefined).length;

  /** Ten further rows leave; the budget of the hour is spent, so their nodes stay. */
  async function expectNoneOfTheNextTen(): Promise<void> {
    expect(await spent()).toBe(10);
    present(20, total);
    await sync();
    expect(nodes()).toBe(total - 10);
    expect(await statusOf()).toMatchObject({ deletionGuard: { window: [{ rows: 10 }] } });
  }

  describe('the budget that another sync has spent', () => {
    it('stays spent when a sync ends that began before', async () => {
      const place = cluster.calls.length;
      await sync(
        beforeItWrites(async () => {
          present(10, total);
          await sync();
        }),
      );
      expect(cluster.calls.slice(place).filter(({ verb }) => verb === 'delete')).toHaveLength(10);
      await expectNoneOfTheNextTen();
    });

    it('stays spent when one ends that could not read', async () => {
      server.state.failure = new LynqFailure('SourceUnreachable', 'cannot reach db.test', {});
      const late = await stalled();
      server.state.failure = undefined;
      present(10, total);
      await sync();
      expect(await late.goOn()).toMatchObject({ kind: 'unread' });
      await expectNoneOfTheNextTen();
    });

    it('stays spent when a sync is said to hang meanwhile', async () => {
      present(10, total);
      const deps = beforeItWrites(async () => void (await sync()));
      await reportStuck(deps, request, now);
      expect((await statusOf()).conditions).toContainEqual(expect.objectContaining({ type: 'SyncStuck' }));
      await expectNoneOfTheNextTen();
    });

    it('stays spent when a sync ends that only had entries older than an hour to take out', async () => {
      present(1, total);
      await sync();
      now = new Date(now.getTime() + 3_600_000);
      const late = await stalled();
      present(10, total);
      await sync();
      await late.goOn().catch(() => undefined);
      expect(await spent()).toBe(9);
    });
  });

  describe('the hold of another sync', () => {
    it('stays when a sync ends that began before', async () => {
      const late = await stalled();
      present(0, 0);
      await sync();
      await late.goOn();
      present(5, total);
      await sync();
      expect(nodes()).toBe(total);
    });

    it('stays when a sync would end it by rows that were all there before', async () => {
      present(0, 0);
      await sync();
      present(0, total);
      const late = await stalled();
      present(0, 0);
      await sync();
      await expect(late.goOn()).rejects.toMatchObject({ type: 'ClusterStale' });
      present(5, total);
      await sync();
      expect(nodes()).toBe(total);
    });
  });

  it('leaves the source as another sync has judged it', async () => {
    const late = await stalled();
    server.state.serverId = 'another';
    await sync();
    const { source } = await statusOf();
    await late.goOn();

    expect(source?.candidate).not.toBe('');
    expect((await statusOf()).source).toEqual(source);
  });

  it('remembers a hold although the sync that found it could not be carried out', async () => {
    server.tables.set('app.nodes', { columns: ['id', 'active'], rows: [['new', '1']] });
    const heal = cluster.intercept(({ verb, ref }) =>
      verb === 'create' && ref.kind === 'LynqNode'
        ? { failure: new LynqFailure('ClusterUnreachable', 'the API server does not answer', {}) }
        : undefined,
    );
    await expect(sync()).rejects.toMatchObject({ type: 'ClusterUnreachable' });
    heal();
    present(5, total);
    await sync();

    expect(nodes()).toBe(total);
    present(0, total);
    await sync();
    expect((await statusOf()).deletionGuard).toEqual({ window: [], rowsAtStart: total });
  });

  describe('a sync that ends between the record of its removals and these', () => {
    /** One row more than there was. */
    function presentWithNew(from: number): void {
      const rows = Array.from({ length: total - from }, (_, index) => [`row-${from + index}`, '1']);
      server.tables.set('app.nodes', { columns: ['id', 'active'], rows: [...rows, ['new', '1']] });
    }

    /** 6 rows leave and one is new, and the API server does not answer from the `nth` write of this kind to a LynqNode on. */
    async function interrupted(verb: 'create' | 'delete', nth: number): Promise<void> {
      presentWithNew(6);
      let count = 0;
      const heal = cluster.intercept((call) => {
        if (call.verb !== verb || call.ref.kind !== 'LynqNode') return undefined;
        count += 1;
        return count < nth
          ? undefined
          : { failure: new LynqFailure('ClusterUnreachable', 'the API server does not answer', {}) };
      });
      await expect(sync()).rejects.toMatchObject({ type: 'ClusterUnreachable' });
      heal();
    }

    it.each([
      ['create', 1],
      ['delete', 1],
      ['delete', 4],
    ] as const)('is carried out by the next one at no further cost: %s %i fails', async (verb, nth) => {
      await interrupted(verb, nth);
      await interrupted('delete', 1);
      await sync();

      expect(nodes()).toBe(total - 6 + 1);
      expect(await spent()).toBe(6);
      expect((await statusOf()).deletionGuard?.hold).toBeUndefined();
    });

    it('does not pay for rows that leave later, and for one that came back', async () => {
      await interrupted('delete', 1);
      presentWithNew(0);
      await sync();
      presentWithNew(6);
      await sync();

      expect(nodes()).toBe(total + 1);
      expect(await statusOf()).toMatchObject({ deletionGuard: { window: [{ rows: 6 }], hold: { maxRows: 10 } } });
    });
  });

  describe('an approval', () => {
    const approve = async (text: string | null): Promise<void> => {
      const body = { metadata: { annotations: { 'lynq.sh/approve-deletions': text } } };
      await cluster.patch(hubRef, 'merge', body, { manager });
    };
    const approvalOf = async (): Promise<string | undefined> =>
      textAt((await cluster.get(hubRef)) ?? {}, 'metadata', 'annotations', 'lynq.sh/approve-deletions');
    const set = planHash(Array.from({ length: 30 }, (_, index) => `row-${index}`));

    it.each(['the record', 'the approval', 'the first node', 'a later node'])(
      'lets its set go, whichever write fails: that of %s',
      async (point) => {
        present(30, total);
        await sync();
        await approve(set);
        let deleted = 0;
        const heal = cluster.intercept(({ verb, ref, body }) => {
          const isHub = verb === 'patch' && ref.kind === 'LynqHub';
          deleted += verb === 'delete' ? 1 : 0;
          const isDue = {
            'the record': isHub && body !== undefined && 'status' in body,
            'the approval': isHub && Array.isArray(body),
            'the first node': deleted === 1,
            'a later node': deleted > 20,
          }[point];
          return isDue === true ? { failure: new LynqFailure('ClusterUnreachable', 'no answer', {}) } : undefined;
        });
        await expect(sync()).rejects.toMatchObject({ type: 'ClusterUnreachable' });
        heal();
        await sync();

        expect(nodes()).toBe(total - 30);
        expect(await approvalOf()).toBeUndefined();
        expect((await statusOf()).deletionGuard).toMatchObject({ rowsAtStart: total });
        expect((await statusOf()).deletionGuard?.hold).toBeUndefined();
        expect(await spent()).toBe(30);
      },
    );

    it('that is taken back before its set is on record lets nothing go', async () => {
      present(30, total);
      await sync();
      await approve(set);
      await expect(sync(beforeItWrites(() => approve(null)))).rejects.toMatchObject({ type: 'ClusterStale' });
      await sync();

      expect(nodes()).toBe(total);
    });
  });

  it('warns where the definition of LynqHub has no field for a hold', async () => {
    const lines: string[] = [];
    const prune: FakeCluster['patch'] = async (...asked) => {
      const result = await cluster.patch(...asked);
      if (result.kind !== 'ok' || asked[0].kind !== 'LynqHub') return result;
      const before = at(result.object, 'status') as JsonObject;
      const { hold: _hold, ...guard } = at(before, 'deletionGuard') as JsonObject;
      const status = { ...before, deletionGuard: guard };
      return { ...result, object: { ...result.object, status } };
    };
    const logger = { ...running.deps.logger, warn: (text: string) => void lines.push(text) };
    present(0, 0);
    await sync({ ...running.deps, logger, cluster: { ...cluster, patch: prune } });

    expect(lines).toEqual([expect.stringContaining('status.deletionGuard')]);
  });

  it('ends a hold and records its budget although others write to the hub meanwhile', async () => {
    present(0, 0);
    await sync();
    present(0, total);
    const late = await stalled();
    await cluster.patch(hubRef, 'merge', { metadata: { annotations: { note: 'by hand' } } }, { manager });
    await late.goOn();
    expect((await statusOf()).deletionGuard).toEqual({ window: [], rowsAtStart: total });

    present(5, total);
    const going = await stalled();
    await cluster.patch(hubRef, 'merge', { status: { ready: 7 } }, { manager, subresource: 'status' });
    await going.goOn();
    expect(nodes()).toBe(total - 5);
    expect(await spent()).toBe(5);
  });

  it('costs a sync that has nothing to do one read of the hub and one write, which names no field it did not change', async () => {
    for (let round = 0; round < 2; round += 1) await sync();
    const place = cluster.calls.length;
    await sync();

    const calls = cluster.calls.slice(place).filter(({ ref }) => ref.kind === 'LynqHub');
    expect(calls.map(({ verb }) => verb)).toEqual(['get', 'patch']);
    const body = calls[1]?.body as { readonly status: JsonObject } | undefined;
    expect(Object.keys(body?.status ?? {})).toEqual(['lastSyncTime']);
  });
});
