import type { Json, JsonObject } from '../../domain/api/json.ts';
import { listAt, numberAt, textAt } from '../../domain/api/json.ts';
import { labels } from '../../domain/keys.ts';
import type { Cluster } from '../../domain/ports.ts';
import { defineCommand } from '../command.ts';
import { exitCodes } from '../exit-codes.ts';
import { kinds, requireObject } from '../kinds.ts';
import { ageSince } from '../output/age.ts';
import { formatRows, formatTable } from '../output/table.ts';

export const describeNode = defineCommand({
  name: 'describe node',
  aliases: ['nodes', 'lynqnode', 'lynqnodes', 'lnode'],
  summary: 'Show a LynqNode with its resources and events',
  args: [{ name: 'name', kind: 'required', completes: 'nodes', summary: 'name of the LynqNode' }],
  flags: {},
  examples: [{ command: 'lynq describe node acme-corp-data-tier', summary: 'why a node is not ready' }],
  async run({ args }, context) {
    const namespace = await context.namespace();
    const cluster = await context.services.cluster();
    const node = await requireObject(cluster, kinds.node, namespace, args.name);
    const events = await readEvents(cluster, namespace, node);
    context.out.write(describe(node, events, context.clock.now()));
    return exitCodes.ok;
  },
});

/** Events about this very object, not about an earlier one of the same name; oldest first. */
async function readEvents(cluster: Cluster, namespace: string, node: JsonObject): Promise<readonly JsonObject[]> {
  const fields = { kind: 'LynqNode', name: textAt(node, 'metadata', 'name'), uid: textAt(node, 'metadata', 'uid') };
  const fieldSelector = Object.entries(fields)
    .map(([field, value]) => `involvedObject.${field}=${value ?? ''}`)
    .join(',');
  const events = await cluster.list({ apiVersion: 'v1', kind: 'Event' }, { namespace, fieldSelector });
  return events.toSorted((a, b) => (lastSeen(a) ?? '').localeCompare(lastSeen(b) ?? ''));
}

function lastSeen(event: JsonObject): string | undefined {
  return (
    textAt(event, 'series', 'lastObservedTime') ??
    textAt(event, 'lastTimestamp') ??
    textAt(event, 'eventTime') ??
    textAt(event, 'metadata', 'creationTimestamp')
  );
}

function describe(node: JsonObject, events: readonly JsonObject[], now: Date): string {
  return [
    heading(node, now),
    section(
      'Conditions',
      ['TYPE', 'STATUS', 'REASON', 'AGE', 'MESSAGE'],
      listAt(node, 'status', 'conditions'),
      (condition) => [
        ...texts(condition, 'type', 'status', 'reason'),
        ageSince(textAt(condition, 'lastTransitionTime'), now),
        ...texts(condition, 'message'),
      ],
    ),
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
    section('Events', ['TYPE', 'REASON', 'AGE', 'FROM', 'MESSAGE'], events, (event) => [
      ...texts(event, 'type', 'reason'),
      ageSince(lastSeen(event as JsonObject), now),
      textAt(event, 'source', 'component') || textAt(event, 'reportingComponent') || '-',
      ...texts(event, 'message'),
    ]),
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
    ['Hub:', textAt(node, 'metadata', 'labels', labels.hub) ?? '<none>'],
    ['Created:', `${metadata('creationTimestamp')} (${ageSince(metadata('creationTimestamp'), now)} ago)`],
    ...(deleting === undefined ? [] : [['Deleting:', `since ${deleting} (${ageSince(deleting, now)})`]]),
    ['Resources:', counts.join(', ')],
  ]);
}

function texts(value: Json, ...keys: readonly string[]): readonly string[] {
  return keys.map((key) => textAt(value, key) || '-');
}

function section(
  title: string,
  header: readonly string[],
  items: readonly Json[],
  row: (item: Json) => readonly string[],
): string {
  if (items.length === 0) return `\n${title}:  <none>\n`;
  const table = formatTable(header, items.map(row));
  return `\n${title}:\n${table.replaceAll(/^/gm, '  ').replace(/ {2}$/, '')}`;
}
