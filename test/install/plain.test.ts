import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { type Json, lynqPath, openCluster } from '../support/e2e/cluster.ts';
import { type Ended, run } from '../support/e2e/programs.ts';
import { seedFile } from '../support/e2e/world.ts';
import {
  applyManifests,
  type Manifest,
  manifestText,
  plainDefinitions,
  plainWorker,
  readManifests,
  relocated,
} from '../support/install/account.ts';
import { shellBlocks } from '../support/install/blocks.ts';

/** Without Helm: deploy/install.yaml may be deleted as it was applied, and what docs/install.md says takes all of it away. */
describe('install/plain', () => {
  const stack = inject('stack');
  const cluster = openCluster(stack.kubeconfig);
  /** Not that of any other test, of which some have pods that are not restricted. */
  const namespace = 'lynq-manifests';
  const folder = mkdtempSync(join(tmpdir(), 'lynqflow-plain-'));
  const file = join(folder, 'install.json');
  const definitions = readManifests(plainDefinitions()).filter(({ kind }) => kind === 'CustomResourceDefinition');
  const worker = relocated(readManifests(plainWorker()), { namespace });
  const environment = { PATH: process.env['PATH'], HOME: process.env['HOME'], KUBECONFIG: stack.kubeconfig };
  const owned = [
    ['lynqhubs', 'LynqHub', 'kept', (parse(seedFile('hub')) as { readonly spec: object }).spec],
    ['lynqforms', 'LynqForm', 'kept', { hubId: 'kept' }],
    ['lynqnodes', 'LynqNode', 'acme-kept', { uid: 'acme', templateRef: 'kept' }],
  ] as const;

  const titleOf = ({ kind, metadata }: Manifest): string => `${kind} ${metadata.name}`;
  async function exists({ kind, metadata }: Manifest): Promise<boolean> {
    const args = ['get', kind, metadata.name, '-n', namespace, '--ignore-not-found', '-o', 'name'];
    const { stdout, stderr, code } = await run(stack.kubectl, args, environment);
    if (code !== 0) throw new Error(stderr);
    return stdout !== '';
  }
  async function present(objects: readonly Manifest[]): Promise<readonly string[]> {
    const answers = await Promise.all(objects.map(async (object) => ((await exists(object)) ? [titleOf(object)] : [])));
    return answers.flat();
  }
  /** The command of the page, for this installation. */
  function uninstall(): Promise<Ended> {
    const block = shellBlocks('docs/install.md').find(({ script }) => script.includes('delete -f deploy/install.yaml'));
    const script = (block?.script ?? '').replaceAll('kubectl', stack.kubectl).replaceAll('deploy/install.yaml', file);
    return run('bash', ['-euo', 'pipefail', '-c', script], environment);
  }
  /** Hub, form and node, by uid; of one that is on its way out, that. */
  const lives = () =>
    Promise.all(
      owned.map(async ([plural, , name]) => {
        const { uid, deletionTimestamp } = (await cluster.get(lynqPath(namespace, plural, name))).metadata as Json;
        return deletionTimestamp ?? uid;
      }),
    );

  beforeAll(async () => {
    await cluster.create('/api/v1/namespaces', { metadata: { name: namespace } });
    applyManifests(stack, [...definitions, ...worker]);
    writeFileSync(file, manifestText(worker));
    for (const [plural, kind, name, spec] of owned)
      await cluster.create(lynqPath(namespace, plural), {
        apiVersion: 'operator.lynq.sh/v1',
        kind,
        metadata: { name },
        spec,
      });
  });
  afterAll(async () => {
    await cluster.remove(`/api/v1/namespaces/${namespace}`);
    await cluster.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test('the command of the page refuses while there are hubs and nodes, and names them', async () => {
    const before = await present(worker);
    expect(before).toEqual(
      expect.arrayContaining([
        'ClusterRole lynqflow',
        'ClusterRoleBinding lynqflow',
        'Role lynqflow',
        'Deployment lynqflow',
      ]),
    );
    const ended = await uninstall();
    expect(ended).toMatchObject({ code: 1 });
    expect(ended.stdout).toMatch(/lynqhub.operator.lynq.sh\/kept\nlynqnode.operator.lynq.sh\/acme-kept\n/);
    expect(await present(worker)).toEqual(before);
  });

  test('deleted as it was applied, without a look, it takes no hub, form or node along, and comes back to them', async () => {
    const before = await lives();
    const ended = await run(stack.kubectl, ['delete', '-f', file], environment);
    expect(ended, ended.stderr).toMatchObject({ code: 0 });
    expect(await present(worker)).toEqual([]);
    expect(await lives()).toEqual(before);
    applyManifests(stack, worker);
    expect(await lives()).toEqual(before);
  });

  test('without hubs and nodes the command of the page takes away everything but the definitions and the namespace', async () => {
    for (const [plural, , name] of owned) await cluster.remove(lynqPath(namespace, plural, name));
    const ended = await uninstall();
    expect(ended, ended.stderr).toMatchObject({ code: 0 });
    expect(await present(worker)).toEqual([]);
    expect(await present(definitions)).toEqual(definitions.map(titleOf));
    expect(await cluster.find(`/api/v1/namespaces/${namespace}`)).toBeDefined();
  });
});
