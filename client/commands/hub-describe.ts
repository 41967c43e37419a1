import type { JsonObject } from '../../domain/api/json.ts';
import { at, listAt, numberAt, textAt, textMapAt } from '../../domain/api/json.ts';
import { annotations } from '../../domain/keys.ts';
import { installationLease } from '../../domain/policies/other-operator.ts';
import { kinds } from '../kinds.ts';
import { ageSince } from '../output/age.ts';
import { indent, sectionIfAny, texts } from '../output/sections.ts';
import { formatRows } from '../output/table.ts';
import { describeCommand } from '../show/describe.ts';
import { conditionsSection, eventsSection, type SeenEvents, timeAndAge } from '../show/events.ts';
import { hubNodesText } from '../show/hub-nodes.ts';

export const describeHub = describeCommand({
  kind: kinds.hub,
  aliases: ['hubs', 'lynqhub', 'lynqhubs', 'lhub'],
  summary: 'Show a LynqHub with its source, columns, conditions and events',
  completes: 'hubs',
  example: { command: 'lynq describe hub multi-tier-nodes', summary: 'where the rows come from' },
  describe,
});

function describe(hub: JsonObject, events: SeenEvents, now: Date): string {
  return [
    heading(hub, now),
    columns(hub),
    conditionsSection(hub, now),
    sectionIfAny('Frozen rows', ['UID', 'REASON', 'MESSAGE'], listAt(hub, 'status', 'frozenRows'), (row) =>
      texts(row, 'uid', 'reason', 'message'),
    ),
    sectionIfAny(
      'Deletions of the last hour',
      ['AGE', 'ROWS'],
      listAt(hub, 'status', 'deletionGuard', 'window'),
      (entry) => [ageSince(textAt(entry, 'at'), now), String(numberAt(entry, 'rows') ?? 0)],
    ),
    eventsSection(events, now),
  ].join('');
}

function heading(hub: JsonObject, now: Date): string {
  const deleting = textAt(hub, 'metadata', 'deletionTimestamp');
  const last = textAt(hub, 'status', 'lastSyncTime');
  const took = textAt(hub, 'status', 'lastSyncDuration');
  const holder = textAt(hub, 'metadata', 'annotations', annotations.controllerId);
  const count = (name: string): number => numberAt(hub, 'status', name) ?? 0;
  return formatRows([
    ['Name:', textAt(hub, 'metadata', 'name') ?? ''],
    ['Namespace:', textAt(hub, 'metadata', 'namespace') ?? ''],
    ['Created:', timeAndAge(textAt(hub, 'metadata', 'creationTimestamp'), now)],
    ...(deleting === undefined ? [] : [['Deleting:', `since ${deleting} (${ageSince(deleting, now)})`]]),
    ...(holder === undefined ? [] : [['Held by:', `Lease ${installationLease(holder)}`]]),
    ...sourceRows(hub),
    ['Interval:', textAt(hub, 'spec', 'source', 'syncInterval') ?? ''],
    ...(at(hub, 'spec', 'paused') === true ? [['Paused:', 'yes']] : []),
    [
      'Last sync:',
      last === undefined ? '<never>' : `${timeAndAge(last, now)}${took === undefined ? '' : `, took ${took}`}`,
    ],
    ['Forms:', String(count('referencingTemplates'))],
    ['Nodes:', hubNodesText(hub)],
  ]);
}

/** Names of secrets, never what is in them. */
function sourceRows(hub: JsonObject): readonly (readonly string[])[] {
  const type = textAt(hub, 'spec', 'source', 'type') ?? '';
  const block = at(hub, 'spec', 'source', type);
  const text = (...path: readonly string[]): string => textAt(block, ...path) ?? '';
  const schema = textAt(block, 'schema');
  const table = `${text('database')}.${schema === undefined ? '' : `${schema}.`}${text('table')}`;
  const secret = textAt(block, 'passwordRef', 'name');
  return [
    ['Source:', `${type} ${text('username')}@${text('host')}:${numberAt(block, 'port') ?? ''}, ${table}`],
    ['Password:', secret === undefined ? '<none>' : `key ${text('passwordRef', 'key')} of Secret ${secret}`],
    ['Transport:', at(block, 'tls') === undefined ? 'not encrypted' : 'TLS, verified'],
  ];
}

function columns(hub: JsonObject): string {
  const of = (...path: readonly string[]): readonly (readonly string[])[] =>
    Object.entries(textMapAt(hub, 'spec', ...path)).map(([variable, column]) => [variable, column]);
  const secret = of('secretValueMappings').map(([variable = '', column = '']) => [variable, `${column} (secret)`]);
  const rows = [...of('valueMappings'), ...of('extraValueMappings'), ...secret];
  return `\nVariables:\n${indent(formatRows([['VARIABLE', 'COLUMN'], ...rows]))}`;
}
