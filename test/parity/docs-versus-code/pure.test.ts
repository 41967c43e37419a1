import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { planRead } from '../../../adapters/mysql/statement.ts';
import { LynqHubSpec } from '../../../domain/api/hub.ts';
import { LynqNodeStatus } from '../../../domain/api/node.ts';
import { at, type JsonObject, listAt, textAt } from '../../../domain/api/json.ts';
import { buildGraph } from '../../../domain/graph.ts';
import { parseIgnoreFields } from '../../../domain/policies/field-path.ts';
import { evaluateReadiness } from '../../../domain/readiness/index.ts';
import { planRollout } from '../../../domain/rollout/plan.ts';
import type { RolloutNode } from '../../../domain/rollout/model.ts';
import { countStates } from '../../../domain/status.ts';
import { compileUnit } from '../../../template/compile/unit.ts';
import { compileForm } from '../../../template/index.ts';
import { cacheLimits } from '../../../template/limits.ts';
import { readConfig } from '../../../worker/config.ts';
import { run } from '../../unit/client/run.ts';
import { goodForm, goodHub, withLine } from '../../unit/client/lint/forms.ts';
import { compile, objectOf, render, resource } from '../../unit/template/forms.ts';

const text = (path: string): string => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');
const hubSpec = (change: JsonObject = {}, source: JsonObject = {}) =>
  LynqHubSpec.parse({
    source: {
      type: 'mysql',
      syncInterval: '1m',
      mysql: { host: 'db', port: 3306, username: 'reader', database: 'shop', table: 'tenants' },
      ...source,
    },
    valueMappings: { uid: 'id', activate: 'active' },
    ...change,
  });

