import { openPlanWorld, type PlanWorld, seedHubKey } from '../../support/plan-world.ts';
import { now, type Ran, run } from './run.ts';

/** A form over two rows, and the program run against them. */

export const form = `apiVersion: operator.lynq.sh/v1
kind: LynqForm
metadata:
  name: web
  namespace: lynq-system
spec:
  hubId: shop
  configMaps:
    - id: config
      nameTemplate: "{{ .uid }}-config"
      spec: {apiVersion: v1, kind: ConfigMap, data: {plan: "{{ .plan }}"}}
`;

export const rows = [
  ['acme', '1', 'basic', 'hush'],
  ['beta', '1', 'gold', 'hush'],
];

export function open(): PlanWorld {
  const world = openWithoutKey();
  seedHubKey(world.cluster);
  return world;
}

/** Of a hub that has made no node yet. */
export function openWithoutKey(): PlanWorld {
  const world = openPlanWorld(now);
  world.setRows(rows);
  return world;
}

export const lynq = (world: PlanWorld, line: string, files: Readonly<Record<string, string>>): Promise<Ran> =>
  run(line, { cluster: world.cluster, planner: world.planner, files });

export const wrote = ({ cluster }: PlanWorld): readonly string[] => cluster.objects('LynqForm').map(() => 'form');
