import type { Json, JsonObject } from '../../domain/api/json.ts';
import { listAt, numberAt, textAt } from '../../domain/api/json.ts';
import { hubOf } from '../../domain/node-edits.ts';
import type { Cluster } from '../../domain/ports.ts';
import { defineCommand } from '../command.ts';
import { CommandError } from '../errors.ts';
import { exitCodes } from '../exit-codes.ts';
import { conditionOf, kinds, refOf } from '../kinds.ts';
import { ageSince } from '../output/age.ts';
import { withColours } from '../output/colour.ts';
import { formatTable } from '../output/table.ts';
import { fateOf, recordsOf } from '../records.ts';
import { nodesOfRow } from '../targets.ts';

export const rowTree = defineCommand({
  name: 'tree',
  summary: 'Show everything a row has: hubs, forms, nodes, objects',
  description:
    'From the hub over its forms and the nodes of the row down to every object on record, each with its state, since when it is in it, and why.',
  args: [{ name: 'uid', kind: 'required', completes: 'uids', summary: 'uid of the row' }],
  flags: {},
  examples: [{ command: 'lynq tree acme-corp', summary: 'what the customer acme-corp has' }],
  async run({ args }, context) {
    const namespace = await context.namespace();
    const cluster = await context.services.cluster();
    const nodes = await nodesOfRow(cluster, namespace, args.uid);
    if (nodes.length === 0) {
      throw new CommandError(`no LynqNode of a row "${args.uid}" in namespace "${namespace}"`, {
        fix: `see which rows have nodes: lynq get nodes -n ${namespace} -o wide`,
      });
    }
    const branches = await readBranches(cluster, namespace, nodes);
    const rows = branches.flatMap((branch) => rowsOf(branch, context.clock.now(), '', ''));
    const table = formatTable(['NAME', 'STATE', 'SINCE', 'REASON'], rows);
    context.out.write(withColours(context.out, table));
    return exitCodes.ok;
  },
});

/** One line of the tree and what hangs on it. */
interface Branch {
  readonly name: string;
  readonly state: string;
  readonly since: string | undefined;
  readonly reason: string;
  readonly branches: readonly Branch[];
}

async function readBranches(
  cluster: Cluster,
  namespace: string,
  nodes: readonly JsonObject[],
): Promise<readonly Branch[]> {
  const formNames = [...new Set(nodes.map((node) => textAt(node, 'spec', 'templateRef') ?? ''))].toSorted();
  const forms = await Promise.all(
    formNames.map(async (name) => ({ name, object: await cluster.get(refOf(kinds.form, namespace, name)) })),
  );
  const formBranches = forms.map(({ name, object }) => {
    const own = nodes.filter((node) => textAt(node, 'spec', 'templateRef') === name);
    const hub = textAt(object, 'spec', 'hubId') ?? hubOf(own[0] ?? {});
    return { hub, branch: formBranch(name, object, own) };
  });
  const hubNames = [...new Set(formBranches.map(({ hub }) => hub))].toSorted();
  return Promise.all(
    hubNames.map(async (name) => {
      const object = await cluster.get(refOf(kinds.hub, namespace, name));
      const branches = formBranches.filter(({ hub }) => hub === name).map(({ branch }) => branch);
      return { name: `hub/${name}`, ...byCondition(object, 'Ready'), branches };
    }),
  );
}

/** A form is ready for use when it is valid. */
function formBranch(name: string, form: JsonObject | undefined, nodes: readonly JsonObject[]): Branch {
  const { state, ...rest } = byCondition(form, 'Valid');
  const shown = { Ready: 'Valid', NotReady: 'Invalid' }[state] ?? state;
  return { name: `form/${name}`, state: shown, ...rest, branches: nodes.map(nodeBranch) };
}

function nodeBranch(node: JsonObject): Branch {
  const count = (name: string): number => numberAt(node, 'status', name) ?? 0;
  const { state, since, reason } = byCondition(node, 'Ready');
  const records = recordsOf(node);
  return {
    name: `node/${textAt(node, 'metadata', 'name') ?? ''}`,
    state: `${state} ${count('readyResources')}/${count('desiredResources')}`,
    since,
    reason,
    branches: [
      ...listAt(node, 'status', 'resources').map((resource) => resourceBranch(resource, records.of(resource))),
      ...records.leftovers.map((record) => leftoverBranch(node, record)),
    ],
  };
}

function resourceBranch(resource: Json, recorded: Json | undefined): Branch {
  const text = (key: string): string => textAt(resource, key) ?? '';
  const why = [text('reason'), text('message')].filter((part) => part !== '').join(': ');
  return {
    name: `${text('kind')}/${text('name')}${placeOf(recorded)}`,
    state: text('state'),
    since: textAt(resource, 'since'),
    reason: why,
    branches: [],
  };
}

function leftoverBranch(node: JsonObject, record: Json): Branch {
  return {
    name: `${textAt(record, 'kind') ?? ''}/${textAt(record, 'name') ?? ''}${placeOf(record)}`,
    state: 'To be removed',
    since: undefined,
    reason: fateOf(record, node),
    branches: [],
  };
}

function placeOf(recorded: Json | undefined): string {
  const namespace = textAt(recorded, 'namespace');
  return namespace === undefined ? '' : ` -n ${namespace}`;
}

function byCondition(object: JsonObject | undefined, type: string): Omit<Branch, 'name' | 'branches'> {
  if (object === undefined) return { state: 'Absent', since: undefined, reason: '' };
  const deleting = textAt(object, 'metadata', 'deletionTimestamp');
  if (deleting !== undefined) return { state: 'Deleting', since: deleting, reason: '' };
  const condition = conditionOf(object, type);
  if (condition === undefined)
    return { state: 'Unknown', since: textAt(object, 'metadata', 'creationTimestamp'), reason: '' };
  const ready = textAt(condition, 'status') === 'True';
  return {
    state: ready ? 'Ready' : 'NotReady',
    since: textAt(condition, 'lastTransitionTime'),
    reason: ready ? '' : `${textAt(condition, 'reason') ?? ''}: ${textAt(condition, 'message') ?? ''}`,
  };
}

function rowsOf(branch: Branch, now: Date, first: string, rest: string): readonly (readonly string[])[] {
  const { name, state, since, reason, branches } = branch;
  const line = [`${first}${name}`, state, since === undefined ? '-' : ageSince(since, now), reason];
  const below = branches.flatMap((child, index) => {
    const last = index === branches.length - 1;
    return rowsOf(child, now, `${rest}${last ? '└─ ' : '├─ '}`, `${rest}${last ? '   ' : '│  '}`);
  });
  return [line, ...below];
}
