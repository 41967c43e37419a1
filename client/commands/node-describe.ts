import type { JsonObject } from '../../domain/api/json.ts';
import { listAt, numberAt, textAt } from '../../domain/api/json.ts';
import { hubOf } from '../../domain/node-edits.ts';
import { kinds } from '../kinds.ts';
import { ageSince } from '../output/age.ts';
import { section, texts } from '../output/sections.ts';
import { formatRows } from '../output/table.ts';
import { describeCommand } from '../show/describe.ts';
import { conditionsSection, eventsSection, type SeenEvents, timeAndAge } from '../show/events.ts';

export const describeNode = describeCommand({
  kind: kinds.node,
  aliases: ['nodes', 'lynqnode', 'lynqnodes', 'lnode'],
  summary: 'Show a LynqNode with its resources and events',
  completes: 'nodes',
  example: { command: 'lynq describe node acme-corp-data-tier', summary: 'why a node is not ready' },
  describe,
});

function describe(node: JsonObject, events: SeenEvents, now: Date): string {
  return [
    heading(node, now),
    conditionsSection(node, now),
    section(
      'Resources',
      ['ID', 'KIND', 'NAME', 'STATE', 'SINCE', 'REASON', 'MESSAGE'],
      listAt(node, 'status', 'resources'),
      (resource) => [
        ...texts(resource, 'id', 'kind', 'name', 'state'),
        ageSince(textAt(resource, 'since'), now),
        ...texts(resource, 'reason', 'message'),
      ],
    ),
    section(
      'Inventory',
      ['ID', 'KIND', 'NAMESPACE', 'NAME', 'POLICY', 'UID'],
      listAt(node, 'status', 'inventory'),
      (entry) => texts(entry, 'id', 'kind', 'namespace', 'name', 'policy', 'uid'),
    ),
    eventsSection(events, now),
  ].join('');
}

const countAt = (node: JsonObject, field: string): number => numberAt(node, 'status', field) ?? 0;

function heading(node: JsonObject, now: Date): string {
  const metadata = (key: string): string => textAt(node, 'metadata', key) ?? '';
  const revision = textAt(node, 'spec', 'formRevision');
  const form = textAt(node, 'spec', 'templateRef') ?? '';
  const counts = [
    `${countAt(node, 'readyResources')}/${countAt(node, 'desiredResources')} ready`,
    `${countAt(node, 'failedResources')} failed`,
    `${countAt(node, 'skippedResources')} skipped`,
  ];
  const deleting = textAt(node, 'metadata', 'deletionTimestamp');
  return formatRows([
    ['Name:', metadata('name')],
    ['Namespace:', metadata('namespace')],
    ['Row:', textAt(node, 'spec', 'uid') ?? ''],
    ['Form:', revision === undefined ? form : `${form} (revision ${revision})`],
    ['Hub:', hubOf(node) || '<none>'],
    ['Created:', timeAndAge(metadata('creationTimestamp'), now)],
    ...(deleting === undefined ? [] : [['Deleting:', `since ${deleting} (${ageSince(deleting, now)})`]]),
    ['Resources:', counts.join(', ')],
  ]);
}
