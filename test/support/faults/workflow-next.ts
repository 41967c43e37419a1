import { patched, sleep, type WorkflowInterceptorsFactory } from '@temporalio/workflow';

/** Workflows of a next version that follows the rule: one command more, only in runs that came to this place with it. */
export const interceptors: WorkflowInterceptorsFactory = () => ({
  outbound: [
    {
      async scheduleActivity(input, next) {
        if (input.activityType === 'advanceNode' && patched('next-version')) await sleep(1);
        return next(input);
      },
    },
  ],
});
