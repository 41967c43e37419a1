import { sourceBlock } from '../../domain/hub-source.ts';
import type { RowRequest } from '../../domain/ports.ts';
import type { Access } from './pool.ts';
import { tlsAccess } from './tls.ts';

/** Where and as whom to connect, from the block of the hub's source. @throws LynqFailure HubInvalid without the block. */
export function accessOf({ spec, password, tls }: RowRequest, block: 'mysql' | 'postgres'): Access {
  const source = sourceBlock(spec, block);
  const { host, port, username, database } = source;
  return { host, port, user: username, password, database, tls: tlsAccess(source, tls) };
}
