import type { Json, JsonObject } from '../../domain/api/json.ts';
import { at, isJsonObject, listAt, textAt } from '../../domain/api/json.ts';
import { annotations } from '../../domain/keys.ts';
import { latestLooks, unusableReasons } from '../../domain/looking.ts';
import { hubOf } from '../../domain/node-edits.ts';
import type { Cluster } from '../../domain/ports.ts';
import type { Context } from '../context.ts';
import { CommandError } from '../errors.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { objectFacts } from './gather.ts';
import { dependenciesOf } from './next.ts';
import { type Explained, explanationText, hubArgument, type RunFacts } from './print.ts';
import { conditionOf, kinds, refOf, requireObject } from '../kinds.ts';
import { withColours } from '../output/colour.ts';
import { type Records, recordsOf } from '../records.ts';

/** More than these do not fit a screen; the first ones are what the others wait for. */
const mostEntries = 4;

/** `lynq explain`. */
export async function runExplain(context: Context, nodeName: string, entry: string | undefined): Promise<ExitCode> {
  const namespace = await context.namespace();
  const cluster = await context.services.cluster();
  const node = await requireObject(cluster, kinds.node, namespace, nodeName);
  const [form, hub] = await Promise.all([
    cluster.get(refOf(kinds.form, namespace, textAt(node, 'spec', 'templateRef') ?? '')),
    readHub(cluster, namespace, node),
  ]);
  const chosen = choose(node, entry);
  const records = recordsOf(node);
  const [entries, run] = await Promise.all([
    Promise.all(chosen.entries.map((resource) => explained(cluster, { records, form, resource }))),
    readRun(context, namespace, nodeName),
  ]);
  const { waiting } = chosen;
  const ids = new Set(chosen.entries.map((resource) => textAt(resource, 'id')));
  const leftovers = records.leftovers.filter((record) => entry === undefined || ids.has(textAt(record, 'id')));
  const now = context.clock.now();
  const text = explanationText({ node, stops: stopsOf(node, hub), entries, waiting, leftovers, run, now });
  context.out.write(withColours(context.out, text));
  return exitCodes.ok;
}

async function readHub(cluster: Cluster, namespace: string, node: JsonObject): Promise<JsonObject | undefined> {
  const name = hubOf(node);
  return name === '' ? undefined : cluster.get(refOf(kinds.hub, namespace, name));
}

/** What stands still as a whole, whatever the entries say. */
function stopsOf(node: JsonObject, hub: JsonObject | undefined): readonly string[] {
  const other = conditionOf(hub ?? {}, 'OtherOperator');
  const reason = textAt(conditionOf(node, 'Ready'), 'reason') ?? '';
  const isGoing = textAt(node, 'metadata', 'deletionTimestamp') !== undefined;
  const isUnusable = !isGoing && unusableReasons.some((unusable) => unusable === reason);
  return [
    ...(at(node, 'spec', 'paused') === true && !isGoing
      ? ['It is paused (spec.paused): nothing is written until that is taken off.']
      : []),
    ...(textAt(node, 'metadata', 'annotations', annotations.released) !== undefined
      ? [`It is released to another operator: lynq adopt ${hubArgument(node)} takes it up again.`]
      : []),
    ...(textAt(other, 'status') === 'True'
      ? [`Another operator holds its hub: ${textAt(other, 'message') ?? ''}`]
      : []),
    ...(isUnusable
      ? [
          `Its entries cannot be judged (${reason}): looked at again as soon as the node changes, at the latest every ${latestLooks.unusableSeconds} s.`,
        ]
      : []),
  ];
}

interface Chosen {
  readonly entries: readonly Json[];
  readonly waiting: readonly Json[];
}

/** What holds the node up comes first; what only waits for a dependency is named behind. */
function choose(node: JsonObject, wanted: string | undefined): Chosen {
  const resources = listAt(node, 'status', 'resources');
  if (wanted !== undefined) {
    const found = resources.filter((resource) => [textAt(resource, 'id'), textAt(resource, 'name')].includes(wanted));
    if (found.length > 0) return { entries: found, waiting: [] };
    const ids = resources.map((resource) => textAt(resource, 'id')).join(', ');
    throw new CommandError(`the node has no entry "${wanted}"`, {
      fix: ids === '' ? 'it has none yet' : `choose from ${ids}`,
    });
  }
  const open = resources.filter((resource) => textAt(resource, 'state') !== 'Ready');
  const behind = open.filter(waitsForOthers);
  const causes = open.filter((resource) => !waitsForOthers(resource));
  return { entries: causes.slice(0, mostEntries), waiting: [...causes.slice(mostEntries), ...behind] };
}

function waitsForOthers(resource: Json): boolean {
  const reason = textAt(resource, 'reason');
  return reason === 'DependencyNotReady' || reason === 'DependencyFailed';
}

async function explained(
  cluster: Cluster,
  {
    records,
    form,
    resource,
  }: { readonly records: Records; readonly form: JsonObject | undefined; readonly resource: Json },
): Promise<Explained> {
  const id = textAt(resource, 'id') ?? '';
  const recorded = records.of(resource);
  const entries = entriesOf(form);
  return {
    resource,
    recorded,
    entry: entries.find((one) => textAt(one, 'id') === id),
    dependents: entries.filter((one) => dependenciesOf(one).includes(id)).map((one) => textAt(one, 'id') ?? ''),
    object: await objectFacts(cluster, recorded),
  };
}

function entriesOf(form: JsonObject | undefined): readonly Json[] {
  const spec = at(form, 'spec');
  if (!isJsonObject(spec)) return [];
  return Object.keys(spec)
    .flatMap((list) => listAt(spec, list))
    .filter((item) => textAt(item, 'id') !== undefined);
}

async function readRun(context: Context, namespace: string, node: string): Promise<RunFacts> {
  try {
    const { engineBeside } = await import('../own-engine.ts');
    const engine = await engineBeside(context);
    const run = await engine.nodeRun(namespace, node);
    return { kind: 'run', run, page: run === undefined ? undefined : engine.pageOf(namespace, node, run.runId) };
  } catch (error) {
    // Whatever is wrong there, what the cluster says is worth having.
    return { kind: 'unknown', why: error instanceof Error ? error.message : String(error) };
  }
}
