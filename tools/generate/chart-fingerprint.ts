import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

const chart = 'deploy/chart/lynqflow';
/** What `deploy/worker.yaml` is made of. The definitions and what monitoring needs are not in it, and notes are for people. */
const parts = ['Chart.yaml', 'values.yaml', 'templates', 'files/admission'];
const notRendered: ReadonlySet<string> = new Set(['templates/NOTES.txt']);

function filesBelow(folder: string, path: string): readonly string[] {
  if (!statSync(join(folder, path)).isDirectory()) return notRendered.has(path) ? [] : [path];
  return readdirSync(join(folder, path))
    .toSorted()
    .flatMap((name) => filesBelow(folder, `${path}/${name}`));
}

/** Values count, what is said of them does not. */
function contentOf(folder: string, path: string): string {
  const text = readFileSync(join(folder, path), 'utf8');
  return path.endsWith('.yaml') && !path.includes('/') ? JSON.stringify(parse(text)) : text;
}

/** The line by which `deploy/worker.yaml` says of which chart it was made, so that a chart that was edited since is noticed without helm. */
export function chartFingerprint(root: string): string {
  const folder = join(root, chart);
  const hash = createHash('sha256');
  for (const path of parts.flatMap((part) => filesBelow(folder, part)))
    hash.update(JSON.stringify([path, contentOf(folder, path)]));
  return `# Of the chart with the fingerprint ${hash.digest('hex').slice(0, 16)}.`;
}
