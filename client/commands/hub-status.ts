import type { Json, JsonObject } from '../../domain/api/json.ts';
import { at, listAt, numberAt, textAt } from '../../domain/api/json.ts';
import { defineCommand } from '../command.ts';
import type { Context } from '../context.ts';
import type { ScheduleView } from '../engine.ts';
import { exitCodes } from '../exit-codes.ts';
import { heldByHub } from '../held.ts';
import { conditionOf, kinds, releasedAt, requireObject } from '../kinds.ts';
import { ageSince, formatAge } from '../output/age.ts';
import { withColours } from '../output/colour.ts';
import { sectionIfAny, texts } from '../output/sections.ts';
import { formatRows, plain } from '../output/table.ts';
import { hubNodesText } from '../show/hub-nodes.ts';

export const hubStatus = defineCommand({
  name: 'status',
  summary: 'Show how a hub and its rows and nodes are',
  description:
    'Counts of rows and nodes, the last and the next sync, the forms, and every row that is held or frozen with the reason. ' +
    'When Temporal cannot be reached, or is of another cluster, only the next sync is missing.',
  args: [{ name: 'hub', kind: 'required', completes: 'hubs', summary: 'name of the LynqHub' }],
  flags: {},
  examples: [{ command: 'lynq status multi-tier-nodes', summary: 'is everybody served?' }],
  async run({ args }, context) {
    const namespace = await context.namespace();
    const cluster = await context.services.cluster();
    const hub = await requireObject(cluster, kinds.hub, namespace, args.hub);
    const [forms, schedule] = await Promise.all([
      cluster.list(kinds.form, { namespace }),
      readSchedule(context, namespace, args.hub),
    ]);
    const own = forms.filter((form) => textAt(form, 'spec', 'hubId') === args.hub);
    context.out.write(withColours(context.out, statusText({ hub, forms: own, schedule, now: context.clock.now() })));
    return exitCodes.ok;
  },
});

type Schedule =
  | { readonly kind: 'known'; readonly view: ScheduleView | undefined }
  | { readonly kind: 'unknown'; readonly why: string };

async function readSchedule(context: Context, namespace: string, hub: string): Promise<Schedule> {
  try {
    const { engineBeside } = await import('../own-engine.ts');
    const engine = await engineBeside(context);
    return { kind: 'known', view: await engine.hubSchedule(namespace, hub) };
  } catch (error) {
    // Whatever is wrong there, what the cluster says is worth having.
    return { kind: 'unknown', why: error instanceof Error ? error.message : String(error) };
  }
}

interface Facts {
  readonly hub: JsonObject;
  readonly forms: readonly JsonObject[];
  readonly schedule: Schedule;
  readonly now: Date;
}

function statusText({ hub, forms, schedule, now }: Facts): string {
  const ready = conditionOf(hub, 'Ready');
  const took = textAt(hub, 'status', 'lastSyncDuration');
  const last = textAt(hub, 'status', 'lastSyncTime');
  const heading = formatRows([
    ['Hub:', `${textAt(hub, 'metadata', 'namespace')}/${textAt(hub, 'metadata', 'name')}`],
    ['State:', stateText(hub, ready)],
    [
      'Last sync:',
      last === undefined ? '<never>' : `${ageSince(last, now)} ago${took === undefined ? '' : `, took ${took}`}`,
    ],
    ['Next sync:', nextSync(schedule, hub, now)],
    ...rowsText(hub),
    ['Nodes:', hubNodesText(hub)],
  ]);
  return [
    heading,
    sectionIfAny('Forms', ['NAME', 'NODES', 'VALID', 'ROLLOUT', 'MESSAGE'], forms, formRow),
    heldText(hub),
    frozenText(hub),
    warningsText(hub),
    sectionIfAny('Needs attention', ['CONDITION', 'REASON', 'SINCE', 'MESSAGE'], troubles(hub), (condition) => [
      ...texts(condition, 'type', 'reason'),
      ageSince(textAt(condition, 'lastTransitionTime'), now),
      ...texts(condition, 'message'),
    ]),
  ].join('');
}

