import { describe, expect, it } from 'vitest';
import { parseCommand, statusTable } from '../../../stack/command-line.ts';

const folders = { cwd: '/here', defaultData: '/checkout/.stack' };
const parse = (line: string) =>
  parseCommand(
    line.split(' ').filter((word) => word !== ''),
    folders,
  );

describe('stack/command-line', () => {
  it('uses the folder of the checkout unless another is named', () => {
    expect(parse('up')).toEqual({ kind: 'up', dataDir: '/checkout/.stack', temporalStore: undefined });
    expect(parse('status --data other')).toEqual({ kind: 'status', dataDir: '/here/other' });
    expect(parse('env --data /abs')).toEqual({ kind: 'env', dataDir: '/abs' });
  });

  it('reads the options of each command', () => {
    expect(parse('up --temporal-store file')).toMatchObject({ temporalStore: 'file' });
    expect(parse('down --purge')).toEqual({ kind: 'down', dataDir: '/checkout/.stack', purge: true });
  });

  it('shows its help when nothing is asked', () => {
    expect(parse('')).toEqual({ kind: 'help' });
    expect(parse('up --help')).toEqual({ kind: 'help' });
  });

  it.each([
    ['restart', 'no command "restart"'],
    ['up down', 'One command at a time'],
    ['up --purge', '--purge goes with "down" only'],
    ['down --temporal-store file', '--temporal-store goes with "up" only'],
    ['up --temporal-store disk', 'is memory or file'],
    ['up --fast', "Unknown option '--fast'"],
  ])('refuses "%s" with a reason and the usage', (line, reason) => {
    expect(() => parse(line)).toThrow(reason);
    expect(() => parse(line)).toThrow('Usage:');
  });

  it('lines the status table up', () => {
    const lines = statusTable([
      { name: 'etcd', pid: 7, address: '127.0.0.1:1', state: 'running' },
      { name: 'controller-manager', pid: undefined, address: '127.0.0.1:2', state: 'stopped' },
    ]);
    expect(lines).toEqual([
      'SERVER              PID  STATE    ADDRESS',
      'etcd                7    running  127.0.0.1:1',
      'controller-manager  -    stopped  127.0.0.1:2',
    ]);
  });
});
