import { describe, expect, it } from 'vitest';
import { describeProblem, StackError, type StackProblem } from '../../../stack/errors.ts';

const examples: { readonly [K in StackProblem['kind']]: Extract<StackProblem, { kind: K }> } = {
  'tool-missing': { kind: 'tool-missing', tool: 'go', neededFor: 'building etcd v3.6.5' },
  'go-too-old': { kind: 'go-too-old', found: 'go1.22.1', needed: '1.25.0', neededFor: 'kubernetes v1.35.4' },
  'no-right-to-install': { kind: 'no-right-to-install', packages: ['a', 'b'] },
  'no-package-manager': { kind: 'no-package-manager', packages: ['a', 'b'] },
  'install-failed': {
    kind: 'install-failed',
    what: 'kwok',
    command: 'go build',
    log: '/l/kwok.log',
    lastLines: ['boom'],
  },
  'port-in-use': { kind: 'port-in-use', server: 'etcd', port: 20_001 },
  'no-free-port': { kind: 'no-free-port', from: 1, to: 2 },
  'server-stopped': { kind: 'server-stopped', server: 'etcd', exit: 'exit code 1', log: '/l/etcd.log', lastLines: [] },
  'server-not-ready': {
    kind: 'server-not-ready',
    server: 'apiserver',
    waitedMs: 60_000,
    lastAnswer: '/readyz says 500',
    log: '/l/apiserver.log',
    lastLines: ['line one', 'line two'],
  },
  'server-cannot-start': { kind: 'server-cannot-start', server: 'etcd', reason: 'spawn ENOENT' },
  'wont-stop': { kind: 'wont-stop', server: 'etcd', pid: 42 },
  'bad-file': { kind: 'bad-file', file: '/d/stack.json', reason: 'version: expected 1' },
  'other-store': { kind: 'other-store', running: 'memory', wanted: 'file' },
  'unknown-kubernetes': { kind: 'unknown-kubernetes', asked: '1.29', known: ['1.35', '1.30'] },
  'other-kubernetes': { kind: 'other-kubernetes', has: '1.35', asked: '1.30' },
  'not-running': { kind: 'not-running', dataDir: '/d' },
  locked: { kind: 'locked', file: '/d/stack.lock', holder: 42, waitedMs: 180_000 },
  usage: { kind: 'usage', reason: 'There is no command "x".' },
};

describe('stack/errors', () => {
  it.each(Object.values(examples))('says for $kind what happened and what to do', (problem) => {
    const text = describeProblem(problem);
    const { kind: _, lastLines: __, waitedMs: ___, ...told } = { lastLines: [], waitedMs: 0, ...problem };
    for (const value of Object.values(told).flat()) expect(text).toContain(String(value));
    expect(text).not.toContain('undefined');
  });

  it('quotes the last lines of a log and says where it is', () => {
    const text = describeProblem(examples['server-not-ready']);
    expect(text).toContain('  | line one\n  | line two\n');
    expect(text).toContain('after 60 s');
    expect(text).toContain('/l/apiserver.log');
  });

  it('says so when a log is empty', () => {
    expect(describeProblem(examples['server-stopped'])).toContain('(no output)');
  });

  it('carries the problem and its text', () => {
    const error = new StackError(examples['port-in-use']);
    expect(error.problem.kind).toBe('port-in-use');
    expect(error.message).toContain('20001');
  });
});
