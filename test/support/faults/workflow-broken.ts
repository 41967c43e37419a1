import { sleep, type WorkflowInterceptorsFactory } from '@temporalio/workflow';

/** Workflows of a version that breaks the rule: one command more, in every run. */
export const interceptors: WorkflowInterceptorsFactory = () => ({
  outbound: [
    {
      async scheduleActivity(input, next) {
        if (input.activityType === 'advanceNode' || input.activityType === 'syncHub') await sleep(1);
        return next(input);
      },
    },
  ],
});
