import type { JsonObject } from '../../domain/api/json.ts';
import { isJsonObject } from '../../domain/api/json.ts';
import { isLynqFailure } from '../../domain/failures.ts';
import { managers } from '../../domain/keys.ts';
import type { Cluster, FieldConflict, ObjectRef, WriteResult } from '../../domain/ports.ts';
import { defineCommand } from '../command.ts';
import type { Context } from '../context.ts';
import { CommandError, describeError } from '../errors.ts';
import { exitCodeOf, exitCodes, type ExitCode } from '../exit-codes.ts';
import { printedName } from '../kinds.ts';
import type { LoadResult } from '../manifest/files.ts';
import type { Manifest } from '../manifest/reader.ts';
import { sortProblems } from '../manifest/source.ts';
import { countProblems, counted, formatProblems } from '../output/problems.ts';
import { fileFlags, hasErrors, lintFiles, loadFiles } from './manifest-files.ts';

/** Server-side apply identity of this command. */
const manager = 'lynq-cli';

export const apply = defineCommand({
  name: 'apply',
  summary: 'Apply hubs, forms and other objects from files',
  description:
    'Server-side apply, as kubectl does it, of files kubectl may not be able to read: template scalars need no quotes. ' +
    'Hubs and forms are linted first; when anything is wrong, nothing is applied.',
  args: [],
  flags: {
    ...fileFlags,
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
    { command: 'cat form.yaml | lynq apply -f - --dry-run=server', summary: 'let the server check a form' },
  ],
  async run({ flags }, context) {
    const loaded = await loadFiles(context, flags);
    await refuseProblems(context, loaded, { lint: !flags['skip-lint'], offline: flags['dry-run'] === 'client' });
    const manifests = inApplyOrder(loaded.manifests);
    if (manifests.length === 0)
      throw new CommandError('the files hold no object', { fix: 'check the paths given to -f' });
    if (flags['dry-run'] === 'client') {
      for (const manifest of manifests) context.out.write(`${printedName(manifest)} valid (dry run)\n`);
      return exitCodes.ok;
    }
    const mode = { dryRun: flags['dry-run'] === 'server', force: flags['force-conflicts'] };
    return applyAll(context, manifests, mode);
  },
});

/** Problems go to stderr; an error among them ends the command before anything is sent. */
async function refuseProblems(
  context: Context,
  loaded: LoadResult,
  { lint, offline }: { readonly lint: boolean; readonly offline: boolean },
): Promise<void> {
  const { clusterHubLookup, noLookup } = await import('../cluster-hub.ts');
  const findHub = offline ? noLookup : clusterHubLookup(context);
  const linted = lint ? await lintFiles(context, loaded, findHub) : [];
  const problems = sortProblems([...loaded.problems, ...linted]);
  context.err.write(formatProblems(problems));
  if (!hasErrors(problems)) return;
  throw new CommandError(`nothing was applied: ${countProblems(problems)} in ${counted(loaded.files.length, 'file')}`, {
    fix: 'correct what is listed above',
  });
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

interface Mode {
  readonly dryRun: boolean;
  readonly force: boolean;
}

/** Applies one after the other; a refused object does not stop the others. */
async function applyAll(context: Context, manifests: readonly Manifest[], mode: Mode): Promise<ExitCode> {
  const cluster = await context.services.cluster();
  const defaultNamespace = await context.namespace();
  let exitCode: ExitCode = exitCodes.ok;
  for (const manifest of manifests) {
    try {
      const outcome = await applyOne(context, cluster, manifest, { ...mode, defaultNamespace });
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
  context: Context,
  cluster: Cluster,
  manifest: Manifest,
  options: Mode & { readonly defaultNamespace: string },
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
  const asked = context.options.namespace;
  if (asked !== undefined && namespace !== undefined && namespace !== asked) {
    throw new CommandError(`${printedName(manifest)} names namespace ${namespace}, but -n names ${asked}`, {
      fix: 'leave -n out, or metadata.namespace',
    });
  }
  const { apiVersion, kind, name } = manifest;
  const ref: ObjectRef = { apiVersion, kind, namespace, name };
  const before = await cluster.get(ref);
  const result = await send(cluster, ref, bodyOf(manifest, namespace), options);
  if (result.kind !== 'ok') throw refusal(manifest, result);
  return outcomeOf(before, result.object);
}

/** Fields that only our own commands hold, such as those of a form after `lynq rollout undo`, are taken back without being asked for. */
const ownManagers: ReadonlySet<string> = new Set([manager, managers.apply]);

async function send(cluster: Cluster, ref: ObjectRef, body: JsonObject, { force, dryRun }: Mode): Promise<WriteResult> {
  const result = await cluster.apply(ref, body, { manager, force, dryRun });
  const ours = result.kind === 'conflict' && result.fields.every((field) => ownManagers.has(field.manager));
  return ours ? cluster.apply(ref, body, { manager, force: true, dryRun }) : result;
}

/** The object as it is sent: with its namespace, without what only a server writes. */
function bodyOf({ object }: Manifest, namespace: string | undefined): JsonObject {
  const { managedFields: _fields, uid: _uid, creationTimestamp: _created, ...metadata } = metadataOf(object);
  return { ...object, metadata: { ...metadata, ...(namespace === undefined ? {} : { namespace }) } };
}

function metadataOf(object: JsonObject): JsonObject {
  const metadata = object['metadata'];
  return isJsonObject(metadata) ? metadata : {};
}

function outcomeOf(before: JsonObject | undefined, after: JsonObject): string {
  if (before === undefined) return 'created';
  return contentOf(before) === contentOf(after) ? 'unchanged' : 'configured';
}

/** What a person would call the object: versions count up in a dry run, and bookkeeping changes alone. */
function contentOf(object: JsonObject): string {
  const {
    managedFields: _fields,
    resourceVersion: _version,
    generation: _generation,
    ...metadata
  } = metadataOf(object);
  return sortedJson({ ...object, metadata });
}

function sortedJson(object: JsonObject): string {
  return JSON.stringify(object, (_key, value: unknown) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
}

function refusal(manifest: Manifest, result: Exclude<WriteResult, { readonly kind: 'ok' }>): CommandError {
  const name = printedName(manifest);
  switch (result.kind) {
    case 'conflict':
      return new CommandError(`${name}: ${result.fields.map(conflictText).join('; ')}`, {
        fix: 'remove these fields from the file, or take them over: --force-conflicts',
      });
    case 'refused':
      return new CommandError(`${name} was refused: ${result.message}`);
    default:
      return new CommandError(`${name} changed while it was applied`, { fix: 'run the command again' });
  }
}

function conflictText({ field, manager: holder }: FieldConflict): string {
  return `${field} is held by ${holder}`;
}
