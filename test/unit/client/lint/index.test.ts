import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createFakeCluster } from '../../../support/fake-cluster.ts';
import { run } from '../run.ts';
import { goodForm, goodHub, withLine } from './forms.ts';

/** Problems without their advice, which the other tests look at. */
function problemLines(out: string): readonly string[] {
  return out.split('\n').filter((line) => line !== '' && !line.startsWith('    '));
}

async function lint(files: Readonly<Record<string, string>>): Promise<readonly string[]> {
  const line = Object.keys(files).map((name) => `-f ${name}`);
  const { out, exitCode } = await run(`lint --offline ${line.join(' ')}`, { files });
  const lines = problemLines(out);
  expect(exitCode).toBe(lines.some((text) => text.includes(': error: ')) ? 1 : 0);
  return lines;
}

const lintForm = (form: string) => lint({ 'form.yaml': form, 'hub.yaml': goodHub });
const lintHub = (hub: string) => lint({ 'hub.yaml': hub });

describe('client/lint/index', () => {
  it('has nothing to say about a good form and its hub', async () => {
    expect(await lintForm(goodForm)).toEqual([]);
  });

  it('has nothing to say about the files of the multi-tier story', async () => {
    const folder = new URL('../../../../examples/multi-tier/', import.meta.url);
    const names = readdirSync(folder).filter((name) => name.endsWith('.yaml') && !name.startsWith('minimal-'));
    const files = Object.fromEntries(names.map((name) => [name, readFileSync(new URL(name, folder), 'utf8')]));

    expect(names).toHaveLength(5);
    expect(await lint(files)).toEqual([]);
  });

  it.each<[string, string, readonly string[]]>([
    [
      'an unknown field of the form',
      withLine(goodForm, 6, '  hubID: shop'),
      ['form.yaml:6:3: error: unknown field spec.hubID', 'form.yaml:5:1: error: spec.hubId is required'],
    ],
    [
      'an unknown field of an entry',
      withLine(goodForm, 11, '      timeoutSecond: 300'),
      ['form.yaml:11:7: error: unknown field spec.deployments[0].timeoutSecond'],
    ],
    [
      'an unknown list',
      withLine(goodForm, 7, '  deployment:'),
      ['form.yaml:7:3: error: unknown field spec.deployment'],
    ],
    [
      'a path of ignoreFields that cannot be understood',
      withLine(goodForm, 11, '      ignoreFields: ["$.spec.replicas", "$..image"]'),
      ["form.yaml:11:41: error: invalid ignoreFields in resource 'app': '..' is not supported; name the whole path"],
    ],
    [
      'a number out of range',
      withLine(goodForm, 11, '      timeoutSeconds: 4000'),
      ['form.yaml:11:23: error: spec.deployments[0].timeoutSeconds: must be at most 3600'],
    ],
    [
      'a template where a number is fixed',
      withLine(goodForm, 11, '      timeoutSeconds: {{ .replicas | int }}'),
      ['form.yaml:11:23: error: spec.deployments[0].timeoutSeconds: must be a number, not "{{ .replicas | int }}"'],
    ],
    [
      'a policy that does not exist',
      withLine(goodForm, 11, '      deletionPolicy: Keep'),
      ['form.yaml:11:23: error: spec.deployments[0].deletionPolicy: must be one of Delete, Retain, not "Keep"'],
    ],
    [
      'yes, which YAML of kubectl reads as true',
      withLine(goodForm, 11, '      patchStrategy: yes'),
      ['form.yaml:11:22: error: spec.deployments[0].patchStrategy: must be one of apply, merge, replace, not true'],
    ],
    [
      'a map where a list belongs',
      withLine(goodForm, 10, '      dependIds: {a: b}'),
      ['form.yaml:10:18: error: spec.deployments[0].dependIds: must be a list, not a map'],
    ],
    [
      'an entry without id',
      withLine(goodForm, 8, '    - nameTemplate: a').replace('      nameTemplate: "{{ .uid }}-app"\n', ''),
      [
        'form.yaml:8:7: error: spec.deployments[0].id is required',
        "form.yaml:8:7: warning: resource 'deployments[0]' has the same name in the same namespace for every row; all rows but the first would be in conflict",
      ],
    ],
    [
      'an empty id',
      withLine(goodForm, 8, '    - id: ""'),
      ['form.yaml:8:11: error: resource must have a non-empty ID'],
    ],
    [
      'a duplicate id across lists',
      withLine(goodForm, 19, '    - id: app').replace('dependIds: ["config"]', 'dependIds: []'),
      ['form.yaml:19:11: error: duplicate resource ID: app'],
    ],
    [
      'a dependency that does not exist',
      withLine(goodForm, 10, '      dependIds: ["config", "secret"]'),
      ["form.yaml:10:29: error: resource 'app' depends on non-existent resource 'secret'"],
    ],
    [
      'a cycle',
      withLine(goodForm, 20, '      nameTemplate: "{{ .uid }}-c"', '      dependIds: [app]'),
      ['form.yaml:10:19: error: circular dependency detected: app -> config -> app'],
    ],
    [
      'an object without kind',
      withLine(goodForm, 14, '        # kind: Deployment'),
      ['form.yaml:12:7: error: spec.deployments[0].spec.kind is required'],
    ],
    [
      'an entry without a name',
      withLine(goodForm, 9, '      # no name'),
      ["form.yaml:8:7: error: resource 'app' has no name"],
    ],
    [
      'a name Kubernetes does not take',
      withLine(goodForm, 4, '  name: Web_App'),
      ['form.yaml:4:3: error: metadata.name "Web_App" is not a name Kubernetes takes'],
    ],
    [
      'a template in an id',
      withLine(goodForm, 8, '    - id: "{{ .uid }}-app"'),
      ['form.yaml:8:11: warning: id is not a template and stays as it is written'],
    ],
    [
      'no spec at all',
      'apiVersion: operator.lynq.sh/v1\nkind: LynqForm\nmetadata: {name: web}\n',
      ['form.yaml:1:1: error: spec is required'],
    ],
  ])('names the place of %s', async (_story, form, lines) => {
    expect([...(await lintForm(form))].toSorted()).toEqual([...lines].toSorted());
  });

  it.each<[string, string, readonly string[]]>([
    [
      'a source without its block',
      goodHub.replace(/ {4}mysql:\n(?: {6}.*\n)+/, ''),
      ['hub.yaml:6:3: error: mysql configuration is required when source type is mysql'],
    ],
    [
      'an interval with two units',
      withLine(goodHub, 8, '    syncInterval: 1m30s'),
      ['hub.yaml:8:19: error: spec.source.syncInterval: must match /^[0-9]+(s|m|h)$/, not "1m30s"'],
    ],
    [
      'an empty table',
      withLine(goodHub, 14, '      table: ""'),
      ['hub.yaml:14:7: error: spec.source.mysql.table is required'],
    ],
    [
      'a missing mapping',
      withLine(goodHub, 17, '    active: active'),
      [
        'hub.yaml:17:5: error: unknown field spec.valueMappings.active',
        'hub.yaml:15:3: error: spec.valueMappings.activate is required',
      ],
    ],
    [
      'a variable with a taken name',
      withLine(goodHub, 19, '    uid: replicas'),
      ['hub.yaml:19:5: warning: extraValueMappings.uid has the name of a variable every row has'],
    ],
    [
      'a column without a name',
      withLine(goodHub, 20, '    plan: ""'),
      ['hub.yaml:20:5: error: extraValueMappings.plan names no column'],
    ],
    [
      'a variable no template can write',
      withLine(goodHub, 20, '    web-replicas: plan'),
      [
        'hub.yaml:20:5: warning: templates cannot write .web-replicas: the name of a variable has letters, digits and _ only',
      ],
    ],
    [
      'a deprecated mapping',
      withLine(goodHub, 17, '    activate: active', '    hostOrUrl: url'),
      ['hub.yaml:18:5: warning: valueMappings.hostOrUrl is deprecated'],
    ],
  ])('names the place of a hub with %s', async (_story, hub, lines) => {
    expect([...(await lintHub(hub))].toSorted()).toEqual([...lines].toSorted());
  });

  it('reports the same object in two files', async () => {
    expect(await lint({ 'a.yaml': goodHub, 'b.yaml': goodHub })).toEqual([
      'b.yaml:4:3: error: LynqHub shop is already in a.yaml:4',
    ]);
  });

  it('refuses unquoted templates outside of forms, and leaves quoted ones alone', async () => {
    const configMap = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata:\n  a: {{ .x }}\n  b: "{{ .y }}"\n';

    expect(await lint({ 'c.yaml': configMap })).toEqual([
      'c.yaml:5:6: error: templates are rendered in a LynqForm only, not in a ConfigMap',
    ]);
  });

  it('leaves objects of others alone, also where a kind looks a little like one of ours', async () => {
    const other = (apiVersion: string, kind: string): string =>
      `apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata: {name: c}\nextra: 1\n`;

    expect(await lint({ 'a.yaml': other('example.com/v1', 'LinkNode'), 'b.yaml': other('v1', 'Node') })).toEqual([]);
  });

  it('checks the rest of a form whose kind or version is wrong, and takes such a hub for the one that is meant', async () => {
    const form = withLine(goodForm, 2, 'kind: LynqFrom').replace('{{ .plan }}', '{{ .plna }}');
    const hub = withLine(goodHub, 1, 'apiVersion: operator.lynq.sh/v1beta1');

    const { out } = await run('lint --offline -f form.yaml -f hub.yaml', {
      files: { 'form.yaml': form, 'hub.yaml': hub },
    });

    expect(problemLines(out)).toEqual([
      'form.yaml:2:1: error: there is no kind LynqFrom',
      expect.stringContaining(
        'form.yaml:27:21: error: spec.configMaps[0].spec.data.text: the hub does not declare the variable plna',
      ),
      'hub.yaml:1:1: error: there is no LynqHub in operator.lynq.sh/v1beta1',
    ]);
  });

  it.each(['', '# nothing\n', '---\n---\n'])('refuses a file without an object: %j', async (text) => {
    expect(await lint({ 'a.yaml': text })).toEqual(['a.yaml:1:1: error: the file holds no object']);
  });

  it('is what apply goes by, also in a dry run of the client', async () => {
    const files = { 'a.yaml': withLine(goodForm, 1, 'apiVersion: operator.lynq.sh/v2'), 'hub.yaml': goodHub };

    const { out, err, exitCode } = await run('apply --dry-run=client -f a.yaml -f hub.yaml', { files });

    expect({ out, exitCode }).toEqual({ out: '', exitCode: 1 });
    expect(err).toContain('a.yaml:1:1: error: there is no LynqForm in operator.lynq.sh/v2');
  });

  it('only warns when the hub of a form is nowhere to be found', async () => {
    expect(await lint({ 'form.yaml': goodForm })).toEqual([
      'form.yaml:6:3: warning: the variables of LynqHub shop are not known, so their names were not checked: no cluster was asked',
    ]);
  });

  it('takes the hub from the cluster, and says when the cluster has none', async () => {
    const cluster = createFakeCluster();
    const files = { 'form.yaml': goodForm };
    const without = await run('lint -f form.yaml', { files, cluster });
    cluster.seed({
      apiVersion: 'operator.lynq.sh/v1',
      kind: 'LynqHub',
      metadata: { name: 'shop', namespace: 'lynq-system' },
      spec: {
        source: { type: 'mysql', mysql: { host: 'h', username: 'u', database: 'd', table: 't' } },
        valueMappings: { uid: 'id', activate: 'on' },
        extraValueMappings: { replicas: 'replicas', plan: 'plan' },
      },
    });

    const found = await run('lint -f form.yaml', { files, cluster });

    expect(problemLines(without.out)).toEqual([
      'form.yaml:6:3: warning: there is no LynqHub shop, neither in these files nor in the cluster',
    ]);
    expect(without.exitCode).toBe(0);
    expect(found).toMatchObject({ out: '', exitCode: 0, err: '1 file: no problems\n' });
  });

  it('gives all problems of all files at once, with advice and a count', async () => {
    const files = {
      'a.yaml': withLine(goodForm, 11, '      timeoutSecond: 300'),
      'b.yaml': 'a:\n\tb: 1\n',
    };

    const { out, err, exitCode } = await run('lint --offline -f a.yaml -f b.yaml', { files });

    expect(out).toContain(
      'a.yaml:11:7: error: unknown field spec.deployments[0].timeoutSecond\n    did you mean timeoutSeconds?\n',
    );
    expect(out).toContain('b.yaml:2:1: error: tabs cannot indent YAML\n    indent with spaces\n');
    expect(err).toBe('2 files: 2 errors, 1 warning\n');
    expect(exitCode).toBe(1);
  });

  it('prints problems as JSON for programs', async () => {
    const { out } = await run('lint --offline -o json -f b.yaml', { files: { 'b.yaml': 'a:\n\tb: 1\n' } });

    expect(JSON.parse(out)).toEqual([
      {
        file: 'b.yaml',
        line: 2,
        column: 1,
        severity: 'error',
        message: 'tabs cannot indent YAML',
        fix: 'indent with spaces',
      },
    ]);
  });

  it('has the place of what is wrong in a readyWhen, inside the expression', async () => {
    const form = withLine(goodForm, 11, '      readyWhen: "has(object.status) && nothing.here == 1"');

    expect(await lintForm(form)).toEqual([
      "form.yaml:11:41: error: readyWhen of resource 'app': Unknown variable: nothing",
    ]);
  });

  it('says on every form of a cycle which forms wait for each other, and nothing of the others', async () => {
    const form = (name: string, dependsOn: string) =>
      goodForm
        .replace('name: web', `name: ${name}`)
        .replaceAll('{{ .uid }}-', `{{ .uid }}-${name}-`)
        .replace('  hubId: shop', `  hubId: shop\n  dependsOn: [{ form: ${dependsOn} }]`);
    const files = { 'a.yaml': form('a', 'b'), 'b.yaml': form('b', 'a'), 'c.yaml': form('c', 'a'), 'hub.yaml': goodHub };

    expect(await lint(files)).toEqual([
      'a.yaml:7:17: error: dependsOn forms a cycle: a -> b -> a',
      'b.yaml:7:17: error: dependsOn forms a cycle: b -> a -> b',
    ]);
  });
});
