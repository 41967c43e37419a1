import type { Effect, Purpose } from './effects.ts';

/**
 * Every place at which the tests end a worker: the points of a hub's sync and of a node's life in reliability terms, each before its effect and after the effect before
 * its answer is on record. `name[:nth]:kill|stop|throw|sleep` activates one.
 */

/** What is going on in the world while the point is passed. */
export type ScenarioName =
  | 'sync'
  | 'create'
  | 'edit'
  | 'rollout'
  | 'remove'
  | 'halfMade'
  | 'compensate'
  | 'return'
  | 'scale'
  | 'wakes'
  | 'stop';

interface PointDefinition {
  readonly title: string;
  readonly scenario: ScenarioName;
  readonly kind: string;
  readonly before: Purpose;
  /** Purpose of the effect whose completion counts, when it is not the same one. */
  readonly after?: Purpose;
  /** Kind of that effect. */
  readonly afterKind?: string;
  /** Part of the object's name. */
  readonly named?: string;
  /** The how manieth such effect; default the first. */
  readonly nth?: number;
  /** The same of the effect whose completion counts, when it is another one. */
  readonly afterNth?: number;
}

const applied = (title: string, kind: string, named?: string): PointDefinition => ({
  title: `apply of the ${title}`,
  scenario: 'create',
  kind,
  before: 'apply',
  ...(named === undefined ? {} : { named }),
});

/** What was kept is taken back when its row returns. */
const adopted = (title: string, kind: string, named?: string): PointDefinition => ({
  ...applied(title, kind, named),
  title: `re-adoption of the ${title}`,
  scenario: 'return',
  before: 'adopt',
});

/** `j`-th step of its kind in a removal. */
const removed = (kind: string, before: Purpose, title: string): PointDefinition => ({
  title,
  scenario: 'remove',
  kind,
  before,
});

/** A sync with rows to read, nodes to make, to change and to remove, and runs to start: what each of them is tried on. */
export const hubPoints = {
  P1: { title: 'query sent', scenario: 'sync', kind: 'Rows', before: 'readRows', after: 'rowSeen', afterKind: 'Row' },
  P2: { title: 'middle of the rows', scenario: 'sync', kind: 'Row', before: 'rowSeen', nth: 6 },
  P3: {
    title: 'end of the rows',
    scenario: 'sync',
    kind: 'Row',
    before: 'rowSeen',
    nth: 12,
    after: 'readRows',
    afterKind: 'Rows',
    afterNth: 1,
  },
  // The first effect of a plan that removes rows.
  P4: { title: 'plan made and its removals reserved', scenario: 'sync', kind: 'LynqHub', before: 'status' },
  P5: { title: 'LynqNode create', scenario: 'sync', kind: 'LynqNode', before: 'birth', nth: 3 },
  P6: { title: 'LynqNode update', scenario: 'sync', kind: 'LynqNode', before: 'edit', nth: 3 },
  P7: { title: 'LynqNode delete', scenario: 'sync', kind: 'LynqNode', before: 'remove', nth: 3 },
  P8: {
    title: 'start of a node run',
    scenario: 'sync',
    kind: 'hubSync',
    before: 'startChild',
    nth: 3,
    after: 'childStarted',
    afterNth: 3,
  },
} as const satisfies Record<string, PointDefinition>;

