import { labels } from '../../domain/keys.ts';
import { type Command, defineCommand } from '../command.ts';
import type { Context } from '../context.ts';
import { usageError } from '../errors.ts';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import { type Column, namespaceColumn } from '../get/columns.ts';
import { type Format, formatNames, parseFormat } from '../get/format.ts';
import { printEach, printObjects, type Printing } from '../get/print.ts';
import { listOptions, readObjects, sayMissing, sayNothingFound, type Wanted, withSelector } from '../get/read.ts';
import type { LynqKind } from '../kinds.ts';
import type { Widths } from '../output/table.ts';

export interface GetSpec {
  readonly kind: LynqKind;
  readonly columns: readonly Column[];
  readonly aliases: readonly string[];
  readonly completes: 'hubs' | 'forms' | 'nodes';
  /** A quicker way to the default table of many. */
  readonly quickTable?: (
    context: Context,
    wanted: Wanted,
    options: { readonly headers: boolean; readonly everywhere: boolean },
  ) => Promise<string | undefined>;
}

const getFlags = {
  'all-namespaces': { kind: 'boolean', short: 'A', summary: 'all namespaces' },
  output: {
    kind: 'text',
    short: 'o',
    value: 'FORMAT',
    suggests: formatNames,
    default: 'table',
    summary: 'wide, json, yaml, name or jsonpath=TEMPLATE, as in kubectl',
  },
  selector: { kind: 'text', short: 'l', value: 'SELECTOR', summary: `label selector, such as ${labels.uid}=acme-corp` },
  watch: {
    kind: 'boolean',
    short: 'w',
    summary:
      'print object by object, and go on with what changes until Ctrl-C; a connection that is lost is told and made again',
  },
  'no-headers': { kind: 'boolean', summary: 'leave out the line of headers' },
} as const;

/** `get hubs`, `get forms` and `get nodes` differ in their columns only. */
export function getCommand(spec: GetSpec): Command {
  const { kind, aliases, completes } = spec;
  return defineCommand({
    name: `get ${kind.noun}s`,
    aliases,
    summary: `List ${kind.kind}s`,
    args: [{ name: 'name', kind: 'variadic', completes, summary: `names; default: all of the namespace` }],
    flags: getFlags,
    examples: [
      { command: `lynq get ${kind.noun}s`, summary: `${kind.kind}s of the namespace` },
      { command: `lynq get ${kind.noun}s -A -o wide`, summary: 'of all namespaces, with more columns' },
      {
        command: `lynq get ${kind.noun}s -o jsonpath='{range .items[*]}{.metadata.name}{"\\n"}{end}'`,
        summary: 'their names, one a line',
      },
    ],
    async run({ args, flags }, context) {
      const everywhere = flags['all-namespaces'];
      if (args.name.length > 0 && (everywhere || flags.selector !== undefined)) {
        throw usageError('a name cannot be given together with -A or -l');
      }
      const namespace = everywhere ? undefined : await context.namespace();
      const wanted = { kind, names: args.name, namespace, selector: flags.selector };
      const { watch, 'no-headers': bare } = flags;
      const how = { format: parseFormat(flags.output), headers: !bare, watch };
      return withSelector(flags.selector, () => get(context, spec, wanted, how));
    },
  });
}

interface How {
  readonly format: Format;
  readonly headers: boolean;
  readonly watch: boolean;
}

async function get(context: Context, spec: GetSpec, wanted: Wanted, how: How): Promise<ExitCode> {
  if (await printedQuickly(context, spec, wanted, how)) return exitCodes.ok;
  const cluster = await context.services.cluster();
  const { objects, missing } = await readObjects(cluster, wanted);
  const columns = wanted.namespace === undefined ? [namespaceColumn, ...spec.columns] : spec.columns;
  const { format, headers, watch } = how;
  const printing: Printing = { columns, format, headers, single: wanted.names.length === 1 };
  const widths: Widths = [];
  if (watch && isDocument(format)) {
    await printEach(context, objects, { printing, widths });
  } else if (objects.length > 0 || (isDocument(format) && missing.length === 0)) {
    await printObjects(context, objects, printing, widths);
  } else if (missing.length === 0 && !watch) sayNothingFound(context, wanted);
  sayMissing(context, wanted, missing);
  if (missing.length > 0) return exitCodes.failed;
  if (!watch) return exitCodes.ok;
  const { followObjects } = await import('../get/watch.ts');
  await followObjects(context, wanted, objects, { printing, widths });
  return exitCodes.ok;
}

async function printedQuickly(context: Context, spec: GetSpec, wanted: Wanted, how: How): Promise<boolean> {
  const { format, headers, watch } = how;
  if (spec.quickTable === undefined || wanted.names.length > 0 || watch || !isPlainTable(format)) return false;
  const text = await spec.quickTable(context, wanted, { headers, everywhere: wanted.namespace === undefined });
  if (text === '') sayNothingFound(context, wanted);
  if (text !== undefined) context.out.write(text);
  return text !== undefined;
}

/** Prints something for no objects too. */
function isDocument({ kind }: Format): boolean {
  return kind === 'json' || kind === 'yaml' || kind === 'jsonpath';
}

function isPlainTable(format: Format): boolean {
  return format.kind === 'table' && !format.wide;
}

/** For `quickTable`: reads the list as the API server prints it. */
export async function serverTable(context: Context, wanted: Wanted) {
  const tables = await context.services.tables();
  return tables.read(wanted.kind, listOptions(wanted));
}
