import type { JsonObject } from '../../domain/api/json.ts';
import { isLynqFailure } from '../../domain/failures.ts';
import type { Cluster, ObjectRef } from '../../domain/ports.ts';
import { defineCommand } from '../command.ts';
import type { Context } from '../context.ts';
import { CommandError, describeError, usageError } from '../errors.ts';
import { exitCodeOf, exitCodes, type ExitCode } from '../exit-codes.ts';
import { printedName } from '../kinds.ts';
import type { Manifest } from '../manifest/reader.ts';
import { bodyOf, outcomeOf, refusal, requireOneNamespace, type SendMode, sendManifest } from '../manifest/send.ts';
import { waitFlags } from '../wait.ts';
import { checkedManifests, fileFlags, optionalFiles } from './manifest-files.ts';

export const apply = defineCommand({
  name: 'apply',
  summary: 'Apply hubs, forms and other objects from files',
  description:
    'Server-side apply, as kubectl does it, of files kubectl may not be able to read: template scalars need no quotes. ' +
    'Hubs and forms are linted first; when anything is wrong, nothing is applied. ' +
    'Files are YAML or JSON, also JSON objects one after the other, as jq prints them. ' +
    'What only a server writes into metadata (resourceVersion, generation, uid, managedFields) is left out, so that what `lynq get` or kubectl printed can be edited and applied: ' +
    'fields that others hold are guarded by server-side apply, not by the version. ' +
    'With --wait it ends when a sync has read the hubs and forms and their nodes are Ready: those of the applied forms, or of all forms of an applied hub.',
  args: [],
  flags: {
    ...fileFlags,
    filename: optionalFiles,
    plan: {
      kind: 'text',
      value: 'FILE',
      completes: 'files',
      summary: 'do exactly what this file of `lynq plan --out` says, or nothing; in place of -f',
    },
    'dry-run': {
      kind: 'text',
      value: 'MODE',
      choices: ['none', 'client', 'server'],
      default: 'none',
      summary: 'client: check the files only; server: let the server check, store nothing',
    },
    'force-conflicts': { kind: 'boolean', summary: 'take fields other managers hold' },
    'skip-lint': { kind: 'boolean', summary: 'apply whatever lint would say' },
    ...waitFlags,
  },
  examples: [
    { command: 'lynq apply -f hub.yaml -f forms/', summary: 'a hub and its forms' },
    { command: 'lynq apply -f api-tier.yaml --wait', summary: 'and come back when every node is Ready with it' },
    { command: 'lynq apply --plan change.plan', summary: 'what was planned, unless the world has moved' },
    { command: 'cat form.yaml | lynq apply -f - --dry-run=server', summary: 'let the server check a form' },
  ],
  async run({ flags }, context) {
    if (flags.plan !== undefined) refuseBeside(flags);
    else if (flags.filename.length === 0)
      throw usageError('nothing to apply', 'name files with -f, or a plan with --plan');
    if (flags.wait && flags['dry-run'] !== 'none')
      throw usageError('--wait has nothing to wait for in a dry run', 'leave --wait or --dry-run out');
    const { applied, exitCode } = await applyWhatIsNamed(context, flags);
    if (!flags.wait) return exitCode;
    if (exitCode !== exitCodes.ok) {
      context.err.write('not waited: not everything was applied\n');
      return exitCode;
    }
    const { waitForApplied } = await import('../apply-wait.ts');
    await waitForApplied(context, applied, flags['wait-timeout']);
    return exitCodes.ok;
  },
});

interface ApplyFlags {
  readonly filename: readonly string[];
  readonly recursive: boolean;
  readonly plan: string | undefined;
  readonly 'dry-run': 'none' | 'client' | 'server';
  readonly 'force-conflicts': boolean;
  readonly 'skip-lint': boolean;
}

interface Applied {
  /** What the server has of it now. */
  readonly applied: readonly JsonObject[];
  readonly exitCode: ExitCode;
}

