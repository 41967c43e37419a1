import { randomBytes } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { commands } from '../../client/commands/index.ts';
import { workflowIds } from '../../domain/identity.ts';
import { lynqPath } from '../support/e2e/cluster.ts';
import { eventually, notYet, there } from '../support/e2e/eventually.ts';
import { environment } from '../support/e2e/programs.ts';
import { nodesOf, openWorld, seedForms, type World } from '../support/e2e/world.ts';
import { shellBlocks } from '../support/install/blocks.ts';
import { type DocsShell, openDocsShell } from '../support/install/docs-shell.ts';

/**
 * Every example of the reference page (docs/cli.md is made from the same table), and the blocks of README, docs/planning.md and docs/sources.md that have no line `# run`, on the
 * fleet that they name: hub `multi-tier-nodes`, row `acme-corp`. Each has to do what its page says, so each is listed here that ends otherwise.
 */

/** Examples that cannot end with 0 here. */
const otherCodes: Readonly<Record<string, { readonly code: number; readonly why: RegExp }>> = {
  'lynq approve-deletions multi-tier-nodes --plan 0123456789abcdef': {
    code: 1,
    why: /no deletion of LynqHub .* is held/,
  },
  'lynq retained multi-tier-nodes --uid acme-corp --delete': { code: 1, why: /nothing is retained/ },
  'lynq delete hub my-hub': { code: 1, why: /confirm with --yes/ },
  'lynq delete form my-form': { code: 1, why: /confirm with --yes/ },
  'lynq uninstall --keep-objects': { code: 1, why: /confirm with --yes/ },
};

/** Examples that go on until they are told to end. */
const endless: ReadonlySet<string> = new Set(['lynq codec-server --ui http://localhost:8233']);

