import { describe, expect, it } from 'vitest';
import { shellWord } from '../../../../tools/demo/commands.ts';
import { failureText, ToolError } from '../../../../tools/demo/failure.ts';
import { parseOptions } from '../../../../tools/demo/options.ts';
import { nodeReport, nodeView } from '../../../../tools/demo/stage.ts';
import { cpuSecondsOf } from '../../../../tools/demo/worker-process.ts';

const folders = { cwd: '/home/me', defaultData: '/checkout/.stack/demo' };

describe('tools/demo/options', () => {
  it('stays up, starts clean and uses its own folder by default', () => {
    expect(parseOptions([], folders)).toEqual({
      once: false,
      keep: false,
      own: false,
      yes: false,
      dataDir: '/checkout/.stack/demo',
    });
  });

  it('takes a relative folder from where the person stands', () => {
    const options = parseOptions(['--once', '--keep', '--data', 'd'], folders);
    expect(options).toEqual({ once: true, keep: true, own: false, yes: false, dataDir: '/home/me/d' });
  });

  it('refuses what it does not know and says where help is', () => {
    expect(() => parseOptions(['--twice'], folders)).toThrow(ToolError);
    expect(() => parseOptions(['now'], folders)).toThrow(ToolError);
    expect(parseOptions(['--help'], folders)).toBeUndefined();
  });
});

describe('tools/demo/failure', () => {
  it('says what happened, where, and what to do', () => {
    const error = new ToolError('it broke', { details: ['in a.log'], fix: 'mend it' });
    expect(failureText(error)).toBe('Error: it broke\n  in a.log\nWhat to do: mend it\n');
  });
});

describe('tools/demo/commands', () => {
  it('quotes words for a shell only where it must', () => {
    expect(['get', 'all,ingress', 'a b', "it's"].map(shellWord)).toEqual(['get', 'all,ingress', "'a b'", "'it'\\''s'"]);
  });
});

describe('tools/demo/worker-process', () => {
  it('reads processor time behind a name with spaces and parentheses', () => {
    expect(cpuSecondsOf('12 (a ) b) S 1 2 3 4 5 6 7 8 9 10 250 50 0 0 20')).toBe(3);
    expect(cpuSecondsOf('nonsense')).toBeUndefined();
  });
});

describe('tools/demo/stage', () => {
  const node = {
    metadata: { name: 'a-api', generation: 2 },
    spec: { templateRef: 'api' },
    status: {
      observedGeneration: 2,
      readyResources: 1,
      desiredResources: 2,
      conditions: [{ type: 'Ready', status: 'True', reason: 'Reconciled', message: 'ok' }],
      resources: [
        { id: 'api', state: 'Failed', reason: 'Timeout', message: 'not ready after 300 s' },
        { id: 'api-svc', state: 'Ready' },
      ],
    },
  };

  it('takes a LynqNode for Ready only when the status is about its generation', () => {
    expect(nodeView(node)).toEqual({ form: 'api', ready: true, readyResources: 1, desiredResources: 2 });
    expect(nodeView({ ...node, metadata: { generation: 3 } }).ready).toBe(false);
    expect(nodeView({ metadata: {} }).ready).toBe(false);
  });

  it('reports conditions and what is not ready', () => {
    expect(nodeReport(node)).toEqual([
      'LynqNode a-api: Ready=True Reconciled: ok',
      'LynqNode a-api: api is Failed Timeout: not ready after 300 s',
    ]);
    expect(nodeReport({ metadata: { name: 'b' } })).toEqual(['LynqNode b: no status yet']);
  });
});
