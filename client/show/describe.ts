import type { JsonObject } from '../../domain/api/json.ts';
import { type Command, defineCommand } from '../command.ts';
import { exitCodes } from '../exit-codes.ts';
import { readObjects, sayMissing, sayNothingFound } from '../get/read.ts';
import type { LynqKind } from '../kinds.ts';
import { readEvents, type SeenEvents } from './events.ts';

export interface DescribeSpec {
  readonly kind: LynqKind;
  readonly aliases: readonly string[];
  readonly summary: string;
  readonly completes: 'hubs' | 'forms' | 'nodes';
  readonly example: Command['examples'][number];
  readonly describe: (object: JsonObject, events: SeenEvents, now: Date) => string;
}

/** `describe hub`, `describe form` and `describe node` differ in what they say of one object. As in kubectl: of those named, else of all. */
export function describeCommand({ kind, aliases, summary, completes, example, describe }: DescribeSpec): Command {
  return defineCommand({
    name: `describe ${kind.noun}`,
    aliases,
    summary,
    args: [{ name: 'name', kind: 'variadic', completes, summary: 'names; default: all of the namespace' }],
    flags: {},
    examples: [example, { command: `lynq describe ${kind.noun}s`, summary: 'all of the namespace' }],
    async run({ args }, context) {
      const wanted = { kind, names: args.name, namespace: await context.namespace(), selector: undefined };
      const cluster = await context.services.cluster();
      const { objects, missing } = await readObjects(cluster, wanted);
      for (const [index, object] of objects.entries()) {
        // The API server leaves the kind of list items out.
        const named = { ...object, apiVersion: kind.apiVersion, kind: kind.kind };
        const events = await readEvents(cluster, named);
        context.out.write(`${index === 0 ? '' : '\n\n'}${describe(named, events, context.clock.now())}`);
      }
      if (objects.length === 0 && missing.length === 0) sayNothingFound(context, wanted);
      sayMissing(context, wanted, missing);
      return missing.length === 0 ? exitCodes.ok : exitCodes.failed;
    },
  });
}
