import { parseArgs } from 'node:util';
import { type Finding, fuzz } from './fuzz.ts';

const MAX_SHOWN = 300;

function show({ template, problem }: Finding): void {
  console.log(`${JSON.stringify(template).slice(0, MAX_SHOWN)}\n  ${problem}`);
}

/** `npm run test:template-fuzz -- [--cases N] [--seed N]`: exit code 0 only when no template did what none may do. */
function main(): number {
  const { values } = parseArgs({ options: { cases: { type: 'string' }, seed: { type: 'string' } } });
  const cases = Number(values.cases ?? 200_000);
  const seed = Number(values.seed ?? Date.now() % 0x1_0000_0000);
  if (!Number.isSafeInteger(cases) || cases < 1 || !Number.isSafeInteger(seed)) {
    console.error('usage: npm run test:template-fuzz -- [--cases N] [--seed N]');
    return 2;
  }
  console.log(`seed ${seed}`);
  const started = performance.now();
  const result = fuzz(cases, seed);
  result.findings.forEach(show);
  const seconds = ((performance.now() - started) / 1_000).toFixed(1);
  const ends = Object.entries(result.ends).map(([end, count]) => `${end} ${count}`);
  console.log(
    `${seconds} s; slowest template ${result.slowest.toFixed(0)} ms; ${ends.join(', ')}; ${result.generated} programs compiled`,
  );
  console.log(`${result.cases - result.findings.length} passed, ${result.findings.length} failed`);
  return result.findings.length === 0 ? 0 : 1;
}

process.exitCode = main();
