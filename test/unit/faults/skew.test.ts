import { describe, expect, it } from 'vitest';
import { inputHash } from '../../../domain/node-digest.ts';
import type { AuditEntry } from '../../support/e2e/audit.ts';
import type { KubeObject, WatchEvent } from '../../support/e2e/cluster.ts';
import { skewOf, skewOfRequests } from '../../support/faults/skew.ts';

const fleet = { form: 'web', maxSkew: 1 };
let version = 0;

function event(kind: string, name: string, rest: object): WatchEvent {
  version += 1;
  const metadata = { name, namespace: 'n', uid: `${kind}-${name}`, resourceVersion: String(version) };
  return { type: 'MODIFIED', object: { apiVersion: 'v1', kind, metadata, ...rest } as unknown as KubeObject };
}

/** A node as its pass leaves it, or before the pass when `behind`. */
function node(name: string, formRevision: string, behind?: string): WatchEvent {
  const made = event('LynqNode', name, { spec: { templateRef: 'web', formRevision } });
  const seen = { ...made.object, spec: { ...made.object.spec, formRevision: behind ?? formRevision } };
  const status = { observedInput: inputHash(seen as never), conditions: [{ type: 'Ready', status: 'True' }] };
  return { ...made, object: { ...made.object, status } };
}

const form = (...names: readonly string[]) =>
  event('LynqForm', 'web', { status: { rollout: { inFlight: names.map((name) => ({ node: name })) } } });

const deployment = (of: string, available: number): WatchEvent => {
  const made = event('Deployment', of, {
    spec: { replicas: 1 },
    status: { updatedReplicas: 1, availableReplicas: available, replicas: 1 },
  });
  return { ...made, object: { ...made.object, metadata: { ...made.object.metadata, labels: { 'lynq.sh/node': of } } } };
};

const settled = [node('a', '1'), node('b', '1')];

describe('test/support/faults/skew', () => {
  it('finds nothing in a rollout that keeps its promise', () => {
    const events = [
      ...settled,
      form('a'),
      node('a', '2', '1'),
      deployment('a', 0),
      deployment('a', 1),
      node('a', '2'),
      form('b'),
      node('b', '2', '1'),
      node('b', '2'),
      form(),
    ];
    expect(skewOf(events, fleet)).toEqual({ worst: 1, changes: 2, violations: [] });
  });

  it('finds two nodes on their way where one may be', () => {
    const events = [...settled, form('a', 'b'), node('a', '2', '1'), node('b', '2', '1')];
    expect(skewOf(events, { ...fleet, maxSkew: 1 })).toMatchObject({ worst: 2 });
    expect(skewOf(events, fleet).violations).toHaveLength(2);
    expect(skewOf(events, { ...fleet, maxSkew: 2 }).violations).toEqual([]);
  });

  it('finds a node that changes, or leaves, without being on record', () => {
    expect(skewOf([...settled, form('b'), node('a', '2', '1')], fleet).violations).toHaveLength(1);
    expect(skewOf([...settled, form('a'), node('a', '2', '1'), form()], fleet).violations).toHaveLength(1);
  });

  it('counts a node whose pods are still being exchanged although it says Ready', () => {
    const events = [
      ...settled,
      form('a'),
      node('a', '2', '1'),
      deployment('a', 0),
      node('a', '2'),
      form('b'),
      node('b', '2', '1'),
    ];
    expect(skewOf(events, fleet).violations).toHaveLength(1);
  });

  it('does not count nodes before they were ever Ready', () => {
    const events = [
      form(),
      event('LynqNode', 'new', { spec: { templateRef: 'web', formRevision: '1' } }),
      deployment('new', 0),
    ];
    expect(skewOf(events, fleet)).toEqual({ worst: 0, changes: 0, violations: [] });
  });

  describe('from requests', () => {
    const request = (second: number, resource: string, name: string, rest: object): AuditEntry =>
      ({
        verb: 'patch',
        objectRef: { resource, name, namespace: 'n', ...(resource === 'lynqforms' ? { subresource: 'status' } : {}) },
        requestReceivedTimestamp: `2026-11-28T14:00:0${second}.100000Z`,
        stageTimestamp: `2026-11-28T14:00:0${second}.200000Z`,
        requestObject: rest,
      }) as unknown as AuditEntry;
    const record = (second: number, ...names: readonly string[]) =>
      request(second, 'lynqforms', 'web', { status: { rollout: { inFlight: names.map((name) => ({ node: name })) } } });
    const change = (second: number, name: string) =>
      request(second, 'lynqnodes', `${name}-web`, { spec: { formRevision: '2' } });
    const stored = (second: number, ...names: readonly string[]): WatchEvent => {
      const made = form(...names);
      const managedFields = [
        { subresource: 'status', time: `2026-11-28T14:00:0${second}Z` },
        { time: '2027-01-01T00:00:00Z' },
      ];
      return { ...made, object: { ...made.object, metadata: { ...made.object.metadata, managedFields } } };
    };

    it('finds nothing where each node is on record when it is changed', () => {
      const entries = [record(1, 'a-web'), change(2, 'a'), record(3, 'b-web'), change(4, 'b')];
      expect(skewOfRequests(entries, 'n', fleet)).toEqual({ worst: 1, changes: 2, violations: [] });
    });

    it('finds a node that is changed before it is on record, or when it no longer is', () => {
      expect(skewOfRequests([change(1, 'a'), record(2, 'a-web')], 'n', fleet).violations).toHaveLength(1);
      const left = [record(1, 'a-web'), record(2, 'b-web'), change(3, 'a')];
      expect(skewOfRequests(left, 'n', fleet).violations).toHaveLength(1);
    });

    it('takes a record that only the store has, but not one that came later', () => {
      const entries = [record(1, 'b-web'), change(3, 'a')];
      expect(skewOfRequests(entries, 'n', fleet).violations).toHaveLength(1);
      expect(skewOfRequests(entries, 'n', fleet, [stored(2, 'a-web')]).violations).toEqual([]);
      expect(skewOfRequests(entries, 'n', fleet, [stored(4, 'a-web')]).violations).toHaveLength(1);
      // One that the log has as well counts from its answer.
      const early = [change(1, 'a'), record(2, 'a-web')];
      expect(skewOfRequests(early, 'n', fleet, [stored(1, 'a-web')]).violations).toHaveLength(1);
    });
  });
});
