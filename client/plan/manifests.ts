import { isJsonObject, type JsonObject } from '../../domain/api/json.ts';
import { changedFields } from '../../domain/change-plan/fields.ts';
import type { PlanRequest } from '../../domain/change-plan/types.ts';
import { hashJson } from '../../domain/canonical.ts';
import type { Cluster, FieldConflict, ObjectRef } from '../../domain/ports.ts';
import { concernedHubs } from '../concerned-hubs.ts';
import type { Context } from '../context.ts';
import { CommandError } from '../errors.ts';
import { printedName } from '../kinds.ts';
import { isForm, isHub } from '../lint/index.ts';
import type { Manifest } from '../manifest/reader.ts';
import { bodyOf, othersFields, outcomeOf, refusal, requireOneNamespace, sendManifest } from '../manifest/send.ts';

/** Hubs and forms of files, as the API server would store them. */

export interface TriedManifest {
  readonly manifest: Manifest;
  readonly ref: ObjectRef & { readonly namespace: string };
  readonly body: JsonObject;
  readonly before: JsonObject | undefined;
  /** Answer of the server to a dry run of the apply. */
  readonly after: JsonObject;
  readonly outcome: ReturnType<typeof outcomeOf>;
  /** Fields that others hold, such as kubectl, Helm or Argo; `after` is with them taken. */
  readonly conflicts: readonly FieldConflict[];
}

/** Dry-runs the apply of every hub and form. @throws CommandError for the first one the server refuses. */
export async function tryManifests(
  context: Context,
  manifests: readonly Manifest[],
): Promise<readonly TriedManifest[]> {
  const cluster = await context.services.cluster();
  await requireOneNamespace(cluster, manifests, context.options.namespace);
  const fallback = await context.namespace();
  const tried: TriedManifest[] = [];
  for (const manifest of manifests) tried.push(await tryOne(cluster, manifest, manifest.namespace ?? fallback));
  return tried;
}

async function tryOne(cluster: Cluster, manifest: Manifest, namespace: string): Promise<TriedManifest> {
  const { apiVersion, kind, name } = manifest;
  const ref = { apiVersion, kind, namespace, name };
  const body = bodyOf(manifest, namespace);
  const before = await cluster.get(ref);
  const free = await sendManifest(cluster, ref, body, { dryRun: true, force: false });
  const conflicts = free.kind === 'conflict' ? othersFields(free.fields) : [];
  const isHeld = free.kind === 'conflict';
  const result = isHeld ? await sendManifest(cluster, ref, body, { dryRun: true, force: true }) : free;
  if (result.kind !== 'ok') throw refusal(manifest, result);
  const after = { apiVersion, kind, ...withVersion(result.object) };
  return { manifest, ref, body, before, after, outcome: outcomeOf(before, result.object), conflicts };
}

/** The dry run of a creation has no version yet, which every object that is stored has. */
function withVersion(object: JsonObject): JsonObject {
  const metadata = isJsonObject(object['metadata']) ? object['metadata'] : {};
  return { ...object, metadata: { resourceVersion: '0', ...metadata } };
}

/** What of the files is planned, and what is not. */
export function plannable(manifests: readonly Manifest[]): {
  readonly ours: readonly Manifest[];
  readonly others: readonly Manifest[];
} {
  const isOurs = (manifest: Manifest): boolean => isHub(manifest) || isForm(manifest);
  const ours = manifests.filter(isOurs).toSorted((a, b) => Number(isForm(a)) - Number(isForm(b)));
  if (ours.length === 0) {
    throw new CommandError('the files hold no LynqHub and no LynqForm', { fix: 'check the paths given to -f' });
  }
  return { ours, others: manifests.filter((manifest) => !isOurs(manifest)) };
}

/** One request for each hub that the files are about; of a hub that is in the files itself all forms are planned. */
export function planRequests(tried: readonly TriedManifest[]): readonly PlanRequest[] {
  const objects = tried.map(({ after }) => after);
  return concernedHubs(objects).map((concerned) => ({ ...concerned, objects }));
}

/** `~ lynqform.operator.lynq.sh/web configured: .spec.rollout.maxSkew`, one line for each object, and one more for each that has its fields. */
export function printTried(tried: readonly TriedManifest[], force: boolean): string {
  return tried
    .flatMap((item) => [triedLine(item), ...conflictLines(item, force)])
    .map((line) => `${line}\n`)
    .join('');
}

function conflictLines({ manifest, conflicts }: TriedManifest, force: boolean): readonly string[] {
  const holders = [...new Set(conflicts.map(({ manager }) => manager))].toSorted();
  return holders.map((holder) => {
    const fields = conflicts.filter(({ manager }) => manager === holder).map(({ field }) => field);
    const named = listed([...new Set(fields)].toSorted());
    if (force) return `~ ${printedName(manifest)} takes from ${holder}: ${named}`;
    return `! ${printedName(manifest)} conflict on ${named}, held by ${holder}; taken over with --force-conflicts only`;
  });
}

const signs = { created: '+', configured: '~', unchanged: ' ' } as const;
const shownPaths = 3;

function triedLine({ manifest, before, after, outcome }: TriedManifest): string {
  const name = `${signs[outcome]} ${printedName(manifest)} ${outcome}`;
  if (before === undefined || outcome === 'unchanged') return name;
  const paths = changedFields(before, after).map(({ path }) => path);
  return `${name}: ${listed(paths)}`;
}

function listed(paths: readonly string[]): string {
  const more = paths.length > shownPaths ? ` and ${paths.length - shownPaths} more fields` : '';
  return `${paths.slice(0, shownPaths).join(', ')}${more}`;
}

/** Hash of what would be sent. */
export function contentHash({ body }: Pick<TriedManifest, 'body'>): string {
  return hashJson(body);
}
