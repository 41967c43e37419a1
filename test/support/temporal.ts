import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import {
  bundleWorkflowCode,
  DefaultLogger,
  NativeConnection,
  Runtime,
  Worker,
  type WorkflowBundle,
} from '@temporalio/worker';
import type { Activities } from '../../activities/contract.ts';

/** The real workflows against fake activities on a real Temporal server: what is replaced is the contract, not a module. */
export interface WorkflowBench {
  readonly client: Client;
  readonly taskQueue: string;
  /** Runs a worker with these activities until `work` has ended. */
  run<T>(activities: Partial<Activities>, work: () => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

let bundle: Promise<WorkflowBundle> | undefined;

export function workflowBundle(): Promise<WorkflowBundle> {
  const workflowsPath = fileURLToPath(new URL('../../workflows/index.ts', import.meta.url));
  bundle ??= bundleWorkflowCode({ workflowsPath, logger: new DefaultLogger('ERROR') });
  return bundle;
}

let quiet = false;

export function quietRuntime(): void {
  if (!quiet) Runtime.install({ logger: new DefaultLogger('ERROR') });
  quiet = true;
}

export async function openWorkflowBench(address: string): Promise<WorkflowBench> {
  quietRuntime();
  const connection = await Connection.connect({ address });
  const native = await NativeConnection.connect({ address });
  const taskQueue = `test-${randomUUID()}`;
  return {
    client: new Client({ connection }),
    taskQueue,
    async run(activities, work) {
      const worker = await Worker.create({
        connection: native,
        taskQueue,
        workflowBundle: await workflowBundle(),
        activities: { ...activities },
        shutdownGraceTime: 0,
      });
      return worker.runUntil(work());
    },
    async close() {
      await native.close();
      await connection.close();
    },
  };
}

/** Waits until a condition holds; fails with the title after the deadline. */
export async function eventually(title: string, holds: () => Promise<boolean> | boolean, seconds = 20): Promise<void> {
  const deadline = Date.now() + seconds * 1000;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`not within ${seconds} s: ${title}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