describe('parity/docs-versus-code', () => {
  it('row 1: default gives a declared variable that is NULL or empty its value; one that is not declared is an error that names it', () => {
    const form = [resource({ spec: { plan: '{{ .plan | default "basic" }}' } })];

    expect(objectOf(render(form, { plan: '' }))).toMatchObject({ spec: { plan: 'basic' } });
    const undeclared = compile(form, ['uid', 'size']);
    expect(undeclared.ok ? [] : undeclared.problems.map(({ message, culprit }) => [culprit, message])).toEqual([
      ['plan', expect.stringMatching(/plan.*size/s)],
    ]);
  });

  it('row 9: a path of ignoreFields with and without $ is the same', () => {
    const parsed = (path: string) => parseIgnoreFields('app', [path]);

    expect(parsed('spec.replicas').problems).toEqual([]);
    expect(parsed('spec.replicas').paths).toEqual(parsed('$.spec.replicas').paths);
  });

  it('row 13: the interval of the full comparison can be set, and is ten minutes otherwise', () => {
    expect(readConfig({ KUBECONFIG: '/k', LYNQ_RELIST_SECONDS: '60' }).relistSeconds).toBe(60);
    expect(readConfig({ KUBECONFIG: '/k' }).relistSeconds).toBe(600);
  });

  it('row 18: the error of a cycle names the whole chain', () => {
    const result = buildGraph([
      { id: 'a', dependIds: ['b'] },
      { id: 'b', dependIds: ['c'] },
      { id: 'c', dependIds: ['a'] },
    ]);

    expect(result.ok ? [] : result.problems.map(({ message }) => message)).toEqual([
      expect.stringContaining('a -> b -> c -> a'),
    ]);
  });

  it('row 19: a node that is not ready within progressDeadlineSeconds makes the rollout Failed', () => {
    const start = new Date('2026-11-20T12:00:00Z');
    const later = (seconds: number) => new Date(start.getTime() + seconds * 1000);
    const node: RolloutNode = {
      name: 'a-web',
      uid: 'a',
      labels: {},
      onTarget: false,
      valuesOnly: false,
      state: 'ready',
    };
    const facts = {
      settings: { maxSkew: 1, deadlineSeconds: 60, paused: false, waves: [], freezeWindows: [] },
      target: 'web-2',
      generation: 2,
      nodes: [node],
      previous: undefined,
      now: start,
    };
    const first = planRollout(facts).status;
    const slow = [{ ...node, onTarget: true, state: 'busy' as const }];
    const look = (seconds: number) =>
      planRollout({ ...facts, nodes: slow, previous: first, now: later(seconds) }).status;

    expect(look(59).phase).toBe('InProgress');
    expect(look(61).phase).toBe('Failed');
  });

  it('row 24: the rendered objects of a row can be seen; the node names the revision they are made from', async () => {
    const { out, exitCode } = await run('render -f form.yaml --hub-file hub.yaml --row id=acme --row replicas=2', {
      files: { 'form.yaml': goodForm, 'hub.yaml': goodHub },
    });

    expect([exitCode, out]).toEqual([0, expect.stringContaining('name: acme-')]);
    expect(out).not.toContain('{{');
  });

  it('row 27: a read asks for the mapped columns of all rows, so that it can be proven complete; no index matters', () => {
    const plan = planRead(hubSpec({ extraValueMappings: { plan: 'plan' } }));

    expect(plan.select).toBe('SELECT `id`, `active`, `plan` FROM `shop`.`tenants`');
    expect(text('docs/sources.md')).toMatch(/whole table/);
  });

  it('row 29: a Deployment is ready when as many as it wants are available, none included', () => {
    const deployment = (replicas: number, available: number): JsonObject => ({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'app', generation: 1 },
      spec: { replicas },
      status: { observedGeneration: 1, replicas, updatedReplicas: replicas, availableReplicas: available },
    });

    expect(evaluateReadiness(deployment(0, 0)).state).toBe('ready');
    expect(evaluateReadiness(deployment(2, 2)).state).toBe('ready');
    expect(evaluateReadiness(deployment(2, 1)).state).toBe('progressing');
  });

  it('row 32: unquoted actions are taken, an entry without kind is an error with its place', async () => {
    const lint = async (form: string) =>
      (await run('lint --offline -f form.yaml -f hub.yaml', { files: { 'form.yaml': form, 'hub.yaml': goodHub } })).out;
    const line = goodForm.split('\n').findIndex((item) => item.includes('kind: Deployment'));

    expect(line).toBeGreaterThan(0);
    expect(await lint(goodForm)).not.toContain('error');
    expect(await lint(withLine(goodForm, line + 1, ''))).toMatch(/form\.yaml:\d+:\d+: error: .*kind/);
  });

  it('row 36: what is compiled is kept, and the oldest of it goes when there is more than fits', () => {
    const named = (name: string) =>
      compileForm({
        form: name,
        contentHash: 'row-36',
        resources: [{ resource: resource({ spec: { a: '{{ .a }}' } }), list: 'manifests', index: 0 }],
        declared: new Set(['uid', 'a']),
      });
    const text = (index: number) => `{{ .a }} of row 36, ${index}`;
    const [form, field] = [named('first'), compileUnit(text(0))];

    expect([named('first') === form, compileUnit(text(0)) === field]).toEqual([true, true]);
    for (let index = 1; index <= cacheLimits.forms; index += 1) named(`other ${index}`);
    for (let index = 1; index <= cacheLimits.fields; index += 1) compileUnit(text(index));
    expect([named('first') === form, compileUnit(text(0)) === field]).toEqual([false, false]);
  });

  it('row 37: helm is told to keep the CRDs at an uninstall, unless crds.keep is false', () => {
    const template = text('deploy/chart/lynqflow/templates/crds.yaml');
    const { crds } = parse(text('deploy/chart/lynqflow/values.yaml')) as { readonly crds: JsonObject };

    expect(crds['keep']).toBe(true);
    expect(template).toMatch(/if \$\.Values\.crds\.keep \}\}.*"helm\.sh\/resource-policy" "keep"/);
  });

  it('row 40: the status has none of the fields that exist in runbooks alone; conflicts count as failures', () => {
    expect(Object.keys(LynqNodeStatus.shape)).not.toContain('conflictedResources');
    expect(Object.keys(LynqNodeStatus.shape)).not.toContain('lastReconcileTime');
    const state = { id: 'a', kind: 'ConfigMap', name: 'a', since: '2026-01-01T00:00:00Z' };
    expect(countStates([{ ...state, state: 'Conflicted' }])).toMatchObject({ conflicted: 1, failed: 1 });
  });

  it('row 41: a hub may read from MySQL and from PostgreSQL', () => {
    const postgres = { host: 'db', username: 'reader', database: 'shop', table: 'tenants' };

    expect(hubSpec().source.type).toBe('mysql');
    expect(hubSpec({}, { type: 'postgres', postgres }).source.type).toBe('postgres');
  });

  it('row 42: no role has a wildcard, nobody may delete many Secrets at once, and only the worker may read them', () => {
    const objects = parseAllDocuments(text('deploy/install.yaml')).map((document) => document.toJS() as JsonObject);
    const roles = objects
      .filter(({ kind }) => kind === 'ClusterRole' || kind === 'Role')
      .map((role) => ({
        name: textAt(role, 'metadata', 'name'),
        rules: role['rules'] as readonly Readonly<Record<string, readonly string[]>>[],
      }));
    const ofSecrets = roles.flatMap(({ name, rules }) =>
      rules.filter(({ resources = [] }) => resources.includes('secrets')).map((rule) => ({ name, ...rule })),
    );
    const wildcards = roles.flatMap(({ rules }) => rules.flatMap((rule) => Object.values(rule).flat()));

    expect(wildcards.filter((value) => value.includes('*'))).toEqual([]);
    // Not read-only, as the documentation of the Go operator says of itself: Secrets are objects of forms here as there.
    expect(ofSecrets).toEqual([
      { name: 'lynqflow', apiGroups: [''], resources: ['secrets'], verbs: ['get', 'create', 'patch', 'delete'] },
      {
        name: 'lynqflow',
        apiGroups: [''],
        resources: ['secrets'],
        verbs: ['get', 'list', 'watch', 'create', 'patch', 'update', 'delete'],
      },
    ]);
    expect(text('docs/migration.md')).toMatch(/Secrets.*rbac\.kinds\.secrets/s);
  });

  it('row 44: syncInterval is 30s where a hub does not say', () => {
    expect(hubSpec({}, { syncInterval: undefined }).source.syncInterval).toBe('30s');
    const crd = parse(text('deploy/crds/operator.lynq.sh_lynqhubs.yaml')) as JsonObject;
    const [version] = listAt(crd, 'spec', 'versions');
    const spec = at(version, 'schema', 'openAPIV3Schema', 'properties', 'spec');
    const interval = at(spec, 'properties', 'source', 'properties', 'syncInterval');

    expect(textAt(interval, 'default')).toBe('30s');
  });
});