function stateText(hub: JsonObject, ready: JsonObject | undefined): string {
  const deleting = textAt(hub, 'metadata', 'deletionTimestamp') !== undefined;
  if (releasedAt(hub) !== undefined) {
    const adopt = `lynq adopt ${textAt(hub, 'metadata', 'name')} -n ${textAt(hub, 'metadata', 'namespace')}`;
    return `Released to another operator${deleting ? ', and being deleted' : ''}: nothing is done until ${adopt}`;
  }
  if (deleting) return 'Deleting, until its nodes are gone';
  if (at(hub, 'spec', 'paused') === true) return 'Paused (spec.paused)';
  if (ready === undefined) return 'not synced yet';
  const state = textAt(ready, 'status') === 'True' ? 'Ready' : 'NotReady';
  return `${state} (${textAt(ready, 'reason') ?? ''})${state === 'Ready' ? '' : `: ${textAt(ready, 'message') ?? ''}`}`;
}

function nextSync(schedule: Schedule, hub: JsonObject, now: Date): string {
  if (schedule.kind === 'unknown') return `<unknown>: ${schedule.why}`;
  const { view } = schedule;
  if (view === undefined) return '<none>: the hub has no schedule in Temporal yet; check that the worker is running';
  if (view.running) return 'running now';
  if (view.paused) return `<none>: the schedule is paused${view.note === '' ? '' : ` (${view.note})`}`;
  if (view.next === undefined) return 'on changes and on request only (syncInterval 0s)';
  const every = textAt(hub, 'spec', 'source', 'syncInterval') ?? '';
  return `in ${formatAge(Math.max(0, view.next.getTime() - now.getTime()))} (every ${every})`;
}

function rowsText(hub: JsonObject): readonly (readonly string[])[] {
  const rows = at(hub, 'status', 'rows');
  if (rows === undefined) return [['Rows:', '<unknown>: the table was not read yet']];
  const count = (name: string): string => `${numberAt(rows, name) ?? 0} ${name}`;
  const other = ['inactive', 'repeated', 'frozen'].filter((name) => (numberAt(rows, name) ?? 0) > 0);
  const held = (numberAt(rows, 'held') ?? 0) > 0 ? `; ${count('held')} (not in the table or inactive, nodes kept)` : '';
  return [
    ['Rows:', `${count('seen')}: ${['active', ...other].map(count).join(', ')}${held}`],
    ...(numberAt(rows, 'provisioned') === undefined
      ? []
      : [['Active:', ['provisioned', 'waiting', 'failed'].map(count).join(', ')]]),
  ];
}

function formRow(form: JsonObject): readonly string[] {
  const count = (name: string): number => numberAt(form, 'status', name) ?? 0;
  const valid = conditionOf(form, 'Valid');
  return [
    textAt(form, 'metadata', 'name') ?? '',
    `${count('readyNodes')}/${count('totalNodes')}`,
    textAt(valid, 'status') ?? 'Unknown',
    textAt(form, 'status', 'rollout', 'phase') ?? '-',
    textAt(valid, 'status') === 'False'
      ? (textAt(valid, 'message') ?? '')
      : (textAt(form, 'status', 'rollout', 'message') ?? ''),
  ];
}

/** The rows whose nodes would go, with the reason, and how they are let go. */
function heldText(hub: JsonObject): string {
  const held = heldByHub(hub);
  if (held === undefined) return '';
  const approve =
    held.planHash === undefined
      ? ''
      : `  let them go: lynq approve-deletions ${textAt(hub, 'metadata', 'name')} -n ${textAt(hub, 'metadata', 'namespace')} --plan ${held.planHash}\n`;
  return `\nHeld (${held.reason}):\n  ${held.message}\n${approve}`;
}

function frozenText(hub: JsonObject): string {
  const frozen = listAt(hub, 'status', 'frozenRows');
  const more = (numberAt(hub, 'status', 'rows', 'frozen') ?? 0) - frozen.length;
  const table = sectionIfAny('Frozen rows', ['UID', 'REASON', 'MESSAGE'], frozen, (row) =>
    texts(row, 'uid', 'reason', 'message'),
  );
  return more > 0 ? `${table}  and ${more} more\n` : table;
}

function warningsText(hub: JsonObject): string {
  const warnings = listAt(hub, 'status', 'warnings').flatMap((text) =>
    typeof text === 'string' ? [`  ${plain(text)}\n`] : [],
  );
  return warnings.length === 0 ? '' : `\nWarnings of the last read:\n${warnings.join('')}`;
}

/** Conditions that speak of something wrong; Ready and DeletionHeld have their own place. */
function troubles(hub: JsonObject): readonly Json[] {
  const own = new Set(['Ready', 'DeletionHeld']);
  return listAt(hub, 'status', 'conditions').filter(
    (condition) => !own.has(textAt(condition, 'type') ?? '') && textAt(condition, 'status') === 'True',
  );
}
