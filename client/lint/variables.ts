import type { LynqHubSpec } from '../../domain/api/hub.ts';
import { namespaceVariable } from '../../domain/template-variables.ts';
import { mappedVariables } from '../../domain/secret-values.ts';

/** Variables of every row, whatever its hub maps (parity 4.3). */
export const alwaysDeclared: ReadonlySet<string> = new Set([
  'uid',
  'activate',
  'hostOrUrl',
  'host',
  'hubId',
  'templateRef',
]);

/** What templates of a hub's forms may use. */
export function declaredVariables(spec: LynqHubSpec): ReadonlySet<string> {
  return new Set([...alwaysDeclared, namespaceVariable, ...mappedVariables(spec)]);
}

/** Where a form's hub was looked for, and what came of it. */
export type HubAnswer =
  | { readonly kind: 'found'; readonly spec: LynqHubSpec }
  /** The cluster was asked and has no such hub. */
  | { readonly kind: 'absent' }
  /** Nobody could be asked. */
  | { readonly kind: 'unknown'; readonly why: string };

export type HubLookup = (namespace: string, name: string) => Promise<HubAnswer>;
