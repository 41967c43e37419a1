import type { LynqForm, RolloutStatus, RolloutWaveStatus } from '../domain/api/form.ts';
import type { JsonObject } from '../domain/api/json.ts';
import { rolloutGate } from '../domain/rollout/settings.ts';
import { formatAge } from './output/age.ts';
import { formatTable } from './output/table.ts';
import { isPaused, nameOf } from './targets.ts';

/** What `lynq rollout status` shows. All of it is in the form's status. */

/** How it goes on: by itself, or not any more. */
export type RolloutState = 'ended' | 'failed' | 'underWay';

/** A rollout block without any limit is none: a sync changes all nodes at once, and nothing is recorded. */
function isLimited({ spec }: LynqForm): boolean {
  return rolloutGate(spec.rollout).kind === 'gated';
}

export function rolloutState(form: LynqForm): RolloutState {
  const rollout = currentRollout(form);
  if (!isLimited(form) || rollout?.phase === 'Complete' || rollout?.phase === 'Idle') return 'ended';
  if (rollout?.phase === 'Failed') return 'failed';
  return hasNothingToWaitFor(rollout) ? 'ended' : 'underWay';
}

/** Every node has been updated and is ready, or has failed without halting the rollout: a tenant that was broken before does not hold it up. */
function hasNothingToWaitFor(rollout: RolloutStatus | undefined): boolean {
  const { totalNodes = 0, updatedNodes = 0, readyUpdatedNodes = 0, failedUpdatedNodes = 0 } = rollout ?? {};
  const isOver = updatedNodes === totalNodes && readyUpdatedNodes + failedUpdatedNodes === totalNodes;
  return rollout?.inFlight?.length === 0 && isOver;
}

/** A status about an older edit says nothing about this one. */
export function currentRollout(form: LynqForm): RolloutStatus | undefined {
  const rollout = form.status?.rollout;
  return rollout?.targetGeneration === form.metadata.generation ? rollout : undefined;
}

/** Names of nodes in flight that a person has paused. */
export function pausedInFlight(form: LynqForm, nodes: readonly JsonObject[]): readonly string[] {
  const flying = new Set(currentRollout(form)?.inFlight?.map(({ node }) => node));
  return nodes.filter((node) => flying.has(nameOf(node)) && isPaused(node)).map(nameOf);
}

const namedPauses = 3;

/** How those go on, a line each. */
function pausesText({ metadata }: LynqForm, paused: readonly string[]): string {
  const lines = paused
    .slice(0, namedPauses)
    .map(
      (node) => `  ${node} is paused and waited for; let it go on: lynq resume node/${node} -n ${metadata.namespace}\n`,
    );
  const more = paused.length - namedPauses;
  return `${lines.join('')}${more > 0 ? `  and ${more} more paused nodes\n` : ''}`;
}

interface Pace {
  readonly perMinute: number;
  readonly leftMilliseconds: number;
}

/** From the nodes that have arrived since the rollout began; undefined before the first, and when nothing moves. */
function paceOf(
  {
    startTime,
    phase,
    inFlight = [],
    updatedNodes = 0,
    readyUpdatedNodes = 0,
    readyAtStart = 0,
    totalNodes = 0,
  }: RolloutStatus,
  now: Date,
): Pace | undefined {
  const elapsed = startTime === undefined ? 0 : now.getTime() - new Date(startTime).getTime();
  const arrived = readyUpdatedNodes - readyAtStart;
  const isMoving = phase === 'InProgress' && (inFlight.length > 0 || updatedNodes < totalNodes);
  if (!isMoving || elapsed <= 0 || arrived <= 0) return undefined;
  return {
    perMinute: (arrived * 60_000) / elapsed,
    leftMilliseconds: ((totalNodes - readyUpdatedNodes) * elapsed) / arrived,
  };
}

function paceText(pace: Pace | undefined): string {
  if (pace === undefined) return '';
  const { perMinute, leftMilliseconds } = pace;
  return `, ${perMinute.toFixed(perMinute < 10 ? 1 : 0)} nodes/min, about ${formatAge(leftMilliseconds)} left`;
}

