import type { FormRef } from '../activities/contract.ts';
import { workflowIds } from '../domain/identity.ts';
import { searchAttributes } from './search-attributes.ts';

/** How the run of a form's rollout is named and found, whoever starts it. */
export function rolloutOptions(input: FormRef) {
  const { namespace, hub, form } = input;
  return {
    workflowId: workflowIds.rollout(namespace, form),
    args: [input] as [FormRef],
    staticSummary: `rollout of ${form}`,
    staticDetails: rolloutDetails(input),
    memo: { hub, form },
    typedSearchAttributes: [
      { key: searchAttributes.hub, value: hub },
      { key: searchAttributes.form, value: form },
      { key: searchAttributes.phase, value: 'Starting' },
    ],
  };
}

/** What a run is, for people who have nothing but the Temporal UI. */
export function rolloutDetails({ namespace, form, hub }: FormRef): string {
  return [
    `Rollout of form **${form}** of hub \`${hub}\` in namespace **${namespace}**: it alone lets nodes change.`,
    '',
    '- Signals `pause`, `resume`, `abort` and `undo` steer it.',
    `- \`lynq rollout status ${form} -n ${namespace}\` shows where it is.`,
  ].join('\n');
}
