import type { Context } from './context.ts';
import type { Engine } from './engine.ts';
import { kinds } from './kinds.ts';

/** Asks for a sync of a hub and says so; false when the hub has no schedule, which is said too. */
export async function requestSync(
  context: Context,
  engine: Engine,
  { namespace, hub, remark = '' }: { readonly namespace: string; readonly hub: string; readonly remark?: string },
): Promise<boolean> {
  const result = await engine.syncHub(namespace, hub);
  if (result.kind === 'sent') {
    context.out.write(`${kinds.hub.resource}/${hub} sync requested${remark}\n`);
    return true;
  }
  context.err.write(
    `Error: LynqHub ${namespace}/${hub} has no schedule in Temporal at ${engine.address}\n` +
      '  The worker makes it within seconds of the hub; check that it is running and uses this Temporal namespace.\n',
  );
  return false;
}
