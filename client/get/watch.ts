import { textAt, type JsonObject } from '../../domain/api/json.ts';
import type { WatchEvent } from '../../domain/ports.ts';
import type { Context } from '../context.ts';
import { type Printed, printOne } from './print.ts';
import { followChanges } from '../watching.ts';
import { listOptions, type Wanted } from './read.ts';

/**
 * `-w`: prints every change from what was listed on, until the command is ended. A connection that is lost is made again, which kubectl does not do;
 * what was printed already is not printed twice then.
 */
export async function followObjects(
  context: Context,
  wanted: Wanted,
  first: readonly JsonObject[],
  how: Printed,
): Promise<void> {
  let printed: Promise<void> = Promise.resolve();
  // A list of nothing was no table.
  let isFirst = first.length === 0;
  const print = (object: JsonObject): void => {
    const begins = isFirst;
    isFirst = false;
    printed = printed.then(() => printOne(context, object, how, begins));
  };
  const onEvent = changesFrom(first, new Set(wanted.names), print);
  try {
    const onConnection = (text: string): void => context.err.write(`${text}\n`);
    await followChanges(context, { kind: wanted.kind, where: listOptions(wanted), onEvent, onConnection });
  } finally {
    await printed;
  }
}

/** Hands over what changed: objects in another version than before, and those that are gone, also when only a later list shows it. */
function changesFrom(
  first: readonly JsonObject[],
  names: ReadonlySet<string>,
  onChange: (object: JsonObject) => void,
): (event: WatchEvent) => void {
  const seen = new Map(first.map((object) => [keyOf(object), object]));
  let listed: Set<string> | undefined;
  const remove = (object: JsonObject): void => {
    seen.delete(keyOf(object));
    onChange(object);
  };
  const set = (object: JsonObject): void => {
    const before = seen.get(keyOf(object));
    listed?.add(keyOf(object));
    seen.set(keyOf(object), object);
    if (before === undefined || versionOf(before) !== versionOf(object)) onChange(object);
  };
  const endList = (): void => {
    for (const [key, object] of seen) if (listed?.has(key) === false) remove(object);
    listed = undefined;
  };
  return (event) => {
    if (event.kind === 'restarted') listed = new Set();
    else if (event.kind === 'synced') endList();
    else if (event.kind === 'unlisted') listed = undefined;
    else if (names.size === 0 || names.has(textAt(event.object, 'metadata', 'name') ?? '')) {
      if (event.kind === 'removed') remove(event.object);
      else set(event.object);
    }
  };
}

function keyOf(object: JsonObject): string {
  return `${textAt(object, 'metadata', 'namespace')}/${textAt(object, 'metadata', 'name')}`;
}

function versionOf(object: JsonObject): string {
  return textAt(object, 'metadata', 'resourceVersion') ?? '';
}
