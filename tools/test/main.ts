import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/**
 * `npm test`: everything a change has to pass, cheapest first. The last step brings up its own embedded stack (real MariaDB, Temporal and
 * Kubernetes control plane) and takes it down again.
 */
const root = fileURLToPath(new URL('../..', import.meta.url));
const bin = (name: string): string => fileURLToPath(new URL(`../../node_modules/.bin/${name}`, import.meta.url));

interface Step {
  readonly title: string;
  readonly command: string;
  readonly args: readonly string[];
}

const steps: readonly Step[] = [
  { title: 'format', command: bin('biome'), args: ['format', '.'] },
  { title: 'lint', command: bin('oxlint'), args: [] },
  { title: 'types', command: bin('tsc'), args: ['-b'] },
  { title: 'generated files', command: process.execPath, args: ['tools/run.mjs', 'tools/generate/main.ts', '--check'] },
  { title: 'unit and architecture tests', command: bin('vitest'), args: ['run', '--project', 'unit'] },
  { title: 'tests on real servers', command: bin('vitest'), args: ['run', '--project', 'stack'] },
];

function seconds(since: number): string {
  return `${((Date.now() - since) / 1000).toFixed(1)} s`;
}

for (const { title, command, args } of steps) {
  const started = Date.now();
  process.stdout.write(`\n== ${title}\n`);
  const result = spawnSync(command, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
  if (result.error !== undefined || result.status !== 0) {
    process.stdout.write(
      `\n== ${title}: failed after ${seconds(started)}${result.error === undefined ? '' : `: ${result.error.message}`}\n`,
    );
    process.exit(1);
  }
  process.stdout.write(`== ${title}: passed in ${seconds(started)}\n`);
}
