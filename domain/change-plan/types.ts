import type { JsonObject } from '../api/json.ts';
import type { ObjectRef } from '../ports.ts';
import type { FieldChange } from './fields.ts';
import type { Standstill } from './standstill.ts';

/** What `lynq plan` found out: words of the domain, without secrets, in the order of names. */

export type ObjectChange =
  | { readonly kind: 'create' }
  | { readonly kind: 'update'; readonly fields: readonly FieldChange[] }
  /** Kept from an earlier life of the node, and taken back. */
  | { readonly kind: 'adopt'; readonly fields: readonly FieldChange[] }
  | { readonly kind: 'delete' }
  /** Leaves the form and stays, with orphan markers. */
  | { readonly kind: 'retain' }
  /** Would go, but something else needs it. */
  | { readonly kind: 'stays'; readonly reason: string }
  /** Not this node's, or fields of it are held by someone else. */
  | { readonly kind: 'conflict'; readonly owner: string; readonly fields: readonly string[] }
  /** The server refuses the write. */
  | { readonly kind: 'refused'; readonly reason: string; readonly message: string }
  /** The entry cannot be turned into an object. */
  | { readonly kind: 'broken'; readonly reason: string; readonly message: string }
  /** The server could not be asked: its namespace or kind does not exist yet. */
  | { readonly kind: 'unchecked'; readonly why: string };

export interface PlannedObject {
  /** Id of the entry. */
  readonly id: string;
  readonly ref: Pick<ObjectRef, 'apiVersion' | 'kind' | 'namespace' | 'name'>;
  readonly change: ObjectChange;
  /** Identity and owned fields of the live object the change was planned from; absent when there is none. */
  readonly seen?: string;
}

export interface NodeOutlook {
  /** Name of the LynqNode. */
  readonly name: string;
  readonly form: string;
  /** uid of the row. */
  readonly uid: string;
  readonly action: 'create' | 'update';
  readonly objects: readonly PlannedObject[];
  /** HMAC over all that the outlook of this node follows from. */
  readonly digest: string;
}

export interface NodeRemoval {
  readonly name: string;
  readonly form: string;
  readonly uid: string;
  readonly why: 'row' | 'form' | 'moved' | 'hub';
}

/** What a sync of one hub would do. */
export interface HubOutlook {
  readonly hub: string;
  readonly namespace: string;
  readonly uid: string;
  readonly generation: number;
  readonly rows: { readonly seen: number; readonly active: number; readonly frozen: number };
  readonly births: readonly { readonly name: string; readonly form: string; readonly uid: string }[];
  readonly updates: readonly {
    readonly name: string;
    readonly form: string;
    readonly uid: string;
    /** `edited`: someone has changed the LynqNode itself. */
    readonly why: 'values' | 'form' | 'both' | 'edited';
  }[];
  readonly removals: readonly NodeRemoval[];
  /** Present while deletions are held. */
  readonly held?: {
    readonly why: string;
    readonly rows: number;
    readonly nodes: readonly NodeRemoval[];
    readonly planHash: string;
    readonly budget: number;
  };
  /** Rows whose nodes stay as they are. */
  readonly frozen: readonly { readonly uid: string; readonly reason: string; readonly message: string }[];
  readonly brokenForms: readonly { readonly name: string; readonly problems: readonly string[] }[];
  readonly paused: boolean;
  /** No sync does anything of this while it lasts; of a hub that is being deleted only its removals are told, and its table is not read. */
  readonly standstill?: Standstill;
  readonly warnings: readonly string[];
}

/** How an edit would reach the nodes of a form that limits its rollouts. */
export interface RolloutOutlook {
  /** Nodes that change at once, at most. */
  readonly maxSkew: number;
  readonly paused: boolean;
  /** Nothing changes before this time (RFC 3339). */
  readonly frozenUntil?: string;
  /** In the order in which they change, those that have something to change. */
  readonly waves: readonly {
    readonly name: string;
    /** Names of LynqNodes, in the order in which they change. */
    readonly nodes: readonly string[];
    readonly soakSeconds: number;
    readonly maxFailures?: number;
  }[];
}

/** What an applied form would do to its nodes. */
export interface FormOutlook {
  readonly namespace: string;
  readonly form: string;
  readonly hub: string;
  /** Absent for a form that is not in the cluster yet. */
  readonly present?: { readonly uid: string; readonly generation: number; readonly resourceVersion: string };
  readonly revision: string;
  /** Decides when nodes change; absent for a form without limits. */
  readonly rollout?: RolloutOutlook;
  readonly nodes: readonly NodeOutlook[];
  /** Nodes that nothing changes of. */
  readonly unchanged: number;
  /** Nodes that are left alone: paused, released, frozen or being deleted. */
  readonly leftAlone: readonly { readonly name: string; readonly reason: string }[];
}

/** What is to be planned. */
export interface PlanRequest {
  readonly namespace: string;
  readonly hub: string;
  /** Hubs and forms as they are to be, in the form the API server would store them. */
  readonly objects: readonly JsonObject[];
  /** Forms whose objects are planned; none for the hub alone. One that cannot be used ends the plan, but for `usable`, which leaves it out. */
  readonly forms: ReadonlySet<string> | 'all' | 'usable';
}

export interface WorldPlan {
  readonly hub: HubOutlook;
  /** In the order of their names; of the forms that were asked for. */
  readonly forms: readonly FormOutlook[];
}

/** Nodes planned so far, of all that have to be. */
export type OnProgress = (done: number, total: number) => void;

/** A row to be rendered. */
export interface RowRequest extends Omit<PlanRequest, 'forms'> {
  readonly uid: string;
  readonly forms: ReadonlySet<string> | 'all';
  /** Secret values are shown; otherwise they are masked wherever they stand. */
  readonly showSecrets: boolean;
}

/** What a form makes of a row: the objects as they would be applied, or why an entry cannot be made. */
export interface RenderedRow {
  readonly form: string;
  /** Name of the LynqNode. */
  readonly node: string;
  readonly entries: readonly (
    | { readonly id: string; readonly object: JsonObject }
    | { readonly id: string; readonly problem: string }
  )[];
}
