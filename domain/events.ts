import type { ResourceList } from './api/resource.ts';
import { goList } from './go-text.ts';
import type { EventDraft } from './ports.ts';

/** The Events of parity 6.2 about hubs, children and the lists of a form, and those decisions.md adds; reasons and texts are what consumers read. */

export const normal = (reason: string, message: string): EventDraft => ({ type: 'Normal', reason, message });
export const warning = (reason: string, message: string): EventDraft => ({ type: 'Warning', reason, message });

export interface NodeName {
  readonly name: string;
  readonly form: string;
  readonly uid: string;
}

export interface Throttling {
  readonly throttled: number;
  readonly maxSkew: number;
  readonly updating: number;
}

export const hubEvents = {
  databaseQueryFailed: (error: string) => warning('DatabaseQueryFailed', `Failed to query database: ${error}`),
  cleanupFailed: (error: string) => warning('CleanupFailed', `Failed to cleanup retain resources: ${error}`),
  rolloutThrottled: (form: string, { throttled, maxSkew, updating }: Throttling) =>
    normal(
      'RolloutThrottled',
      `LynqForm '${form}': ${throttled} node updates throttled (maxSkew=${maxSkew}, currently updating=${updating})`,
    ),
  syncStuck: (since: string) => warning('SyncStuck', `The sync that began at ${since} has not ended`),
  scheduleRefused: (why: string) => warning('ScheduleRefused', `The schedule in Temporal cannot be made: ${why}`),
  nodeDeleting: ({ name, form, uid }: NodeName) =>
    normal(
      'NodeDeleting',
      `Deleting LynqNode '${name}' (template: ${form}, uid: ${uid}) - no longer in active dataset. This could be due to: row deletion, activate=false, or template change.`,
    ),
  nodeDeleted: ({ name, form, uid }: NodeName) =>
    normal('NodeDeleted', `Successfully deleted LynqNode '${name}' (template: ${form}, uid: ${uid})`),
  nodeDeletionFailed: (name: string, error: string) =>
    warning('NodeDeletionFailed', `Failed to delete LynqNode '${name}': ${error}`),
  templateRenderFailed: (uid: string, error: string) =>
    warning('TemplateRenderFailed', `Failed to render template for node ${uid}: ${error}`),
  retainResourceProcessFailed: (node: string, error: string) =>
    warning('RetainResourceProcessFailed', `Failed to process retain resources for node ${node}: ${error}`),
  /** `message` is that of condition DeletionHeld: the count, a sample and the hash to approve. */
  deletionHeld: (message: string) => warning('DeletionHeld', message),
} as const;

export interface FormChange {
  readonly form: string;
  readonly hub: string;
  readonly uid: string;
  readonly before: string;
  readonly generation: string;
  readonly lists: readonly ResourceList[];
}

/** What a sync says on a LynqNode that it changed. */
export const nodeChangeEvents = {
  editReverted: () =>
    normal('EditReverted', 'What only the sync of the hub writes was changed by hand and is put back'),
  takenOver: (from: string, hub: string) =>
    normal('TakenOver', `Hub '${from}' does not exist any more; hub '${hub}' has the node now`),
  templateApplied: ({ form, hub, uid, before, generation, lists }: FormChange) =>
    normal(
      'TemplateApplied',
      `Applying LynqForm '${form}' changes (generation: ${before} -> ${generation}). Total ${hubListed(lists).length} resources will be reconciled: ${goList(counted(hubListed(lists)))}. Hub: ${hub}, UID: ${uid}`,
    ),
  dataUpdated: ({ form, hub, generation, lists }: FormChange) =>
    normal(
      'DataUpdated',
      `LynqNode data updated from registry '${hub}'. Total ${hubListed(lists).length} resources may be affected. Template: ${form} (generation: ${generation})`,
    ),
} as const;

const listNames: Readonly<Partial<Record<ResourceList, string>>> = {
  serviceAccounts: 'ServiceAccount(s)',
  deployments: 'Deployment(s)',
  statefulSets: 'StatefulSet(s)',
  services: 'Service(s)',
  ingresses: 'Ingress(es)',
  configMaps: 'ConfigMap(s)',
  secrets: 'Secret(s)',
  persistentVolumeClaims: 'PVC(s)',
  jobs: 'Job(s)',
  cronJobs: 'CronJob(s)',
  podDisruptionBudgets: 'PodDisruptionBudget(s)',
  networkPolicies: 'NetworkPolicy(ies)',
  horizontalPodAutoscalers: 'HorizontalPodAutoscaler(s)',
  manifests: 'Manifest(s)',
};

