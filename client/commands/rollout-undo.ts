import { defineCommand } from '../command.ts';
import { findRevisions } from '../rollout-form.ts';
import { formArgument, tellRollout } from '../rollout-tell.ts';

export const rolloutUndo = defineCommand({
  name: 'rollout undo',
  summary: 'Write an earlier revision back into the form',
  description:
    'The form gets the content of its last complete revision, or of the one named by --to-revision; its rollout block stays. ' +
    'The nodes that have the newer one go back under the same limits.',
  args: formArgument,
  flags: {
    'to-revision': {
      kind: 'text',
      value: 'REVISION',
      completes: 'revisions',
      summary: 'name or number, as `lynq rollout history` shows them',
    },
  },
  examples: [
    { command: 'lynq rollout undo api-tier', summary: 'back to what worked last' },
    { command: 'lynq rollout undo api-tier --to-revision 3', summary: 'back to revision 3' },
  ],
  async run({ args, flags }, context) {
    const wanted = flags['to-revision'];
    if (wanted === undefined) return tellRollout(context, args.form, { verb: 'undo' });
    const revisions = await findRevisions(context, args.form);
    const found = revisions.find(({ name, number }) => name === wanted || String(number) === wanted);
    return tellRollout(context, args.form, { verb: 'undo', revision: found?.name ?? wanted });
  },
});
