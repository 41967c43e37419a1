import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { root } from '../../architecture/tree.ts';
import { localServer } from '../adapters/kubernetes/support.ts';

/** Notes every file that a program loads as a module, packages included. */
const tracer = `import { register } from 'node:module';
register('data:text/javascript,' + encodeURIComponent(\`
import { appendFileSync } from 'node:fs';
export async function load(url, context, next) {
  if (url.startsWith('file:')) appendFileSync(process.env.LYNQ_TEST_TRACE, url + '\\\\n');
  return next(url, context);
}\`));
`;

describe('client/main', () => {
  let folder = '';
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'lynq-startup-'));
    writeFileSync(join(folder, 'tracer.mjs'), tracer);
    // The first start after an edit makes the bundle.
    await loadedBy('--version');
  }, 120_000);
  afterAll(() => rmSync(folder, { recursive: true }));

  async function loadedBy(
    ...args: readonly string[]
  ): Promise<{ readonly files: readonly string[]; readonly out: string }> {
    const trace = join(folder, `trace-${args.join('-').replaceAll(/\W/g, '')}`);
    writeFileSync(trace, '');
    const env = { PATH: process.env['PATH'], HOME: folder, KUBECONFIG: join(folder, 'none'), LYNQ_TEST_TRACE: trace };
    const program = ['--import', join(folder, 'tracer.mjs'), join(root, 'bin/lynq.mjs'), ...args];
    const { stdout } = await promisify(execFile)(process.execPath, program, { env });
    const files = readFileSync(trace, 'utf8').trim().split('\n');
    return { files: files.filter((file) => !file.endsWith('tracer.mjs')), out: stdout };
  }

  // What a program loads is what its start costs; the time itself is printed by the benchmark, since a busy machine says nothing.
  it.each([
    ['--help', 'Operate Lynq'],
    ['get nodes --help', 'List LynqNodes'],
    ['completion bash', '_lynq'],
    ['__complete -- get nodes --', '--output'],
  ])(
    'loads a bundle of few files and no package of its own for `lynq %s`',
    async (line, text) => {
      const { files, out } = await loadedBy(...line.split(' '));

      expect(out).toContain(text);
      const bundled = files.filter((file) => file.includes('/lynqflow-cli/'));
      expect(bundled.length).toBeGreaterThan(0);
      // Each small module that a part loaded later needs too is a file of its own.
      expect(files.length).toBeLessThan(40);
      expect(files.filter((file) => file.includes('/node_modules/') && !bundled.includes(file))).toEqual([]);
      const bytes = bundled.reduce((sum, file) => sum + readFileSync(new URL(file)).length, 0);
      expect(bytes).toBeLessThan(400_000);
    },
    120_000,
  );

  describe('whose reader goes away', () => {
    /** Exit code of a command whose output, or what it says beside it, nobody reads to its end. */
    async function codeOf(line: string): Promise<string> {
      const lynq = `"${process.execPath}" "${join(root, 'bin/lynq.mjs')}"`;
      const script = line.replaceAll('lynq', lynq);
      const env = { PATH: process.env['PATH'], HOME: folder, KUBECONFIG: join(folder, 'none') };
      const { stdout } = await promisify(execFile)('bash', ['-c', script], { env });
      return stdout;
    }

    it('comes to its own end: a form with problems is one with problems', async () => {
      const file = join(folder, 'many.yaml');
      const entries = Array.from({ length: 3_000 }, (_, at) => `    - id: e${at}\n      dependIds: [none-${at}]\n`);
      writeFileSync(
        file,
        `apiVersion: operator.lynq.sh/v1\nkind: LynqForm\nmetadata: { name: many }\nspec:\n  hubId: h\n  configMaps:\n${entries.join('')}`,
      );

      const asked = `lynq lint --offline -f '${file}' -o json 2>/dev/null`;
      expect(await codeOf(`exec 3>&1; { ${asked}; echo "code $?" >&3; } | head -c 1 >/dev/null`)).toBe('code 1\n');
    }, 120_000);

    it('says by its code that no cluster can be reached, although nobody reads why', async () => {
      const asked = 'sleep 0.5; lynq get nodes 2>&1 >/dev/null';
      expect(await codeOf(`exec 3>&1; { ${asked}; echo "code $?" >&3; } | true`)).toBe('code 3\n');
    }, 120_000);
  });

  it('completes live names without the Kubernetes library where the kubeconfig is plain', async () => {
    const table = { kind: 'Table', columnDefinitions: [{ name: 'Name' }], rows: [{ cells: ['acme-web'] }] };
    const server = await localServer((_request, response) => response.end(JSON.stringify(table)));
    const kubeconfig = join(folder, 'plain');
    const config = {
      'current-context': 'here',
      contexts: [{ name: 'here', context: { cluster: 'c', user: 'u' } }],
      clusters: [{ name: 'c', cluster: { server: server.origin, 'insecure-skip-tls-verify': true } }],
      users: [{ name: 'u', user: { token: 'a' } }],
    };
    writeFileSync(kubeconfig, JSON.stringify(config));

    const { files, out } = await loadedBy('__complete', '--', '--kubeconfig', kubeconfig, 'get', 'nodes', '');
    await server.close();

    expect(out).toBe('acme-web\n:4\n');
    const bytes = files.reduce((sum, file) => sum + readFileSync(new URL(file)).length, 0);
    expect(bytes).toBeLessThan(700_000);
  }, 120_000);

  it('has the Kubernetes library and YAML only when a cluster is asked', async () => {
    const help = await loadedBy('--help');
    const asked = await loadedBy('__complete', '--', 'get', 'nodes', '');

    expect(asked.files.length).toBeGreaterThan(help.files.length);
  }, 120_000);
});