/** The form in one line, or why there is nothing to say yet. */
function headline(form: LynqForm, pace: string): string {
  const rollout = currentRollout(form);
  if (form.spec.rollout === undefined) return 'no rollout block, nodes change all at once';
  if (!isLimited(form)) return 'no limit in its rollout block, nodes change all at once';
  if (rollout === undefined) return `waiting for the worker to see generation ${form.metadata.generation ?? 0}`;
  const { phase = 'Idle', wave, totalNodes = 0, updatedNodes = 0, readyUpdatedNodes = 0, inFlight = [] } = rollout;
  const failed = rollout.failedUpdatedNodes ?? 0;
  const where = wave === undefined ? '' : ` (wave ${wave})`;
  const counts = `${updatedNodes}/${totalNodes} updated, ${readyUpdatedNodes} ready, ${failed} failed, ${inFlight.length} in flight`;
  return `${phase}${where}: ${counts}${pace}`;
}

function failures({ failedNodes = [], failedUpdatedNodes = 0 }: RolloutStatus): string {
  const lines = failedNodes.map(({ node, reason }) => `  ${node}: ${reason}\n`);
  const more = failedUpdatedNodes - failedNodes.length;
  return `${lines.join('')}${more > 0 ? `  and ${more} more\n` : ''}`;
}

/** The form in one line, and what it waits for. */
function heading(form: LynqForm, pace: string, paused: readonly string[]): string {
  const rollout = currentRollout(form);
  const message = rollout?.message === undefined || form.spec.rollout === undefined ? '' : `  ${rollout.message}\n`;
  return `${form.metadata.name}: ${headline(form, pace)}\n${message}${pausesText(form, paused)}`;
}

function described(form: LynqForm, pace: string, paused: readonly string[]): string {
  const rollout = currentRollout(form);
  return `${heading(form, pace, paused)}${rollout === undefined ? '' : failures(rollout)}`;
}

function paceAt(form: LynqForm, now: Date): string {
  const rollout = currentRollout(form);
  return rollout === undefined ? '' : paceText(paceOf(rollout, now));
}

/** A few lines, good as a log too. `key` leaves out the pace, which changes all the time. */
export function describeRollout(
  form: LynqForm,
  now: Date,
  paused: readonly string[] = [],
): { readonly text: string; readonly key: string } {
  return { text: described(form, paceAt(form, now), paused), key: described(form, '', paused) };
}

const barWidth = 24;

/** `█` ready, `▒` updated, `x` failed, `·` to come. */
function bar({ nodes, updated, ready, failed }: RolloutWaveStatus): string {
  if (nodes === 0) return '';
  const upTo = (count: number): number => Math.round((count * barWidth) / nodes);
  const signs: readonly (readonly [number, string])[] = [
    [upTo(ready), '█'],
    [upTo(ready + failed), 'x'],
    [upTo(updated), '▒'],
    [barWidth, '·'],
  ];
  return signs.reduce((drawn, [end, sign]) => drawn + sign.repeat(Math.max(0, end - drawn.length)), '');
}

function wavesOf({
  waves,
  totalNodes = 0,
  updatedNodes = 0,
  readyUpdatedNodes = 0,
  failedUpdatedNodes = 0,
}: RolloutStatus): readonly RolloutWaveStatus[] {
  if (waves !== undefined) return waves;
  return [
    { name: 'all', nodes: totalNodes, updated: updatedNodes, ready: readyUpdatedNodes, failed: failedUpdatedNodes },
  ];
}

/** The picture that `-w` keeps drawing on a terminal: each wave with its bar, then the failures, which a low terminal may have no room for. */
export function drawRollout(form: LynqForm, now: Date, paused: readonly string[] = []): string {
  const rollout = currentRollout(form);
  if (rollout === undefined || form.spec.rollout === undefined) return describeRollout(form, now, paused).text;
  const rows = wavesOf(rollout).map((wave) => [
    wave.name === rollout.wave ? `> ${wave.name}` : `  ${wave.name}`,
    ...[wave.nodes, wave.updated, wave.ready, wave.failed].map(String),
    bar(wave),
  ]);
  const waves = formatTable(['  WAVE', 'NODES', 'UPDATED', 'READY', 'FAILED', ''], rows);
  return `${heading(form, paceAt(form, now), paused)}${waves}${failures(rollout)}`;
}
