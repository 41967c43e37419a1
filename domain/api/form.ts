import { z } from 'zod';
import { Condition, ObjectMeta } from './meta.ts';
import { resourceListShape } from './resource.ts';

/** LynqForm: templates of Kubernetes resources that every active row of a hub gets (parity 1.3). */

export const LynqFormSpec = z.object({
  hubId: z
    .string()
    .meta({ 'x-kubernetes-validations': [{ rule: 'self == oldSelf', message: 'hubId is immutable' }] })
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
    })
    .optional()
    .describe('How an edit of this form reaches its nodes.'),
  ...resourceListShape({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['id'] }),
});
export type LynqFormSpec = z.infer<typeof LynqFormSpec>;

const count = () => z.int32().optional();

export const RolloutPhase = z.enum(['Idle', 'InProgress', 'Failed', 'Complete']);
export type RolloutPhase = z.infer<typeof RolloutPhase>;

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
      startTime: z.string().optional().meta({ format: 'date-time' }).describe('When the rollout began.'),
      completionTime: z.string().optional().meta({ format: 'date-time' }).describe('When the rollout ended.'),
      message: z.string().optional().describe('What the rollout waits for or why it stopped.'),
    })
    .optional()
    .describe('Progress of the last edit of this form.'),
  conditions: z.array(Condition).optional().describe('State of the form in standard conditions.'),
});
export type LynqFormStatus = z.infer<typeof LynqFormStatus>;

export const LynqForm = z.object({
  metadata: ObjectMeta,
  spec: LynqFormSpec,
  status: LynqFormStatus.optional(),
});
export type LynqForm = z.infer<typeof LynqForm>;
