import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type JsonObject, textAt } from '../../domain/api/json.ts';
import { applyingEngine } from '../support/cli/applying-worker.ts';
import { forms, goldenCluster, goldenPlanner, hub } from '../support/cli/golden-world.ts';
import { createFakeCluster, type FakeCluster } from '../support/fake-cluster.ts';
import { form as webForm, open as openPlanned } from '../unit/client/planned-form.ts';
import { aNode, fakeEngine, run, type World } from '../unit/client/run.ts';

/**
 * Whole sessions of the commands that check, change and follow: what stood on each of the two outputs, what was asked and how it ended. Compared byte for
 * byte; `npx vitest run -u` writes them anew; read the diff.
 */

/** A uid that the API server makes. */
const serverUid = /\b[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}\b/g;

async function session(lines: readonly string[], world: () => World): Promise<string> {
  let same = world();
  const parts: string[] = [];
  for (const line of lines) {
    const { out, err, questions, written, exitCode } = await run(line, same);
    same = { ...same, files: { ...same.files, ...written } };
    const prefixed = (sign: string, text: string) => text.replaceAll(/^(?=.)/gm, `${sign} `);
    const asked = questions.map((question) => `? ${question}\n`).join('');
    const printed = out.replaceAll(serverUid, '<uid>');
    parts.push(`$ lynq ${line}\n${printed}${prefixed('!', err)}${asked}[${exitCode}]\n`);
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
const namespaceFile = 'apiVersion: v1\nkind: Namespace\nmetadata:\n  name: lynq-system\n';
const paused = `${story['hub.yaml']?.trimEnd()}\n  paused: true\n`;
const files = {
  ...story,
  'broken.yaml': broken ?? '',
  'empty.yaml': '# later\n',
  'namespace.yaml': namespaceFile,
  'paused.yaml': paused,
};

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

/** Nodes of the rows of which something is retained; beta has none any more. */
function withReturned(): FakeCluster {
  const cluster = withRetained();
  cluster.seed(aNode('acme-data-tier', { uid: 'acme', form: 'data-tier' }));
  return cluster;
}

/** Hub and forms without any row. */
function withoutNodes(): FakeCluster {
  const cluster = empty();
  for (const object of [hub, ...forms]) cluster.seed(object);
  return cluster;
}

/** The worker acts on the mark at the second look at the nodes. */
function releasing(): FakeCluster {
  const cluster = goldenCluster();
  let looks = 0;
  cluster.intercept(({ verb }) => {
    looks += verb === 'list' ? 1 : 0;
    if (looks !== 2) return undefined;
    looks += 1;
    const mark = textAt(cluster.objects('LynqHub')[0], 'metadata', 'annotations', 'lynq.sh/released') ?? '';
    const annotations = { 'lynq.sh/released': mark };
    for (const object of cluster.objects('LynqNode'))
      cluster.seed({ ...object, metadata: { ...(object['metadata'] as JsonObject), annotations } });
    const conditions = [{ type: 'Released', status: 'True', reason: 'Released', message: `Released at ${mark}` }];
    const metadata = { name: 'multi-tier-nodes', namespace, annotations };
    cluster.seed({ ...hub, metadata, status: { conditions } });
    return undefined;
  });
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

function releasedHub(): FakeCluster {
  const cluster = goldenCluster();
  const annotations = { 'lynq.sh/released': '2026-11-22T11:00:00Z' };
  cluster.seed({ ...hub, metadata: { name: 'multi-tier-nodes', namespace, annotations } });
  return cluster;
}

/** The budget of the hour is spent, and the table has lost the row of all nodes, or not. `answer` as in World. */
function guarded(table: 'empty' | 'whole', answer?: boolean): World {
  const cluster = goldenCluster();
  const spec = { ...(hub['spec'] as JsonObject), deletionGuard: { maxRows: 6, maxPercent: 0 } };
  cluster.seed({ ...hub, spec });
  const planner = goldenPlanner(cluster, table === 'empty' ? [] : [['globex', '1', '2', 'hush']]);
  return { cluster, planner, ...(answer === undefined ? {} : { answer }) };
}

const known = ['lynq-system/globex-api-tier', 'lynq-system/globex-data-tier', 'lynq-system/multi-tier-nodes'];
const golden = (): World => ({ cluster: goldenCluster(), engine: fakeEngine(known) });

/** Two rows, one of them with an API that takes a while at first and fails at the second sync, and a third row that is frozen. */
function waited(): World {
  const cluster = empty();
  let syncs = 0;
  const engine = applyingEngine(cluster, {
    hub: 'multi-tier-nodes',
    uids: ['acme', 'globex'],
    nodes: (node) => (node !== 'globex-api-tier' ? 'ready' : syncs === 1 ? 'moving' : 'failed'),
    later: () => 'ready',
    hubStatus: { rows: { frozen: 1 } },
    onSync: () => void (syncs += 1),
  });
  return { files, cluster, engine };
}

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
      'apply-wait',
      [
        'apply -f hub.yaml -f data-tier.yaml -f api-tier.yaml --wait',
        'apply -f api-tier.yaml --wait',
        'apply -f namespace.yaml --wait',
        'apply -f hub.yaml --wait --dry-run=server',
        'apply -f paused.yaml --wait',
      ],
      waited,
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
    [
      'retained-adopt',
      ['retained multi-tier-nodes --adopt', 'retained multi-tier-nodes --uid nobody --adopt'],
      () => ({ cluster: withReturned(), engine: fakeEngine(['lynq-system/acme-data-tier']) }),
    ],
    [
      'release',
      ['release multi-tier-nodes', 'release multi-tier-nodes --yes', 'release nobody --yes'],
      () => ({ cluster: releasing() }),
    ],
    [
      'delete',
      [
        'delete hub multi-tier-nodes',
        'delete form api-tier --yes',
        'delete form api-tier --yes',
        'delete hub multi-tier-nodes --yes',
        'delete hub nobody --yes',
      ],
      () => ({ cluster: goldenCluster() }),
    ],
    [
      'apply-plan',
      ['plan -f web.yaml --out kept', 'apply --plan kept', 'apply --plan kept', 'apply --plan kept -f web.yaml', 'apply --plan absent'],
      () => ({ ...openPlanned(), files: { 'web.yaml': webForm } }),
    ],
    ['uninstall-yes', ['uninstall --yes', 'uninstall --yes'], () => ({ cluster: withoutNodes() })],
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
    ['get-hub-json', ['get hub multi-tier-nodes -o json'], golden],
    ['get-hubs-yaml', ['get hubs -o yaml'], golden],
    [
      'get-name',
      ['get hubs -o name', 'get forms -o name', 'get nodes -A -o name', 'get nodes globex-api-tier nobody -o name'],
      golden,
    ],
    [
      'get-jsonpath',
      [
        'get node globex-api-tier -o jsonpath={.status.readyResources}',
        'get nodes -o jsonpath={.items[*].metadata.name}',
        String.raw`get nodes -o "jsonpath={range .items[*]}{.metadata.name}{'\t'}{.metadata.labels.lynq\.sh/uid}{'\n'}{end}"`,
        "get hub multi-tier-nodes -o jsonpath={.status.conditions[?(@.type=='DeletionHeld')].reason}",
        'get hub multi-tier-nodes -o jsonpath={.status.nothing}',
        'get nodes -o jsonpath={.items[',
        'get nodes -o "jsonpath={range .items[*]}{.metadata.name}"',
        'get nodes -o jsonpath=',
        'get nodes -o jsonpath',
      ],
      golden,
    ],
    [
      'get-namespaces',
      ['get hubs -A', 'get forms -A', 'get nodes -A', 'get nodes -A -o wide --no-headers', 'get hubs -n lynq-system'],
      golden,
    ],
    [
      'get-nothing',
      [
        'get hubs -n nowhere',
        'get nodes -n nowhere -o name',
        'get forms -n nowhere -o yaml',
        'get nodes -l lynq.sh/uid=nobody',
        'get nodes -A -l lynq.sh/uid=nobody',
        'get nodes -l lynq.sh/uid=nobody -o json',
      ],
      golden,
    ],
    ['get-selector', ['get nodes -l lynq.sh/uid=globex', 'get nodes -A -l lynq.sh/hub=multi-tier-nodes -o name'], golden],
    [
      'get-errors',
      [
        'get hub nobody',
        'get form nobody -o yaml',
        'get nodes globex-api-tier nobody nemo',
        'get nodes globex-api-tier -A',
        'get nodes globex-api-tier -l lynq.sh/uid=globex',
        'get nodes -o xml',
        'get nodes -o custom-columns=NAME:.metadata.name',
        'get nodes --outptu json',
        'get nodes -l',
        'get nodes --timeout soon',
        'get pods',
        'gt nodes',
      ],
      golden,
    ],
    [
      'name-errors',
      [
        'describe hub nobody',
        'describe form nobody',
        'describe node nobody',
        'status nobody',
        'tree nobody',
        'explain nobody',
        'explain globex-api-tier nothing',
        'history nobody',
        'rollout status nobody',
        'rollout pause nobody',
      ],
      golden,
    ],
    ['notify', ['notify multi-tier-nodes', 'notify multi-tier-nodes --uid globex', 'notify nobody', 'notify'], golden],
    ['notify-no-schedule', ['notify multi-tier-nodes'], () => ({ cluster: goldenCluster() })],
    [
      'pause',
      [
        'pause multi-tier-nodes',
        'pause hub/multi-tier-nodes',
        'resume multi-tier-nodes',
        'resume multi-tier-nodes',
        'pause api-tier',
        'pause form/api-tier',
        'resume api-tier',
        'resume api-tier',
        'pause node/globex-api-tier',
        'pause lynqnode.operator.lynq.sh/globex-api-tier',
        'resume globex-api-tier',
        'resume globex-api-tier',
      ],
      golden,
    ],
    [
      'pause-errors',
      ['pause nobody', 'pause node/nobody', 'resume form/nobody', 'pause pod/x', 'pause node/', 'pause node/a/b', 'pause'],
      golden,
    ],
    ['adopt', ['adopt multi-tier-nodes', 'adopt multi-tier-nodes', 'adopt nobody'], () => ({ cluster: releasedHub() })],
    [
      'approve-deletions',
      [
        'approve-deletions multi-tier-nodes --plan 3f9c2a7b1e',
        'approve-deletions multi-tier-nodes --plan 5bc1a08d28e40fe7',
        'approve-deletions multi-tier-nodes --plan 5bc1a08d28e40fe7 --yes',
      ],
      () => guarded('empty', true),
    ],
    ['approve-deletions-no', ['approve-deletions multi-tier-nodes --plan 5bc1a08d28e40fe7'], () => guarded('empty', false)],
    ['approve-deletions-unasked', ['approve-deletions multi-tier-nodes --plan 5bc1a08d28e40fe7'], () => guarded('empty')],
    [
      'approve-deletions-errors',
      [
        'approve-deletions multi-tier-nodes --plan 5bc1a08d28e40fe7 --yes',
        'approve-deletions nobody --plan 5bc1a08d28e40fe7',
        'approve-deletions multi-tier-nodes',
        'approve-deletions',
      ],
      () => guarded('whole'),
    ],
    ['watch', ['watch globex-data-tier', 'watch nobody'], golden],
    [
      'rollout',
      ['rollout status web', 'rollout history web', 'rollout pause web', 'rollout resume web', 'rollout undo web'],
      () => ({ cluster: withRollout() }),
    ],
    [
      'rollout-twice',
      [
        'rollout resume web',
        'rollout resume web',
        'rollout abort web',
        'rollout abort web',
        'rollout pause web',
        'rollout pause web',
        'rollout undo web',
        'rollout undo web --to-revision 7',
        'rollout abort web',
      ],
      () => ({ cluster: withRollout() }),
    ],
  ])('is %s', async (name, lines, world) => {
    await expect(await session(lines, world)).toMatchFileSnapshot(`./cli/${name}.txt`);
  });
});
