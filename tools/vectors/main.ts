import { readFile } from 'node:fs/promises';
import { parseVectors, runVector } from './vectors.ts';

/** Runs the vectors of one file; prints every difference. */
async function runFile(file: string): Promise<{ readonly passed: number; readonly failed: number }> {
  const { vars, vectors } = parseVectors(await readFile(file, 'utf8'));
  let failed = 0;
  for (const [index, vector] of vectors.entries()) {
    const { difference } = runVector(vector, vars);
    if (difference === undefined) continue;
    failed += 1;
    console.log(`${file}#${index} (${vector.vars}) ${JSON.stringify(vector.template)}\n  ${difference}`);
  }
  return { passed: vectors.length - failed, failed };
}

/** `npm run --silent vectors -- FILE...`: exit code 0 only when every vector of every file is equal. */
async function main(files: readonly string[]): Promise<number> {
  if (files.length === 0) {
    console.error('usage: npm run --silent vectors -- FILE...');
    return 2;
  }
  let passed = 0;
  let failed = 0;
  for (const file of files) {
    const result = await runFile(file);
    passed += result.passed;
    failed += result.failed;
  }
  console.log(`${passed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

process.exitCode = await main(process.argv.slice(2));
