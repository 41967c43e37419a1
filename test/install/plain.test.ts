import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { openCluster } from '../support/e2e/cluster.ts';
import { run } from '../support/e2e/programs.ts';
import { applyManifests, type Manifest, plainInstall, readManifests, relocated } from '../support/install/account.ts';
import { shellBlocks } from '../support/install/blocks.ts';

/** deploy/install.yaml without Helm: what docs/install.md says for taking it away again takes away all of it. */
describe('install/plain', () => {
  const stack = inject('stack');
  const cluster = openCluster(stack.kubeconfig);
  /** Not that of any other test, of which some have pods that are not restricted. */
  const namespace = 'lynq-manifests';
  const manifests = relocated(readManifests(plainInstall()), { namespace });
  const environment = { PATH: process.env['PATH'], HOME: process.env['HOME'], KUBECONFIG: stack.kubeconfig };
  /** Which of the objects are there, without those that are kept. */
  async function present(): Promise<readonly string[]> {
    const asked = manifests.filter(({ kind }) => kind !== 'CustomResourceDefinition');
    const answers = await Promise.all(asked.map(async (object) => ((await exists(object)) ? [titleOf(object)] : [])));
    return answers.flat();
  }
  const titleOf = ({ kind, metadata }: Manifest): string => `${kind} ${metadata.name}`;
  async function exists({ kind, metadata }: Manifest): Promise<boolean> {
    const args = ['get', kind, metadata.name, '-n', namespace, '--ignore-not-found', '-o', 'name'];
    const { stdout, stderr, code } = await run(stack.kubectl, args, environment);
    if (code !== 0) throw new Error(stderr);
    return stdout !== '';
  }

  beforeAll(async () => {
    await cluster.create('/api/v1/namespaces', { metadata: { name: namespace } });
    applyManifests(stack, manifests);
  });
  afterAll(async () => {
    await cluster.remove(`/api/v1/namespaces/${namespace}`);
    await cluster.close();
  });

  test('the commands of the page take away everything but the definitions and the namespace', async () => {
    const before = await present();
    expect(before).toEqual(
      expect.arrayContaining([
        'ClusterRole lynqflow',
        'ClusterRoleBinding lynqflow',
        'Role lynqflow',
        'Deployment lynqflow',
      ]),
    );
    const block = shellBlocks('docs/install.md').find(({ script }) =>
      script.includes('kubectl -n lynq-system delete -l'),
    );
    const script = (block?.script ?? '').replaceAll('kubectl', stack.kubectl).replaceAll('lynq-system', namespace);
    const ended = await run('bash', ['-euo', 'pipefail', '-c', script], environment);
    expect(ended, ended.stderr).toMatchObject({ code: 0 });
    expect(await present()).toEqual([]);
    for (const object of manifests.filter(({ kind }) => kind === 'CustomResourceDefinition')) {
      expect(await exists(object), titleOf(object)).toBe(true);
    }
    expect(await cluster.find(`/api/v1/namespaces/${namespace}`)).toBeDefined();
  });
});
