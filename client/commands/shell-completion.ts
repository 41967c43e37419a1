import { defineCommand } from '../command.ts';
import { shells } from '../completion/shells.ts';
import { exitCodes } from '../exit-codes.ts';

export const completion = defineCommand({
  name: 'completion',
  summary: 'Print the completion script of a shell',
  description:
    'The script asks `lynq` at each Tab, so it never grows old: commands, flags, their values, and live names of hubs, forms, nodes, uids, ' +
    'revisions, variables and namespaces of the cluster the line is about. A cluster that does not answer within 1.5 s is left out. For `kubectl lynq`, put ' +
    '`kubectl_complete-lynq` of this package on the PATH.',
  args: [{ name: 'shell', kind: 'required', choices: shells, summary: 'bash, zsh or fish' }],
  flags: {},
  examples: [
    { command: 'source <(lynq completion bash)', summary: 'now; also in ~/.bashrc' },
    { command: 'lynq completion fish > ~/.config/fish/completions/lynq.fish', summary: 'for good, in fish' },
  ],
  async run({ args }, context) {
    const { scripts } = await import('../completion/scripts.ts');
    context.out.write(scripts[args.shell as keyof typeof scripts]);
    return exitCodes.ok;
  },
});
