import type { JsonObject } from '../../domain/api/json.ts';
import { textAt } from '../../domain/api/json.ts';
import type { Context } from '../context.ts';
import { printedName } from '../kinds.ts';
import { asDocument, formatJson, formatYaml } from '../output/documents.ts';
import { formatRows, formatTable, type Widths } from '../output/table.ts';
import type { Column } from './columns.ts';
import type { Format } from './format.ts';

export interface Printing {
  readonly columns: readonly Column[];
  readonly format: Format;
  readonly headers: boolean;
  /** One object by its name is printed as it is, everything else as a List. */
  readonly single: boolean;
}

/** Prints objects that were read together. `widths` keeps the columns of what a watch prints later under those of the first table. */
export async function printObjects(
  context: Context,
  objects: readonly JsonObject[],
  { columns, format, headers, single }: Printing,
  widths?: Widths,
): Promise<void> {
  switch (format.kind) {
    case 'json':
      return context.out.write(formatJson(asDocument(objects, single)));
    case 'yaml':
      return context.out.write(await formatYaml(asDocument(objects, single)));
    case 'jsonpath': {
      const { renderJsonPath } = await import('../output/jsonpath.ts');
      return context.out.write(renderJsonPath(format.template, asDocument(objects, single)));
    }
    case 'name':
      return context.out.write(objects.map((object) => `${nameOf(object)}\n`).join(''));
    case 'table':
      return context.out.write(table(objects, { columns, format, headers }, context.clock.now(), widths));
  }
}

export interface Printed {
  readonly printing: Printing;
  readonly widths: Widths;
}

/** Prints what a watch begins with as it prints the rest. */
export async function printEach(context: Context, objects: readonly JsonObject[], printed: Printed): Promise<void> {
  for (const [index, object] of objects.entries()) await printOne(context, object, printed, index === 0);
}

/** Prints one object of a watch, which has no end and so no List. `isFirst`: nothing was printed before, so that the header comes with it. */
export async function printOne(
  context: Context,
  object: JsonObject,
  { printing, widths }: Printed,
  isFirst: boolean,
): Promise<void> {
  if (printing.format.kind === 'yaml' && !isFirst) context.out.write('---\n');
  const headers = printing.headers && isFirst;
  return printObjects(context, [object], { ...printing, headers, single: true }, widths);
}

function nameOf(object: JsonObject): string {
  return printedName({
    apiVersion: textAt(object, 'apiVersion') ?? '',
    kind: textAt(object, 'kind') ?? '',
    name: textAt(object, 'metadata', 'name') ?? '',
  });
}

function table(
  objects: readonly JsonObject[],
  { columns, format, headers }: Pick<Printing, 'columns' | 'headers'> & { readonly format: Format },
  now: Date,
  widths: Widths | undefined,
): string {
  const all = format.kind === 'table' && format.wide;
  const shown = columns.filter(({ wide }) => wide !== true || all);
  const rows = objects.map((object) => shown.map(({ cell }) => cell(object, now)));
  const header = shown.map((column) => column.header);
  return headers ? formatTable(header, rows, widths) : formatRows(rows, widths);
}
