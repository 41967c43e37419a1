import { proxySinks, type Sinks, workflowInfo, type WorkflowInterceptorsFactory } from '@temporalio/workflow';

/** Runs in the sandbox of the workflows: tells the process of steps that no port sees, and makes the server notice a dead worker sooner. */

export interface FaultSinks extends Sinks {
  readonly faults: { pass(purpose: 'signal' | 'continueAsNew' | 'continued' | 'startChild' | 'childStarted'): void };
}

const { faults } = proxySinks<FaultSinks>();

/** Time in which a dead worker is noticed; in production the workflows say 20 to 30 s. */
const heartbeatTimeout = '3s';
/**
 * That of Temporal by default. The first step of a new worker contains the loading of the workflow code: with 3 s it ended too late on a machine with a load
 * of 14, was begun again, and the worker seemed to do nothing for minutes.
 */
const workflowTaskTimeout = '10s';

function isContinued(): boolean {
  return workflowInfo().continuedFromExecutionRunId !== undefined;
}

export const interceptors: WorkflowInterceptorsFactory = () => ({
  inbound: [
    {
      async execute(input, next) {
        if (isContinued()) faults.pass('continued');
        return next(input);
      },
      async handleSignal(input, next) {
        faults.pass('signal');
        return next(input);
      },
    },
  ],
  outbound: [
    {
      scheduleActivity: (input, next) =>
        next(
          input.options.heartbeatTimeout === undefined
            ? input
            : { ...input, options: { ...input.options, heartbeatTimeout } },
        ),
      async startChildWorkflowExecution(input, next) {
        faults.pass('startChild');
        const [started, ended] = await next({ ...input, options: { ...input.options, workflowTaskTimeout } });
        const told = started.then((runId) => {
          faults.pass('childStarted');
          return runId;
        });
        return [told, ended];
      },
      async continueAsNew(input, next) {
        faults.pass('continueAsNew');
        return next(input);
      },
    },
  ],
});
