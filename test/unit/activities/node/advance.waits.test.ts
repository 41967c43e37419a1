import { afterEach, describe, expect, it } from 'vitest';
import type { AdvanceOutcome } from '../../../../activities/contract.ts';
import { advanceNode } from '../../../../activities/node/advance.ts';
import type { JsonObject } from '../../../../domain/api/json.ts';
import { createFakeCluster } from '../../../support/fake-cluster.ts';
import { type FakeProcess, startProcess } from '../../../support/node-deps.ts';

const namespace = 'tenants';
const apiVersion = 'operator.lynq.sh/v1';
const stop = new AbortController();

const deployment = (id: string, more: JsonObject = {}): JsonObject => ({
  id,
  nameTemplate: `{{ .uid }}-${id}`,
  spec: { apiVersion: 'apps/v1', kind: 'Deployment', spec: { replicas: 1 } },
  ...more,
});

async function open(spec: JsonObject): Promise<FakeProcess> {
  const cluster = createFakeCluster();
  for (const kind of ['LynqHub', 'LynqForm', 'LynqNode']) cluster.addKind({ apiVersion, kind });
  const running = await startProcess(cluster);
  cluster.seed({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  const form = { namespace, name: 'web', uid: 'form-uid' };
  const revision = await running.deps.forms.ensure(form, { hubId: 'customers', ...spec });
  cluster.seed({
    apiVersion,
    kind: 'LynqNode',
    metadata: {
      name: 'acme-web',
      namespace,
      labels: { 'lynq.sh/hub': 'customers', 'lynq.sh/uid': 'acme' },
      annotations: { 'lynq.sh/extra': '{}', 'lynq.sh/activate': '1', 'lynq.sh/hostOrUrl': '' },
      finalizers: ['lynqnode.operator.lynq.sh/finalizer'],
      ownerReferences: [{ apiVersion, kind: 'LynqHub', name: 'customers', uid: 'hub-uid', controller: true }],
    },
    spec: { uid: 'acme', templateRef: 'web', formRevision: revision.name },
  });
  return running;
}

const step = ({ deps }: FakeProcess): Promise<AdvanceOutcome> =>
  advanceNode(deps, { namespace, node: 'acme-web', force: false }, { signal: stop.signal });

/** What a step has come to within the time; `still waiting` otherwise. */
const within = (milliseconds: number, outcome: Promise<AdvanceOutcome>): Promise<AdvanceOutcome | 'still waiting'> =>
  Promise.race([
    outcome,
    new Promise<'still waiting'>((resolve) => setTimeout(() => resolve('still waiting'), milliseconds)),
  ]);

describe('activities/node/advance', () => {
  afterEach(() => stop.signal.throwIfAborted());

  it('lets the page of its run show what it waits for, when that takes longer than a moment', async () => {
    const process = await open({ deployments: [deployment('api'), deployment('web', { dependIds: ['api'] })] });
    const told = await within(10_000, step(process));

    expect(told).toMatchObject({
      kind: 'advanced',
      next: 'wait: Deployment acme-api',
      progress: {
        entries: [
          { id: 'api', state: 'Progressing' },
          { id: 'web', state: 'Waiting', reason: 'DependencyNotReady' },
        ],
      },
    });
    const next = step(process);
    next.catch(() => undefined);
    expect(await within(5_000, next)).toBe('still waiting');
  });

  it('names what waits for something outside, too', async () => {
    const elsewhere = { targetNamespace: 'tenants-missing' };
    const process = await open({ deployments: [deployment('api', elsewhere)] });

    expect(await within(10_000, step(process))).toMatchObject({
      kind: 'advanced',
      next: 'wait: Deployment acme-api (MissingNamespace)',
    });
  });

  it('spares that step for as long as a wave may last while many nodes are under way', async () => {
    const process = await open({ deployments: [deployment('api')] });
    for (let at = 0; at < 20; at += 1) process.deps.runs.enter(namespace, `other-${at}`);
    const waiting = step(process);
    waiting.catch(() => undefined);

    expect(await within(6_000, waiting)).toBe('still waiting');
  });
});