export const points = {
  P9: { title: 'status write of the hub', scenario: 'create', kind: 'LynqHub', before: 'status' },
  P10: { title: 'finalizer of the hub', scenario: 'create', kind: 'LynqHub', before: 'finalizerAdd' },
  'P10-birth': { title: 'LynqNode with its finalizer', scenario: 'create', kind: 'LynqNode', before: 'birth' },
  P11: { title: 'intent on record', scenario: 'create', kind: 'LynqNode', before: 'intent' },
  P12: { title: 'first results of a render', scenario: 'create', kind: 'Secret', before: 'keepGenerated' },
  P13: applied('Namespace', 'Namespace'),
  P14: applied('Once Secret', 'Secret', '-password'),
  P15: applied('ConfigMap', 'ConfigMap', '-settings'),
  P16: applied('retained claim', 'PersistentVolumeClaim'),
  P17: applied('Deployment', 'Deployment'),
  P18: applied('NetworkPolicy', 'NetworkPolicy'),
  P19: { title: 'readiness wait', scenario: 'create', kind: 'Subscription', before: 'wait' },
  P20: { title: 'status write that says Ready', scenario: 'create', kind: 'LynqNode', before: 'readyStatus' },
  P21: { title: 'look at a leftover', scenario: 'edit', kind: 'ConfigMap', before: 'look', named: '-old' },
  P22: { title: 'delete of a leftover', scenario: 'edit', kind: 'ConfigMap', before: 'remove', named: '-old' },
  P23: { title: 'keeping of a leftover', scenario: 'edit', kind: 'ConfigMap', before: 'retainLeftover' },
  'P24-policy': removed('NetworkPolicy', 'remove', 'delete of the NetworkPolicy'),
  'P24-deployment': removed('Deployment', 'remove', 'delete of the Deployment'),
  'P24-settings': { ...removed('ConfigMap', 'remove', 'delete of the ConfigMap'), named: '-settings' },
  'P25-claim': removed('PersistentVolumeClaim', 'retainRemoved', 'keeping of the claim'),
  'P25-password': { ...removed('Secret', 'retainRemoved', 'keeping of the Secret'), named: '-password' },
  'P25-namespace': removed('Namespace', 'retainRemoved', 'keeping of the Namespace'),
  'P24-halfmade': { title: 'delete of a half-made node', scenario: 'halfMade', kind: 'ConfigMap', before: 'remove' },
  P26: { title: 'taking back of a creation that failed', scenario: 'compensate', kind: 'ConfigMap', before: 'remove' },
  P27: { title: 'finalizer of the node', scenario: 'remove', kind: 'LynqNode', before: 'finalizerRemove' },
  P28: {
    title: 'run that continues as new',
    scenario: 'wakes',
    kind: 'lynqNode',
    before: 'continueAsNew',
    after: 'continued',
  },
  P29: {
    title: 'signal',
    scenario: 'scale',
    kind: 'lynqNode',
    before: 'signal',
    after: 'overrides',
    afterKind: 'LynqNode',
  },
  P31: { title: 'record of who may change', scenario: 'rollout', kind: 'LynqForm', before: 'rolloutRecord' },
  P32: { title: 'change of a recorded node', scenario: 'rollout', kind: 'LynqNode', before: 'grant' },
  'P33-namespace': adopted('Namespace', 'Namespace'),
  'P33-password': adopted('Once Secret', 'Secret', '-password'),
  'P33-claim': adopted('retained claim', 'PersistentVolumeClaim'),
  P30: { title: 'shutdown', scenario: 'stop', kind: 'Process', before: 'shutdown', after: 'closing' },
} as const satisfies Record<string, PointDefinition>;

export type PointName = keyof typeof points | keyof typeof hubPoints;
export const sides = ['before', 'after'] as const;
export type Side = (typeof sides)[number];
export type FailpointName = `${PointName}.${Side}`;

export interface Failpoint {
  readonly name: FailpointName;
  readonly side: Side;
  readonly title: string;
  readonly scenario: ScenarioName;
  readonly nth: number;
  /** Whether the point lies at this side of an effect. */
  readonly fits: (effect: Effect, side: Side) => boolean;
}

/** Purposes that are told when they have happened, by what cannot wait. */
const told: readonly Purpose[] = ['continued', 'closing', 'childStarted'];

function failpoint(point: PointName, side: Side): Failpoint {
  const definition: PointDefinition = { ...hubPoints, ...points }[point];
  const purpose = side === 'after' ? (definition.after ?? definition.before) : definition.before;
  const kind = side === 'after' ? (definition.afterKind ?? definition.kind) : definition.kind;
  // What stands for the completion of something else is caught when it begins, unless it is an effect of its own.
  const at: Side = side === 'after' && told.includes(purpose) ? 'before' : side;
  return {
    name: `${point}.${side}`,
    side,
    title: definition.title,
    scenario: definition.scenario,
    nth:
      (side === 'after' ? definition.afterNth : undefined) ?? (purpose === definition.before ? definition.nth : 1) ?? 1,
    fits: (effect, passed) =>
      passed === at &&
      effect.purpose === purpose &&
      effect.kind === kind &&
      (definition.named === undefined || effect.about.includes(definition.named)),
  };
}

const bothSides = (names: readonly PointName[]): readonly Failpoint[] =>
  names.flatMap((point) => sides.map((side) => failpoint(point, side)));

/** Those of a node's life, in its order. */
export const failpoints = bothSides(Object.keys(points) as PointName[]);
/** Those of a hub's sync, in its order. */
export const hubFailpoints = bothSides(Object.keys(hubPoints) as PointName[]);

/** `stop` freezes the process until it gets SIGCONT. */
export const actions = ['kill', 'stop', 'throw', 'sleep'] as const;
export type Action = (typeof actions)[number];

export interface Order {
  readonly failpoint: Failpoint;
  readonly nth: number;
  readonly action: Action;
}

/** Reads `name[:nth]:action`. @throws for a name that is not registered: a test that hits nothing must not pass. */
export function parseOrder(text: string): Order {
  const [name, ...rest] = text.split(':');
  const found = [...hubFailpoints, ...failpoints].find((one) => one.name === name);
  if (found === undefined) throw new Error(`no failpoint is named ${name}`);
  const action = actions.find((known) => known === rest.at(-1));
  if (action === undefined) throw new Error(`${text} names no action`);
  const nth = rest.length > 1 ? Number(rest[0]) : found.nth;
  if (!Number.isInteger(nth) || nth < 1) throw new Error(`${text} names no number`);
  return { failpoint: found, nth, action };
}
