import { isJsonObject, type JsonObject, numberAt } from '../../domain/api/json.ts';
import { managers } from '../../domain/keys.ts';
import type { Cluster, FieldConflict, ObjectRef, WriteResult } from '../../domain/ports.ts';
import { CommandError } from '../errors.ts';
import { printedName } from '../kinds.ts';
import type { Manifest } from './reader.ts';

/** How objects of files get to the API server. */

/** Server-side apply identity of the CLI. */
const manager = 'lynq-cli';

export interface SendMode {
  readonly dryRun: boolean;
  /** Take fields that other managers hold. */
  readonly force: boolean;
}

/** Fields that only our own commands hold, such as those of a form after `lynq rollout undo`, are taken back without being asked for. */
const ownManagers: ReadonlySet<string> = new Set([manager, managers.apply]);

export function othersFields(fields: readonly FieldConflict[]): readonly FieldConflict[] {
  return fields.filter(({ manager: holder }) => !ownManagers.has(holder));
}

/** Server-side apply of one object. */
export async function sendManifest(
  cluster: Cluster,
  ref: ObjectRef,
  body: JsonObject,
  { force, dryRun }: SendMode,
): Promise<WriteResult> {
  const result = await cluster.apply(ref, body, { manager, force, dryRun });
  const ours = result.kind === 'conflict' && othersFields(result.fields).length === 0;
  return ours ? cluster.apply(ref, body, { manager, force: true, dryRun }) : result;
}

/** Whether `-n` and every file agree. To be asked before the first write. @throws CommandError for the first file that does not. */
export async function requireOneNamespace(
  cluster: Cluster,
  manifests: readonly Manifest[],
  asked: string | undefined,
): Promise<void> {
  const others = manifests.filter(({ namespace = asked }) => namespace !== asked);
  for (const manifest of asked === undefined ? [] : others) {
    if ((await cluster.kindInfo(manifest))?.namespaced !== true) continue;
    throw new CommandError(`${printedName(manifest)} names namespace ${manifest.namespace}, but -n names ${asked}`, {
      fix: 'leave -n out, or metadata.namespace; nothing was applied',
    });
  }
}

/** A `resourceVersion` would make the file good for one version of the object: what was got and edited could never be applied after a write of its status. */
const serversFields: ReadonlySet<string> = new Set([
  'managedFields',
  'uid',
  'creationTimestamp',
  'resourceVersion',
  'generation',
  'selfLink',
]);

/** The object as it is sent: with its namespace, without what only a server writes. */
export function bodyOf({ object }: Pick<Manifest, 'object'>, namespace: string | undefined): JsonObject {
  const own = Object.entries(metadataOf(object)).filter(([key]) => !serversFields.has(key));
  return { ...object, metadata: { ...Object.fromEntries(own), ...(namespace === undefined ? {} : { namespace }) } };
}

function metadataOf(object: JsonObject): JsonObject {
  const metadata = object['metadata'];
  return isJsonObject(metadata) ? metadata : {};
}

/** In kubectl's words. */
export function outcomeOf(before: JsonObject | undefined, after: JsonObject): 'created' | 'unchanged' | 'configured' {
  if (before === undefined) return 'created';
  return contentOf(before) === contentOf(after) ? 'unchanged' : 'configured';
}

/** Whether nothing but the status and bookkeeping lies between two versions of an object. */
export function isSameContent(before: JsonObject, after: JsonObject): boolean {
  const [{ status: _before, ...left }, { status: _after, ...right }] = [before, after];
  const generation = (object: JsonObject): number | undefined => numberAt(object, 'metadata', 'generation');
  return generation(before) === generation(after) && contentOf(left) === contentOf(right);
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

/** Why the server did not take an object. */
export function refusal(manifest: Manifest, result: Exclude<WriteResult, { readonly kind: 'ok' }>): CommandError {
  const name = printedName(manifest);
  switch (result.kind) {
    case 'conflict':
      return new CommandError(`${name}: ${result.fields.map(conflictText).join('; ')}`, {
        fix: 'remove these fields from the file, or take them over: lynq apply --force-conflicts',
      });
    case 'refused':
      return new CommandError(`${name} was refused: ${result.message}`);
    default:
      return new CommandError(`${name} changed while it was applied`, { fix: 'run the command again' });
  }
}

export function conflictText({ field, manager: holder }: FieldConflict): string {
  return `${field} is held by ${holder}`;
}
