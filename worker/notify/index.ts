import type { Client } from '@temporalio/client';
import type { Logger } from '../../domain/ports.ts';
import { requestSync } from '../schedules.ts';
import { Hints } from './hints.ts';
import { type NotifyOptions, openNotifyServer } from './server.ts';

/** Takes hints while the worker runs; every worker does, since a hint only wakes a schedule of Temporal. */
export async function startNotify(
  options: NotifyOptions | undefined,
  client: Client,
  logger: Logger,
): Promise<{ close(): Promise<void> }> {
  if (options === undefined) return { close: async () => undefined };
  const hints = new Hints({ trigger: (hub) => requestSync(client, hub), logger });
  const server = await openNotifyServer({ ...options, hint: (hub) => hints.hint(hub), logger });
  return {
    async close() {
      await server.close();
      hints.close();
    },
  };
}
