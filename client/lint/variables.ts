import type { z } from 'zod';
import { LynqHubSpec } from '../../domain/api/hub.ts';

/** The part of a hub that says so; everything else may be wrong. */
export const HubVariables = LynqHubSpec.pick({
  valueMappings: true,
  extraValueMappings: true,
  secretValueMappings: true,
});
export type HubVariables = z.infer<typeof HubVariables>;

/** Where a form's hub was looked for, and what came of it. */
export type HubAnswer =
  | { readonly kind: 'found'; readonly spec: HubVariables }
  /** The cluster was asked and has no such hub. */
  | { readonly kind: 'absent' }
  /** Nobody could be asked. */
  | { readonly kind: 'unknown'; readonly why: string };

export type HubLookup = (namespace: string, name: string) => Promise<HubAnswer>;
