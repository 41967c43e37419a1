import type { HubRef } from '../../activities/contract.ts';
import type { FormRef } from '../../activities/hub/hubless-forms.ts';
import type { HubCounts, RolloutCounts } from '../../domain/gauges.ts';
import type { Sample, SeriesFamily } from '../../domain/measures.ts';
import type { NodeDigest } from '../../domain/watching.ts';

/** What the leading worker sees of the hubs of its installation, their forms and nodes. */
export interface Fleet {
  readonly hubs: () => Iterable<{ readonly hub: HubRef; readonly counts: HubCounts }>;
  readonly forms: () => Iterable<{ readonly form: FormRef; readonly rollout: RolloutCounts | undefined }>;
  readonly nodes: () => Iterable<NodeDigest>;
}

type Labelled<T> = (item: T) => Iterable<Sample>;

function* flatMap<T>(items: Iterable<T>, samples: Labelled<T>): Generator<Sample> {
  for (const item of items) yield* samples(item);
}

const gauge = <T>(name: string, help: string, items: () => Iterable<T>, samples: Labelled<T>): SeriesFamily => ({
  name,
  type: 'gauge',
  help,
  samples: () => flatMap(items(), samples),
});

const nodeLabels = ({ namespace, name }: NodeDigest) => ({ lynqnode: name, namespace });

/** The gauges of parity 7.1 that have a series a node. */
export function nodeFamilies({ nodes }: Fleet): readonly SeriesFamily[] {
  const count = (name: string, help: string, read: (node: NodeDigest) => number) =>
    gauge(name, help, nodes, (node) => [{ labels: nodeLabels(node), value: read(node) }]);
  return [
    count('lynqnode_resources_ready', 'Resources of a LynqNode that are ready.', ({ counts }) => counts.ready),
    count('lynqnode_resources_desired', 'Resources a LynqNode is to have.', ({ counts }) => counts.desired),
    count('lynqnode_resources_failed', 'Resources of a LynqNode that failed.', ({ counts }) => counts.failed),
    count(
      'lynqnode_resources_conflicted',
      'Resources of a LynqNode that someone else holds.',
      ({ counts }) => counts.conflicted,
    ),
    gauge('lynqnode_condition_status', 'Conditions of a LynqNode: 0 False, 1 True, 2 Unknown.', nodes, (node) =>
      Object.entries(node.counts.conditions).map(([type, value]) => ({ labels: { ...nodeLabels(node), type }, value })),
    ),
    gauge('lynqnode_degraded_status', 'Why a LynqNode is degraded.', nodes, (node) => {
      const { degraded } = node.counts;
      return degraded === undefined ? [] : [{ labels: { ...nodeLabels(node), reason: degraded }, value: 1 }];
    }),
  ];
}

type SeenHub = ReturnType<Fleet['hubs']> extends Iterable<infer Seen> ? Seen : never;
type SeenForm = ReturnType<Fleet['forms']> extends Iterable<infer Seen> ? Seen : never;

const hubLabels = ({ hub }: SeenHub) => ({ hub: hub.hub, namespace: hub.namespace });

function hubFamilies({ hubs }: Fleet): readonly SeriesFamily[] {
  const count = (name: string, help: string, read: (hub: SeenHub) => number | undefined) =>
    gauge(name, help, hubs, (hub) => {
      const value = read(hub);
      return value === undefined ? [] : [{ labels: hubLabels(hub), value }];
    });
  return [
    count('hub_desired', 'LynqNodes a hub is to have.', ({ counts }) => counts.desired),
    count('hub_ready', 'LynqNodes of a hub that are Ready.', ({ counts }) => counts.ready),
    count('hub_failed', 'LynqNodes of a hub that failed.', ({ counts }) => counts.failed),
    count(
      'lynqflow_hub_last_sync_timestamp_seconds',
      'When the last complete sync of a hub ended.',
      ({ counts }) => counts.lastSync,
    ),
    count(
      'lynqflow_hub_sync_interval_seconds',
      'Time between two syncs of a hub; 0 without a timer, and while it is paused, released or being deleted.',
      ({ counts }) => counts.interval,
    ),
    count('lynqflow_hub_resting', '1 while a hub is paused, released or being deleted, and not read.', ({ counts }) =>
      counts.resting ? 1 : 0,
    ),
    gauge('lynqflow_hub_rows', 'Rows of the last complete sync by what became of them.', hubs, (hub) =>
      Object.entries(hub.counts.rows).map(([outcome, value]) => ({ labels: { ...hubLabels(hub), outcome }, value })),
    ),
    gauge('lynqflow_hub_condition_status', 'Conditions of a hub: 0 False, 1 True, 2 Unknown.', hubs, (hub) =>
      Object.entries(hub.counts.conditions).map(([type, value]) => ({ labels: { ...hubLabels(hub), type }, value })),
    ),
  ];
}

function formFamilies({ forms }: Fleet): readonly SeriesFamily[] {
  const count = (name: string, help: string, read: (rollout: RolloutCounts) => number) =>
    gauge(name, help, forms, ({ form, rollout }: SeenForm) =>
      rollout === undefined ? [] : [{ labels: { form: form.form, namespace: form.namespace }, value: read(rollout) }],
    );
  return [
    count('lynqform_rollout_updating_nodes', 'Nodes that a rollout changes now.', ({ updating }) => updating),
    count(
      'lynqform_rollout_phase',
      'Phase of a rollout: 0 Idle, 1 InProgress, 2 Failed, 3 Complete.',
      ({ phase }) => phase,
    ),
    count('lynqform_rollout_progress', 'Updated and ready nodes of a rollout, in percent.', ({ progress }) => progress),
  ];
}

/** The gauges of hubs, forms and, where asked for, nodes. */
export function fleetFamilies(fleet: Fleet, perNode: boolean): readonly SeriesFamily[] {
  return [...hubFamilies(fleet), ...formFamilies(fleet), ...(perNode ? nodeFamilies(fleet) : [])];
}
