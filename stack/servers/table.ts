import type { ServerName } from '../state.ts';
import { apiserver } from './apiserver.ts';
import { controllerManager } from './controller-manager.ts';
import type { ServerDefinition } from './definition.ts';
import { etcd } from './etcd.ts';
import { kwok } from './kwok.ts';
import { mariadb } from './mariadb.ts';
import { scheduler } from './scheduler.ts';
import { temporal } from './temporal.ts';

/** Every server of the stack. Start order follows `needs`; ends happen in the opposite order. */
export const servers = {
  etcd,
  apiserver,
  'controller-manager': controllerManager,
  scheduler,
  kwok,
  mariadb,
  temporal,
} satisfies Record<ServerName, ServerDefinition>;

/** The definition of a server, by name. */
export function definitionOf(name: ServerName): ServerDefinition {
  return servers[name];
}
