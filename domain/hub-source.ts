import type { LynqHubSpec, MySqlSource, PostgresSource } from './api/hub.ts';
import { LynqFailure } from './failures.ts';

interface SourceBlocks {
  readonly mysql: MySqlSource;
  readonly postgres: PostgresSource;
}

export type SourceType = keyof SourceBlocks;

/** The block of a source type, which the schema cannot require (parity 1.2). Fails with HubInvalid when it is missing. */
export function sourceBlock<Type extends SourceType>({ source }: LynqHubSpec, type: Type): SourceBlocks[Type] {
  const block: SourceBlocks[Type] | undefined = source[type] as SourceBlocks[Type] | undefined;
  if (block === undefined) {
    throw new LynqFailure('HubInvalid', `source.type is ${type} but source.${type} is missing: add the block`);
  }
  return block;
}
