import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../../domain/api/json.ts';
import { listRepair as repairOf } from '../../../../domain/policies/list-repair.ts';

const entry = (manager: string, operation: string, fieldsV1: JsonObject): JsonObject => ({
  manager,
  operation,
  apiVersion: 'v1',
  fieldsType: 'FieldsV1',
  fieldsV1,
});
const ports = (...keys: readonly number[]): JsonObject => ({
  'f:spec': {
    'f:ports': Object.fromEntries(
      keys.map((port) => [`k:{"port":${port},"protocol":"TCP"}`, { '.': {}, 'f:port': {} }]),
    ),
  },
});
const service = (list: readonly JsonObject[], ...managedFields: readonly JsonObject[]): JsonObject => ({
  spec: { ports: list },
  metadata: { resourceVersion: '7', managedFields },
});
const tcp = (port: number, more: JsonObject = {}): JsonObject => ({ port, protocol: 'TCP', ...more });
const duplicate = ['spec.ports[1].name'];
const listRepair = (body: JsonObject, live: JsonObject, fields = duplicate) => repairOf(body, live, fields)?.patch;
const version = { op: 'replace', path: '/metadata/resourceVersion', value: '7' };

describe('domain/policies/list-repair', () => {
  it('takes out an item whose key was edited by hand and puts ours back', () => {
    const live = service(
      [tcp(8080), tcp(90)],
      entry('kubectl-edit', 'Update', ports(8080)),
      entry('lynq-operator', 'Apply', ports(90)),
    );
    expect(listRepair({ spec: { ports: [{ port: 80 }, { port: 90 }] } }, live)).toEqual([
      { op: 'replace', path: '/spec/ports', value: [tcp(90), { port: 80 }] },
      version,
    ]);
  });

  it('keeps items of another applier and items that are ours', () => {
    const live = service(
      [tcp(8080), tcp(70)],
      entry('kubectl-edit', 'Update', ports(8080)),
      entry('team', 'Apply', ports(70)),
    );
    expect(listRepair({ spec: { ports: [{ port: 80 }] } }, live)).toEqual([
      { op: 'replace', path: '/spec/ports', value: [tcp(70), { port: 80 }] },
      version,
    ]);
  });

  it('has nothing to do where no stranger is in a list', () => {
    expect(
      listRepair({ spec: { ports: [{ port: 80 }] } }, service([tcp(80)], entry('lynq-operator', 'Apply', ports(80)))),
    ).toBeUndefined();
    expect(listRepair({ data: { a: '1' } }, { data: { a: '2' }, metadata: {} })).toBeUndefined();
  });

  it('leaves lists alone whose items have no keys', () => {
    const live = service([tcp(1)], entry('kubectl-edit', 'Update', { 'f:spec': { 'f:ports': {} } }));
    expect(listRepair({ spec: { ports: [{ port: 80 }] } }, live)).toBeUndefined();
  });

  it('repairs a list inside of a list, with all that stands around it', () => {
    const inner = (key: number) => ({ [`k:{"containerPort":${key},"protocol":"UDP"}`]: { '.': {} } });
    const fields = (key: number): JsonObject => ({
      'f:spec': { 'f:containers': { 'k:{"name":"a"}': { '.': {}, 'f:ports': inner(key) } } },
    });
    const live = {
      spec: {
        containers: [{ name: 'injected' }, { name: 'a', image: 'i', ports: [{ containerPort: 99, protocol: 'UDP' }] }],
      },
      metadata: {
        resourceVersion: '7',
        managedFields: [
          entry('lynq-operator', 'Apply', {
            'f:spec': { 'f:containers': { 'k:{"name":"a"}': { '.': {}, 'f:image': {} } } },
          }),
          entry('injector', 'Apply', { 'f:spec': { 'f:containers': { 'k:{"name":"injected"}': { '.': {} } } } }),
          entry('kubectl-edit', 'Update', fields(99)),
        ],
      },
    };
    const body = { spec: { containers: [{ name: 'a', ports: [{ containerPort: 53, protocol: 'UDP' }] }] } };
    expect(listRepair(body, live, ['spec.containers[1].ports[1].name'])?.[0]).toEqual({
      op: 'replace',
      path: '/spec/containers',
      value: [{ name: 'injected' }, { name: 'a', image: 'i', ports: [{ containerPort: 53, protocol: 'UDP' }] }],
    });
  });

  const pod = (...others: readonly JsonObject[]): JsonObject => ({
    spec: { containers: [{ name: 'a', image: 'i', env: [{ name: 'DEBUG' }] }, ...others] },
    metadata: {
      resourceVersion: '7',
      managedFields: [
        entry('lynq-operator', 'Apply', {
          'f:spec': { 'f:containers': { 'k:{"name":"a"}': { '.': {}, 'f:image': {} } } },
        }),
        entry('kubectl-set', 'Update', {
          'f:spec': {
            'f:containers': {
              'k:{"name":"a"}': { 'f:env': { 'k:{"name":"DEBUG"}': { '.': {} } } },
              'k:{"name":"sidecar"}': { '.': {} },
            },
          },
        }),
      ],
    },
  });
  const container = { spec: { containers: [{ name: 'a', image: 'i', env: [{ name: 'OURS' }] }] } };

  it.each([
    ['another field', ['spec.terminationGracePeriodSeconds']],
    ['a list without strangers', ['spec.volumes[0].name']],
    ['nothing that is named', []],
  ])('takes nobody out of a list when the server refuses %s', (_, fields) => {
    expect(repairOf(container, pod({ name: 'sidecar' }), fields)).toBeUndefined();
  });

  it('takes the longest name of a field at once', () => {
    const fields = [`spec.${'['.repeat(200_000)}`];

    expect(repairOf(container, pod({ name: 'sidecar' }), fields)).toBeUndefined();
  });

  it('touches only the innermost list around what was refused', () => {
    const repair = repairOf(container, pod({ name: 'sidecar' }), ['spec.containers[0].env[1].value']);
    const value = [{ name: 'a', image: 'i', env: [{ name: 'OURS' }] }, { name: 'sidecar' }];
    expect(repair?.patch).toEqual([{ op: 'replace', path: '/spec/containers', value }, version]);
    const outer = repairOf(container, pod({ name: 'sidecar' }), ['spec.containers[1].image']);
    const kept = [{ name: 'a', image: 'i', env: [{ name: 'DEBUG' }] }];
    expect(outer?.patch).toEqual([{ op: 'replace', path: '/spec/containers', value: kept }, version]);
  });

  it('proves itself with all that the form says, and what others have beside it', () => {
    const body = { ...container, spec: { ...container.spec, priority: -1 }, metadata: { labels: { a: 'b' } } };
    const repair = repairOf(body, pod({ name: 'sidecar' }), ['spec.containers[1].image']);
    const containers = [{ name: 'a', image: 'i', env: [{ name: 'DEBUG' }, { name: 'OURS' }] }];
    expect(repair?.proof).toEqual([{ op: 'add', path: '/spec', value: { containers, priority: -1 } }, version]);
  });
});
