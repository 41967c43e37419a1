import type { z } from 'zod';
import { LynqHubSpec } from '../../domain/api/hub.ts';
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

/** The part of a hub that says so; everything else may be wrong. */
export const HubVariables = LynqHubSpec.pick({
  valueMappings: true,
  extraValueMappings: true,
  secretValueMappings: true,
});
export type HubVariables = z.infer<typeof HubVariables>;

/** What templates of a hub's forms may use. */
export function declaredVariables(spec: HubVariables): ReadonlySet<string> {
  return new Set([...alwaysDeclared, namespaceVariable, ...mappedVariables(spec)]);
}

/** Where a form's hub was looked for, and what came of it. */
export type HubAnswer =
  | { readonly kind: 'found'; readonly spec: HubVariables }
  /** The cluster was asked and has no such hub. */
  | { readonly kind: 'absent' }
  /** Nobody could be asked. */
  | { readonly kind: 'unknown'; readonly why: string };

export type HubLookup = (namespace: string, name: string) => Promise<HubAnswer>;
