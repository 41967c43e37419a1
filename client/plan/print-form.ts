import type { Json } from '../../domain/api/json.ts';
import type { FieldChange } from '../../domain/change-plan/fields.ts';
import { type ChangeGroup, fieldsOf, groupChanges } from '../../domain/change-plan/groups.ts';
import type { FormOutlook, ObjectChange, RolloutOutlook } from '../../domain/change-plan/types.ts';
import { counted } from '../output/problems.ts';
import { plain } from '../output/table.ts';
import { named } from './print-hub.ts';

/** A form's outlook for people: equal changes of many nodes are one block. */
export function printForm(outlook: FormOutlook): string {
  const lines = [
    title(outlook),
    ...rolloutLines(outlook),
    ...groupChanges(outlook.nodes).flatMap(groupLines),
    ...bare(outlook),
    ...leftAlone(outlook),
  ];
  return lines.map((line) => `${plain(line)}\n`).join('');
}

export function changesForm({ nodes }: FormOutlook): boolean {
  return nodes.length > 0;
}

function title({ namespace, form, nodes, unchanged, rollout }: FormOutlook): string {
  const born = nodes.filter(({ action }) => action === 'create').length;
  const counts = [
    born === 0 ? '' : `${born} to be made`,
    born === nodes.length ? '' : `${nodes.length - born} to change`,
    unchanged === 0 ? '' : `${unchanged} unchanged`,
  ].filter((text) => text !== '');
  const when = rollout !== undefined && nodes.length > 0 ? '; its rollout decides when' : '';
  return `LynqForm ${namespace}/${form}: ${counts.length === 0 ? 'no LynqNodes' : `LynqNodes: ${counts.join(', ')}`}${when}`;
}

/** The order in which nodes change, and what holds it up. */
function rolloutLines({ rollout }: FormOutlook): readonly string[] {
  if (rollout === undefined || rollout.waves.length === 0) return [];
  const { maxSkew, paused, frozenUntil, waves } = rollout;
  const held = [
    paused ? 'paused until it is resumed' : '',
    frozenUntil === undefined ? '' : `frozen until ${frozenUntil}`,
  ];
  return [
    `  rollout: ${[`${counted(maxSkew, 'node')} at once`, ...held.filter((text) => text !== '')].join('; ')}`,
    ...waves.map(waveLine),
  ];
}

function waveLine({ name, nodes, soakSeconds, maxFailures }: RolloutOutlook['waves'][number]): string {
  const rules = [
    soakSeconds === 0 ? '' : `, then ${soakSeconds} s of soak`,
    maxFailures === undefined ? '' : `, halts when more than ${maxFailures} ${maxFailures === 1 ? 'fails' : 'fail'}`,
  ];
  return `    wave ${name}: ${counted(nodes.length, 'node')} (${named(nodes)})${rules.join('')}`;
}

const signs = {
  create: '+',
  update: '~',
  adopt: '~',
  delete: '-',
  retain: '-',
  stays: '-',
  conflict: '!',
  refused: '!',
  broken: '!',
  unchecked: '?',
} as const satisfies Record<ObjectChange['kind'], string>;

function groupLines(group: ChangeGroup): readonly string[] {
  const { id, kind, change, nodes } = group;
  return [
    `${signs[change.kind]} ${counted(nodes.length, 'node')}: ${kind} (${id}) ${words(change)}`,
    ...fieldsOf(change).map((field) => `    ${fieldText(field, group.varying.has(field.path))}`),
    `    in ${named(nodes)}`,
  ];
}

function words(change: ObjectChange): string {
  switch (change.kind) {
    case 'create':
      return 'created';
    case 'update':
      return 'changed';
    case 'adopt':
      return 'taken back from an earlier life of the node';
    case 'delete':
      return 'deleted: the form does not name it any more';
    case 'retain':
      return 'left behind with orphan markers: the form does not name it any more';
    case 'stays':
      return `stays for now: ${change.reason}`;
    case 'conflict':
      return change.fields.length === 0
        ? `conflict: held by ${change.owner}`
        : `conflict on ${change.fields.join(', ')}, held by ${change.owner.replace(/ \([^()]*\)$/, '')}`;
    case 'refused':
      return `refused by the server: ${change.reason}, ${change.message}`;
    case 'broken':
      return `cannot be made: ${change.reason}, ${change.message}`;
    case 'unchecked':
      return `not checked by the server: ${change.why}`;
  }
}

function fieldText({ path, before, after }: FieldChange, varies: boolean): string {
  if (varies) return `${path}: differs by node, such as ${valueText(before)} → ${valueText(after)}`;
  return `${path}: ${valueText(before)} → ${valueText(after)}`;
}

const longestValue = 60;

function valueText(value: Json | undefined): string {
  if (value === undefined) return '(none)';
  const text = JSON.stringify(value);
  return text.length <= longestValue ? text : `${Array.from(text).slice(0, longestValue).join('')}…`;
}

/** Nodes whose revision or values change, while their objects stay as they are. */
function bare({ nodes }: FormOutlook): readonly string[] {
  const same = nodes.filter(({ objects }) => objects.length === 0).map(({ name }) => name);
  return same.length === 0 ? [] : [`  ${counted(same.length, 'node')}: no object changes`, `    in ${named(same)}`];
}

function leftAlone({ leftAlone: left }: FormOutlook): readonly string[] {
  const reasons = [...new Set(left.map(({ reason }) => reason))].toSorted();
  return reasons.flatMap((reason) => {
    const names = left.filter((item) => item.reason === reason).map(({ name }) => name);
    return [`  ${counted(names.length, 'node')} left alone: each ${reason}`, `    ${named(names)}`];
  });
}
