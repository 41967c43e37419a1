import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { childPath } from '../support/e2e/cluster.ts';
import { eventually, notYet, there } from '../support/e2e/eventually.ts';
import { run, type WorkerProcess, workerProcess } from '../support/e2e/programs.ts';
import { openWorld, type World } from '../support/e2e/world.ts';

/** Two versions of the worker side by side, moved from one to the other with the commands of docs/operations.md. */
describe('e2e/upgrade', () => {
  const stack = inject('stack');
  const deployment = 'lynqflow-upgrade';
  const uid = 'moved';
  const node = `${uid}-worker-tier`;
  let world: World;
  let next: WorkerProcess | undefined;

  const settings = (build: string) => ({
    LYNQ_TASK_QUEUE: 'e2e-upgrade',
    TEMPORAL_DEPLOYMENT_NAME: deployment,
    TEMPORAL_WORKER_BUILD_ID: build,
  });
  const temporal = (...args: readonly string[]) =>
    run(stack.temporalCli, ['worker', 'deployment', ...args, '--address', stack.temporalAddress], {
      HOME: '/nonexistent',
    });
  /** Waits until the version has workers: before that Temporal does not know it. */
  const makeCurrent = (build: string) =>
    eventually(`version ${build} is current`, async () => {
      const ended = await temporal(
        'set-current-version',
        '--deployment-name',
        deployment,
        '--build-id',
        build,
        '--yes',
      );
      return ended.code === 0 ? there(true) : notYet(ended.stderr);
    });
  const versionOfRun = async (workflowId: string): Promise<string> => {
    const { raw } = await world.engine.client.workflow.getHandle(workflowId).describe();
    const { versioningInfo } = raw.workflowExecutionInfo ?? {};
    return versioningInfo?.deploymentVersion?.buildId ?? versioningInfo?.version ?? 'none';
  };
  const replicasAre = (expected: number) =>
    eventually(`${expected} replicas`, async () => {
      const { spec } = await world.cluster.get(childPath('Deployment', `node-${uid}`, `${uid}-worker`));
      return spec.replicas === expected ? there(true) : notYet(spec.replicas);
    });

  beforeAll(async () => {
    world = await openWorld(stack, { name: 'upgrade', settings: settings('one') });
    await world.database.sql(`INSERT INTO nodes (node_id) VALUES ('${uid}')`);
    await makeCurrent('one');
  });
  afterAll(async () => {
    await world?.close();
    await next?.stop();
  });

  test('a worker of the current version has the work', async () => {
    await world.applyAll(world.hubText('1h'), world.formText('data-tier'), world.formText('worker-tier'));
    await world.ready([node]);
    expect(await versionOfRun(`node/${world.namespace}/${node}`)).toContain('one');
  });

  test('when another version is made current, runs move to it with their next task, and nothing is made anew', async () => {
    const path = childPath('Deployment', `node-${uid}`, `${uid}-worker`);
    const before = (await world.cluster.get(path)).metadata.uid;
    next = workerProcess(stack, settings('two'));
    await next.start();
    await makeCurrent('two');
    const described = await temporal('describe', '--name', deployment);
    expect(described.stdout).toMatch(/two/);
    expect(await world.lynq(['scale', uid, 'worker-tier', '--set', 'workerReplicas=4'])).toMatchObject({ code: 0 });
    await replicasAre(4);
    expect(await versionOfRun(`node/${world.namespace}/${node}`)).toContain('two');
    expect((await world.cluster.get(path)).metadata.uid).toBe(before);
  });

  test('the old version may end: the new one goes on alone', async () => {
    await world.worker.stop();
    await world.database.sql(`UPDATE nodes SET worker_replicas = 1 WHERE node_id = '${uid}'`);
    expect(await world.lynq(['scale', uid, 'worker-tier', '--clear'])).toMatchObject({ code: 0 });
    await eventually('the table is read', async () => {
      const ended = await world.lynq(['resync', 'hub/multi-tier-nodes']);
      return ended.code === 0 ? there(true) : notYet(ended.stderr);
    });
    await replicasAre(1);
    await world.ready([node]);
  }, 240_000);
});
