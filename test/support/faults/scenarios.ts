import proto from '@temporalio/proto';
import { expect } from 'vitest';
import { childPath, conditionOf, type KubeObject, lynqPath } from '../e2e/cluster.ts';
import { eventually, notYet, there } from '../e2e/eventually.ts';
import { workflowIds } from '../../../domain/identity.ts';
import { scaleSignal, wakeSignal } from '../../../workflows/messages.ts';
import type { ScenarioName } from './failpoints.ts';
import type { Stage } from './stage.ts';
import type { FormParts } from './tenant-form.ts';
import {
  bringBack,
  bringIn,
  createdTwice,
  editForm,
  expectKept,
  expectRemoved,
  expectSettled,
  hubIsReady,
  liveOf,
  nodeOf,
  ready,
  recordOf,
  takeOut,
  type Tenant,
} from './tenant.ts';

/** What was there before the fault. */
export interface Before {
  readonly place: number;
  readonly record: ReturnType<typeof recordOf>;
  readonly live: ReadonlyMap<string, KubeObject>;
}

export interface Scenario {
  readonly parts: FormParts;
  /** The point counts only from the moment `act` opens the gate. */
  readonly gated: boolean;
  /** What has to be the case before `act`. */
  readonly prepare: (stage: Stage, tenant: Tenant) => Promise<void>;
  /** Leads to the point; the worker may die at any moment of it. */
  readonly act: (stage: Stage, tenant: Tenant) => Promise<void>;
  /** With a new worker: how it has to end. */
  readonly expectEnd: (stage: Stage, tenant: Tenant, before: Before) => Promise<void>;
}

const nothing = async (): Promise<void> => undefined;

async function untilReady(stage: Stage, tenant: Tenant): Promise<void> {
  await ready(stage, tenant);
}

const runOf = (stage: Stage, { namespace, nodeName }: Tenant) =>
  stage.engine.client.workflow.getHandle(workflowIds.node(namespace, nodeName));

async function settledAsBefore(stage: Stage, tenant: Tenant, before: Before): Promise<void> {
  await expectSettled(stage, tenant, before);
  await hubIsReady(stage, tenant);
}

/** A worker that died in a short activity is missed when it gives no sign of life, long before the activity would have had to end. */
async function expectMissedBySilence(stage: Stage, tenant: Tenant): Promise<void> {
  const { events } = await runOf(stage, tenant).fetchHistory();
  const timeouts = (events ?? []).flatMap(({ activityTaskStartedEventAttributes: started }) => {
    const { timeoutFailureInfo } = started?.lastFailure ?? {};
    return timeoutFailureInfo?.timeoutType ?? [];
  });
  expect(timeouts).toEqual([proto.temporal.api.enums.v1.TimeoutType.TIMEOUT_TYPE_HEARTBEAT]);
}

/** What was kept of nodes that return, by name of the tenant. */
const firstLives = new Map<string, Before>();

const stateIn = (node: KubeObject | undefined, wanted: string): string | undefined =>
  ((node?.status?.resources ?? []) as readonly { id: string; state: string }[]).find(({ id }) => id === wanted)?.state;

/** What the attempt made is gone but for what is retained, which is what it was; nothing is made again; and the node goes as any other. */
async function expectTakenBack(stage: Stage, tenant: Tenant, before: Before): Promise<void> {
  await eventually(
    'the creation is taken back',
    async () => {
      const node = await nodeOf(stage, tenant);
      return conditionOf(node, 'RolledBack')?.status === 'True' ? there(true) : notYet(node?.status);
    },
    { withinMs: 90_000 },
  );
  const retained = before.record.filter(({ policy }) => policy === 'Retain').map(({ id }) => id);
  const live = await liveOf(stage, before.record);
  expect([...live.keys()].toSorted()).toEqual(retained.toSorted());
  for (const id of retained) {
    expect([id, live.get(id)?.metadata.uid]).toEqual([id, before.live.get(id)?.metadata.uid]);
    expect(live.get(id)?.data).toEqual(before.live.get(id)?.data);
  }
  expect(createdTwice(stage, tenant, before.place)).toEqual([]);
  await takeOut(stage, tenant);
  await expectRemoved(stage, tenant, before);
}

/** Enough events for a run to continue as new. */
const manyWakes = 520;

