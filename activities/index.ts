import { activityInfo, cancellationSignal, heartbeat } from '@temporalio/activity';
import type { Activities } from './contract.ts';
import type { Attempt, Deps } from './deps.ts';
import { listBirths } from './hub/births.ts';
import { syncHub } from './hub/sync.ts';
import { advanceNode } from './node/advance.ts';
import { recordOverrides } from './node/overrides.ts';
import { removeNode } from './node/remove.ts';

function currentAttempt(): Attempt {
  return { signal: cancellationSignal(), beat: () => heartbeat(activityInfo().attempt) };
}

/** The activities of one worker, bound to what they reach the world through. */
export function createActivities(deps: Deps): Activities {
  return {
    syncHub: (request) => syncHub(deps, request, currentAttempt()),
    listBirths: (request) => listBirths(deps, request),
    confirmRuns: async (births) => {
      for (const { namespace, node } of births) deps.runs.running(namespace, node);
    },
    advanceNode: (request) => advanceNode(deps, request, currentAttempt()),
    removeNode: (request) => removeNode(deps, request, currentAttempt()),
    recordOverrides: (request) => recordOverrides(deps, request),
  };
}
