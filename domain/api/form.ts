import { z } from 'zod';
import { checked, Condition, ObjectMeta } from './meta.ts';
import { resourceListShape } from './resource.ts';

/** LynqForm: templates of Kubernetes resources that every active row of a hub gets (parity 1.3). */

export const RolloutWave = z.object({
  name: z.string().min(1).max(63).optional().describe('Name for people; its position when absent.'),
  uids: z.array(z.string()).optional().describe('Rows of this wave, by uid.'),
  matchLabels: z
    .record(z.string(), z.string())
    .optional()
    .describe('LynqNodes of this wave, by labels on the LynqNode.'),
  percentage: z
    .int32()
    .min(1)
    .max(100)
    .optional()
    .describe('Share of the nodes this wave takes, rounded up, of those that match and no earlier wave has taken.'),
  soakSeconds: z.int32().min(0).optional().describe('How long the nodes of this wave stay Ready before the next wave.'),
  maxFailures: z
    .int32()
    .min(0)
    .optional()
    .describe('Nodes of this wave that may fail; one more halts the rollout. Without it, only the deadline does.'),
});
export type RolloutWave = z.infer<typeof RolloutWave>;

export const FreezeWindow = z.object({
  days: z
    .array(z.enum(['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun']))
    .optional()
    .describe('Days on which the window begins; every day when absent. In UTC.'),
  start: z
    .string()
    .regex(/^([01][0-9]|2[0-3]):[0-5][0-9]$/)
    .describe('Begin, hh:mm in UTC.'),
  end: z
    .string()
    .regex(/^([01][0-9]|2[0-3]):[0-5][0-9]$/)
    .describe('End, hh:mm in UTC; not after the begin means on the next day.'),
});
export type FreezeWindow = z.infer<typeof FreezeWindow>;

export const DriftPolicy = z.enum(['Correct', 'Report']);
export type DriftPolicy = z.infer<typeof DriftPolicy>;

export const LynqFormSpec = z.object({
  hubId: z
    .string()
    .meta(
      checked(
        { rule: 'self == oldSelf', message: 'hubId is immutable' },
        { rule: 'size(self) > 0', message: 'hubId is required' },
      ),
    )
    .describe('Name of the LynqHub, in the same namespace.'),
  rollout: z
    .object({
      maxSkew: z.int32().min(0).default(0).describe('How many nodes may change at once; 0 is unlimited.'),
      progressDeadlineSeconds: z
        .int32()
        .min(60)
        .max(3600)
        .default(600)
        .describe('How long a rollout may go without progress.'),
      paused: z.boolean().optional().describe('Whether no further node is changed for now.'),
      waves: z
        .array(RolloutWave)
        .max(20)
        .optional()
        .describe('Which nodes change first; nodes of no wave change last.'),
      freezeWindows: z.array(FreezeWindow).max(50).optional().describe('Times in which no node is changed.'),
    })
    .optional()
    .describe('How an edit of this form reaches its nodes.'),
  dependsOn: z
    .array(z.object({ form: z.string().min(1).max(253).describe('Name of a LynqForm of the same hub.') }))
    .max(20)
    .optional()
    .describe("Forms whose node of the same row has to be Ready before a row's first start of this form."),
  driftPolicy: DriftPolicy.optional().describe(
    'What happens when someone else changes a field we wrote: Correct (as without it) writes it again, Report only says so.',
  ),
  rollbackOnFailure: z
    .boolean()
    .optional()
    .describe('Whether a node whose creation fails or is given up half-way takes back what it created.'),
  ...resourceListShape({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['id'] }),
});
export type LynqFormSpec = z.infer<typeof LynqFormSpec>;

const count = () => z.int32().optional();

export const RolloutPhase = z.enum(['Idle', 'InProgress', 'Failed', 'Complete']);
export type RolloutPhase = z.infer<typeof RolloutPhase>;

export const RolloutGrant = z.object({
  node: z.string().describe('Name of the LynqNode.'),
  since: z.string().meta({ format: 'date-time' }).describe('When it was let go.'),
  broken: z
    .boolean()
    .optional()
    .describe('Whether it had failed before it was let go: it gives its place back even when it fails again.'),
  values: z.boolean().optional().describe('Whether it was let go to take new values of its row only.'),
});
export type RolloutGrant = z.infer<typeof RolloutGrant>;

