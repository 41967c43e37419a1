import type { LynqHubSpec } from '../../domain/api/hub.ts';
import { isJsonObject, type Json } from '../../domain/api/json.ts';
import { closest } from '../closest.ts';
import type { Manifest } from '../manifest/reader.ts';

/** The part of a hub that says which variables its forms have; everything else may be wrong. */
export type HubVariables = Pick<LynqHubSpec, 'extraValueMappings' | 'secretValueMappings'>;

/** Where a form's hub was looked for, and what came of it. */
export type HubAnswer =
  | { readonly kind: 'found'; readonly spec: HubVariables }
  /** The cluster was asked and has no such hub. */
  | { readonly kind: 'absent' }
  /** Nobody could be asked, or the `file` that has the hub does not say. */
  | { readonly kind: 'unknown'; readonly why: string; readonly file?: string };

export type HubLookup = (namespace: string, name: string) => Promise<HubAnswer>;

const blocks: readonly string[] = ['extraValueMappings', 'secretValueMappings'];

/** The variables of a hub of the files, whatever else is wrong with it: a name counts whatever column it has, and a block under a mistyped key. */
export function variablesInFile({ object, source }: Manifest): HubAnswer {
  const { spec } = object;
  if (!isJsonObject(spec)) return { kind: 'unknown', why: 'it has no spec', file: source.name };
  const found = blocks.map((block) => [block, Object.entries(spec).filter(([key]) => isMeant(key, block))] as const);
  const wrong = found
    .flatMap(([, members]) => members)
    .find(([, value]) => value !== undefined && value !== null && !isJsonObject(value));
  if (wrong !== undefined) return { kind: 'unknown', why: `its spec.${wrong[0]} is no map`, file: source.name };
  const mappings = found.map(([block, members]) => [block, named(members.map(([, value]) => value))] as const);
  return { kind: 'found', spec: Object.fromEntries(mappings) };
}

const isMeant = (key: string, block: string): boolean =>
  key === block || (!blocks.includes(key) && closest(key, blocks) === block);

/** Variable to column, where the column is one. */
function named(maps: readonly (Json | undefined)[]): Readonly<Record<string, string>> {
  const entries = maps.flatMap((map) => (isJsonObject(map) ? Object.entries(map) : []));
  return Object.fromEntries(entries.map(([name, column]) => [name, typeof column === 'string' ? column : '']));
}
