import { z } from 'zod';
import { defaultTimeoutSeconds } from '../looking.ts';
import type { JsonObject } from './json.ts';
import { checked } from './meta.ts';

/**
 * One entry of a form's or node's resource array (parity 1.4): policies, order and a complete Kubernetes object whose strings are templates.
 *
 * Defaults are those of the CRD, so that parsing an object read from the API server and one from a file give the same value.
 */

/** Free-form Kubernetes object: kept as it is, unknown fields included. */
const KubernetesObject = z.record(z.string(), z.unknown()).meta({ 'x-kubernetes-preserve-unknown-fields': true });

export const CreationPolicy = z.enum(['Once', 'WhenNeeded']);
export type CreationPolicy = z.infer<typeof CreationPolicy>;

export const DeletionPolicy = z.enum(['Delete', 'Retain']);
export type DeletionPolicy = z.infer<typeof DeletionPolicy>;

export const ConflictPolicy = z.enum(['Stuck', 'Force']);
export type ConflictPolicy = z.infer<typeof ConflictPolicy>;

export const PatchStrategy = z.enum(['apply', 'merge', 'replace']);
export type PatchStrategy = z.infer<typeof PatchStrategy>;

export const TResource = z.object({
  id: z
    .string()
    .meta(checked({ rule: 'size(self) > 0', message: 'resource must have a non-empty ID' }))
    .describe('ID of this entry, unique across the whole form; named by dependIds.'),
  spec: KubernetesObject.describe(
    'The complete Kubernetes object: apiVersion, kind, metadata, spec, data. Strings are templates.',
  ),
  dependIds: z.array(z.string()).optional().describe('IDs of the entries that must be done before this one.'),
  skipOnDependencyFailure: z
    .boolean()
    .default(true)
    .describe('Whether this entry is skipped when a dependency failed; false creates it all the same.'),
  creationPolicy: CreationPolicy.default('WhenNeeded').describe(
    'Once creates the object a single time and never applies it again.',
  ),
  deletionPolicy: DeletionPolicy.default('Delete').describe(
    'Retain keeps the object, and all it needs, when the node goes.',
  ),
  conflictPolicy: ConflictPolicy.default('Stuck').describe(
    'What happens when someone else holds the object or a field.',
  ),
  nameTemplate: z.string().optional().describe('Template of metadata.name.'),
  labelsTemplate: z.record(z.string(), z.string()).optional().describe('Templates of metadata.labels.'),
  annotationsTemplate: z.record(z.string(), z.string()).optional().describe('Templates of metadata.annotations.'),
  targetNamespace: z
    .string()
    .optional()
    .describe('Template of metadata.namespace; empty means the namespace of the node.'),
  waitForReady: z.boolean().default(true).describe('Whether dependents wait until this object is ready.'),
  timeoutSeconds: z
    .int32()
    .min(1)
    .max(3600)
    .default(defaultTimeoutSeconds)
    .describe('How long the object may take to become ready after it was applied or became unready.'),
  readyWhen: z
    .string()
    .min(1)
    .max(2048)
    .optional()
    .describe(
      'CEL expression over the live object, as object or self, that says when it is ready, in place of the rule of its kind.',
    ),
  patchStrategy: PatchStrategy.default('apply').describe('How an existing object is updated.'),
  ignoreFields: z
    .array(z.string())
    .optional()
    .describe('JSONPaths of fields that are set at creation and left alone afterwards.'),
});
export type TResource = Omit<z.infer<typeof TResource>, 'spec'> & { readonly spec: JsonObject };

/** The sixteen arrays of a form, in the order the Go operator collects them (parity 1.3). The array's name does not constrain the kind. */
export const resourceLists = [
  'serviceAccounts',
  'deployments',
  'statefulSets',
  'daemonSets',
  'services',
  'ingresses',
  'configMaps',
  'secrets',
  'persistentVolumeClaims',
  'jobs',
  'cronJobs',
  'podDisruptionBudgets',
  'networkPolicies',
  'horizontalPodAutoscalers',
  'namespaces',
  'manifests',
] as const;
export type ResourceList = (typeof resourceLists)[number];

type ListShape<T extends z.ZodType> = Record<ResourceList, z.ZodOptional<z.ZodArray<T>>>;

/** The sixteen arrays as an object shape; `meta` tells the API server how list items are told apart. */
export function resourceListShape(meta: Readonly<Record<string, unknown>>): ListShape<typeof TResource> {
  const description = (name: ResourceList) =>
    `Objects of ${name}; kind and apiVersion of an entry decide, not this list.`;
  const entry = (name: ResourceList) =>
    [name, z.array(TResource).optional().meta(meta).describe(description(name))] as const;
  return Object.fromEntries(resourceLists.map(entry)) as ListShape<typeof TResource>;
}

/** One entry together with the place it was written at, for messages. */
export interface PlacedResource {
  readonly resource: TResource;
  readonly list: ResourceList;
  readonly index: number;
}

/** All entries of a form in collection order. */
export function collectResources(
  spec: Readonly<Partial<Record<ResourceList, readonly z.infer<typeof TResource>[] | undefined>>>,
): readonly PlacedResource[] {
  return resourceLists.flatMap((list) =>
    (spec[list] ?? []).map((resource, index) => ({ resource: resource as TResource, list, index })),
  );
}
