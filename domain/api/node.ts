import { z } from 'zod';
import { Condition, ObjectMeta } from './meta.ts';
import { DeletionPolicy, resourceListShape } from './resource.ts';

/** LynqNode: one row through one form (parity 1.5, additions of decisions.md section 1). */

export const LynqNodeSpec = z.object({
  uid: z.string().describe('uid of the row.'),
  templateRef: z.string().describe('Name of the LynqForm.'),
  formRevision: z
    .string()
    .optional()
    .describe('Name of the ControllerRevision that holds the form this node is made from.'),
  paused: z.boolean().optional().describe('Whether this node is left as it is.'),
  ...resourceListShape({}),
});
export type LynqNodeSpec = z.infer<typeof LynqNodeSpec>;

/**
 * The record of one object (decisions.md section 4, "Identity and record"): written before its first apply, the uid right after.
 * `policy` is the effective one: an object that a retained object needs is Retain here whatever the form says.
 */
export const InventoryEntry = z.object({
  id: z.string(),
  apiVersion: z.string(),
  kind: z.string(),
  namespace: z.string().optional().describe('Absent for cluster-scoped objects.'),
  name: z.string(),
  uid: z.string().optional().describe('Absent until the object was first applied.'),
  policy: DeletionPolicy,
  dependIds: z.array(z.string()).optional(),
  once: z.boolean().optional(),
  baseline: z
    .string()
    .optional()
    .describe('Hash of the fields we own, as the server returned them after our last write.'),
});
export type InventoryEntry = z.infer<typeof InventoryEntry>;

export const ResourceState = z.enum([
  'Pending',
  'Waiting',
  'Progressing',
  'Ready',
  'Failed',
  'Conflicted',
  'Skipped',
  'Deleting',
]);
export type ResourceState = z.infer<typeof ResourceState>;

export const ResourceStatus = z.object({
  id: z.string(),
  kind: z.string(),
  name: z.string(),
  state: ResourceState,
  reason: z.string().optional(),
  message: z.string().optional(),
  since: z
    .string()
    .meta({ format: 'date-time' })
    .describe('When this state began: the start of the readiness clock while Progressing.'),
});
export type ResourceStatus = z.infer<typeof ResourceStatus>;

const count = () => z.int32().default(0).optional();

export const LynqNodeStatus = z.object({
  observedGeneration: z.int().optional().meta({ format: 'int64' }),
  readyResources: count(),
  desiredResources: count(),
  failedResources: count(),
  skippedResources: count(),
  skippedResourceIds: z.array(z.string()).optional(),
  appliedResources: z.array(z.string()).optional().describe('Objects that exist, each as Kind/namespace/name@id.'),
  conditions: z.array(Condition).optional(),
  lastFullReconcileAt: z.string().optional().meta({ format: 'date-time' }),
  inventory: z.array(InventoryEntry).optional().describe('Record of the objects of this node.'),
  resources: z.array(ResourceStatus).optional().describe('State of each entry, with the reason.'),
  observedInput: z
    .string()
    .optional()
    .describe('Hash of the form revision, row values and overrides that the last pass acted on.'),
});
export type LynqNodeStatus = z.infer<typeof LynqNodeStatus>;

export const LynqNode = z.object({
  metadata: ObjectMeta,
  spec: LynqNodeSpec,
  status: LynqNodeStatus.optional(),
});
export type LynqNode = z.infer<typeof LynqNode>;
