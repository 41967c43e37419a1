import type { PlanRequest, WorldPlan } from '../../domain/change-plan/types.ts';
import type { Context } from '../context.ts';
import { startProgress } from '../output/progress.ts';

/** Plans one hub after the other, and says how far it is. @throws as Planner.plan */
export async function askPlanner(context: Context, requests: readonly PlanRequest[]): Promise<readonly WorldPlan[]> {
  const planner = await context.services.planner();
  const progress = startProgress(context);
  try {
    const plans: WorldPlan[] = [];
    for (const request of requests) {
      const title = `planning LynqHub ${request.namespace}/${request.hub}`;
      progress.say(`${title}: reading its table`);
      plans.push(await planner.plan(request, (done, total) => progress.say(`${title}: ${done}/${total} LynqNodes`)));
    }
    return plans;
  } finally {
    progress.end();
  }
}
