import { parseArgs } from 'node:util';
import { describeMachine } from '../bench/machine.ts';
import { buildReference, ReferenceError } from '../template-diff/reference.ts';
import { dataTier } from './form.ts';
import { type Blocks, blocks, goRate, ourRate, type Rate } from './measure.ts';

const WANTED_RATIO = 0.33;
const LONGEST_BLOCK_MS = 50;

interface Options {
  readonly seconds: number;
  readonly rounds: number;
  readonly nodes: number;
}

function optionsFrom(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: { seconds: { type: 'string' }, rounds: { type: 'string' }, nodes: { type: 'string' } },
  });
  return {
    seconds: Number(values.seconds ?? 3),
    rounds: Number(values.rounds ?? 3),
    nodes: Number(values.nodes ?? 100_000),
  };
}

function median(values: readonly number[]): number {
  return values.toSorted((left, right) => left - right)[values.length >> 1] ?? 0;
}

function line(name: string, rates: readonly Rate[]): string {
  const renders = rates.map(({ rendersPerSecond }) => Math.round(rendersPerSecond));
  const compile = median(rates.map(({ compileMs }) => compileMs)).toFixed(2);
  return `${name}: ${median(renders)} renders/s (${renders.join(', ')}), compile ${compile} ms`;
}

function report(ours: readonly Rate[], go: readonly Rate[], block: Blocks): number {
  const rate = (rates: readonly Rate[]): number => median(rates.map(({ rendersPerSecond }) => rendersPerSecond));
  const ratio = rate(ours) / rate(go);
  console.log(line('ours', ours));
  console.log(line('Go  ', go));
  console.log(`ratio per core: ${ratio.toFixed(2)} (at least ${WANTED_RATIO})`);
  console.log(
    `${block.nodes} nodes in ${block.seconds.toFixed(1)} s: median block ${block.median.toFixed(3)} ms, ` +
      `longest ${block.longest.toFixed(1)} ms (at most ${LONGEST_BLOCK_MS}; ${block.longestWall.toFixed(1)} ms with what the machine did besides)`,
  );
  return ratio >= WANTED_RATIO && block.longest <= LONGEST_BLOCK_MS ? 0 : 1;
}

/** `npm run bench:templates`: exit code 0 when both goals are met, 2 when Go is not there. */
async function main(): Promise<number> {
  const options = optionsFrom(process.argv.slice(2));
  try {
    const program = buildReference(process.env);
    const form = dataTier();
    const machine = describeMachine(new Date());
    console.log(
      `${machine.date}, commit ${machine.commit}, ${machine.cores} cores (${machine.processor}), ${machine.node}, ` +
        `load ${machine.loadBefore}; data tier: ${form.resources.length} resources, ${form.fields.length} fields`,
    );
    const ours: Rate[] = [];
    const go: Rate[] = [];
    // In turns: what else the machine does should hit both alike.
    for (let round = 0; round < options.rounds; round += 1) {
      go.push(goRate(program, form, options.seconds));
      ours.push(ourRate(form, options.seconds, round));
    }
    return report(ours, go, await blocks(form, options.nodes));
  } catch (error) {
    if (!(error instanceof ReferenceError)) throw error;
    console.error(`Error: ${error.message}`);
    return 2;
  }
}

process.exitCode = await main();