export const scenarios = {
  create: { parts: {}, gated: false, prepare: nothing, act: nothing, expectEnd: settledAsBefore },
  edit: {
    parts: { leftovers: true },
    gated: true,
    prepare: untilReady,
    act: (stage, tenant) => editForm(stage, tenant, {}),
    expectEnd: async (stage, tenant, before) => {
      await eventually('the leftovers are off the record', async () => {
        const ids = recordOf(await nodeOf(stage, tenant)).map(({ id }) => id);
        return ids.includes('old') || ids.includes('kept') ? notYet(ids) : there(true);
      });
      await expectKept(stage, { ...before, record: before.record.filter(({ id }) => id === 'old' || id === 'kept') });
      const kept = before.live.get('kept');
      const live = new Map([...before.live].filter(([id]) => id !== 'old' && id !== 'kept'));
      expect(kept?.metadata.name).toBe(`${tenant.name}-kept`);
      await settledAsBefore(stage, tenant, { ...before, live });
    },
  },
  rollout: {
    parts: { limited: true },
    gated: true,
    prepare: untilReady,
    act: (stage, tenant) => editForm(stage, tenant, { limited: true, leftovers: true }),
    expectEnd: async (stage, tenant, before) => {
      await eventually(
        'the rollout is complete with what the edit added',
        async () => {
          const form = await stage.cluster.get(lynqPath(tenant.namespace, 'lynqforms', 'form'));
          const { rollout } = form.status;
          const isThere = recordOf(await nodeOf(stage, tenant)).some(
            ({ id, uid }) => id === 'old' && uid !== undefined,
          );
          const isCurrent = rollout?.targetGeneration === form.metadata.generation;
          return isThere && isCurrent && rollout.phase === 'Complete' ? there(true) : notYet(rollout);
        },
        { withinMs: 90_000 },
      );
      await settledAsBefore(stage, tenant, before);
    },
  },
  remove: {
    parts: {},
    gated: true,
    prepare: untilReady,
    act: takeOut,
    expectEnd: expectRemoved,
  },
  halfMade: {
    parts: { impossible: true },
    gated: true,
    prepare: (stage, tenant) =>
      eventually(
        'the node is half made',
        async () => {
          const node = await nodeOf(stage, tenant);
          const record = recordOf(node);
          const isMade = record.every(({ uid }) => uid !== undefined) && stateIn(node, 'policy') === 'Ready';
          return isMade && stateIn(node, 'impossible') === 'Waiting' ? there(undefined) : notYet(node?.status);
        },
        { withinMs: 90_000 },
      ),
    act: takeOut,
    expectEnd: expectRemoved,
  },
  compensate: {
    parts: { doomed: true },
    gated: true,
    prepare: (stage, tenant) =>
      eventually(
        'all is made but what waits for the barrier',
        async () => {
          const node = await nodeOf(stage, tenant);
          const record = recordOf(node);
          const isWhole = record.every(({ id, uid }) => uid !== undefined || id === 'refused');
          return isWhole && stateIn(node, 'policy') === 'Ready' && stateIn(node, 'barrier') === 'Progressing'
            ? there(undefined)
            : notYet(node?.status);
        },
        { withinMs: 90_000 },
      ),
    act: async (stage, tenant) => {
      await stage.cluster.merge(childPath('ConfigMap', tenant.space, `${tenant.name}-barrier`), {
        data: { open: 'yes' },
      });
    },
    expectEnd: expectTakenBack,
  },
  return: {
    parts: {},
    gated: true,
    prepare: async (stage, tenant) => {
      const place = stage.audit.now();
      await ready(stage, tenant);
      const first = await lookBefore(stage, tenant, place);
      await takeOut(stage, tenant);
      await expectRemoved(stage, tenant, first);
      const kept = first.record.filter(({ policy }) => policy === 'Retain').map(({ id }) => id);
      expect(kept.toSorted()).toEqual(['data', 'password', 'space']);
      const live = new Map([...first.live].filter(([id]) => kept.includes(id)));
      firstLives.set(tenant.name, { ...first, live, place: stage.audit.now() });
    },
    act: bringBack,
    expectEnd: async (stage, tenant) => {
      const before = firstLives.get(tenant.name)!;
      await settledAsBefore(stage, tenant, before);
      const live = await liveOf(stage, recordOf(await nodeOf(stage, tenant)));
      for (const id of before.live.keys()) {
        const { labels = {} } = live.get(id)!.metadata;
        expect([id, labels['lynq.sh/orphaned'], labels['lynq.sh/node']]).toEqual([id, undefined, tenant.nodeName]);
      }
    },
  },
  scale: {
    parts: {},
    gated: true,
    prepare: untilReady,
    act: async (stage, tenant) => {
      await runOf(stage, tenant).signal(scaleSignal, { overrides: { replicas: '3' } });
    },
    expectEnd: async (stage, tenant, before) => {
      await eventually('three replicas', async () => {
        const { spec } = await stage.cluster.get(childPath('Deployment', tenant.space, `${tenant.name}-app`));
        return spec.replicas === 3 ? there(3) : notYet(spec.replicas);
      });
      await settledAsBefore(stage, tenant, before);
      if (stage.hits().at(-1) === 'P29.after') await expectMissedBySilence(stage, tenant);
    },
  },
  wakes: {
    parts: {},
    gated: true,
    prepare: untilReady,
    act: async (stage, tenant) => {
      const handle = runOf(stage, tenant);
      await Promise.all(Array.from({ length: manyWakes }, () => handle.signal(wakeSignal, { cause: 'resync' })));
    },
    expectEnd: async (stage, tenant, before) => {
      await eventually('the run is a later one of its chain', async () => {
        const { raw } = await runOf(stage, tenant).describe();
        const info = raw.workflowExecutionInfo;
        return info?.execution?.runId !== info?.firstRunId ? there(true) : notYet('the first');
      });
      await settledAsBefore(stage, tenant, before);
    },
  },
  stop: {
    parts: {},
    gated: false,
    prepare: (stage, tenant) =>
      eventually('the first child has been made', async () => {
        const made = await stage.cluster.find(`/api/v1/namespaces/${tenant.space}`);
        return made === undefined ? notYet('none') : there(undefined);
      }),
    act: async (stage) => stage.worker().send('SIGTERM'),
    expectEnd: settledAsBefore,
  },
} as const satisfies Record<Exclude<ScenarioName, 'sync'>, Scenario>;

/** Reads what is there now, for the comparison afterwards. */
export async function lookBefore(stage: Stage, tenant: Tenant, place: number): Promise<Before> {
  const record = recordOf(await nodeOf(stage, tenant));
  return { place, record, live: await liveOf(stage, record) };
}

export { bringIn };
