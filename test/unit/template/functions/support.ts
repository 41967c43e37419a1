import { renderScalar, type ScalarOptions } from '../../../../template/index.ts';

/** The text of a template, or the class and message of its problem. */
export function textOf(template: string, variables: unknown = {}, options: ScalarOptions = {}): string {
  const result = renderScalar(template, variables, options);
  return result.ok ? result.text : `${result.problem.class}: ${result.problem.message}`;
}
