import { type JsonObject, textAt } from '../domain/api/json.ts';
import type { HubOutlook } from '../domain/change-plan/types.ts';
import { annotations } from '../domain/keys.ts';
import { confirm } from './confirm.ts';
import type { Context } from './context.ts';
import { CommandError } from './errors.ts';
import { type ExitCode, exitCodes } from './exit-codes.ts';
import { conditionOf, kinds, refOf, requireObject } from './kinds.ts';
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
  const planner = await context.services.planner();
  const { hub: outlook } = await planner.plan({ namespace, hub: name, objects: [], forms: new Set() }, () => undefined);
  const title = `${kinds.hub.resource}/${name}`;
  if (outlook.held === undefined && approvalOf(hub) === flags.plan) {
    context.out.write(`${title} unchanged: already approved, the next sync judges it\n`);
    if (flags.wait) await untilJudged(context, { namespace, name }, flags['wait-timeout']);
    return exitCodes.ok;
  }
  const held = heldSet(outlook, flags.plan);
  context.err.write(going(held));
  await confirm(
    context,
    flags,
    `Let ${counted(held.rows, 'row')} and ${counted(held.nodes.length, 'LynqNode')} of ${title} go?`,
  );
  const body = {
    metadata: {
      uid: textAt(hub, 'metadata', 'uid') ?? '',
      annotations: { [annotations.approveDeletions]: flags.plan },
    },
  };
  const result = await cluster.patch(refOf(kinds.hub, namespace, name), 'merge', body, { manager });
  if (result.kind === 'refused') throw new CommandError(result.message);
  if (result.kind !== 'ok') throw new CommandError(`${title} changed meanwhile`, { fix: 'look at it and try again' });
  context.out.write(`${title} deletions approved: ${counted(held.rows, 'row')}\n`);
  if (flags.wait) await untilJudged(context, { namespace, name }, flags['wait-timeout']);
  return exitCodes.ok;
}

/** The hash that was approved and that no sync has judged yet. */
const approvalOf = (hub: JsonObject): string | undefined =>
  textAt(hub, 'metadata', 'annotations', annotations.approveDeletions);

type Held = NonNullable<HubOutlook['held']>;

/** The set that is held now, if it is the one that was looked at. */
function heldSet({ held, hub, namespace }: HubOutlook, hash: string): Held {
  const look = `lynq plan ${hub} -n ${namespace}`;
  if (held === undefined)
    throw new CommandError(`no deletion of LynqHub ${namespace}/${hub} is held`, { fix: `see: ${look}` });
  if (held.why === 'SourceChanged') {
    throw new CommandError('another server, table or view answers than before: that cannot be approved', {
      fix: 'it is believed after two further equal reads',
    });
  }
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

async function untilJudged(
  context: Context,
  { namespace, name }: { readonly namespace: string; readonly name: string },
  timeout: string,
): Promise<void> {
  const cluster = await context.services.cluster();
  const look = async (): Promise<Look<true>> => {
    const hub = (await cluster.get(refOf(kinds.hub, namespace, name))) ?? {};
    const open = approvalOf(hub) !== undefined;
    const held = textAt(conditionOf(hub, 'DeletionHeld'), 'status') === 'True';
    if (!open && !held) return { kind: 'done', value: true };
    return {
      kind: 'notYet',
      text: open ? 'the next sync has not judged the approval yet' : 'deletions are still held',
    };
  };
  await waitUntil(context, { what: `the deletions of LynqHub ${namespace}/${name} to begin`, look, timeout });
}
