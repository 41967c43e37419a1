import { describe, expect, it } from 'vitest';
import { tokenFileText } from '../../../stack/servers/apiserver.ts';
import { auditPolicy } from '../../../stack/servers/audit-policy.ts';
import { clusterObjects } from '../../../stack/servers/cluster-objects.ts';
import { initSql } from '../../../stack/servers/mariadb.ts';
import { servers } from '../../../stack/servers/table.ts';
import { portNames } from '../../../stack/ports.ts';
import { type ServerName, serverNames } from '../../../stack/state.ts';
import { ports, secrets, testContext } from './support.ts';

const argsOf = (name: ServerName, changes = {}): readonly string[] => servers[name].command(testContext(changes)).args;

describe('stack/servers', () => {
  it('has every port with exactly one server', () => {
    const owned = serverNames.flatMap((name) => servers[name].ports);
    expect([...owned].toSorted()).toEqual([...portNames].toSorted());
  });

  it('starts each server after those it needs', () => {
    for (const name of serverNames) {
      for (const needed of servers[name].needs) {
        expect(serverNames.indexOf(needed)).toBeLessThan(serverNames.indexOf(name));
      }
    }
  });

  it('lets every server listen on 127.0.0.1 only', () => {
    for (const name of serverNames) {
      const text = argsOf(name).join(' ');
      expect(text).toContain('127.0.0.1');
      expect(text).not.toContain('0.0.0.0');
      for (const port of servers[name].ports) expect(text).toContain(String(ports[port]));
    }
  });

  it('puts no secret on a command line', () => {
    for (const name of serverNames) {
      const text = argsOf(name, { temporalStore: 'file' }).join(' ');
      for (const secret of Object.values(secrets)) expect(text).not.toContain(secret);
    }
  });

  it('gives every server exactly the environment of the context', () => {
    for (const name of serverNames) expect(servers[name].command(testContext()).env).toEqual({ PATH: '/bin' });
  });

  it('tells MariaDB its user only when it runs as root', () => {
    expect(argsOf('mariadb')).not.toContain('--user=root');
    expect(argsOf('mariadb', { asRoot: true })).toContain('--user=root');
  });

  it('keeps Temporal in memory unless a file is wanted', () => {
    const inMemory = argsOf('temporal').join(' ');
    const inFile = argsOf('temporal', { temporalStore: 'file' });
    expect(inMemory).not.toContain('--db-filename');
    expect(inFile).toEqual(
      expect.arrayContaining([
        '--db-filename=/data/temporal/temporal.db',
        '--sqlite-pragma=journal_mode=wal',
        '--sqlite-pragma=synchronous=0',
      ]),
    );
  });

  it('turns eager activities on and registers the search attributes', () => {
    expect(argsOf('temporal')).toEqual(
      expect.arrayContaining([
        '--dynamic-config-value=system.enableActivityEagerExecution=true',
        '--dynamic-config-value=matching.numTaskqueueReadPartitions=1',
        '--dynamic-config-value=matching.numTaskqueueWritePartitions=1',
        '--search-attribute=LynqHub=Keyword',
        '--search-attribute=LynqForm=Keyword',
        '--search-attribute=LynqUid=Keyword',
        '--search-attribute=LynqPhase=Keyword',
        '--search-attribute=LynqNode=Keyword',
      ]),
    );
  });

  it('lets no configuration of the user into Temporal and kwok', () => {
    expect(argsOf('temporal')).toEqual(expect.arrayContaining(['--disable-config-file', '--disable-config-env']));
    expect(argsOf('kwok')).toContain('--config=/data/config/kwok.yaml');
  });

  it('names one administrator in the token file', () => {
    const lines = tokenFileText(secrets).trimEnd().split('\n');
    expect(lines[0]).toBe(`${secrets.adminToken},lynq-stack-admin,lynq-stack-admin,"system:masters"`);
    expect(lines).toHaveLength(4);
  });

  it('writes one SQL statement a line, as the init file needs', () => {
    const lines = initSql('0123456789abcdef').trimEnd().split('\n');
    expect(lines).toHaveLength(6);
    for (const line of lines) expect(line.endsWith(';')).toBe(true);
  });

  it('never logs the bodies of Secrets', () => {
    const { rules } = auditPolicy;
    const secretsRule = rules.findIndex((rule) => JSON.stringify(rule).includes('"secrets"'));
    const bodies = rules.findIndex((rule) => rule.level === 'RequestResponse');
    expect(secretsRule).toBeGreaterThan(-1);
    expect(secretsRule).toBeLessThan(bodies);
  });

  it('makes machines for at least 20,000 pods and a default StorageClass', () => {
    const text = JSON.stringify(clusterObjects);
    expect(text).toContain('"pods":"50000"');
    expect(text).toContain('"storageclass.kubernetes.io/is-default-class":"true"');
  });
});