/** Three lists that only the hub's events name. */
const onlyOfHub: ReadonlySet<ResourceList> = new Set([
  'podDisruptionBudgets',
  'networkPolicies',
  'horizontalPodAutoscalers',
]);

const hubListed = (lists: readonly ResourceList[]): readonly ResourceList[] =>
  lists.filter((list) => listNames[list] !== undefined);

/** `2 Deployment(s)`, in the Go operator's order; DaemonSets and Namespaces are not counted there. */
function counted(lists: readonly ResourceList[]): readonly string[] {
  const texts = Object.entries(listNames).flatMap(([list, name]) => {
    const count = lists.filter((each) => each === list).length;
    return count === 0 ? [] : [`${count} ${name}`];
  });
  return texts.length === 0 ? ['no resources'] : texts;
}

/** The list in the events of a node's pass: comma-separated. */
export function countedForNode(lists: readonly ResourceList[]): string {
  return counted(lists.filter((list) => !onlyOfHub.has(list))).join(', ');
}

export const childEvents = {
  markersAdded: (reason: string) =>
    normal('OrphanMarkersAdded', `Resource retained with orphan markers (reason: ${reason})`),
  markersRemoved: () => normal('OrphanMarkersRemoved', 'Resource re-adopted into management - orphan markers removed'),
} as const;

export interface GoneObject {
  readonly id: string;
  readonly kind: string;
  readonly name: string;
}

export interface TakenAlong {
  readonly foreign: readonly string[];
  readonly unseen: readonly string[];
}

const mostNamed = 10;

/** The first names of a list, and how many more there are: an Event has room for 1,024 characters. */
function someOf(names: readonly string[]): string {
  const shown: string[] = [];
  for (const name of names.toSorted()) {
    if (shown.length === mostNamed || goList([...shown, name]).length > mostCharacters) break;
    shown.push(name);
  }
  const more = names.length - shown.length;
  return more === 0 ? goList(shown) : `${goList(shown)} and ${more} more`;
}

const mostCharacters = 400;

/** What is said on a LynqNode while its objects go or are kept. */
export const removalEvents = {
  retained: ({ kind, name }: GoneObject) =>
    normal('ResourceRetained', `Resource ${kind}/${name} retained with orphan labels (ownerReferences removed)`),
  retainPreserved: ({ id }: GoneObject) =>
    normal('RetainResourcePreserved', `Removed ownerReference from resource ${id} (policy=Retain)`),
  orphanRetained: ({ kind, name, id }: GoneObject) =>
    normal(
      'OrphanedResourceRetained',
      `Retained orphaned resource ${kind}/${name} (ID: ${id}) - removed from template, marked with orphan labels`,
    ),
  orphanDeleted: ({ kind, name, id }: GoneObject) =>
    normal('OrphanedResourceDeleted', `Deleted orphaned resource ${kind}/${name} (ID: ${id}) - removed from template`),
  retainedAsDependency: ({ kind, name }: GoneObject) =>
    normal('RetainedAsDependency', `Resource ${kind}/${name} retained because a retained object needs it`),
  namespaceInUse: (name: string, users: readonly string[]) =>
    normal('NamespaceInUse', `Namespace ${name} stays while these LynqNodes have objects in it: ${goList(users)}`),
  /** `foreign`: what else is in it, as `Kind/name`; `unseen`: kinds that may not be listed. */
  namespaceTakes: (name: string, { foreign, unseen }: TakenAlong) => {
    const blind = unseen.length === 0 ? '' : `; not looked for, since they may not be listed: ${someOf(unseen)}`;
    return warning(
      'NamespaceTakesAlong',
      `Namespace ${name} is deleted with what else is in it: ${someOf(foreign)}${blind}`,
    );
  },
  cleanupPartialFailure: (error: string) =>
    warning(
      'CleanupPartialFailure',
      `Some resources could not be cleaned up: ${error}. Kubernetes garbage collector will handle remaining resources with ownerReferences.`,
    ),
  nodeAbandoned: (objects: readonly string[]) =>
    warning(
      'LynqNodeAbandoned',
      `LynqNode released on request; these objects were left in place: ${goList(objects)}`.slice(0, 1000),
    ),
  nodeDeleted: (name: string) =>
    normal(
      'LynqNodeDeleted',
      `LynqNode ${name} deleted successfully. Resources will be cleaned up by Kubernetes garbage collector.`,
    ),
} as const;
