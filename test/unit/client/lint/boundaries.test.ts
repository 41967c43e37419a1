import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { LynqFormSpec } from '../../../../domain/api/form.ts';
import { isJsonObject, type JsonObject, mapAt, textAt } from '../../../../domain/api/json.ts';
import { collectResources } from '../../../../domain/api/resource.ts';
import { ScopePolicy } from '../../../../domain/api/scope.ts';
import { reservedPrefix } from '../../../../domain/keys.ts';
import { judgeScope, reservedKeys } from '../../../../domain/policies/scope.ts';
import { run } from '../run.ts';
import { goodHub } from './forms.ts';

const textOf = (path: string): string => readFileSync(new URL(`../../../../${path}`, import.meta.url), 'utf8');
const form = textOf('test/fixtures/refused-by-default-policy.yaml');
const migration = textOf('docs/migration.md');

async function lint(text: string): Promise<{ readonly lines: readonly string[]; readonly code: number }> {
  const hub = goodHub.replace('  name: shop', '  name: shop\n  namespace: tenants');
  const { out, exitCode: code } = await run('lint --offline -f form.yaml -f hub.yaml', {
    files: { 'form.yaml': text, 'hub.yaml': hub },
  });
  return { lines: out.split('\n').filter((line) => line !== ''), code };
}

/** The entries of the fixture with a row's text in place of `{{ .uid }}`. */
function questions() {
  const { spec } = parse(form) as { spec: JsonObject };
  return collectResources(LynqFormSpec.parse(spec)).map(({ resource: entry }) => {
    const { annotationsTemplate: annotations = {}, nameTemplate = '', targetNamespace: namespace = '' } = entry;
    const metadata = {
      ...mapAt(entry.spec, 'metadata'),
      annotations,
      namespace,
      name: nameTemplate.replace('{{ .uid }}', 'acme'),
    };
    const namespaced = !['Namespace', 'ClusterRole'].includes(textAt(entry.spec, 'kind') ?? '');
    return { entry, object: { ...entry.spec, metadata }, namespaced, nodeNamespace: 'tenants' };
  });
}

const refused = (policy: ScopePolicy): readonly string[] =>
  questions()
    .filter((question) => judgeScope({ policy, workerNamespace: 'lynq-system' }, question) !== undefined)
    .map(({ entry }) => entry.id)
    .toSorted();

/** The block of the page that has the policy. */
function documented(): ScopePolicy {
  const blocks = [...migration.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, text = '']): unknown => parse(text));
  const values = blocks.find((block) => isJsonObject(block as JsonObject) && 'scopePolicy' in (block as JsonObject));
  return ScopePolicy.parse((values as JsonObject)['scopePolicy']);
}

describe('client/lint/boundaries', () => {
  it("warns of what the worker's default policy refuses, and of nothing else", async () => {
    const { lines, code } = await lint(form);
    expect(lines).toEqual([
      "form.yaml:14:13: warning: label pod-security.kubernetes.io/enforce of resource 'space' is reserved: the worker's default policy refuses the entry",
      '    remove it, or allow it in allowMetadata: docs/boundaries.md',
      "form.yaml:17:9: warning: annotation openshift.io/node-selector of resource 'space' is reserved: the worker's default policy refuses the entry",
      '    remove it, or allow it in allowMetadata: docs/boundaries.md',
      "form.yaml:19:7: warning: the worker's default policy refuses resource 'system': namespace kube-* is denied by the worker's policy",
      '    remove it, or allow it in namespaces: docs/boundaries.md',
      "form.yaml:25:9: warning: annotation kubernetes.io/service-account.name of resource 'token' is reserved: the worker's default policy refuses the entry",
      '    remove it, or allow it in allowMetadata: docs/boundaries.md',
      "form.yaml:30:7: warning: the worker's default policy refuses resource 'dns': namespace kube-system is denied by the worker's policy",
      '    remove it, or allow it in namespaces: docs/boundaries.md',
      "form.yaml:41:9: warning: the worker's default policy refuses resource 'role': ClusterRole.rbac.authorization.k8s.io is cluster-scoped and not among clusterKinds of the worker's policy: Namespace",
      '    remove it, or allow it in clusterKinds: docs/boundaries.md',
    ]);
    expect(code).toBe(0);
  });

  it('says of a Namespace without a name only that it has none', async () => {
    const { lines } = await lint(form.replace('nameTemplate: kube-{{ .uid }}', 'nameTemplate: ""'));

    expect(lines.filter((line) => line.includes("'system'"))).toEqual([expect.stringContaining('has no name')]);
  });

  it('names what a worker with the default policy refuses, and no more', () => {
    expect(refused(ScopePolicy.parse({}))).toEqual(['dns', 'role', 'space', 'system', 'token']);
  });

  it('the policy of docs/migration.md refuses none of it', () => {
    expect(refused(documented())).toEqual([]);
  });

  it('the policy of docs/migration.md lets forms set every reserved key but ours', () => {
    const keys = reservedKeys.filter((pattern) => !pattern.startsWith(reservedPrefix));
    const spec = { apiVersion: 'v1', kind: 'ConfigMap' };
    const entry = { spec, targetNamespace: '', nameTemplate: 'one' };
    const judged = (key: string) => {
      const object = { ...spec, metadata: { name: 'one', labels: { [key]: 'x' } } };
      const question = { entry, object, namespaced: true, nodeNamespace: 'tenants' };
      return judgeScope({ policy: documented(), workerNamespace: 'lynq-system' }, question)?.reason;
    };

    expect(keys.length).toBeGreaterThan(10);
    expect(keys.filter((pattern) => judged(pattern.replace('*', 'some')) !== undefined)).toEqual([]);
    expect(judged(`${reservedPrefix}node`)).toBe('ReservedMetadata');
  });
});
