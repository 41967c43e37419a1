import type { HubOutlook } from '../../domain/change-plan/types.ts';
import { defineCommand } from '../command.ts';
import type { Context } from '../context.ts';
import { CommandError, describeError, usageError } from '../errors.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import type { MadePlan } from '../plan/make.ts';
import { fileFlags, optionalFiles } from './manifest-files.ts';

/** What `kubectl diff` ends with. */
const noChange = exitCodes.ok;
const changes = exitCodes.failed;
const failed = exitCodes.usage;

export const plan = defineCommand({
  name: 'plan',
  summary: 'Show what a form, or a sync of a hub, would change',
  description:
    'With -f: what applying these hubs and forms would do to every object of every row, found out by dry runs of the API server; equal changes of many ' +
    'nodes are one block. With HUB: which LynqNodes the next sync makes, changes, removes, holds and leaves as they are. Both read the table from ' +
    'here, and nothing is written. Values of Secrets are never shown. What waits (readiness, rollouts, order) counts as if it had come about.',
  args: [{ name: 'hub', kind: 'optional', completes: 'hubs', summary: 'name of the LynqHub; instead of -f' }],
  flags: {
    filename: optionalFiles,
    recursive: fileFlags.recursive,
    out: {
      kind: 'text',
      value: 'FILE',
      completes: 'files',
      summary: 'write the plan to a file, for: lynq apply --plan FILE',
    },
    output: {
      kind: 'text',
      short: 'o',
      value: 'FORMAT',
      choices: ['text', 'json'],
      default: 'text',
      summary: 'output format',
    },
  },
  examples: [
    { command: 'lynq plan -f api-tier.yaml', summary: 'what an edited form would change' },
    { command: 'lynq plan -f forms/ --out change.plan', summary: 'keep the plan; then: lynq apply --plan change.plan' },
    { command: 'lynq plan multi-tier-nodes', summary: 'what the next sync of a hub would do' },
  ],
  exits: {
    0: 'nothing would change',
    1: 'something would change',
    2: 'it could not be planned',
    3: 'a server cannot be reached',
  },
  async run({ args, flags }, context) {
    try {
      const wanted = wantedOf(args.hub, flags);
      return wanted.kind === 'hub' ? await planHub(context, wanted.hub, flags.output) : await planFiles(context, flags);
    } catch (error) {
      const told = describeError(error, context.debug);
      context.err.write(told.text);
      return told.exitCode === changes ? failed : told.exitCode;
    }
  },
});

interface PlanFlags {
  readonly filename: readonly string[];
  readonly recursive: boolean;
  readonly out: string | undefined;
  readonly output: 'text' | 'json';
}

type Wanted = { readonly kind: 'hub'; readonly hub: string } | { readonly kind: 'files' };

function wantedOf(hub: string | undefined, { filename, out }: PlanFlags): Wanted {
  if (hub !== undefined && filename.length > 0)
    throw usageError('HUB and -f are two different plans', 'give one of them');
  if (hub === undefined && filename.length === 0) throw usageError('nothing to plan', 'name a hub, or files with -f');
  if (hub === undefined) return { kind: 'files' };
  if (out === undefined) return { kind: 'hub', hub };
  throw usageError(
    'a sync is not applied from a file: it reads the table anew',
    `start it with: lynq notify ${hub}; let held rows go with: lynq approve-deletions ${hub} --plan HASH`,
  );
}

async function planHub(context: Context, hub: string, output: 'text' | 'json'): Promise<ExitCode> {
  const namespace = await context.namespace();
  const planner = await context.services.planner();
  const { hub: outlook } = await planner.plan({ namespace, hub, objects: [], forms: new Set() }, () => undefined);
  const { changesHub, printHub } = await import('../plan/print-hub.ts');
  if (output === 'json') context.out.write(`${JSON.stringify(outlook, undefined, 2)}\n`);
  else context.out.write(`${printHub(outlook)}${changesHub(outlook) ? '' : 'nothing would change\n'}`);
  return changesHub(outlook) ? changes : noChange;
}

async function planFiles(context: Context, flags: PlanFlags): Promise<ExitCode> {
  if (flags.out !== undefined && flags.filename.includes('-')) {
    throw usageError('a plan of standard input cannot be kept: it is read again when it is applied', 'use a file');
  }
  const { makePlan } = await import('../plan/make.ts');
  const made = await makePlan(context, flags);
  const { changesForm, printForm } = await import('../plan/print-form.ts');
  const { printTried } = await import('../plan/manifests.ts');
  const forms = made.plans.flatMap((each) => each.forms);
  const changed = forms.some(changesForm) || made.tried.some(({ outcome }) => outcome !== 'unchanged');
  if (flags.output === 'json') context.out.write(`${JSON.stringify(jsonOf(made), undefined, 2)}\n`);
  else {
    const held = made.plans.flatMap(({ hub }) => heldText(hub));
    context.out.write([printTried(made.tried), ...held, ...forms.map(printForm)].join(''));
    if (!changed) context.out.write('nothing would change\n');
  }
  if (flags.out !== undefined) await keepPlan(context, flags.out, { made, flags });
  return changed ? changes : noChange;
}

function jsonOf({ tried, plans }: MadePlan) {
  const objects = tried.map(({ ref, outcome }) => ({
    kind: ref.kind,
    namespace: ref.namespace,
    name: ref.name,
    outcome,
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
  const { planFile } = await import('../plan/file.ts');
  const { filename: files, recursive } = flags;
  const file = planFile({ ...made, files, recursive, now: context.clock.now() });
  await context.files.write(path, `${JSON.stringify(file, undefined, 2)}\n`).catch((error: unknown) => {
    throw new CommandError(`${path} could not be written: ${error instanceof Error ? error.message : String(error)}`);
  });
  context.err.write(`plan written to ${path}; to do exactly this: lynq apply --plan ${path}\n`);
}
