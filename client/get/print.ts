import type { JsonObject } from '../../domain/api/json.ts';
import { textAt } from '../../domain/api/json.ts';
import type { Context } from '../context.ts';
import { printedName } from '../kinds.ts';
import { asDocument, formatJson, formatYaml, withoutManagedFields } from '../output/documents.ts';
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

/** Prints one object that a watch reported, with the line of headers if `printing` has it. */
export async function printChange(
  context: Context,
  object: JsonObject,
  printing: Printing,
  widths: Widths,
): Promise<void> {
  if (printing.format.kind === 'yaml') context.out.write('---\n');
  const shown = printing.format.kind === 'table' ? object : withoutManagedFields(object);
  return printObjects(context, [shown], { ...printing, single: true }, widths);
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
