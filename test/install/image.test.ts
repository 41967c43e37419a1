import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { lynqPath } from '../support/e2e/cluster.ts';
import { eventually, notYet, there } from '../support/e2e/eventually.ts';
import { type Ended, run } from '../support/e2e/programs.ts';
import { openWorld, type World } from '../support/e2e/world.ts';
import { accountKubeconfigOf } from '../support/install/account.ts';
import { containerImage } from '../support/install/container.ts';
import { buildImage, type Image, inImage } from '../support/install/image.ts';

/**
 * What the Dockerfile gives, run as the image runs it: as its user, from a tree that nobody may write to. `npm run check:image` has it run on an image
 * that buildah has built, in containers of runc.
 */
describe('install/image', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lynqflow-image-'));
  const built = process.env['LYNQ_IMAGE'];
  const environment = { PATH: process.env['PATH'], HOME: process.env['HOME'] };
  let image: Image;
  let world: World | undefined;

  beforeAll(() => {
    chmodSync(folder, 0o755);
    if (built !== undefined) {
      image = containerImage(built);
      return;
    }
    const context = fileURLToPath(new URL('../..', import.meta.url));
    image = buildImage({ context, folder, environment });
    const closed = spawnSync('chmod', ['-R', 'a-w', image.root]);
    expect(closed.status).toBe(0);
  }, 600_000);
  afterAll(async () => {
    await world?.close();
    spawnSync('chmod', ['-R', 'u+w', folder]);
    rmSync(folder, { recursive: true, force: true });
  });

  test('it holds what runs, and neither sources nor tools for development', () => {
    const app = inImage(image, image.workdir);
    expect(readdirSync(app).toSorted()).toEqual(['bin', 'dist', 'node_modules', 'package.json']);
    for (const name of ['typescript', 'vitest', 'oxlint', '@biomejs/biome']) {
      expect(existsSync(join(app, 'node_modules', name)), name).toBe(false);
    }
    expect(readdirSync(join(app, 'dist/workflow-bundles'))).toHaveLength(1);
    expect(existsSync(join(app, 'dist/sbom.cdx.json')), 'bill of materials').toBe(true);
    expect(image.user).toEqual({ uid: 65532, gid: 65532 });
  });

  test('the command line is in it', async () => {
    const { file, args } = image.node('bin/lynq.mjs', '--help');
    const lynq = await run(file, args, environment);
    expect(lynq).toMatchObject({ code: 0 });
    expect(lynq.stdout).toContain('lynq');
  });

  /** What the chart has run before an uninstall, with this account, for the installation of this task queue. */
  function check(kubeconfig: string, taskQueue = 'e2e-image'): Promise<Ended> {
    const { file, args } = image.node('bin/lynq-uninstall-check.mjs');
    const settings = { KUBECONFIG: kubeconfig, TEMPORAL_NAMESPACE: 'default', LYNQ_TASK_QUEUE: taskQueue };
    return run(file, args, { ...environment, ...settings });
  }

  test('the check before an uninstall refuses when it cannot be told whether there are nodes, and says why', async () => {
    const { kubectl, kubeconfig } = inject('stack');
    const stranger = join(folder, 'stranger');
    accountKubeconfigOf({ kubectl, kubeconfig }, { namespace: 'kube-system', name: 'default', file: stranger });
    const nowhere = join(folder, 'nowhere');
    // As files of a pod are for the group of its volumes.
    chmodSync(stranger, 0o444);
    writeFileSync(nowhere, readFileSync(stranger, 'utf8').replace(/https:\/\/127\.0\.0\.1:\d+/, 'https://127.0.0.1:9'));
    for (const [file, why] of [
      [stranger, /LynqHub: The account may not list this in the whole cluster\./],
      [nowhere, /does not answer \(ECONNREFUSED\)/],
      [join(folder, 'none'), /none cannot be read \(ENOENT\)/],
    ] as const) {
      const ended = await check(file);
      expect(ended).toMatchObject({ code: 1, stdout: '' });
      expect(ended.stderr).toMatch(why);
      expect(ended.stderr).toMatch(
        /^Error: it cannot be told whether there are LynqNodes or LynqHubs: .*\n {2}nothing is uninstalled; /,
      );
    }
  });

  test('its worker brings up a customer without writing a file, and the check before an uninstall lets go when it is gone', async () => {
    const stack = inject('stack');
    const workerKubeconfig = join(folder, 'kubeconfig');
    copyFileSync(stack.workerKubeconfig ?? stack.kubeconfig, workerKubeconfig);
    chmodSync(workerKubeconfig, 0o444);
    const [program = '', file = '', ...args] = image.entrypoint;
    expect(program).toBe('node');
    world = await openWorld(
      { ...stack, workerKubeconfig },
      {
        name: 'image',
        program: image.node(file, ...args),
        settings: { ...image.env, HOME: '/nonexistent' },
      },
    );
    await world.applyAll(world.hubText('3s'), world.formText('data-tier'), world.formText('worker-tier'));
    await world.database.sql("INSERT INTO nodes (node_id) VALUES ('imaged')");
    await world.ready(['imaged-data-tier', 'imaged-worker-tier'], { withinMs: 120_000 });
    const refused = await check(workerKubeconfig);
    expect(refused).toMatchObject({ code: 1, stdout: '' });
    expect(refused.stderr).toBe(
      'Error: the worker is still needed by 2 LynqNodes (e2e-image/imaged-data-tier, e2e-image/imaged-worker-tier) and 1 LynqHub ' +
        '(e2e-image/multi-tier-nodes): delete the hubs and wait until hubs and nodes are gone (lynq uninstall does both), ' +
        'or leave everything as it is: helm uninstall --no-hooks\n',
    );
    const beside = await check(workerKubeconfig, 'another');
    expect(beside).toMatchObject({ code: 0, stdout: '' });
    expect(beside.stderr).toMatch(
      /and 1 LynqHub \(e2e-image\/multi-tier-nodes\): held by another operator; nothing to do\n$/,
    );
    await world.database.sql('DELETE FROM nodes');
    await world.gone(['imaged-data-tier', 'imaged-worker-tier'], { withinMs: 120_000 });
    // A hub without nodes has the worker's finalizer, too.
    expect((await check(workerKubeconfig)).stderr).toContain(
      'needed by 1 LynqHub (e2e-image/multi-tier-nodes): delete',
    );
    const hub = lynqPath(world.namespace, 'lynqhubs', 'multi-tier-nodes');
    await world.cluster.remove(hub);
    await eventually('the hub is gone', async () => {
      const found = await world?.cluster.find(hub);
      return found === undefined ? there(true) : notYet(found.metadata.finalizers);
    });
    expect(await check(workerKubeconfig)).toEqual({ code: 0, stdout: '', stderr: '' });
  }, 400_000);
});
