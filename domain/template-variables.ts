/** Of the LynqNode: what the documentation of the Go operator promises (parity 11.3, row 30). */
export const namespaceVariable = 'namespace';

/** What a template sees beside secret values: the row's variables, and the node's namespace unless the hub maps a column to that name. */
export function templateVariables(
  variables: ReadonlyMap<string, string>,
  secrets: ReadonlyMap<string, string>,
  namespace: string,
): ReadonlyMap<string, string> {
  if (variables.has(namespaceVariable) || secrets.has(namespaceVariable)) return variables;
  return new Map([...variables, [namespaceVariable, namespace]]);
}
