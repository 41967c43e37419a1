import { LynqForm } from '../domain/api/form.ts';
import { isJsonObject, type JsonObject, textAt } from '../domain/api/json.ts';
import { revisionOf } from '../domain/rollout/revision-name.ts';
import { type FormPlace, formPlace, formVerdict, isOver, leftAlone, nodesAt, progressText } from './arrival.ts';
import { type ConcernedHub, concernedHubs } from './concerned-hubs.ts';
import type { Context } from './context.ts';
import { CommandError } from './errors.ts';
import { hindered, standstillOf, syncAndWait } from './hub-sync.ts';
import { kinds, refOf } from './kinds.ts';
import { failure } from './node-wait.ts';
import { counted } from './output/problems.ts';
import { ownEngine } from './own-engine.ts';
import { isLeaving, nameOf, nodesOfHub } from './targets.ts';
import { type Look, type WaitLimit, waitUntil } from './wait.ts';

/**
 * Resolves when the hubs and forms among these objects have come about: a sync has read them, and their nodes are Ready with them.
 *
 * @throws CommandError at once where that will not be (code 1), at the end when nodes have failed (1), or when the time is over (4).
 */
export async function waitForApplied(context: Context, applied: readonly JsonObject[], timeout: string): Promise<void> {
  const hubs = concernedHubs(applied);
  if (hubs.length === 0) context.err.write('nothing to wait for: neither a hub nor a form was applied\n');
  const limit = { timeout, since: context.clock.now() };
  for (const hub of hubs) await waitForHub(context, hub, limit);
}

async function waitForHub(context: Context, concerned: ConcernedHub, limit: WaitLimit): Promise<void> {
  const { namespace, hub } = concerned;
  const cluster = await context.services.cluster();
  const found = await cluster.get(refOf(kinds.hub, namespace, hub));
  if (found !== undefined) {
    const standstill = standstillOf(found, concerned);
    if (standstill !== undefined) throw hindered(concerned, standstill);
    await syncAndWait(context, await ownEngine(context), { namespace, hub, ...limit });
    context.out.write(`${kinds.hub.resource}/${hub} synced\n`);
  }
  // Of a form whose hub is not there the worker says so.
  const forms = await untilJudged(context, concerned, limit);
  const arrived = await untilArrived(context, concerned, { ...limit, revisions: revisionsOf(forms) });
  report(context, concerned, arrived);
}

/** The forms that are waited for, as they are now. */
async function formsOf(
  context: Context,
  { namespace, hub, forms: wanted }: ConcernedHub,
): Promise<readonly JsonObject[]> {
  const all = await (await context.services.cluster()).list(kinds.form, { namespace });
  const forms = all.filter(
    (form) =>
      textAt(form, 'spec', 'hubId') === hub && !isLeaving(form) && (wanted === 'all' || wanted.has(nameOf(form))),
  );
  const missing = wanted === 'all' ? [] : [...wanted].filter((name) => forms.every((form) => nameOf(form) !== name));
  if (missing[0] !== undefined) throw overtaken(namespace, missing[0]);
  return forms;
}

function overtaken(namespace: string, form: string): CommandError {
  return new CommandError(`LynqForm ${namespace}/${form} was changed or deleted meanwhile`, {
    fix: 'look at it and try again',
  });
}

/** Until the worker has said of each form whether it can be used. */
async function untilJudged(
  context: Context,
  concerned: ConcernedHub,
  limit: WaitLimit,
): Promise<readonly JsonObject[]> {
  const { namespace } = concerned;
  const look = async (): Promise<Look<readonly JsonObject[]>> => {
    const forms = await formsOf(context, concerned);
    const open = forms.find((form) => formVerdict(form) === undefined);
    if (open === undefined) return { kind: 'done', value: forms };
    return { kind: 'notYet', text: `the worker has not judged ${nameOf(open)} yet` };
  };
  const forms = await waitUntil(context, {
    what: `the forms of LynqHub ${namespace}/${concerned.hub}`,
    look,
    ...limit,
  });
  for (const form of forms) {
    const verdict = formVerdict(form);
    if (verdict?.kind !== 'invalid') continue;
    throw new CommandError(`LynqForm ${namespace}/${nameOf(form)} is not Valid: ${verdict.message}`, {
      fix: `correct it and apply it again; see: lynq describe form ${nameOf(form)} -n ${namespace}`,
    });
  }
  return forms;
}

/** By form: the revision that its nodes have to get to. */
type Revisions = ReadonlyMap<string, string>;