async function applyWhatIsNamed(context: Context, flags: ApplyFlags): Promise<Applied> {
  if (flags.plan !== undefined) {
    const { applyPlan } = await import('../plan/apply.ts');
    return { applied: await applyPlan(context, flags.plan), exitCode: exitCodes.ok };
  }
  const checked = {
    lint: !flags['skip-lint'],
    offline: flags['dry-run'] === 'client',
    refusal: 'nothing was applied',
  };
  const manifests = inApplyOrder(await checkedManifests(context, flags, checked));
  if (flags['dry-run'] === 'client') {
    for (const manifest of manifests) context.out.write(`${printedName(manifest)} valid (dry run)\n`);
    return { applied: [], exitCode: exitCodes.ok };
  }
  return applyAll(context, manifests, { dryRun: flags['dry-run'] === 'server', force: flags['force-conflicts'] });
}

function refuseBeside({ filename, 'dry-run': dryRun, 'force-conflicts': force }: ApplyFlags): void {
  if (filename.length === 0 && dryRun === 'none' && !force) return;
  throw usageError(
    '--plan does what was planned and nothing else',
    'leave -f, --dry-run and --force-conflicts out; conflicts are forced in the plan: lynq plan -f FILE --force-conflicts --out PLAN',
  );
}

const ranks: Readonly<Record<string, number>> = {
  Namespace: 0,
  CustomResourceDefinition: 0,
  LynqHub: 2,
  LynqForm: 3,
};

/** What others need comes first: namespaces and kinds, then the rest, then hubs, then forms; otherwise as in the files. */
export function inApplyOrder(manifests: readonly Manifest[]): readonly Manifest[] {
  return manifests.toSorted((a, b) => (ranks[a.kind] ?? 1) - (ranks[b.kind] ?? 1));
}

/** Applies one after the other; a refused object does not stop the others. */
async function applyAll(context: Context, manifests: readonly Manifest[], mode: SendMode): Promise<Applied> {
  const cluster = await context.services.cluster();
  await requireOneNamespace(cluster, manifests, context.options.namespace);
  const defaultNamespace = await context.namespace();
  const applied: JsonObject[] = [];
  let exitCode: ExitCode = exitCodes.ok;
  for (const manifest of manifests) {
    try {
      const { outcome, object } = await applyOne(cluster, manifest, { ...mode, defaultNamespace });
      applied.push(object);
      context.out.write(`${printedName(manifest)} ${outcome}${mode.dryRun ? ' (server dry run)' : ''}\n`);
    } catch (error) {
      if (isLynqFailure(error) && exitCodeOf(error.type) === exitCodes.unreachable) throw error;
      const { text, exitCode: failed } = describeError(error, context.debug);
      context.err.write(text);
      exitCode = failed;
    }
  }
  return { applied, exitCode };
}

async function applyOne(
  cluster: Cluster,
  manifest: Manifest,
  options: SendMode & { readonly defaultNamespace: string },
): Promise<{ readonly outcome: string; readonly object: JsonObject }> {
  const info = await cluster.kindInfo(manifest);
  if (info === undefined) {
    throw new CommandError(
      `${printedName(manifest)}: the cluster has no kind ${manifest.kind} in ${manifest.apiVersion}`,
      {
        fix: 'install its CustomResourceDefinition; those of Lynq are installed by the worker, or: kubectl apply -f deploy/crds/',
      },
    );
  }
  const namespace = info.namespaced ? (manifest.namespace ?? options.defaultNamespace) : undefined;
  const { apiVersion, kind, name } = manifest;
  const ref: ObjectRef = { apiVersion, kind, namespace, name };
  const before = await cluster.get(ref);
  const result = await sendManifest(cluster, ref, bodyOf(manifest, namespace), options);
  if (result.kind !== 'ok') throw refusal(manifest, result);
  return { outcome: outcomeOf(before, result.object), object: { ...result.object, apiVersion, kind } };
}
