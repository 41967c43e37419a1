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
/** `Named`: by the pods of the other form's object. `Indirect`: something that is named needs it. */
export const NeededElsewhere = z.enum(['Named', 'Indirect']);
export type NeededElsewhere = z.infer<typeof NeededElsewhere>;

export const InventoryEntry = z.object({
  id: z.string().describe('ID of the entry.'),
  apiVersion: z.string().describe('apiVersion of the object.'),
  kind: z.string().describe('Kind of the object.'),
  namespace: z.string().optional().describe('Absent for cluster-scoped objects.'),
  name: z.string().describe('Name of the object.'),
  uid: z.string().optional().describe('Absent until the object was first applied.'),
  policy: DeletionPolicy.describe('Deletion policy in effect: Retain also for what a retained object needs.'),
  dependIds: z.array(z.string()).optional().describe('IDs of the entries this one depends on.'),
  once: z.boolean().optional().describe('Whether the object is created a single time.'),
  needs: z
    .array(z.string())
    .optional()
    .describe('Of a retained object: keyed hashes of what its pods name and another form of the row may make.'),
  neededElsewhere: NeededElsewhere.optional().describe(
    'Why the object is retained although its form says Delete, where a retained object of another form of the row is the reason.',
  ),
  adopted: z
    .boolean()
    .optional()
    .describe('Whether the object was there before and taken over under conflictPolicy Force: it is never deleted.'),
  ignoredNamespace: z
    .string()
    .optional()
    .describe(
      'What the entry says in spec.metadata.namespace, where the object stays in the namespace of the node all the same.',
    ),
  readyWhen: z.boolean().optional().describe('Whether an expression of the form decides when the object is ready.'),
  baseline: z
    .string()
    .optional()
    .describe('Keyed hash of the fields we own, as the server returned them after our last write.'),
  applied: z.string().optional().describe('Keyed hash of what we last applied.'),
  attempt: z
    .string()
    .optional()
    .describe('Attempt at creating the node that made this object; absent once the creation is complete.'),
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
  id: z.string().describe('ID of the entry.'),
  kind: z.string().describe('Kind of the object.'),
  name: z.string().describe('Name of the object.'),
  state: ResourceState.describe('What is known about the object.'),
  reason: z.string().optional().describe('Why it is in this state, in one word.'),
  message: z.string().optional().describe('What is wrong and what to do.'),
  since: z
    .string()
    .meta({ format: 'date-time' })
    .describe('When this state began: the start of the readiness clock while Progressing.'),
  timedOutAfter: z.int32().optional().describe('The timeoutSeconds that passed before the object was given up.'),
});
export type ResourceStatus = z.infer<typeof ResourceStatus>;

export const CreationAttempt = z.object({
  id: z.string().describe('Hash of the form revision and the values the node is created from.'),
  phase: z.enum(['Creating', 'RollingBack', 'RolledBack']).describe('How far the attempt got.'),
  reason: z.string().optional().describe('Why it was given up, in one word.'),
  message: z.string().optional().describe('The same for people.'),
});
export type CreationAttempt = z.infer<typeof CreationAttempt>;

const count = () => z.int32().optional();

export const LynqNodeStatus = z.object({
  observedGeneration: z.int().optional().meta({ format: 'int64' }).describe('Generation this status is about.'),
  readyResources: count().describe('Objects that are ready.'),
  desiredResources: count().describe('Entries of the form.'),
  failedResources: count().describe('Objects that failed.'),
  skippedResources: count().describe('Entries skipped because a dependency failed.'),
  skippedResourceIds: z.array(z.string()).optional().describe('IDs of the skipped entries.'),
  appliedResources: z.array(z.string()).optional().describe('Objects that exist, each as Kind/namespace/name@id.'),
  conditions: z.array(Condition).optional().describe('State of the node in standard conditions.'),
  lastFullReconcileAt: z
    .string()
    .optional()
    .meta({ format: 'date-time' })
    .describe('When all objects were last read and corrected.'),
  inventory: z.array(InventoryEntry).optional().describe('Record of the objects of this node.'),
  resources: z.array(ResourceStatus).optional().describe('State of each entry, with the reason.'),
  observedInput: z
    .string()
    .optional()
    .describe('Hash of the form revision, row values and overrides that the last pass acted on.'),
  attempt: CreationAttempt.optional().describe(
    'The creation that is under way or was taken back, of forms with rollbackOnFailure.',
  ),
  dependsOn: z.array(z.string()).optional().describe('Forms that this node goes before when both are deleted.'),
});
export type LynqNodeStatus = z.infer<typeof LynqNodeStatus>;

export const LynqNode = z.object({
  metadata: ObjectMeta,
  spec: LynqNodeSpec,
  status: LynqNodeStatus.optional(),
});
export type LynqNode = z.infer<typeof LynqNode>;
