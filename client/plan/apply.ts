import { isJsonObject, type JsonObject, textAt } from '../../domain/api/json.ts';
import type { PlanFile } from '../../domain/api/plan-file.ts';
import type { Cluster } from '../../domain/ports.ts';
import { versionOfNothing } from '../../domain/resource-version.ts';
import type { Context } from '../context.ts';
import { requireClusterId } from '../cluster-id.ts';
import { CommandError } from '../errors.ts';
import { printedName } from '../kinds.ts';
import { conflictText, isSameContent, refusal, sendManifest } from '../manifest/send.ts';
import { movedSince, planFile, readPlanFile } from './file.ts';
import { makePlan } from './make.ts';
import type { TriedManifest } from './manifests.ts';

/**
 * Plans again and applies only if everything is as it was: files, hub, forms, rows, LynqNodes and their objects. Each object is sent for exactly the
 * content it was compared in. Answers what was applied.
 */
export async function applyPlan(context: Context, path: string): Promise<readonly JsonObject[]> {
  const planned = await readPlan(context, path);
  const cluster = await context.services.cluster();
  const here = await requireClusterId(cluster);
  refuseOther(path, planned.cluster, here);
  const { files, recursive, forceConflicts } = planned;
  const made = await makePlan(context, { filename: files, recursive });
  const now = planFile({ ...made, cluster: here, files, recursive, forceConflicts, now: context.clock.now() });
  refuseMoved(context, path, movedSince(planned, now));
  if (!forceConflicts) refuseConflicts(path, made.tried);
  const looks = await Promise.all(made.tried.map((item) => lookAgain(cluster, item)));
  refuseMoved(
    context,
    path,
    looks.flatMap((look) => (look.kind === 'moved' ? [look.why] : [])),
  );
  for (const item of made.tried) {
    if (item.outcome !== 'unchanged') await sendTried(cluster, item, forceConflicts);
    context.out.write(`${printedName(item.manifest)} ${item.outcome} (as planned)\n`);
  }
  return made.tried.map(({ after }) => after);
}

/** What is planned for a new hub has no uid that another cluster would not have. */
function refuseOther(path: string, planned: string, here: string): void {
  if (planned === here) return;
  throw new CommandError(
    `${path} was made for cluster ${planned}, and the context is cluster ${here}; nothing was applied`,
    {
      fix: 'name the cluster it was made for (--context), or plan again',
    },
  );
}

/** Planned without --force-conflicts: these fields stay with whoever has them. */
function refuseConflicts(path: string, tried: readonly TriedManifest[]): void {
  const item = tried.find(({ conflicts }) => conflicts.length > 0);
  if (item === undefined) return;
  const fields = item.conflicts.map(conflictText).join('; ');
  throw new CommandError(`${printedName(item.manifest)}: ${fields}; nothing was applied`, {
    fix: `remove these fields from the file, or plan to take them over: lynq plan -f FILE --force-conflicts --out ${path}`,
  });
}

function refuseMoved(context: Context, path: string, moved: readonly string[]): void {
  if (moved.length === 0) return;
  context.err.write(moved.map((line) => `  ${line}\n`).join(''));
  throw new CommandError(`the world has moved since ${path} was made, so nothing was applied`, {
    fix: 'plan again and look at what is different',
  });
}

async function readPlan(context: Context, path: string): Promise<PlanFile> {
  if ((await context.files.kind(path)) !== 'file') {
    throw new CommandError(`${path} is not a file`, { fix: 'make a plan: lynq plan -f FORM --out FILE' });
  }
  return readPlanFile(path, new TextDecoder().decode(await context.files.read(path)));
}

type Look =
  /** Precondition of the write. */
  { readonly kind: 'asPlanned'; readonly version: JsonObject } | { readonly kind: 'moved'; readonly why: string };

/**
 * The object as it is right now, a while after it was compared: each sync writes the hub's status, and planning takes longer than that. A status is no move,
 * everything else is.
 */
async function lookAgain(cluster: Cluster, { ref, before }: TriedManifest): Promise<Look> {
  const name = `${ref.kind} ${ref.namespace}/${ref.name}`;
  const found = await cluster.get(ref);
  if (before === undefined) {
    if (found === undefined) return { kind: 'asPlanned', version: { resourceVersion: versionOfNothing } };
    return { kind: 'moved', why: `${name} has been made meanwhile` };
  }
  if (found === undefined) return { kind: 'moved', why: `${name} has been deleted` };
  const [uid, resourceVersion] = (['uid', 'resourceVersion'] as const).map((key) => textAt(found, 'metadata', key));
  if (uid !== textAt(before, 'metadata', 'uid')) return { kind: 'moved', why: `${name} has been made anew` };
  if (!isSameContent(before, found)) return { kind: 'moved', why: `${name} was changed while it was planned` };
  return { kind: 'asPlanned', version: { uid: uid ?? '', resourceVersion: resourceVersion ?? '' } };
}

/** Status writes that may come between a look and the write it is for. */
const attempts = 5;

async function sendTried(cluster: Cluster, item: TriedManifest, force: boolean): Promise<void> {
  const { manifest, ref, body } = item;
  const metadata = isJsonObject(body['metadata']) ? body['metadata'] : {};
  for (let attempt = 1; attempt <= attempts; attempt += 1) {
    const look = await lookAgain(cluster, item);
    if (look.kind === 'moved') break;
    const exact = { ...body, metadata: { ...metadata, ...look.version } };
    const result = await sendManifest(cluster, ref, exact, { dryRun: false, force });
    if (result.kind === 'ok') return;
    if (result.kind !== 'stale') throw refusal(manifest, result);
  }
  throw refusal(manifest, { kind: 'stale' });
}
