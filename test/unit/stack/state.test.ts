import { mkdtempSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadOrMakeSecrets } from '../../../stack/secrets.ts';
import { readState, type StackState, withServer, writeState } from '../../../stack/state.ts';
import { ports, tools } from './support.ts';

const folder = (): string => mkdtempSync(join(tmpdir(), 'lynq-stack-test-'));
const server = { pid: 42, identity: '1 etcd', startedAt: '2026-01-01T00:00:00.000Z' };
const kept = { version: 1, temporalStore: 'memory', ports, tools, servers: { etcd: server } } as const;
const state: StackState = { ...kept, admissionPlugins: ['AlwaysPullImages'], kubernetes: '1.30' };

describe('stack/state', () => {
  it('reads back what it wrote', () => {
    const file = join(folder(), 'deep', 'stack.json');
    writeState(file, state);
    expect(readState(file)).toEqual(state);
  });

  it('takes a file of an earlier version, which knew no admission plugins and one Kubernetes', () => {
    const file = join(folder(), 'stack.json');
    writeFileSync(file, JSON.stringify(kept));
    expect(readState(file)).toEqual({ ...kept, admissionPlugins: [], kubernetes: '1.35' });
  });

  it('says undefined when there is no file', () => {
    expect(readState(join(folder(), 'stack.json'))).toBeUndefined();
  });

  it.each([
    ['not JSON', '{'],
    ['another version', JSON.stringify({ ...state, version: 2 })],
    ['an unknown key', JSON.stringify({ ...state, surprise: 1 })],
    ['an unknown server', JSON.stringify({ ...state, servers: { redis: server } })],
    ['a missing port', JSON.stringify({ ...state, ports: { etcd: 1 } })],
    ['a pid that is none', JSON.stringify({ ...state, servers: { etcd: { ...server, pid: -1 } } })],
  ])('refuses a file with %s and names it', (_, text) => {
    const file = join(folder(), 'stack.json');
    writeFileSync(file, text);
    expect(() => readState(file)).toThrow(`${file} cannot be used`);
  });

  it('records and forgets one server without touching the others', () => {
    const two = withServer(state, 'kwok', { ...server, pid: 43 });
    expect(two.servers.kwok?.pid).toBe(43);
    expect(withServer(two, 'kwok', undefined)).toEqual(state);
    expect(Object.keys(state.servers)).toEqual(['etcd']);
  });
});

describe('stack/secrets', () => {
  it('makes random credentials once, in a file only its owner can read', () => {
    const file = join(folder(), 'secrets.json');
    const made = loadOrMakeSecrets(file);
    expect(loadOrMakeSecrets(file)).toEqual(made);
    expect(statSync(file).mode & 0o077).toBe(0);
    expect(loadOrMakeSecrets(join(folder(), 'secrets.json')).mysqlPassword).not.toBe(made.mysqlPassword);
  });
});
