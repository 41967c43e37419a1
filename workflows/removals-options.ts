import type { HubRef } from '../activities/contract.ts';
import { workflowIds } from '../domain/identity.ts';
import { searchAttributes } from './search-attributes.ts';

/** How the run that removes many nodes of a hub is named and found, whoever starts it. */
export function removalsOptions(input: HubRef) {
  const { namespace, hub } = input;
  const { summary, details } = aboutRemovals(input);
  return {
    workflowId: workflowIds.removals(namespace, hub),
    args: [{ namespace, hub }] as [HubRef],
    staticSummary: summary,
    staticDetails: details,
    memo: { hub },
    typedSearchAttributes: [{ key: searchAttributes.hub, value: hub }],
  };
}

/** What a run is, for people who have nothing but the Temporal UI. */
export function aboutRemovals({ namespace, hub }: HubRef): { readonly summary: string; readonly details: string } {
  const details = [
    `Many LynqNodes of hub **${hub}** in namespace **${namespace}** are being deleted at once: it takes their objects away and then tells their runs, which end.`,
    'What cannot go within seconds is left to the run of its node. Ending it deletes nothing and keeps nothing: each run then removes its own node.',
    '',
    `- \`lynq get nodes -n ${namespace}\` shows what is still there, \`lynq explain NODE\` why.`,
  ].join('\n');
  return { summary: `removal of many LynqNodes of hub ${hub}`, details };
}
