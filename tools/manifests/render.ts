import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chartFingerprint } from '../generate/chart-fingerprint.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
export const chart = join(root, 'deploy/chart/lynqflow');

export interface RenderOptions {
  /** Path of the helm program. */
  readonly helm: string;
  readonly namespace: string;
  readonly release?: string;
  /** Further arguments, such as `--set` and its value. */
  readonly args?: readonly string[];
}

/** What `helm template` makes of the chart. @throws with helm's own words. */
export function renderChart({ helm, namespace, release = 'lynqflow', args = [] }: RenderOptions): string {
  const full = ['template', release, chart, '--namespace', namespace, '--kube-version', '1.30.0', ...args];
  const { status, stdout, stderr, error } = spawnSync(helm, full, { encoding: 'utf8', maxBuffer: 64 << 20 });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`helm ${full.join(' ')} ended with ${status}\n${stderr}`);
  return stdout;
}

const plainNamespace = 'lynq-system';
const plainValues = ['--no-hooks', '--set', 'crds.install=false'];

const heading =
  (): string => `# Made from the chart with its default values by \`npm run manifests\`; edit the chart, not this file.
${chartFingerprint(root)}
`;

/** `deploy/worker.yaml`: the chart with its default values, without the definitions and without what only Helm understands. */
export function plainManifests(helm: string): string {
  const rendered = renderChart({ helm, namespace: plainNamespace, args: plainValues });
  const lines = rendered.split('\n').filter((line) => !/^# Source: |app\.kubernetes\.io\/managed-by: Helm$/.test(line));
  return `${heading()}${lines.join('\n')}`;
}
