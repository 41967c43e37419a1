import type { JsonObject } from '../../domain/api/json.ts';
import { textAt } from '../../domain/api/json.ts';
import { labels } from '../../domain/keys.ts';
import { type Command, defineCommand } from '../command.ts';
import type { Context } from '../context.ts';
import { usageError } from '../errors.ts';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import { type LynqKind, printedName, requireObject } from '../kinds.ts';
import { asDocument, formatJson, formatYaml } from '../output/documents.ts';
import { formatRows, formatTable } from '../output/table.ts';

/** One column of a table of objects. */
export interface Column {
  readonly header: string;
  /** Only with `-o wide`. */
  readonly wide?: true;
  readonly cell: (object: JsonObject, now: Date) => string;
}

export interface GetSpec {
  readonly kind: LynqKind;
  readonly columns: readonly Column[];
  readonly aliases: readonly string[];
  readonly completes: 'hubs' | 'forms' | 'nodes';
}

const formats = ['table', 'wide', 'json', 'yaml', 'name'] as const;
type Format = (typeof formats)[number];

const getFlags = {
  'all-namespaces': { kind: 'boolean', short: 'A', summary: 'all namespaces' },
  output: { kind: 'text', short: 'o', value: 'FORMAT', choices: formats, default: 'table', summary: 'output format' },
  selector: { kind: 'text', short: 'l', value: 'SELECTOR', summary: `label selector, such as ${labels.uid}=acme-corp` },
  'no-headers': { kind: 'boolean', summary: 'leave out the line of headers' },
} as const;

/** `get hubs`, `get forms` and `get nodes` differ in their columns only. */
export function getCommand({ kind, columns, aliases, completes }: GetSpec): Command {
  return defineCommand({
    name: `get ${kind.noun}s`,
    aliases,
    summary: `List ${kind.kind}s`,
    args: [{ name: 'name', kind: 'variadic', completes, summary: `names; default: all of the namespace` }],
    flags: getFlags,
    examples: [
      { command: `lynq get ${kind.noun}s`, summary: `${kind.kind}s of the namespace` },
      { command: `lynq get ${kind.noun}s -A -o wide`, summary: 'of all namespaces, with more columns' },
    ],
    async run({ args, flags }, context) {
      const everywhere = flags['all-namespaces'];
      if (args.name.length > 0 && (everywhere || flags.selector !== undefined)) {
        throw usageError('a name cannot be given together with -A or -l');
      }
      const namespace = everywhere ? undefined : await context.namespace();
      const objects = await readObjects(context, kind, { names: args.name, namespace, selector: flags.selector });
      return print(context, objects, {
        columns: everywhere ? [namespaceColumn, ...columns] : columns,
        format: flags.output,
        headers: !flags['no-headers'],
        single: args.name.length === 1,
        where: namespace === undefined ? '' : ` in ${namespace} namespace`,
      });
    },
  });
}

const namespaceColumn: Column = {
  header: 'NAMESPACE',
  cell: (object) => textAt(object, 'metadata', 'namespace') ?? '',
};

interface Wanted {
  readonly names: readonly string[];
  readonly namespace: string | undefined;
  readonly selector: string | undefined;
}

async function readObjects(context: Context, kind: LynqKind, wanted: Wanted): Promise<readonly JsonObject[]> {
  const cluster = await context.services.cluster();
  const { names, namespace, selector } = wanted;
  if (names.length > 0 && namespace !== undefined) {
    return Promise.all(names.map((name) => requireObject(cluster, kind, namespace, name)));
  }
  return cluster.list(kind, { namespace, ...(selector === undefined ? {} : { labelSelector: selector }) });
}

interface Printing {
  readonly columns: readonly Column[];
  readonly format: Format;
  readonly headers: boolean;
  readonly single: boolean;
  readonly where: string;
}

async function print(context: Context, objects: readonly JsonObject[], printing: Printing): Promise<ExitCode> {
  const { format, single } = printing;
  if (format === 'json') context.out.write(formatJson(asDocument(objects, single)));
  else if (format === 'yaml') context.out.write(await formatYaml(asDocument(objects, single)));
  else if (objects.length === 0) context.err.write(`No resources found${printing.where}.\n`);
  else if (format === 'name') context.out.write(objects.map((object) => `${nameOf(object)}\n`).join(''));
  else context.out.write(table(objects, printing, context.clock.now()));
  return exitCodes.ok;
}

function nameOf(object: JsonObject): string {
  return printedName({
    apiVersion: textAt(object, 'apiVersion') ?? '',
    kind: textAt(object, 'kind') ?? '',
    name: textAt(object, 'metadata', 'name') ?? '',
  });
}

function table(objects: readonly JsonObject[], { columns, format, headers }: Printing, now: Date): string {
  const shown = columns.filter(({ wide }) => wide !== true || format === 'wide');
  const rows = objects.map((object) => shown.map(({ cell }) => cell(object, now)));
  return headers
    ? formatTable(
        shown.map(({ header }) => header),
        rows,
      )
    : formatRows(rows);
}
