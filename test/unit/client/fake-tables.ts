import { at, listAt, numberAt, textAt, type JsonObject } from '../../../domain/api/json.ts';
import type { Tables } from '../../../domain/ports.ts';
import { ageSince } from '../../../client/output/age.ts';
import type { FakeCluster } from '../../support/fake-cluster.ts';

/** Tables of LynqNodes, with the columns of the CRD as the API server fills them (compared with the real one in test/e2e/cli-read.test.ts). */
export function fakeTables(cluster: FakeCluster, now: Date): Tables {
  return {
    read: async (kind, options) => ({
      columns: ['Name', 'UID', 'Form', 'Ready', 'Desired', 'Skipped', 'Conflicted', 'Conditions', 'Age'],
      rows: (await cluster.list(kind, options)).map((node) => ({
        namespace: textAt(node, 'metadata', 'namespace'),
        cells: [
          textAt(node, 'metadata', 'name') ?? null,
          textAt(node, 'spec', 'uid') ?? null,
          textAt(node, 'spec', 'templateRef') ?? null,
          ...['readyResources', 'desiredResources', 'skippedResources'].map(
            (count) => numberAt(node, 'status', count) ?? null,
          ),
          textAt(condition(node, 'Conflicted'), 'status') ?? null,
          textAt(condition(node, 'Ready'), 'reason') ?? null,
          ageSince(textAt(node, 'metadata', 'creationTimestamp'), now),
        ],
      })),
    }),
  };
}

function condition(node: JsonObject, type: string) {
  return listAt(node, 'status', 'conditions').find((one) => at(one, 'type') === type);
}
