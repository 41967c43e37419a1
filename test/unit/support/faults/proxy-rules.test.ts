import { describe, expect, test } from 'vitest';
import { type ApiCall, describeCall, openRuleBook, readCall } from '../../../support/faults/proxy-rules.ts';

const read = (method: string, target: string, contentType = 'application/json'): ApiCall =>
  readCall({ method, target, contentType, authorization: '', body: '' });
const get = (name: string): ApiCall => read('GET', `/api/v1/namespaces/a/configmaps/${name}`);

describe('test/support/faults/proxy-rules', () => {
  test.each([
    ['GET', '/api/v1/namespaces/a/configmaps/x', 'get configmaps/x', 'a'],
    ['GET', '/api/v1/namespaces/a', 'get namespaces/a', ''],
    ['GET', '/api/v1/namespaces/a/configmaps?limit=5', 'list configmaps/', 'a'],
    ['GET', '/apis/apps/v1/deployments?watch=true', 'watch deployments/', ''],
    ['POST', '/apis/operator.lynq.sh/v1/namespaces/a/lynqnodes', 'create lynqnodes/', 'a'],
    ['PATCH', '/apis/operator.lynq.sh/v1/namespaces/a/lynqnodes/n/status', 'patch lynqnodes/status/n', 'a'],
    ['DELETE', '/apis/rbac.authorization.k8s.io/v1/clusterroles/system:x', 'delete clusterroles/system:x', ''],
    ['GET', '/apis/apps/v1', 'other /', ''],
  ])('%s %s is read as %s', (method, target, described, namespace) => {
    const call = read(method, target);
    expect([describeCall(call), call.namespace]).toEqual([described, namespace]);
  });

  test('a server-side apply is told from other patches', () => {
    const path = '/api/v1/namespaces/a/configmaps/x';
    expect(read('PATCH', path, 'application/apply-patch+yaml').verb).toBe('apply');
    expect(read('PATCH', path, 'application/merge-patch+json').verb).toBe('patch');
  });

  test('a rule meets the calls of its range only', () => {
    const book = openRuleBook();
    const rule = book.add({ match: { verb: 'get', name: 'x' }, from: 2, to: 3, fault: { kind: 'reset' } });
    const met = ['x', 'y', 'x', 'x', 'x'].map((name) => book.decide(get(name))?.kind ?? 'none');
    expect(met).toEqual(['none', 'none', 'reset', 'reset', 'none']);
    expect([rule.seen(), rule.hits()]).toEqual([4, 2]);
  });

  test('a share of the calls is met, the same ones for the same seed', () => {
    const run = (seed: number): string => {
      const book = openRuleBook();
      book.add({ match: {}, rate: { share: 0.3, seed }, fault: { kind: 'reset' } });
      return Array.from({ length: 1_000 }, () => (book.decide(get('x')) === undefined ? '.' : '!')).join('');
    };
    expect(run(7)).toBe(run(7));
    expect(run(7)).not.toBe(run(8));
    expect(Math.abs(run(7).replaceAll('.', '').length - 300)).toBeLessThan(50);
  });

  test('the first rule that meets a call decides, and a removed one meets none', () => {
    const book = openRuleBook();
    const first = book.add({ match: { resource: /^config/ }, fault: { kind: 'reset' } });
    book.add({ match: { namespace: ['a', 'b'] }, fault: { kind: 'silence' } });
    expect(book.decide(get('x'))?.kind).toBe('reset');
    first.remove();
    expect(book.decide(get('x'))?.kind).toBe('silence');
    book.clear();
    expect(book.decide(get('x'))).toBeUndefined();
  });
});
