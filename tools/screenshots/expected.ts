import { forms } from '../demo/stage.ts';
import { type DashboardAnswer, emptyPanels, shownAtLast } from '../monitoring/panels.ts';
import { fleet, takenFrom } from './trouble.ts';

/** What the dashboard has to show on the metrics of the demo's worker. */
export interface Wanted {
  /** Titles of the panels that are empty, and no others. */
  readonly empty: readonly string[];
  readonly last: Readonly<Record<string, number>>;
}

/** Panels without a number as long as all is well, each with the reason. All others have numbers after the demo's story. */
export const emptyWhenWell: Readonly<Record<string, string>> = {
  'Nodes that are degraded': 'each node of the demo is well',
  Conflicts: "nobody else has objects of the demo's names",
  'Rollouts: progress': 'no form of the demo limits its rollout',
  'Rollouts: nodes that change now': 'no form of the demo limits its rollout',
  'Rollouts: phase': 'no form of the demo limits its rollout',
};

/** Every panel has numbers in the end, and these have those that the trouble makes: what each shows last, its series added up. */
export const afterTrouble: Readonly<Record<string, number>> = {
  'Environments wanted': fleet.length * (forms.length + 2),
  Ready: fleet.length * (forms.length + 2) - takenFrom.length,
  Failed: takenFrom.length,
  'Hubs that cannot read': 0,
  'Hubs with deletions held': 0,
  'Workers that lead': 1,
  'Nodes that are degraded': takenFrom.length,
  Conflicts: takenFrom.length,
  'Rollouts: progress': 100,
  'Rollouts: nodes that change now': 0,
  'Rollouts: phase': 3,
};

/** What is not as wanted, a line each. */
export function amiss(answer: DashboardAnswer, { empty, last }: Wanted): readonly string[] {
  const found = emptyPanels(answer);
  const shown = new Map(answer.panels.map((panel) => [panel.panel.title, shownAtLast(panel)]));
  return [
    ...found.filter((title) => !empty.includes(title)).map((title) => `panel "${title}" is empty`),
    ...empty.filter((title) => !found.includes(title)).map((title) => `panel "${title}" is not empty, but listed so`),
    ...Object.entries(last)
      .filter(([title, value]) => shown.get(title) !== value)
      .map(([title, value]) => `panel "${title}" shows ${shown.get(title) ?? 'nothing'}, not ${value}`),
  ];
}