function revisionsOf(forms: readonly JsonObject[]): Revisions {
  return new Map(forms.map((form) => [nameOf(form), revisionNow(form)]));
}

function revisionNow(form: JsonObject): string {
  const spec = form['spec'];
  return revisionOf(nameOf(form), isJsonObject(spec) ? spec : {});
}

interface Arrived {
  readonly hub: JsonObject;
  readonly forms: readonly FormPlace[];
}

/** Until every node is Ready or nothing more will come about. */
async function untilArrived(
  context: Context,
  concerned: ConcernedHub,
  { revisions, ...limit }: WaitLimit & { readonly revisions: Revisions },
): Promise<Arrived> {
  const look = async (): Promise<Look<Arrived>> => {
    const arrived = await lookAround(context, concerned, revisions);
    return isOver(arrived.forms)
      ? { kind: 'done', value: arrived }
      : { kind: 'notYet', text: progressText(arrived.forms) };
  };
  return waitUntil(context, {
    what: `the nodes of LynqHub ${concerned.namespace}/${concerned.hub} to be Ready`,
    look,
    ...limit,
  });
}

/** @throws CommandError where it is no use to wait. */
async function lookAround(context: Context, concerned: ConcernedHub, revisions: Revisions): Promise<Arrived> {
  const { namespace } = concerned;
  const cluster = await context.services.cluster();
  const [hub, forms, nodes] = await Promise.all([
    cluster.get(refOf(kinds.hub, namespace, concerned.hub)),
    formsOf(context, concerned),
    nodesOfHub(cluster, namespace, concerned.hub),
  ]);
  const standstill = standstillOf(hub, concerned);
  if (hub === undefined || standstill !== undefined)
    throw hindered(concerned, standstill ?? { why: '' }, 'is not acted on any more');
  const places = [...revisions].map(([name, revision]) => {
    const form = forms.find((one) => nameOf(one) === name);
    if (form === undefined || revisionNow(form) !== revision) throw overtaken(namespace, name);
    const own = nodes.filter((node) => textAt(node, 'spec', 'templateRef') === name && !isLeaving(node));
    return formPlace({ form: LynqForm.parse(form), revision, nodes: own, hub });
  });
  const failed = places.find(({ rollout }) => rollout.kind === 'failed');
  if (failed === undefined) return { hub, forms: places };
  throw new CommandError(`the rollout of LynqForm ${namespace}/${failed.form} has failed: ${failed.rollout.text}`, {
    fix: `see: lynq rollout status ${failed.form} -n ${namespace}`,
  });
}

/** Says what has come about, and what has not and why. @throws CommandError when nodes have failed. */
function report(context: Context, { namespace, hub: name }: ConcernedHub, { hub, forms }: Arrived): void {
  for (const { form, rollout, nodes } of forms) {
    context.out.write(`${kinds.form.resource}/${form} ${counted(nodes.ready.length, 'node') || 'no node'} Ready\n`);
    if (rollout.kind === 'paused')
      context.err.write(
        `the rollout of LynqForm ${namespace}/${form} is paused: ${rollout.text}\n  let it go on: lynq rollout resume ${form} -n ${namespace}\n`,
      );
  }
  reportResting(context, namespace, forms);
  const left = leftAlone(hub, forms);
  if (left !== undefined)
    context.err.write(`LynqHub ${namespace}/${name}: ${left}; see: lynq status ${name} -n ${namespace}\n`);
  const failed = nodesAt(forms, 'failed');
  if (failed.length > 0) throw failureOf(namespace, failed);
}

function reportResting(context: Context, namespace: string, forms: readonly FormPlace[]): void {
  for (const { form, rollout } of forms.filter(({ rollout: { kind } }) => kind === 'resting')) {
    const commands = (rollout.paused ?? []).map((node) => `  let it go on: lynq resume node/${node} -n ${namespace}\n`);
    context.err.write(
      `the rollout of LynqForm ${namespace}/${form} has only paused nodes left: ${rollout.text}\n${commands.join('')}`,
    );
  }
}

const namedFailures = 3;

function failureOf(namespace: string, failed: readonly JsonObject[]): CommandError {
  const [first = {}] = failed;
  if (failed.length === 1) return failure(namespace, nameOf(first), first);
  const names = failed.slice(0, namedFailures).map(nameOf).join(', ');
  const more = failed.length > namedFailures ? ` and ${failed.length - namedFailures} more` : '';
  return new CommandError(`${failed.length} nodes are not Ready: ${names}${more}`, {
    fix: `see why: lynq explain ${nameOf(first)} -n ${namespace}`,
  });
}
