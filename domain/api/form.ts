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

const count = () => z.int32().default(0).optional();

export const RolloutPhase = z.enum(['Idle', 'InProgress', 'Failed', 'Complete']);
export type RolloutPhase = z.infer<typeof RolloutPhase>;

export const LynqFormStatus = z.object({
  observedGeneration: z.int().optional().meta({ format: 'int64' }),
  totalNodes: count().describe('Nodes made from this form.'),
  readyNodes: count().describe('Of those, how many are Ready.'),
  rollout: z
    .object({
      phase: RolloutPhase.optional(),
      targetGeneration: z.int().optional().meta({ format: 'int64' }),
      totalNodes: count(),
      updatedNodes: count(),
      updatingNodes: count(),
      readyUpdatedNodes: count(),
      startTime: z.string().optional().meta({ format: 'date-time' }),
      completionTime: z.string().optional().meta({ format: 'date-time' }),
      message: z.string().optional(),
    })
    .optional(),
  conditions: z.array(Condition).optional(),
});
export type LynqFormStatus = z.infer<typeof LynqFormStatus>;

export const LynqForm = z.object({
  metadata: ObjectMeta,
  spec: LynqFormSpec,
  status: LynqFormStatus.optional(),
});
export type LynqForm = z.infer<typeof LynqForm>;
