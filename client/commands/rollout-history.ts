import { defineCommand } from '../command.ts';
import { exitCodes } from '../exit-codes.ts';
import { ageSince } from '../output/age.ts';
import { formatTable } from '../output/table.ts';
import { findForm, findRevisions } from '../rollout-form.ts';

export const rolloutHistory = defineCommand({
  name: 'rollout history',
  summary: 'List the kept revisions of a form',
  description: 'Newest first. `lynq rollout undo --to-revision` takes the number or the name.',
  args: [{ name: 'form', kind: 'required', completes: 'forms', summary: 'name of the LynqForm' }],
  flags: {},
  examples: [{ command: 'lynq rollout history api-tier', summary: 'what undo can go back to' }],
  async run({ args }, context) {
    const { form } = await findForm(context, args.form);
    const revisions = await findRevisions(context, args.form);
    if (revisions.length === 0) {
      context.err.write(`No revisions found for ${args.form}; the worker makes them with the first sync of the hub.\n`);
      return exitCodes.ok;
    }
    const rollout = form.status?.rollout;
    const roleOf = (name: string, index: number): string => {
      if (index === 0) return rollout?.phase ?? 'Current';
      return name === rollout?.previousRevision ? 'LastComplete' : '';
    };
    const rows = revisions.map(({ number, name, created }, index) => [
      String(number),
      name,
      ageSince(created, context.clock.now()),
      roleOf(name, index),
    ]);
    context.out.write(formatTable(['REVISION', 'NAME', 'AGE', 'STATE'], rows));
    return exitCodes.ok;
  },
});
