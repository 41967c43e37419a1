import type { Standstill } from '../../domain/change-plan/standstill.ts';
import type { HubOutlook, NodeRemoval } from '../../domain/change-plan/types.ts';
import { counted } from '../output/problems.ts';
import { plain } from '../output/table.ts';

/** A hub's outlook for people; the sign before a line is that of a diff. */
export function printHub(outlook: HubOutlook): string {
  return [
    title(outlook),
    ...births(outlook),
    ...updates(outlook),
    ...removals(outlook.removals),
    ...held(outlook),
    ...outlook.frozen.map(
      ({ uid, reason, message }) => `! row ${uid === '' ? '(no uid)' : uid} is frozen: ${reason}, ${message}`,
    ),
    ...outlook.brokenForms.map(({ name, problems }) => `! form ${name} cannot be used: ${problems.join('; ')}`),
    ...outlook.warnings.map((warning) => `! ${warning}`),
  ]
    .map((line) => `${plain(line)}\n`)
    .join('');
}

function title({ hub, namespace, rows, standstill }: HubOutlook): string {
  const name = `LynqHub ${namespace}/${hub}`;
  if (standstill?.kind === 'deleting') return `${name} (${standstillText(standstill)})`;
  const frozen = rows.frozen === 0 ? '' : `, ${rows.frozen} frozen`;
  const counts = `${name}: ${counted(rows.seen, 'row') || 'no rows'}, ${rows.active} active${frozen}`;
  return standstill === undefined ? counts : `${counts} (${standstillText(standstill)})`;
}

/** A line of its own where the hub is not what was asked about; empty for one that is acted on. */
export function standingText({ namespace, hub, standstill }: HubOutlook): string {
  return standstill === undefined ? '' : `${plain(`! LynqHub ${namespace}/${hub} is ${standstillText(standstill)}`)}\n`;
}

/** Why nothing comes of a plan, and until when. */
function standstillText(standstill: Standstill): string {
  switch (standstill.kind) {
    case 'paused':
      return 'paused: nothing is done until it is resumed';
    case 'released':
      return 'released to another operator: nothing is done until it is adopted';
    case 'deleting':
      return 'being deleted: its table is not read any more';
    case 'held':
      return `held by another operator: nothing is done until that is gone: ${standstill.by}`;
  }
}

/** Whether a sync would write anything. */
export function changesHub({ births: born, updates: updated, removals: removed, held: kept }: HubOutlook): boolean {
  return born.length + updated.length + removed.length + (kept?.nodes.length ?? 0) > 0;
}

interface Planned {
  readonly name: string;
  readonly form: string;
  readonly uid: string;
}

/** `4 LynqNodes of 2 rows` */
function nodesOfRows(nodes: readonly Planned[]): string {
  const rows = new Set(nodes.map(({ uid }) => uid)).size;
  return `${counted(nodes.length, 'LynqNode')} of ${counted(rows, 'row')}`;
}

function births({ births: born }: HubOutlook): readonly string[] {
  return born.length === 0 ? [] : [`+ ${nodesOfRows(born)} to be made: ${named(uids(born))}`];
}

const ofForm = ({ why }: HubOutlook['updates'][number]): boolean => why === 'form' || why === 'both';

function updates({ updates: updated }: HubOutlook): readonly string[] {
  const values = updated.filter(({ why }) => why === 'values' || why === 'both');
  const forms = new Set(updated.filter(ofForm).map(({ form }) => form));
  const edited = updated.filter(({ why }) => why === 'edited').map(({ name }) => name);
  return [
    ...(edited.length === 0
      ? []
      : [`~ ${counted(edited.length, 'LynqNode')} edited by hand, to be put right: ${named(edited)}`]),
    ...(values.length === 0 ? [] : [`~ ${nodesOfRows(values)} take new values: ${named(uids(values))}`]),
    ...[...forms].toSorted().map((form) => {
      const nodes = updated.filter((update) => update.form === form && ofForm(update));
      return `~ ${counted(nodes.length, 'LynqNode')} go to the present content of form ${form}: ${named(nodes.map(({ name }) => name))}`;
    }),
  ];
}

const whyRemoved = {
  row: 'row is gone or inactive',
  form: 'form was deleted',
  moved: 'form names another hub',
  hub: 'hub is being deleted',
} as const satisfies Record<NodeRemoval['why'], string>;

function removals(nodes: readonly NodeRemoval[]): readonly string[] {
  return (['row', 'form', 'moved', 'hub'] as const).flatMap((why) => {
    const going = nodes.filter((node) => node.why === why);
    return going.length === 0 ? [] : [`- ${nodesOfRows(going)} to go, ${whyRemoved[why]}: ${named(uids(going))}`];
  });
}

const whyHeld: Readonly<Record<string, string>> = {
  EmptyResult: 'the table shows no row at all',
  BudgetSpent: 'more rows than may go within an hour',
  NotAllBack: 'not all rows are back since more were held',
  SourceChanged: 'another server, table or view answers than before',
};

function held({ held: kept, hub, namespace }: HubOutlook): readonly string[] {
  if (kept === undefined) return [];
  const why = `${kept.why}, ${whyHeld[kept.why] ?? ''}`;
  const lines = [`! ${nodesOfRows(kept.nodes)} held (${why}): ${named(uids(kept.nodes))}`];
  if (kept.why === 'SourceChanged') return [...lines, '    released by two further equal reads'];
  return [...lines, `    to let them go: lynq approve-deletions ${hub} -n ${namespace} --plan ${kept.planHash}`];
}

const uids = (nodes: readonly Planned[]): readonly string[] => [...new Set(nodes.map(({ uid }) => uid))].toSorted();

const shown = 5;

/** The first few names, and how many more there are. */
export function named(names: readonly string[]): string {
  const more = names.length - shown;
  return more > 1 ? `${names.slice(0, shown).join(', ')} and ${more} more` : names.join(', ');
}