export const RolloutFailure = z.object({
  node: z.string().describe('Name of the LynqNode.'),
  reason: z.string().describe('Why, in one word.'),
});
export type RolloutFailure = z.infer<typeof RolloutFailure>;

export const RolloutWaveStatus = z.object({
  name: z.string().describe('Name of the wave; the last one, `rest`, has the nodes of no wave.'),
  nodes: z.int32().describe('Nodes of this wave.'),
  updated: z.int32().describe('Of those, nodes made from the target.'),
  ready: z.int32().describe('Updated nodes that are Ready.'),
  failed: z.int32().describe('Updated nodes that failed.'),
  share: z
    .object({
      of: z.string().describe('Hash of the wave as the form has it: another one is divided anew.'),
      last: z.string().describe('uid of the last row of the share; empty when there was none.'),
    })
    .optional()
    .describe('How far a wave with a percentage goes, fixed when the rollout begins: new rows do not move it.'),
});
export type RolloutWaveStatus = z.infer<typeof RolloutWaveStatus>;

export const LynqFormStatus = z.object({
  observedGeneration: z.int().optional().meta({ format: 'int64' }).describe('Generation this status is about.'),
  totalNodes: count().describe('Nodes made from this form.'),
  readyNodes: count().describe('Of those, how many are Ready.'),
  rollout: z
    .object({
      phase: RolloutPhase.optional().describe('Where the rollout is.'),
      targetGeneration: z.int().optional().meta({ format: 'int64' }).describe('Generation of the form it leads to.'),
      totalNodes: count().describe('Nodes the rollout covers.'),
      updatedNodes: count().describe('Of those, nodes made from the target generation.'),
      updatingNodes: count().describe('Of those, nodes that are not Ready yet.'),
      readyUpdatedNodes: count().describe('Updated nodes that are Ready.'),
      failedUpdatedNodes: count().describe('Updated nodes that failed.'),
      readyAtStart: count().describe(
        'Nodes that were updated and Ready when the rollout began: they are no part of its rate.',
      ),
      waves: z.array(RolloutWaveStatus).optional().describe('Where each wave is, in their order.'),
      startTime: z.string().optional().meta({ format: 'date-time' }).describe('When the rollout began.'),
      completionTime: z.string().optional().meta({ format: 'date-time' }).describe('When the rollout ended.'),
      message: z.string().optional().describe('What the rollout waits for or why it stopped.'),
      revision: z.string().optional().describe('ControllerRevision the rollout leads to.'),
      previousRevision: z
        .string()
        .optional()
        .describe('ControllerRevision of the last rollout before that reached every node.'),
      proven: z
        .boolean()
        .optional()
        .describe(
          'Whether every node has been brought to this revision: after the next edit, `undo` leads back to it.',
        ),
      inFlight: z
        .array(RolloutGrant)
        .optional()
        .describe('Nodes that may change now: recorded before they do, until they are proven Ready.'),
      lastProgressTime: z.string().optional().meta({ format: 'date-time' }).describe('When a node last became Ready.'),
      wave: z.string().optional().describe('The wave that is under way.'),
      soakingSince: z
        .string()
        .optional()
        .meta({ format: 'date-time' })
        .describe('Since when all nodes of the wave are Ready.'),
      failedNodes: z
        .array(RolloutFailure)
        .optional()
        .describe('Updated nodes that failed, with the reason (at most 20).'),
      aborted: z.boolean().optional().describe('Whether this rollout was ended by a person.'),
    })
    .optional()
    .describe('Progress of the last edit of this form.'),
  conditions: z.array(Condition).optional().describe('State of the form in standard conditions.'),
});
export type LynqFormStatus = z.infer<typeof LynqFormStatus>;
export type RolloutStatus = NonNullable<LynqFormStatus['rollout']>;

export const LynqForm = z.object({
  metadata: ObjectMeta,
  spec: LynqFormSpec,
  status: LynqFormStatus.optional(),
});
export type LynqForm = z.infer<typeof LynqForm>;
