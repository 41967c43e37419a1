import { workflowIds } from '../../domain/identity.ts';
import { defineCommand } from '../command.ts';
import type { Context } from '../context.ts';
import type { Engine, NodeRunRecord } from '../engine.ts';
import { CommandError, usageError } from '../errors.ts';
import { exitCodes } from '../exit-codes.ts';
import { type Pass, passesOf } from '../history/passes.ts';
import { formatAge } from '../output/age.ts';
import { section } from '../output/sections.ts';
import { formatRows, formatTable } from '../output/table.ts';

export const nodeHistory = defineCommand({
  name: 'history',
  summary: 'List what was done to a node, and why',
  description:
    'Every pass over the node, oldest first, from the histories in Temporal: when, how long, what caused it, what it came to and which entries ' +
    'changed their state. Histories are kept as long as the Temporal namespace says. The runs are links where it is known where the Temporal UI is: ' +
    'LYNQ_TEMPORAL_UI says so; for Temporal Cloud and for the development server at localhost:7233 it need not be set.',
  args: [{ name: 'node', kind: 'required', completes: 'nodes', summary: 'name of the LynqNode' }],
  flags: {
    max: { kind: 'text', value: 'NUMBER', default: '20', summary: 'how many of the latest passes' },
    runs: { kind: 'text', value: 'NUMBER', default: '3', summary: 'how many of the latest workflow runs to read' },
  },
  examples: [{ command: 'lynq history acme-corp-api-tier', summary: 'what happened to it' }],
  async run({ args, flags }, context) {
    const [max, limit] = [positive(flags.max, 'max'), positive(flags.runs, 'runs')];
    const namespace = await context.namespace();
    const { ownEngine } = await import('../own-engine.ts');
    const engine = await ownEngine(context);
    const runs = await engine.nodeRuns(namespace, args.node, limit);
    if (runs.length === 0) {
      throw new CommandError(`Temporal at ${engine.address} has no history of LynqNode ${namespace}/${args.node}`, {
        fix: `check the name: lynq get nodes -n ${namespace}`,
      });
    }
    print(context, { engine, namespace, node: args.node, runs, max });
    return exitCodes.ok;
  },
});

function positive(text: string, flag: string): number {
  const number = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (number === 0) throw usageError(`--${flag} ${text} is not a number from 1 to 9999`);
  return number;
}

interface Found {
  readonly engine: Engine;
  readonly namespace: string;
  readonly node: string;
  readonly runs: readonly NodeRunRecord[];
  readonly max: number;
}

function print({ out, err, clock }: Context, { engine, namespace, node, runs, max }: Found): void {
  const now = clock.now();
  const passes = passesOf(runs).slice(-max);
  const header = ['STARTED', 'DURATION', 'CAUSE', 'STEPS', 'RESULT', 'CHANGES'];
  const heading = formatRows([
    ['Node:', `${namespace}/${node}`],
    ['Workflow:', workflowIds.node(namespace, node)],
  ]);
  const table = formatTable(
    header,
    passes.map((pass) => passRow(pass, now)),
  );
  const pages = new Map(runs.map(({ runId }) => [runId, engine.pageOf(namespace, node, runId)]));
  const addresses = section('Runs in Temporal', ['STARTED', 'STATUS', 'RUN'], runs, (run) => [
    isoSeconds(run.started),
    run.status,
    pages.get(run.runId) ?? run.runId,
  ]);
  out.write(`${heading}\n${table}${addresses}`);
  if ([...pages.values()].includes(undefined))
    err.write('the runs are no links: set LYNQ_TEMPORAL_UI to the address of the Temporal UI\n');
}

function passRow({ started, ended, causes, steps, result, changes }: Pass, now: Date): readonly string[] {
  const milliseconds = (ended ?? now).getTime() - started.getTime();
  return [
    isoSeconds(started),
    milliseconds < 10_000 ? `${(milliseconds / 1_000).toFixed(1)}s` : formatAge(milliseconds),
    causes.join(', '),
    String(steps),
    result,
    changes.length === 0 ? 'none' : changes.join('; '),
  ];
}

function isoSeconds(date: Date): string {
  return `${date.toISOString().slice(0, 19)}Z`;
}
