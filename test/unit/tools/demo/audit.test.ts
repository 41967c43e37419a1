import { describe, expect, it } from 'vitest';
import {
  type AuditWrite,
  countByKind,
  isBookkeeping,
  isWorkerWrite,
  parseAudit,
} from '../../../../tools/demo/audit.ts';

function line(changes: Record<string, unknown>): string {
  return JSON.stringify({
    verb: 'patch',
    requestURI: '/apis/apps/v1/namespaces/node-a/deployments/a-api?fieldManager=lynq-operator&fieldValidation=Strict',
    user: { username: 'lynq-stack-admin' },
    userAgent: 'lynqflow',
    objectRef: { resource: 'deployments', namespace: 'node-a', name: 'a-api' },
    responseStatus: { code: 200 },
    requestObject: { kind: 'Deployment' },
    requestReceivedTimestamp: '2026-11-22T21:56:03.500000Z',
    ...changes,
  });
}

function write(changes: Record<string, unknown>): AuditWrite {
  return parseAudit(line(changes))[0]!;
}

describe('tools/demo/audit', () => {
  it('reads verb, object, manager, moment and body of a write', () => {
    expect(write({})).toEqual({
      verb: 'patch',
      resource: 'deployments',
      namespace: 'node-a',
      name: 'a-api',
      code: 200,
      user: 'lynq-stack-admin',
      agent: 'lynqflow',
      manager: 'lynq-operator',
      at: Date.parse('2026-11-22T21:56:03.500Z'),
      body: { kind: 'Deployment' },
    });
  });

  it('leaves out a line that is still being written and lines that are no event', () => {
    const text = `${line({})}\nnot an event\n\n${line({}).slice(0, 80)}`;
    expect(parseAudit(text)).toHaveLength(1);
  });

  it('names a subresource behind the kind', () => {
    expect(write({ objectRef: { resource: 'lynqnodes', subresource: 'status' } }).resource).toBe('lynqnodes/status');
  });

  it('takes writes of kubectl, the CLI and a benchmark for others', () => {
    const uri = (manager: string) => `/x?fieldManager=${manager}`;
    expect(isWorkerWrite(write({}))).toBe(true);
    expect(isWorkerWrite(write({ requestURI: uri('lynq-operator-markers') }))).toBe(true);
    expect(isWorkerWrite(write({ verb: 'delete', requestURI: '/x' }))).toBe(true);
    expect(isWorkerWrite(write({ requestURI: uri('lynq-cli') }))).toBe(false);
    expect(isWorkerWrite(write({ requestURI: uri('lynq-bench') }))).toBe(false);
    expect(isWorkerWrite(write({ userAgent: 'kubectl/v1.35.4' }))).toBe(false);
  });

  it('tells records from the things themselves', () => {
    const of = (resource: string) => isBookkeeping(write({ objectRef: { resource } }));
    expect(['lynqnodes', 'lynqforms', 'lynqhubs'].map(of)).toEqual([true, true, true]);
    expect(isBookkeeping(write({ objectRef: { resource: 'lynqnodes', subresource: 'status' } }))).toBe(true);
    expect(['deployments', 'secrets', 'controllerrevisions'].map(of)).toEqual([false, false, false]);
  });

  it('counts by verb and kind, most frequent first', () => {
    const writes = [write({ verb: 'delete' }), write({}), write({})];
    expect(countByKind(writes)).toEqual([
      ['patch deployments', 2],
      ['delete deployments', 1],
    ]);
  });
});
