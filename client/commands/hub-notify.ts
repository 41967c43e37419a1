import { at, type JsonObject } from '../../domain/api/json.ts';
import { defineCommand } from '../command.ts';
import { CommandError } from '../errors.ts';
import { exitCodes } from '../exit-codes.ts';
import { kinds, releasedAt, requireObject } from '../kinds.ts';

export const notify = defineCommand({
  name: 'notify',
  summary: 'Say that rows of a hub have changed',
  description:
    'Starts a sync of the hub at once, or right after the one that is running, so that a change of its table need not wait for syncInterval. ' +
    'The whole table is read all the same: rows are only believed together.',
  args: [{ name: 'hub', kind: 'required', completes: 'hubs', summary: 'name of the hub' }],
  flags: {
    uid: {
      kind: 'text',
      value: 'UID',
      completes: 'uids',
      summary: 'row that has changed; only printed, the table says what is the case',
    },
  },
  examples: [
    { command: 'lynq notify multi-tier-nodes', summary: 'read the table now' },
    { command: 'lynq notify multi-tier-nodes --uid acme-corp', summary: 'the same, from a hook that knows the row' },
  ],
  async run({ args, flags }, context) {
    const namespace = await context.namespace();
    const cluster = await context.services.cluster();
    refuseUnread(await requireObject(cluster, kinds.hub, namespace, args.hub), namespace, args.hub);
    const { requestSync } = await import('../hub-sync.ts');
    const { ownEngine } = await import('../own-engine.ts');
    const engine = await ownEngine(context);
    const remark = flags.uid === undefined ? '' : ` for row ${flags.uid}`;
    return (await requestSync(context, engine, { namespace, hub: args.hub, remark })) ? exitCodes.ok : exitCodes.failed;
  },
});

/** A sync of such a hub begins and ends at once. */
function refuseUnread(hub: JsonObject, namespace: string, name: string): void {
  const refuse = (why: string, fix: string): never => {
    throw new CommandError(`LynqHub ${namespace}/${name} ${why}: its table is not read`, { fix });
  };
  if (at(hub, 'spec', 'paused') === true) {
    refuse('is paused', `let it go on: lynq resume hub/${name} -n ${namespace}`);
  }
  if (releasedAt(hub) !== undefined) {
    refuse('is released to another operator', `take it up again: lynq adopt ${name} -n ${namespace}`);
  }
}
