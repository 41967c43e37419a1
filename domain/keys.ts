/**
 * Every label, annotation, finalizer and manager name this product reads or writes (parity 1.6, decisions.md sections 4 to 6).
 * No other file spells a `lynq.sh/` key; the architecture test holds that.
 */

export const apiGroup = 'operator.lynq.sh';
export const apiVersion = 'operator.lynq.sh/v1';

/** Server-side apply identities. A different main manager would make every child of an existing installation a conflict. */
export const managers = {
  apply: 'lynq-operator',
  markers: 'lynq-operator-markers',
  ignored: 'lynq-operator-ignored',
} as const;

export const finalizers = {
  hub: 'lynq.sh/hub-finalizer',
  node: 'lynqnode.operator.lynq.sh/finalizer',
} as const;

export const labels = {
  hub: 'lynq.sh/hub',
  uid: 'lynq.sh/uid',
  /** Tracking labels of a child; values longer than 63 are cut (see `labelValue`), the full text is in an annotation of the same key. */
  node: 'lynq.sh/node',
  nodeNamespace: 'lynq.sh/node-namespace',
  orphaned: 'lynq.sh/orphaned',
  /** On a ControllerRevision: the form whose content it keeps (cut as the others). */
  form: 'lynq.sh/form',
  /** On a Secret, by whoever keeps it: a hub of its namespace may send its values to the database the hub names. */
  hubSecret: 'lynq.sh/hub-secret',
} as const;

export const annotations = {
  hostOrUrl: 'lynq.sh/hostOrUrl',
  activate: 'lynq.sh/activate',
  extra: 'lynq.sh/extra',
  /** HMAC with the hub's key over the values of secretValueMappings. */
  secretValues: 'lynq.sh/secret-values',
  templateGeneration: 'lynq.sh/template-generation',
  hubId: 'lynq.sh/hubId',
  rolloutUpdateStart: 'lynq.sh/rollout-update-start',
  /** On a LynqNode: revision that a rollout brought it to, and whether it had failed before (domain/rollout/let-go.ts). */
  letGo: 'lynq.sh/let-go',
  /** On a LynqForm: a command for its rollout, e.g. `abort`; taken off when it is carried out. */
  rollout: 'lynq.sh/rollout',
  /** On a LynqNode: values of its row that wait until the form's rollout lets them take effect. */
  pendingValues: 'lynq.sh/pending-values',
  overrides: 'lynq.sh/overrides',
  forceReconcile: 'lynq.sh/force-reconcile',
  abandon: 'lynq.sh/abandon',
  /** Since when we leave a hub, or a node of it, to another operator. */
  released: 'lynq.sh/released',
  /** Installation that holds a hub. */
  controllerId: 'lynq.sh/controller-id',
  approveDeletions: 'lynq.sh/approve-deletions',
  deletionPolicy: 'lynq.sh/deletion-policy',
  createdOnce: 'lynq.sh/created-once',
  /** On a child that was not made by us but taken over (policies/adoption.ts). */
  adopted: 'lynq.sh/adopted',
  appliedHash: 'lynq.sh/applied-hash',
  /** Written by the Go operator alone: its readiness clock. */
  applyStartTime: 'lynq.sh/apply-start-time',
  /** Paths of the fields that were left to others when the object was written, as a JSON list. */
  ignoredFields: 'lynq.sh/ignored-fields',
  orphanedAt: 'lynq.sh/orphaned-at',
  orphanedReason: 'lynq.sh/orphaned-reason',
  orphanedFrom: 'lynq.sh/orphaned-from',
  /** Namespace of the LynqNode an orphan was kept from: hubs of one name may be in several. */
  orphanedNamespace: 'lynq.sh/orphaned-namespace',
  /** On a Namespace that another node of the row keeps: a node that named it too has gone, whose form said Retain (removal-plan.ts). */
  retainedFor: 'lynq.sh/retained-for',
  /** On Secret `<node>-generated`: kinds of the objects that were rendered with what it holds (generated.ts). */
  renderedKinds: 'lynq.sh/rendered-kinds',
} as const;

export const reservedPrefix = 'lynq.sh/';

/** In the data of a Temporal namespace: the cluster it is for (cluster-claim.ts). */
export const clusterKey = 'lynq.sh/cluster';