describe('install/commands', () => {
  const stack = inject('stack');
  const folder = mkdtempSync(join(tmpdir(), 'lynqflow-commands-'));
  const files = join(folder, 'files');
  const token = randomBytes(16).toString('hex');
  let world: World;
  let shell: DocsShell;

  const settled = () => world.ready(nodesOf('acme-corp'), { withinMs: 120_000 });
  const complete = (image: string) =>
    eventually(`the rollout of ${image} is complete`, async () => {
      const { status } = await world.cluster.get(lynqPath(world.namespace, 'lynqforms', 'api-tier'));
      const path = '/apis/apps/v1/namespaces/node-acme-corp/deployments/acme-corp-api';
      const { spec } = await world.cluster.get(path);
      const isNew = JSON.stringify(spec).includes(image);
      return isNew && status?.rollout?.phase === 'Complete' ? there(true) : notYet(status?.rollout);
    });
  /** A form that is rolled out, so that there is something to pause, abort and undo. */
  const apiTier = (version: string): string =>
    world.formText('api-tier', {
      'node-api:v2.0.0': `node-api:${version}`,
      'hubId: multi-tier-nodes': 'hubId: multi-tier-nodes\n  rollout: { maxSkew: 1 }',
    });

  beforeAll(async () => {
    for (const name of ['forms', 'keys']) mkdirSync(join(files, name), { recursive: true });
    writeFileSync(join(files, 'keys/first'), randomBytes(32).toString('base64'));
    writeFileSync(join(folder, 'token'), token);
    world = await openWorld(stack, {
      name: 'commands',
      namespace: 'lynq-system',
      settings: { LYNQ_NOTIFY_PORT: '0', LYNQ_NOTIFY_TOKEN_FILE: join(folder, 'token') },
    });
    shell = openDocsShell({
      folder,
      programs: { kubectl: stack.kubectl },
      environment: { ...(environment(stack) as Record<string, string>), HOME: folder },
    });
    mkdirSync(join(folder, '.config/fish/completions'), { recursive: true });
    await world.database.sql("INSERT INTO nodes (node_id) VALUES ('acme-corp')");
    const small = (name: string): string => `apiVersion: operator.lynq.sh/v1
kind: LynqForm
metadata: { name: ${name}, namespace: ${world.namespace} }
spec: { hubId: my-hub }
`;
    const hub = world.hubText('1h');
    const myHub = hub.replace('name: multi-tier-nodes', 'name: my-hub').replace('syncInterval: 1h', 'syncInterval: 0s');
    const others = seedForms.filter((form) => form !== 'api-tier').map((form) => world.formText(form));
    await world.applyAll(hub, ...others, myHub, small('my-form'));
    for (const version of ['v0.9.0', 'v1.0.0', 'v1.1.0', 'v1.2.0', 'v2.0.0']) {
      await world.apply(apiTier(version));
      await settled();
      await complete(version);
    }
    writeFileSync(join(files, 'hub.yaml'), hub);
    writeFileSync(join(files, 'api-tier.yaml'), apiTier('v2.0.0'));
    writeFileSync(join(files, 'form.yaml'), apiTier('v2.0.0'));
    cpSync(join(files, 'api-tier.yaml'), join(files, 'forms/api-tier.yaml'));
  }, 600_000);
  afterAll(async () => {
    await world?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test('the block of the README, in the checkout', async () => {
    const block = shellBlocks('README.md').find(({ script }) => script.startsWith('npx lynq get nodes'));
    const ended = await shell.well(block?.script ?? 'exit 9');
    expect(ended.stdout).toContain('acme-corp-api-tier');
    await shell.well('npx lynq scale acme-corp api-tier --clear --wait');
    await settled();
  }, 240_000);

  /** Syncs of the hub that have begun in all. */
  const syncs = async (): Promise<number> => {
    const schedule = workflowIds.schedule(world.namespace, 'multi-tier-nodes');
    return (await world.engine.client.schedule.getHandle(schedule).describe()).info.numActionsTaken;
  };

  test('each line of the block of docs/sources.md has the table read, whose interval is an hour', async () => {
    const block = shellBlocks('docs/sources.md').find(({ script }) => script.startsWith('lynq notify'));
    const lines = (block?.script ?? '').split('\n');
    expect(lines).toHaveLength(2);
    const port = await eventually('the worker says where it takes hints', async () => {
      const found = /"port":(\d+)[^\n]*"hints are taken"/.exec(world.worker.output())?.[1];
      return found === undefined ? notYet(world.worker.output().slice(-500)) : there(found);
    });
    for (const line of lines) {
      const before = await syncs();
      await shell.well(`TOKEN=${token}\n${line.replace(':8090/', `:${port}/`)}`);
      await eventually(`a sync after ${line}`, async () => {
        const now = await syncs();
        return now > before ? there(now) : notYet(now);
      });
    }
  }, 120_000);

  test('the block of docs/planning.md: nothing would change, and a plan of nothing is done', async () => {
    const block = shellBlocks('docs/planning.md').find(({ script }) => script.startsWith('lynq plan multi-tier-nodes'));
    const ended = await shell.well(`cd ${files}\n${block?.script ?? 'exit 9'}`);
    expect(ended.stdout).toContain('nothing would change');
  }, 240_000);

  const examples = commands.flatMap(({ examples: own }) => own.map(({ command }) => command));

  test.each(examples)(
    '%s',
    async (command) => {
      const line = endless.has(command)
        ? `LYNQ_CODEC_KEYS=keys timeout --signal=INT 3 ${command} || test $? = 124`
        : command;
      const ended = await shell.run(`cd ${files}\n${line}`);
      const expected = otherCodes[command] ?? { code: 0, why: /^/ };
      expect(ended, `${ended.stdout}\n${ended.stderr}`).toMatchObject({ code: expected.code });
      expect(ended.stdout + ended.stderr).toMatch(expected.why);
    },
    240_000,
  );

  test('every exception is about an example that there is', () => {
    const named = [...Object.keys(otherCodes), ...endless];
    expect(named.filter((command) => !examples.includes(command))).toEqual([]);
  });
});
