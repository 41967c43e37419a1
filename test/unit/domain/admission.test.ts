import { describe, expect, it } from 'vitest';
import { crossFormCycle, formProblem, isBesideTheSpec, judgeHub } from '../../../domain/admission.ts';
import { LynqFormSpec } from '../../../domain/api/form.ts';
import { LynqHubSpec } from '../../../domain/api/hub.ts';
import { collectResources } from '../../../domain/api/resource.ts';

const database = { host: 'db', username: 'reader', database: 'd', table: 't' };
const hub = (change: object = {}) =>
  LynqHubSpec.parse({
    source: { type: 'mysql', mysql: { host: 'db', username: 'reader', database: 'd', table: 't' } },
    valueMappings: { uid: 'id', activate: 'active' },
    ...change,
  });
const form = (...ids: readonly (readonly [string, readonly string[]])[]) =>
  collectResources(
    LynqFormSpec.parse({
      hubId: 'h',
      configMaps: ids.map(([id, dependIds]) => ({
        id,
        dependIds,
        nameTemplate: id,
        spec: { apiVersion: 'v1', kind: 'ConfigMap' },
      })),
    }),
  );

describe('domain/admission', () => {
  it('takes a whole hub, with a warning for the old way to name a host', () => {
    expect(judgeHub(hub())).toEqual({ problem: undefined, warnings: [] });
    const old = judgeHub(hub({ valueMappings: { uid: 'id', activate: 'active', hostOrUrl: 'url' } }));
    expect(old.problem).toBeUndefined();
    expect(old.warnings[0]).toContain('toHost() template function instead.');
  });

  it.each([
    [{ valueMappings: { uid: '', activate: '' } }, 'valueMappings.uid is required'],
    [{ source: { type: 'mysql' } }, 'mysql configuration is required when source type is mysql'],
    [{ source: { type: 'postgres' } }, 'postgres configuration is required when source type is postgres'],
    [
      { source: { type: 'mysql', mysql: { host: 'db', username: '', database: '', table: 't' } } },
      'mysql.username is required',
    ],
    [
      { extraValueMappings: { a: 'x' }, secretValueMappings: { a: 'y' } },
      'the hub has a in both extraValueMappings and secretValueMappings; keep one of them',
    ],
    [{ extraValueMappings: { plan: '' } }, 'extraValueMappings.plan names no column'],
    [{ secretValueMappings: { '': 'token' } }, 'secretValueMappings has a variable without a name'],
    [
      { source: { type: 'mysql', mysql: { ...database, tls: { keyRef: { name: 'a', key: 'b' } } } } },
      'tls.certRef and tls.keyRef belong together: set both or none',
    ],
    [
      { source: { type: 'postgres', postgres: { ...database, host: '::1', tls: {} } } },
      'tls.serverName is needed, since ::1 is an address: set it to a name in the certificate of the server',
    ],
    [
      { source: { type: 'mysql', syncInterval: '99999999999999h', mysql: database } },
      'spec.source.syncInterval is longer than 87600h',
    ],
  ])('refuses the hub %j with the first thing that is wrong', (change, problem) => {
    expect(judgeHub(hub(change)).problem).toBe(problem);
  });

  it('names the first problem of a form in the order of the Go operator', () => {
    expect(formProblem('', form(['a', []]))).toBe('hubId is required');
    expect(formProblem('h', form(['', []], ['a', ['b']], ['a', []]))).toBe('duplicate resource IDs found: [a]');
    expect(formProblem('h', form(['', []], ['a', ['b']]))).toBe('resource must have a non-empty ID');
    expect(formProblem('h', form(['a', ['b']]))).toBe(
      "dependency validation failed: resource 'a' depends on non-existent resource 'b'",
    );
    expect(formProblem('h', form(['a', ['a']]))).toBe(
      'dependency validation failed: circular dependency detected: a -> a',
    );
    expect(formProblem('h', form(['a', []], ['b', ['a']]))).toBeUndefined();
  });

  it('looks for a cycle over other forms with the form as it would become', () => {
    const others = [
      { name: 'a', dependsOn: ['a'] },
      { name: 'b', dependsOn: ['a'] },
    ];
    expect(crossFormCycle({ name: 'a', dependsOn: ['b'] }, others)).toBe('dependsOn forms a cycle: a -> b -> a');
    expect(crossFormCycle({ name: 'a', dependsOn: [] }, others)).toBeUndefined();
    expect(crossFormCycle({ name: 'c', dependsOn: ['a'] }, others)).toBeUndefined();
  });

  it('does not look at a write that leaves the spec as it is, or at an object that goes', () => {
    const spec = { a: 1, b: [{ c: 2, d: 3 }] };
    const same = { b: [{ d: 3, c: 2 }], a: 1 };
    expect(isBesideTheSpec({ old: { spec }, object: { spec: same, metadata: { labels: { x: 'y' } } } })).toBe(true);
    expect(isBesideTheSpec({ old: { spec }, object: { spec: { ...spec, a: 2 } } })).toBe(false);
    expect(isBesideTheSpec({ old: undefined, object: { spec } })).toBe(false);
    const going = { spec: { a: 9 }, metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' } };
    expect(isBesideTheSpec({ old: { spec }, object: going })).toBe(true);
  });
});
