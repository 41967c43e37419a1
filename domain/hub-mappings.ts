import type { LynqHubSpec } from './api/hub.ts';

/** A mapping of a hub that names nothing. */
export interface EmptyMapping {
  readonly block: 'extraValueMappings' | 'secretValueMappings';
  readonly name: string;
  readonly message: string;
}

/** Variables without a column, and columns without a variable. */
export function emptyMappings(
  spec: Pick<LynqHubSpec, 'extraValueMappings' | 'secretValueMappings'>,
): readonly EmptyMapping[] {
  return (['extraValueMappings', 'secretValueMappings'] as const).flatMap((block) =>
    Object.entries(spec[block] ?? {}).flatMap(([name, column]) => {
      if (name === '') return [{ block, name, message: `${block} has a variable without a name` }];
      return column === '' ? [{ block, name, message: `${block}.${name} names no column` }] : [];
    }),
  );
}
