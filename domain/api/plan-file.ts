import { z } from 'zod';

/**
 * The plan as a file: names, generations and hashes of everything it follows from. No value of a row, no secret and no content of a form is in it, so it can
 * be kept with a change request. `lynq apply --plan` plans again and compares.
 */

const Planned = z.strictObject({
  kind: z.string(),
  namespace: z.string(),
  name: z.string(),
  /** Hash of what is to be sent. */
  content: z.string(),
  /** Of the object in the cluster; absent where there was none. */
  uid: z.string().optional(),
  generation: z.number().int().optional(),
  /** Fields of it that others hold, each with who does. */
  conflicts: z.array(z.string()).default([]),
});

const PlannedHub = z.strictObject({
  namespace: z.string(),
  name: z.string(),
  /** Absent for a hub that is not in the cluster yet: a dry run gives it others each time. */
  uid: z.string().optional(),
  generation: z.number().int().optional(),
  /** Hash over what a sync would do: births, updates, removals, held and frozen rows. */
  sync: z.string(),
});

export const PlanFile = z.strictObject({
  lynqPlan: z.literal(2),
  /** Id of the cluster it was made for: the uid of its namespace kube-system. */
  cluster: z.string().min(1),
  createdAt: z.string(),
  /** As given to -f. */
  files: z.array(z.string()).min(1),
  recursive: z.boolean(),
  /** Fields that others hold are taken. */
  forceConflicts: z.boolean().default(false),
  objects: z.array(Planned).min(1),
  hubs: z.array(PlannedHub),
  /** HMAC of the outlook of each LynqNode, by namespace/name; without the values of its row where the hub has no key yet. */
  nodes: z.record(z.string(), z.string()),
});
export type PlanFile = z.infer<typeof PlanFile>;
