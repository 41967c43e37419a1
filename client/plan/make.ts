import type { WorldPlan } from '../../domain/change-plan/types.ts';
import { checkedManifests } from '../commands/manifest-files.ts';
import type { Context } from '../context.ts';
import { printedName } from '../kinds.ts';
import { askPlanner } from './ask.ts';
import { plannable, planRequests, type TriedManifest, tryManifests } from './manifests.ts';

export interface MadePlan {
  readonly tried: readonly TriedManifest[];
  readonly plans: readonly WorldPlan[];
}

/** Reads, checks and plans the hubs and forms of files. Other objects in them are named and left out. */
export async function makePlan(
  context: Context,
  flags: { readonly filename: readonly string[]; readonly recursive: boolean },
): Promise<MadePlan> {
  const checked = { lint: true, offline: false, refusal: 'nothing was planned' };
  const manifests = await checkedManifests(context, flags, checked);
  const { ours, others } = plannable(manifests);
  for (const other of others) context.err.write(`${printedName(other)} is not part of the plan\n`);
  const tried = await tryManifests(context, ours);
  return { tried, plans: await askPlanner(context, planRequests(tried)) };
}
