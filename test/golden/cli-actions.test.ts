import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../domain/api/json.ts';
import { goldenCluster } from '../support/cli/golden-world.ts';
import { createFakeCluster, type FakeCluster } from '../support/fake-cluster.ts';
import { fakeEngine, run, type World } from '../unit/client/run.ts';

/**
 * Whole sessions of the commands that check, change and follow: what stood on each of the two outputs, what was asked and how it ended. Compared byte for
 * byte; `npx vitest run -u` writes them anew; read the diff.
 */

async function session(lines: readonly string[], world: () => World): Promise<string> {
  const same = world();
  const parts: string[] = [];
  for (const line of lines) {
    const { out, err, questions, exitCode } = await run(line, same);
    const prefixed = (sign: string, text: string) => text.replaceAll(/^(?=.)/gm, `${sign} `);
    const asked = questions.map((question) => `? ${question}\n`).join('');
    parts.push(`$ lynq ${line}\n${out}${prefixed('!', err)}${asked}[${exitCode}]\n`);
  }
  return parts.join('\n');
}

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8');
const story = Object.fromEntries(
  readdirSync(new URL('../../examples/multi-tier/', import.meta.url))
    .filter((name) => name.endsWith('.yaml'))
    .map((name) => [name, read(`../../examples/multi-tier/${name}`)]),
);
const broken = story['api-tier.yaml']
  ?.replace('hubId:', 'hubid:')
  .replace('.apiReplicas', '.apiReplcas')
  .replace('kind: Service\n', 'kind: Servise\n');
const files = { ...story, 'broken.yaml': broken ?? '', 'empty.yaml': '# later\n' };

const apiVersion = 'operator.lynq.sh/v1';
const namespace = 'lynq-system';

function empty(): FakeCluster {
  const cluster = createFakeCluster({ now: () => new Date('2026-11-22T10:00:00Z') });
  for (const kind of ['LynqHub', 'LynqForm', 'LynqNode']) cluster.addKind({ apiVersion, kind });
  cluster.seed({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  return cluster;
}

function withRetained(): FakeCluster {
  const cluster = empty();
  const seed = (kind: string, metadata: JsonObject, uid: string): void => {
    const labels = { 'lynq.sh/orphaned': 'true' };
    const annotations = {
      'lynq.sh/orphaned-from': `multi-tier-nodes/data-tier/${uid}`,
      'lynq.sh/orphaned-namespace': namespace,
      'lynq.sh/orphaned-reason': 'LynqNodeDeleted',
      'lynq.sh/orphaned-at': '2026-11-22T11:00:00Z',
    };
    cluster.seed({ apiVersion: 'v1', kind, metadata: { ...metadata, labels, annotations } });
  };
  seed('Namespace', { name: 'node-acme' }, 'acme');
  seed('Secret', { name: 'acme-db', namespace: 'node-acme' }, 'acme');
  seed('Secret', { name: 'beta-db', namespace: 'node-beta' }, 'beta');
  return cluster;
}

function withRollout(): FakeCluster {
  const cluster = empty();
  const failed = [{ node: 'globex-web', reason: 'ReadinessTimeout' }];
  cluster.seed({
    apiVersion,
    kind: 'LynqForm',
    metadata: { name: 'web', namespace },
    spec: { hubId: 'b', rollout: { maxSkew: 2 } },
    status: {
      rollout: {
        phase: 'Failed',
        message: 'No progress for 60 s',
        revision: 'web-b',
        previousRevision: 'web-a',
        targetGeneration: 1,
        totalNodes: 3,
        updatedNodes: 2,
        readyUpdatedNodes: 1,
        failedUpdatedNodes: 1,
        failedNodes: failed,
        inFlight: [],
      },
    },
  });
  for (const [index, name] of ['web-a', 'web-b'].entries())
    cluster.seed({
      apiVersion: 'apps/v1',
      kind: 'ControllerRevision',
      metadata: { name, namespace, labels: { 'lynq.sh/form': 'web' }, },
      revision: index + 1,
      data: { hubId: name.at(-1) ?? '' },
    });
  return cluster;
}

const known = ['lynq-system/globex-api-tier', 'lynq-system/globex-data-tier', 'lynq-system/multi-tier-nodes'];
const golden = (): World => ({ cluster: goldenCluster(), engine: fakeEngine(known) });

describe('what lynq prints while it acts', () => {
  it.each<[string, readonly string[], () => World]>([
    [
      'lint',
      [
        'lint --offline -f hub.yaml -f api-tier.yaml',
        'lint --offline -f hub.yaml -f broken.yaml -f empty.yaml',
        'lint --offline -f api-tier.yaml -o json',
      ],
      () => ({ files }),
    ],
    [
      'apply',
      [
        'apply -f hub.yaml -f data-tier.yaml -f api-tier.yaml',
        'apply -f hub.yaml -f data-tier.yaml -f api-tier.yaml',
        'apply -f hub.yaml -f broken.yaml',
        'apply --dry-run=client -f hub.yaml -f web-tier.yaml',
        'apply -f absent.yaml',
      ],
      () => ({ files, cluster: empty() }),
    ],
    [
      'render',
      [
        'render -f api-tier.yaml --hub-file hub.yaml --row node_id=acme --row api_replicas=2',
        'render -f api-tier.yaml --hub-file hub.yaml --row node_id=ACME_x',
        'render -f api-tier.yaml --hub-file hub.yaml --row node=acme',
      ],
      () => ({ files }),
    ],
    [
      'retained',
      ['retained multi-tier-nodes', 'retained multi-tier-nodes --uid acme --delete', 'retained multi-tier-nodes'],
      () => ({ cluster: withRetained(), answer: true }),
    ],
    ['uninstall', ['uninstall'], () => ({ cluster: goldenCluster(), answer: false })],
    ['uninstall-keep-objects', ['uninstall --keep-objects'], () => ({ cluster: goldenCluster() })],
    [
      'resync',
      ['resync globex-api-tier', 'resync node/globex-data-tier', 'resync globex', 'resync nobody', 'resync --all-failed'],
      golden,
    ],
    [
      'scale',
      [
        'scale globex api-tier --set apiReplicas=4',
        'scale globex api-tier --clear',
        'scale globex api-tier',
        'scale globex api-tier --set apiReplicas=4 --clear',
        'scale globex api-tier --set apiReplicas',
      ],
      golden,
    ],
    ['watch', ['watch globex-data-tier', 'watch nobody'], golden],
    [
      'rollout',
      ['rollout status web', 'rollout history web', 'rollout pause web', 'rollout resume web', 'rollout undo web'],
      () => ({ cluster: withRollout() }),
    ],
  ])('is %s', async (name, lines, world) => {
    await expect(await session(lines, world)).toMatchFileSnapshot(`./cli/${name}.txt`);
  });
});
