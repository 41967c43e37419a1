import type { LynqHubSpec } from './api/hub.ts';
import { mappedVariables } from './secret-values.ts';

/** Variables of every row, whatever its hub maps (parity 4.3). */
export const rowVariableNames: ReadonlySet<string> = new Set([
  'uid',
  'activate',
  'hubId',
  'templateRef',
  'hostOrUrl',
  'host',
]);

/** Of the LynqNode: what the documentation of the Go operator promises (parity 11.3, row 30). */
export const namespaceVariable = 'namespace';

/** Variables that every template may use: those of every row, and the namespace. */
export const builtInVariables: ReadonlySet<string> = new Set([...rowVariableNames, namespaceVariable]);

/** What the templates of a hub's forms may use. The worker, its webhook and the CLI judge forms by this one list. */
export function declaredVariables(
  spec: Pick<LynqHubSpec, 'extraValueMappings' | 'secretValueMappings'>,
): ReadonlySet<string> {
  return new Set([...builtInVariables, ...mappedVariables(spec)]);
}

/** Of those, what metadata of objects must not show. */
export function secretVariables(spec: Pick<LynqHubSpec, 'secretValueMappings'>): ReadonlySet<string> {
  return new Set(Object.keys(spec.secretValueMappings ?? {}));
}

/** What a template sees beside secret values: the row's variables, and the node's namespace unless the hub maps a column to that name. */
export function templateVariables(
  variables: ReadonlyMap<string, string>,
  secrets: ReadonlyMap<string, string>,
  namespace: string,
): ReadonlyMap<string, string> {
  if (variables.has(namespaceVariable) || secrets.has(namespaceVariable)) return variables;
  return new Map([...variables, [namespaceVariable, namespace]]);
}
