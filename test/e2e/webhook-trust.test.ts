import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { openCluster, type OpenedCluster } from '../../adapters/kubernetes/index.ts';
import { LynqFailure } from '../../domain/failures.ts';
import { textAt } from '../../domain/api/json.ts';
import type { Cluster, WriteResult } from '../../domain/ports.ts';
import { WebhookTrust } from '../../worker/webhook/trust.ts';

/** The trust of the real API server, told by several workers at once. */
describe('e2e/webhook-trust', () => {
  const name = 'webhook-trust';
  const namespace = 'default';
  const manager = 'test';
  const apiVersion = 'admissionregistration.k8s.io/v1';
  const kinds = ['MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration'] as const;
  const secretRef = { apiVersion: 'v1', kind: 'Secret', namespace, name: `${name}-webhook-certificate` };
  const refOf = (kind: string) => ({ apiVersion, kind, name });
  const logger = { info: () => undefined, warn: () => undefined, error: () => undefined };
  let opened: OpenedCluster;
  let cluster: Cluster;

  const remove = async (ref: Parameters<Cluster['get']>[0]) => {
    const found = await cluster.get(ref);
    if (found !== undefined) await cluster.delete(ref, textAt(found, 'metadata', 'uid') ?? '');
  };
  async function configure(): Promise<void> {
    await remove(secretRef);
    for (const kind of kinds) {
      await remove(refOf(kind));
      const webhooks = ['a', 'b'].map((title) => ({
        name: `${title}.trust.test`,
        admissionReviewVersions: ['v1'],
        sideEffects: 'None',
        failurePolicy: 'Ignore',
        clientConfig: { url: 'https://127.0.0.1:9/' },
        rules: [{ apiGroups: ['trust.test'], apiVersions: ['v1'], operations: ['CREATE'], resources: ['things'] }],
      }));
      const made = await cluster.create(refOf(kind), { apiVersion, kind, metadata: { name }, webhooks }, { manager });
      expect(made).toMatchObject({ kind: 'ok' });
    }
  }
  /** Written by somebody else, as by an upgrade of the chart. */
  const touch = async (kind: string, value: string) => {
    const metadata = { annotations: { touched: value } };
    expect(await cluster.patch(refOf(kind), 'merge', { metadata }, { manager })).toMatchObject({ kind: 'ok' });
  };
  const trustedIn = async (kind: string): Promise<readonly unknown[]> => {
    const { webhooks } = (await cluster.get(refOf(kind))) as {
      webhooks?: readonly { clientConfig: { caBundle?: string } }[];
    };
    return [...new Set((webhooks ?? []).map(({ clientConfig }) => clientConfig.caBundle))];
  };
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  const trust = (over: Pick<Cluster, 'get' | 'create' | 'patch'>) =>
    new WebhookTrust({
      cluster: over,
      namespace,
      name,
      names: ['trust.test'],
      addresses: [],
      logger,
      now: () => new Date(),
    });

  /** What each write to a configuration was answered. */
  const answers: WriteResult[] = [];
  /** The cluster of a worker whose first reads of configurations end in `afterRead`. */
  const seen = (afterRead: (kind: string, nth: number) => Promise<void>): Pick<Cluster, 'get' | 'create' | 'patch'> => {
    const reads = new Map<string, number>();
    return {
      create: (...args) => cluster.create(...args),
      async get(ref) {
        const found = await cluster.get(ref);
        if (ref.kind === 'Secret') return found;
        const nth = (reads.get(ref.kind) ?? 0) + 1;
        reads.set(ref.kind, nth);
        await afterRead(ref.kind, nth);
        return found;
      },
      async patch(ref, ...rest) {
        const answer = await cluster.patch(ref, ...rest);
        if (ref.kind !== 'Secret') answers.push(answer);
        return answer;
      },
    };
  };

  beforeAll(async () => {
    opened = await openCluster({
      kubeconfig: inject('stack').kubeconfig,
      inCluster: false,
      connections: 4,
      relistSeconds: 600,
      logger,
    });
    cluster = opened.cluster;
  });
  afterAll(async () => {
    for (const ref of [secretRef, ...kinds.map(refOf)]) await remove(ref);
    await opened.close();
  });

  test('two workers that start together both start, and what both serve is trusted', async () => {
    await configure();
    answers.length = 0;
    const waiting = new Map<string, () => void>();
    /** The first two reads of a kind end together. */
    const together = async (kind: string, nth: number): Promise<void> => {
      if (nth > 1) return;
      const other = waiting.get(kind);
      if (other !== undefined) other();
      else await new Promise<void>((resolve) => waiting.set(kind, resolve));
    };
    const [first, second] = await Promise.all([trust(seen(together)).refresh(), trust(seen(together)).refresh()]);
    expect(second).toEqual(first);
    for (const kind of kinds) expect(await trustedIn(kind)).toEqual([base64(first.ca)]);
    expect(answers.filter(({ kind }) => kind !== 'ok').length, 'one lost each race').toBeGreaterThan(0);
  });

  test('a configuration that somebody writes meanwhile is read again, and one that is written all the time does not end the worker', async () => {
    await configure();
    answers.length = 0;
    const once = seen(async (kind, nth) => (nth === 1 ? touch(kind, 'once') : undefined));
    const { ca } = await trust(once).refresh();
    expect(answers.map(({ kind }) => kind)).toEqual(['refused', 'ok', 'refused', 'ok']);
    for (const kind of kinds) expect(await trustedIn(kind)).toEqual([base64(ca)]);
    await configure();
    answers.length = 0;
    await trust(seen((kind, nth) => touch(kind, `${nth}`))).refresh();
    expect(answers).toHaveLength(6);
    const later = await trust(cluster).refresh();
    for (const kind of kinds) expect(await trustedIn(kind)).toEqual([base64(later.ca)]);
  });

  test('a right that is missing is said at once', async () => {
    await configure();
    const forbidden = async (): Promise<WriteResult> => ({
      kind: 'refused',
      reason: 'Forbidden',
      message: 'may not patch this',
    });
    const refresh = trust({ ...cluster, patch: forbidden }).refresh();
    await expect(refresh).rejects.toThrow(new LynqFailure('ClusterForbidden', 'may not patch this').message);
  });
});
