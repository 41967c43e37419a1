import { type Command, defineCommand } from './command.ts';

/** `pause` and `resume` differ in their words and in what they write. */
export function pauseCommand(verb: 'pause' | 'resume', summary: string, description: string): Command {
  return defineCommand({
    name: verb,
    summary,
    description: `${description} A name that could mean several is written hub/NAME, form/NAME or node/NAME.`,
    args: [{ name: 'target', kind: 'required', completes: 'pausable', summary: 'hub, form or node' }],
    flags: {},
    examples: [
      { command: `lynq ${verb} multi-tier-nodes`, summary: `${verb} a hub` },
      { command: `lynq ${verb} node/acme-corp-api-tier`, summary: `${verb} one node` },
    ],
    async run({ args }, context) {
      const { setTarget } = await import('./pause-target.ts');
      return setTarget(context, args.target, verb);
    },
  });
}
