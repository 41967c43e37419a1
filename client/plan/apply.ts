import { isJsonObject, type JsonObject, textAt } from '../../domain/api/json.ts';
import type { PlanFile } from '../../domain/api/plan-file.ts';
import { versionOfNothing } from '../../domain/resource-version.ts';
import type { Context } from '../context.ts';
import { CommandError } from '../errors.ts';
import { printedName } from '../kinds.ts';
import { refusal, sendManifest } from '../manifest/send.ts';
import { movedSince, planFile, readPlanFile } from './file.ts';
import { makePlan } from './make.ts';
import type { TriedManifest } from './manifests.ts';

/**
 * Plans again and applies only if everything is as it was: files, hub, forms, rows, LynqNodes and their objects. Each object is sent for exactly the
 * version it was compared in. Answers what was applied.
 */
export async function applyPlan(context: Context, path: string): Promise<readonly JsonObject[]> {
  const planned = await readPlan(context, path);
  const { files, recursive } = planned;
  const made = await makePlan(context, { filename: files, recursive });
  const now = planFile({ ...made, files, recursive, now: context.clock.now() });
  const moved = movedSince(planned, now);
  if (moved.length > 0) {
    context.err.write(moved.map((line) => `  ${line}\n`).join(''));
    throw new CommandError(`the world has moved since ${path} was made, so nothing was applied`, {
      fix: 'plan again and look at what is different',
    });
  }
  for (const item of made.tried) await sendTried(context, item);
  return made.tried.map(({ after }) => after);
}

async function readPlan(context: Context, path: string): Promise<PlanFile> {
  if ((await context.files.kind(path)) !== 'file') {
    throw new CommandError(`${path} is not a file`, { fix: 'make a plan: lynq plan -f FORM --out FILE' });
  }
  return readPlanFile(path, new TextDecoder().decode(await context.files.read(path)));
}

async function sendTried(context: Context, { manifest, ref, body, before, outcome }: TriedManifest): Promise<void> {
  const cluster = await context.services.cluster();
  if (outcome !== 'unchanged') {
    const metadata = isJsonObject(body['metadata']) ? body['metadata'] : {};
    const version =
      before === undefined
        ? { resourceVersion: versionOfNothing }
        : {
            uid: textAt(before, 'metadata', 'uid') ?? '',
            resourceVersion: textAt(before, 'metadata', 'resourceVersion') ?? '',
          };
    const exact = { ...body, metadata: { ...metadata, ...version } };
    const result = await sendManifest(cluster, ref, exact, { dryRun: false, force: false });
    if (result.kind !== 'ok') throw refusal(manifest, result);
  }
  context.out.write(`${printedName(manifest)} ${outcome} (as planned)\n`);
}
