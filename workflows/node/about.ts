import type { NodeBirth } from '../../activities/contract.ts';

/** Summary and details of a node's run, for people who have nothing but the Temporal UI. */
export function aboutNode({ namespace, node, hub, form, uid }: NodeBirth): {
  readonly summary: string;
  readonly details: string;
} {
  const details = [
    `LynqNode **${node}** in namespace **${namespace}**: row \`${uid}\` of hub \`${hub}\` through form \`${form}\`.`,
    'It runs for as long as the LynqNode is there; at rest it waits for a change. Ending it deletes nothing.',
    '',
    '- Signal `resync` compares and writes everything once more. Update `scale` overrides variables.',
    `- \`lynq describe node ${node} -n ${namespace}\` says what it waits for.`,
  ].join('\n');
  return { summary: `${uid} / ${form}`, details };
}
