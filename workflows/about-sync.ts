import type { HubRef } from '../activities/contract.ts';

/** Summary and details of a sync's run, for people who have nothing but the Temporal UI. */
export function aboutSync({ namespace, hub }: HubRef): { readonly summary: string; readonly details: string } {
  const details = [
    `Sync of hub **${hub}** in namespace **${namespace}**: reads its table, writes what differs to the LynqNodes, and starts a run for each that has none.`,
    'Ending it undoes nothing; the next sync of the schedule does the rest.',
    '',
    `- \`lynq status ${hub} -n ${namespace}\` says what the last sync found, held and froze, and why.`,
    `- \`lynq notify ${hub} -n ${namespace}\` starts one now.`,
  ].join('\n');
  return { summary: `sync of hub ${hub}`, details };
}
