import { isLynqFailure } from '../../domain/failures.ts';
import type { Cluster, ObjectRef } from '../../domain/ports.ts';
import { defineCommand } from '../command.ts';
import type { Context } from '../context.ts';
import { CommandError, describeError, usageError } from '../errors.ts';
import { exitCodeOf, exitCodes, type ExitCode } from '../exit-codes.ts';
import { printedName } from '../kinds.ts';
import type { Manifest } from '../manifest/reader.ts';
import { bodyOf, outcomeOf, refusal, requireOneNamespace, type SendMode, sendManifest } from '../manifest/send.ts';
import { checkedManifests, fileFlags, optionalFiles } from './manifest-files.ts';

export const apply = defineCommand({
  name: 'apply',
  summary: 'Apply hubs, forms and other objects from files',
  description:
    'Server-side apply, as kubectl does it, of files kubectl may not be able to read: template scalars need no quotes. ' +
    'Hubs and forms are linted first; when anything is wrong, nothing is applied.',
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
  },
  examples: [
    { command: 'lynq apply -f hub.yaml -f forms/', summary: 'a hub and its forms' },
    { command: 'lynq apply --plan change.plan', summary: 'what was planned, unless the world has moved' },
    { command: 'cat form.yaml | lynq apply -f - --dry-run=server', summary: 'let the server check a form' },
  ],
  async run({ flags }, context) {
    if (flags.plan !== undefined) {
      refuseBeside(flags);
      const { applyPlan } = await import('../plan/apply.ts');
      return applyPlan(context, flags.plan);
    }
    if (flags.filename.length === 0) throw usageError('nothing to apply', 'name files with -f, or a plan with --plan');
    const checked = {
      lint: !flags['skip-lint'],
      offline: flags['dry-run'] === 'client',
      refusal: 'nothing was applied',
    };
    const manifests = inApplyOrder(await checkedManifests(context, flags, checked));
    if (flags['dry-run'] === 'client') {
      for (const manifest of manifests) context.out.write(`${printedName(manifest)} valid (dry run)\n`);
      return exitCodes.ok;
    }
    const mode = { dryRun: flags['dry-run'] === 'server', force: flags['force-conflicts'] };
    return applyAll(context, manifests, mode);
  },
});

function refuseBeside(flags: {
  readonly filename: readonly string[];
  readonly 'dry-run': string;
  readonly 'force-conflicts': boolean;
}): void {
  const { filename, 'dry-run': dryRun, 'force-conflicts': force } = flags;
  if (filename.length === 0 && dryRun === 'none' && !force) return;
  throw usageError('--plan does what was planned and nothing else', 'leave -f, --dry-run and --force-conflicts out');
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
async function applyAll(context: Context, manifests: readonly Manifest[], mode: SendMode): Promise<ExitCode> {
  const cluster = await context.services.cluster();
  await requireOneNamespace(cluster, manifests, context.options.namespace);
  const defaultNamespace = await context.namespace();
  let exitCode: ExitCode = exitCodes.ok;
  for (const manifest of manifests) {
    try {
      const outcome = await applyOne(cluster, manifest, { ...mode, defaultNamespace });
      context.out.write(`${printedName(manifest)} ${outcome}${mode.dryRun ? ' (server dry run)' : ''}\n`);
    } catch (error) {
      if (isLynqFailure(error) && exitCodeOf(error.type) === exitCodes.unreachable) throw error;
      const { text, exitCode: failed } = describeError(error, context.debug);
      context.err.write(text);
      exitCode = failed;
    }
  }
  return exitCode;
}

async function applyOne(
  cluster: Cluster,
  manifest: Manifest,
  options: SendMode & { readonly defaultNamespace: string },
): Promise<string> {
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
  return outcomeOf(before, result.object);
}
