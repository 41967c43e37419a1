import { textAt, type JsonObject } from '../../domain/api/json.ts';
import type { WatchEvent } from '../../domain/ports.ts';
import type { Context } from '../context.ts';
import type { Widths } from '../output/table.ts';
import { type Printing, printChange } from './print.ts';
import { listOptions, type Wanted } from './read.ts';

/**
 * `-w`: prints every change from what was listed on, until the command is ended. A connection that is lost is made again, which kubectl does not do;
 * what was printed already is not printed twice then.
 */
export async function followObjects(
  context: Context,
  wanted: Wanted,
  first: readonly JsonObject[],
  { printing, widths }: { readonly printing: Printing; readonly widths: Widths },
): Promise<void> {
  const seen = new Map(first.map((object) => [keyOf(object), versionOf(object)]));
  const names = new Set(wanted.names);
  let printed: Promise<void> = Promise.resolve();
  // A list of nothing was no table: the header comes with the first object.
  let headers = printing.headers && first.length === 0;
  const onEvent = (event: WatchEvent): void => {
    if (event.kind !== 'set' && event.kind !== 'removed') return;
    const { object } = event;
    if (names.size > 0 && !names.has(textAt(object, 'metadata', 'name') ?? '')) return;
    if (event.kind === 'set' && seen.get(keyOf(object)) === versionOf(object)) return;
    if (event.kind === 'removed') seen.delete(keyOf(object));
    else seen.set(keyOf(object), versionOf(object));
    const shown = { ...printing, headers };
    headers = false;
    printed = printed.then(() => printChange(context, object, shown, widths));
  };
  const reflector = await context.services.reflector();
  await reflector.run(wanted.kind, listOptions(wanted), onEvent, context.stop);
  await printed;
}

function keyOf(object: JsonObject): string {
  return `${textAt(object, 'metadata', 'namespace')}/${textAt(object, 'metadata', 'name')}`;
}

function versionOf(object: JsonObject): string {
  return textAt(object, 'metadata', 'resourceVersion') ?? '';
}
