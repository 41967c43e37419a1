import type { Json, JsonObject } from '../../domain/api/json.ts';
import { at, isJsonObject, listAt, numberAt, textAt } from '../../domain/api/json.ts';
import { kinds } from '../kinds.ts';
import { ageSince } from '../output/age.ts';
import { section } from '../output/sections.ts';
import { formatRows } from '../output/table.ts';
import { describeCommand } from '../show/describe.ts';
import { conditionsSection, eventsSection, type SeenEvents, timeAndAge } from '../show/events.ts';

export const describeForm = describeCommand({
  kind: kinds.form,
  aliases: ['forms', 'lynqform', 'lynqforms', 'lform'],
  summary: 'Show a LynqForm with its entries, policies, conditions and events',
  completes: 'forms',
  example: { command: 'lynq describe form api-tier', summary: 'what every row gets' },
  describe,
});

function describe(form: JsonObject, events: SeenEvents, now: Date): string {
  return [
    heading(form, now),
    section(
      'Entries',
      ['ID', 'KIND', 'DEPENDS ON', 'CREATION', 'DELETION', 'CONFLICT', 'PATCH'],
      entriesOf(form),
      (entry) => [
        textAt(entry, 'id') ?? '',
        textAt(entry, 'spec', 'kind') ?? '',
        textList(listAt(entry, 'dependIds')),
        textAt(entry, 'creationPolicy') ?? 'WhenNeeded',
        textAt(entry, 'deletionPolicy') ?? 'Delete',
        textAt(entry, 'conflictPolicy') ?? 'Stuck',
        textAt(entry, 'patchStrategy') ?? 'apply',
      ],
    ),
    conditionsSection(form, now),
    eventsSection(events, now),
  ].join('');
}

/** Every list of the spec whose items have an id and an object. */
function entriesOf(form: JsonObject): readonly Json[] {
  const spec = at(form, 'spec');
  if (!isJsonObject(spec)) return [];
  return Object.keys(spec)
    .flatMap((list) => listAt(spec, list))
    .filter((item) => textAt(item, 'id') !== undefined && isJsonObject(at(item, 'spec')));
}

function heading(form: JsonObject, now: Date): string {
  const deleting = textAt(form, 'metadata', 'deletionTimestamp');
  const count = (...path: readonly string[]): number => numberAt(form, 'status', ...path) ?? 0;
  const after = listAt(form, 'spec', 'dependsOn').flatMap((one) => textAt(one, 'form') ?? []);
  return formatRows([
    ['Name:', textAt(form, 'metadata', 'name') ?? ''],
    ['Namespace:', textAt(form, 'metadata', 'namespace') ?? ''],
    ['Hub:', textAt(form, 'spec', 'hubId') ?? ''],
    ['Created:', timeAndAge(textAt(form, 'metadata', 'creationTimestamp'), now)],
    ...(deleting === undefined ? [] : [['Deleting:', `since ${deleting} (${ageSince(deleting, now)})`]]),
    ['After:', textList(after)],
    ['Drift:', textAt(form, 'spec', 'driftPolicy') ?? 'Correct'],
    ['Nodes:', `${count('readyNodes')}/${count('totalNodes')} ready`],
    ['Rollout:', rolloutText(form)],
  ]);
}

function rolloutText(form: JsonObject): string {
  const rollout = at(form, 'spec', 'rollout');
  if (rollout === undefined) return 'all nodes at once';
  const skew = numberAt(rollout, 'maxSkew') ?? 0;
  const limit = skew === 0 ? 'no limit' : `at most ${skew} at once`;
  const phase = textAt(form, 'status', 'rollout', 'phase');
  const paused = at(rollout, 'paused') === true ? ', paused' : '';
  const message = textAt(form, 'status', 'rollout', 'message');
  return `${limit}${paused}${phase === undefined ? '' : `; ${phase}`}${message === undefined ? '' : `: ${message}`}`;
}

function textList(items: readonly Json[]): string {
  const texts = items.filter((item) => typeof item === 'string');
  return texts.length === 0 ? '<none>' : texts.join(', ');
}
