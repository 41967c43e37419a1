import { nodeName } from '../../domain/identity.ts';
import { defineCommand } from '../command.ts';
import { CommandError, usageError } from '../errors.ts';
import { exitCodes } from '../exit-codes.ts';
import { kinds } from '../kinds.ts';
import { waitFlags } from '../wait.ts';

export const scale = defineCommand({
  name: 'scale',
  summary: 'Override template variables of one node',
  description:
    'Sets template variables of the node of a row and a form, as if the columns had these values. ' +
    'An override holds until it is cleared, its column changes, or the node goes.',
  args: [
    { name: 'uid', kind: 'required', completes: 'uids', summary: 'uid of the row' },
    { name: 'form', kind: 'required', completes: 'forms', summary: 'name of the LynqForm' },
  ],
  flags: {
    set: {
      kind: 'list',
      value: 'VARIABLE=VALUE',
      completes: 'variables',
      summary: 'variable and its text; may be repeated',
    },
    clear: { kind: 'boolean', summary: 'end all overrides of the node' },
    ...waitFlags,
  },
  examples: [
    { command: 'lynq scale acme-corp api-tier --set apiReplicas=4', summary: 'four replicas, whatever the row says' },
    { command: 'lynq scale acme-corp api-tier --set apiReplicas=4 --wait', summary: 'and wait until they are there' },
    { command: 'lynq scale acme-corp api-tier --clear', summary: 'back to what the row says' },
  ],
  async run({ args, flags }, context) {
    const overrides = parseAssignments(flags.set, 'set');
    if (flags.clear && flags.set.length > 0) {
      throw usageError('--set and --clear exclude each other', 'end all overrides first, then set anew');
    }
    if (!flags.clear && flags.set.length === 0) {
      throw usageError(
        'nothing to scale: neither --set nor --clear is given',
        'such as: lynq scale UID FORM --set apiReplicas=4',
      );
    }
    const namespace = await context.namespace();
    const node = nodeName(args.uid, args.form);
    const { passesNow, waitForPasses } = await import('../node-wait.ts');
    const { ownEngine } = await import('../own-engine.ts');
    const engine = await ownEngine(context);
    const before = flags.wait ? await passesNow(engine, namespace, [node]) : new Map<string, number>();
    const result = await engine.scale(namespace, node, flags.clear ? { overrides: {}, clear: true } : { overrides });
    switch (result.kind) {
      case 'accepted':
        context.out.write(`${kinds.node.resource}/${result.reply.node} ${overriddenText(result.reply.overridden)}\n`);
        if (flags.wait) await waitForPasses(context, { engine, namespace, before, timeout: flags['wait-timeout'] });
        return exitCodes.ok;
      case 'refused':
        throw new CommandError(`scale was refused: ${result.message}`);
      case 'absent':
        throw new CommandError(
          `LynqNode ${namespace}/${node} has no running workflow in Temporal at ${engine.address}`,
          {
            fix: `check uid and form: lynq get nodes -n ${namespace}`,
          },
        );
      case 'noAnswer':
        throw new CommandError(
          `LynqNode ${namespace}/${node} did not answer within ${context.options.timeoutMilliseconds / 1000} s; the request may still be acted on`,
          { exitCode: exitCodes.unreachable, fix: 'check that the worker is running, or wait longer with --timeout' },
        );
    }
  },
});

function overriddenText(names: readonly string[]): string {
  return names.length === 0 ? 'scaled by its row, nothing overridden' : `scaled, overridden: ${names.join(', ')}`;
}

/** `name=value` pairs of a repeated flag; the value may be empty and may hold `=`. */
export function parseAssignments(pairs: readonly string[], flag: string): Readonly<Record<string, string>> {
  const entries = pairs.map((pair): readonly [string, string] => {
    const at = pair.indexOf('=');
    if (at < 1) throw usageError(`--${flag} ${pair} has no name or no =`, `write it as --${flag} NAME=VALUE`);
    return [pair.slice(0, at), pair.slice(at + 1)];
  });
  const twice = entries.find(([name], index) => entries.findIndex(([other]) => other === name) < index);
  if (twice !== undefined) throw usageError(`--${flag} names ${twice[0]} twice`);
  return Object.fromEntries(entries);
}
