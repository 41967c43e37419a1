/** A place in a resource as people write it: `spec.containers[0].env[1].value`, `metadata.labels["app.kubernetes.io/name"]`. */
export function pathText(steps: readonly (string | number)[]): string {
  return steps.reduce<string>((path, step) => path + stepText(step, path === ''), '');
}

function stepText(step: string | number, first: boolean): string {
  if (typeof step === 'number') return `[${step}]`;
  if (!/^[A-Za-z_$][\w$-]*$/.test(step)) return `[${JSON.stringify(step)}]`;
  return first ? step : `.${step}`;
}
