import { type JsonObject, textAt } from '../domain/api/json.ts';
import type { HubOutlook } from '../domain/change-plan/types.ts';
import { type FailureType, isLynqFailure } from '../domain/failures.ts';
import { annotations } from '../domain/keys.ts';
import { confirm } from './confirm.ts';
import type { Context } from './context.ts';
import { CommandError } from './errors.ts';
import { type ExitCode, exitCodes } from './exit-codes.ts';
import { heldByHub } from './held.ts';
import { kinds, refOf, requireObject } from './kinds.ts';
import { ageSince } from './output/age.ts';
import { counted } from './output/problems.ts';
import { type Look, waitUntil } from './wait.ts';

/** The manager of `lynq apply`. */
const manager = 'lynq-cli';

export interface ApproveFlags {
  readonly plan: string;
  readonly wait: boolean;
  readonly 'wait-timeout': string;
  readonly yes: boolean;
}

/** Shows the held set, asks, and approves exactly that. */
export async function runApprove(context: Context, name: string, flags: ApproveFlags): Promise<ExitCode> {
  const namespace = await context.namespace();
  const cluster = await context.services.cluster();
  const hub = await requireObject(cluster, kinds.hub, namespace, name);
  const title = `${kinds.hub.resource}/${name}`;
  const judge = await readHeld(context, hub, { namespace, name });
  if (!judge.isHeld && approvalOf(hub) === flags.plan) {
    context.out.write(`${title} unchanged: already approved, the next sync judges it\n`);
    if (flags.wait) await untilJudged(context, { namespace, name }, flags['wait-timeout']);
    return exitCodes.ok;
  }
  const held = judge.approvable(flags.plan);
  context.err.write(held.going);
  await confirm(context, flags, `Let ${held.counts} of ${title} go?`);
  const body = {
    metadata: {
      uid: textAt(hub, 'metadata', 'uid') ?? '',
      annotations: { [annotations.approveDeletions]: flags.plan },
    },
  };
  const result = await cluster.patch(refOf(kinds.hub, namespace, name), 'merge', body, { manager });
  if (result.kind === 'refused') throw new CommandError(result.message);
  if (result.kind !== 'ok') throw new CommandError(`${title} changed meanwhile`, { fix: 'look at it and try again' });
  context.out.write(`${title} deletions approved: ${held.rows}\n`);
  if (flags.wait) await untilJudged(context, { namespace, name }, flags['wait-timeout']);
  return exitCodes.ok;
}

/** The hash that was approved and that no sync has judged yet. */
const approvalOf = (hub: JsonObject): string | undefined =>
  textAt(hub, 'metadata', 'annotations', annotations.approveDeletions);

interface HubName {
  readonly namespace: string;
  readonly name: string;
}

/** The held set, for the question. */
interface Approvable {
  readonly rows: string;
  readonly counts: string;
  readonly going: string;
}

interface Judge {
  readonly isHeld: boolean;
  /** @throws CommandError when not this very set is held, or when it cannot be approved. */
  approvable(hash: string): Approvable;
}

/** The table cannot be read from this machine: no way to the database, no right to its Secret. The worker may read it all the same. */
const unreadHere: ReadonlySet<FailureType> = new Set([
  'SourceUnreachable',
  'SourceDenied',
  'SourceIncomplete',
  'ClusterForbidden',
]);

/** What is held by the table as it is now; where that cannot be read, by what the last sync says. The next sync judges the exact set in both cases. */
async function readHeld(context: Context, hub: JsonObject, { namespace, name }: HubName): Promise<Judge> {
  const planner = await context.services.planner();
  try {
    const request = { namespace, hub: name, objects: [], forms: new Set<string>() };
    const { hub: outlook } = await planner.plan(request, () => undefined);
    return { isHeld: outlook.held !== undefined, approvable: (hash) => shownSet(heldSet(outlook, hash)) };
  } catch (error) {
    if (!isLynqFailure(error) || !unreadHere.has(error.type)) throw error;
    context.err.write(`The table cannot be read from here: ${error.message}\n`);
    return {
      isHeld: heldByHub(hub) !== undefined,
      approvable: (hash) => lastSync(hub, { namespace, name, hash, now: context.clock.now() }),
    };
  }
}

const otherSource = (): CommandError =>
  new CommandError('another server, table or view answers than before: that cannot be approved', {
    fix: 'it is believed after two further equal reads',
  });

/** The set that the last sync holds, if its hash is the one that was looked at. */
function lastSync(hub: JsonObject, facts: HubName & { readonly hash: string; readonly now: Date }): Approvable {
  const { namespace, name, hash, now } = facts;
  const held = heldByHub(hub);
  const look = `lynq status ${name} -n ${namespace}`;
  const read = ageSince(textAt(hub, 'status', 'lastSyncTime'), now);
  if (held === undefined) {
    throw new CommandError(`the last sync of LynqHub ${namespace}/${name}, ${read} ago, holds no deletion`, {
      fix: `see: ${look}`,
    });
  }
  if (held.reason === 'SourceChanged') throw otherSource();
  if (held.planHash !== hash) {
    throw new CommandError(`the rows that the last sync holds are others: their plan hash is ${held.planHash}`, {
      fix: `look at them first: ${look}`,
    });
  }
  const rows = counted(held.rows, 'row');
  const going = `The last sync, ${read} ago, says: ${held.message}\n`;
  return { rows, counts: `${rows} and their LynqNodes`, going };
}

type Held = NonNullable<HubOutlook['held']>;

function shownSet(held: Held): Approvable {
  const rows = counted(held.rows, 'row');
  return { rows, counts: `${rows} and ${counted(held.nodes.length, 'LynqNode')}`, going: going(held) };
}

/** The set that is held now, if it is the one that was looked at. */
function heldSet({ held, hub, namespace }: HubOutlook, hash: string): Held {
  const look = `lynq plan ${hub} -n ${namespace}`;
  if (held === undefined)
    throw new CommandError(`no deletion of LynqHub ${namespace}/${hub} is held`, { fix: `see: ${look}` });
  if (held.why === 'SourceChanged') throw otherSource();
  if (held.planHash === hash) return held;
  throw new CommandError(`the rows that would go are others now: their plan hash is ${held.planHash}`, {
    fix: `look at them first: ${look}`,
  });
}

function going({ nodes }: Held): string {
  const rows = new Map<string, string[]>();
  for (const { uid, name } of nodes) rows.set(uid, [...(rows.get(uid) ?? []), name]);
  return [...rows].map(([uid, names]) => `- ${uid}: ${names.toSorted().join(', ')}\n`).join('');
}

async function untilJudged(context: Context, { namespace, name }: HubName, timeout: string): Promise<void> {
  const cluster = await context.services.cluster();
  const look = async (): Promise<Look<true>> => {
    const hub = (await cluster.get(refOf(kinds.hub, namespace, name))) ?? {};
    const open = approvalOf(hub) !== undefined;
    const held = heldByHub(hub) !== undefined;
    if (!open && !held) return { kind: 'done', value: true };
    return {
      kind: 'notYet',
      text: open ? 'the next sync has not judged the approval yet' : 'deletions are still held',
    };
  };
  await waitUntil(context, { what: `the deletions of LynqHub ${namespace}/${name} to begin`, look, timeout });
}
