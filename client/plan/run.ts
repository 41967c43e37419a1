import type { HubOutlook } from '../../domain/change-plan/types.ts';
import type { Context } from '../context.ts';
import { requireClusterId } from '../cluster-id.ts';
import { CommandError, describeError, usageError } from '../errors.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { askPlanner } from './ask.ts';
import type { MadePlan } from './make.ts';

/** What `kubectl diff` ends with. */
const noChange = exitCodes.ok;
const changes = exitCodes.failed;
const failed = exitCodes.usage;

/** Plans a hub or files and prints the plan; an error is told here, since its exit code is not that of other commands. */
export async function runPlan(context: Context, hub: string | undefined, flags: PlanFlags): Promise<ExitCode> {
  try {
    const wanted = wantedOf(hub, flags);
    return wanted.kind === 'hub' ? await planHub(context, wanted.hub, flags) : await planFiles(context, flags);
  } catch (error) {
    const told = describeError(error, context.debug);
    context.err.write(told.text);
    return told.exitCode === changes ? failed : told.exitCode;
  }
}

export interface PlanFlags {
  readonly filename: readonly string[];
  readonly recursive: boolean;
  readonly out: string | undefined;
  readonly 'nodes-only': boolean;
  readonly 'force-conflicts': boolean;
  readonly output: 'text' | 'json';
}

type Wanted = { readonly kind: 'hub'; readonly hub: string } | { readonly kind: 'files' };

function wantedOf(hub: string | undefined, flags: PlanFlags): Wanted {
  const { filename, out, 'nodes-only': nodesOnly, 'force-conflicts': force } = flags;
  if (hub !== undefined && filename.length > 0)
    throw usageError('HUB and -f are two different plans', 'give one of them');
  if (hub === undefined && filename.length === 0) throw usageError('nothing to plan', 'name a hub, or files with -f');
  if (hub === undefined && nodesOnly) throw usageError('--nodes-only is about the sync of a HUB', 'leave it out');
  if (hub === undefined) return { kind: 'files' };
  if (force)
    throw usageError('--force-conflicts is about files', 'leave it out: a sync takes no field of a hub or form');
  if (out === undefined) return { kind: 'hub', hub };
  throw usageError(
    'a sync is not applied from a file: it reads the table anew',
    `start it with: lynq notify ${hub}; let held rows go with: lynq approve-deletions ${hub} --plan HASH; ` +
      `what edited files would do can be kept: lynq plan -f FILE --out ${out}`,
  );
}

async function planHub(context: Context, hub: string, flags: PlanFlags): Promise<ExitCode> {
  const namespace = await context.namespace();
  const forms = flags['nodes-only'] ? new Set<string>() : 'usable';
  const plans = await askPlanner(context, [{ namespace, hub, objects: [], forms }]);
  const { changesHub, printHub } = await import('./print-hub.ts');
  const { changesForm, printForm } = await import('./print-form.ts');
  const changing = plans.flatMap((plan) => plan.forms).filter(changesForm);
  const changed = changing.length > 0 || plans.some((plan) => changesHub(plan.hub));
  if (flags.output === 'json') {
    const told = plans.map((plan) => ({ ...plan.hub, ...(flags['nodes-only'] ? {} : { forms: plan.forms }) }));
    context.out.write(told.map((each) => `${JSON.stringify(each, undefined, 2)}\n`).join(''));
  } else {
    context.out.write([...plans.map((plan) => printHub(plan.hub)), ...changing.map(printForm)].join(''));
    if (!changed) context.out.write('nothing would change\n');
  }
  return changed ? changes : noChange;
}

async function planFiles(context: Context, flags: PlanFlags): Promise<ExitCode> {
  if (flags.out !== undefined && flags.filename.includes('-')) {
    throw usageError('a plan of standard input cannot be kept: it is read again when it is applied', 'use a file');
  }
  const { makePlan } = await import('./make.ts');
  const made = await makePlan(context, flags);
  const { changesForm, printForm } = await import('./print-form.ts');
  const { printTried } = await import('./manifests.ts');
  const forms = made.plans.flatMap((each) => each.forms);
  const changed = forms.some(changesForm) || made.tried.some(({ outcome }) => outcome !== 'unchanged');
  if (flags.output === 'json') context.out.write(`${JSON.stringify(jsonOf(made), undefined, 2)}\n`);
  else {
    const { standingText } = await import('./print-hub.ts');
    const held = made.plans.flatMap(({ hub }) => [standingText(hub), ...heldText(hub)]);
    context.out.write([printTried(made.tried, flags['force-conflicts']), ...held, ...forms.map(printForm)].join(''));
    if (!changed) context.out.write('nothing would change\n');
  }
  if (flags.out !== undefined) await keepPlan(context, flags.out, { made, flags });
  return changed ? changes : noChange;
}

function jsonOf({ tried, plans }: MadePlan) {
  const objects = tried.map(({ ref, outcome, conflicts }) => ({
    kind: ref.kind,
    namespace: ref.namespace,
    name: ref.name,
    outcome,
    ...(conflicts.length === 0 ? {} : { conflicts }),
  }));
  return { objects, plans };
}

function heldText({ held, hub }: HubOutlook): readonly string[] {
  if (held === undefined) return [];
  return [`! ${held.nodes.length} LynqNodes of ${hub} are held for deletion; see: lynq plan ${hub}\n`];
}

async function keepPlan(
  context: Context,
  path: string,
  { made, flags }: { readonly made: MadePlan; readonly flags: PlanFlags },
): Promise<void> {
  const { planFile } = await import('./file.ts');
  const cluster = await requireClusterId(await context.services.cluster());
  const { filename: files, recursive, 'force-conflicts': forceConflicts } = flags;
  const file = planFile({ ...made, cluster, files, recursive, forceConflicts, now: context.clock.now() });
  await context.files.write(path, `${JSON.stringify(file, undefined, 2)}\n`).catch((error: unknown) => {
    throw new CommandError(`${path} could not be written: ${error instanceof Error ? error.message : String(error)}`);
  });
  const isRefused = !forceConflicts && made.tried.some(({ conflicts }) => conflicts.length > 0);
  const next = isRefused
    ? 'it will not be applied while others hold these fields; to take them over, plan with --force-conflicts'
    : `to do exactly this: lynq apply --plan ${path}`;
  context.err.write(`plan written to ${path}; ${next}\n`);
}
