import { afterAll, describe, expect, it } from 'vitest';
import { judgeAdmission } from '../../../activities/admission.ts';
import type { JsonObject } from '../../../domain/api/json.ts';
import { nodeDigest } from '../../../domain/node-digest.ts';
import { closeRenderThreads } from '../../../template/index.ts';
import { createFakeCluster } from '../../support/fake-cluster.ts';

const namespace = 'lynq';
const hub: JsonObject = {
  apiVersion: 'operator.lynq.sh/v1',
  kind: 'LynqHub',
  metadata: { name: 'customers', namespace },
  spec: {
    source: {
      type: 'mysql',
      syncInterval: '30s',
      mysql: { host: 'db', port: 3306, username: 'u', database: 'd', table: 't' },
    },
    valueMappings: { uid: 'id', activate: 'on' },
  },
};
const node: JsonObject = {
  apiVersion: 'operator.lynq.sh/v1',
  kind: 'LynqNode',
  metadata: { name: 'acme-web', namespace, uid: 'u1', labels: { 'lynq.sh/hub': 'customers' } },
  spec: { uid: 'acme', templateRef: 'web' },
};

function form(text: string, order: JsonObject = {}): JsonObject {
  const configMap = { apiVersion: 'v1', kind: 'ConfigMap', data: { text } };
  return {
    apiVersion: 'operator.lynq.sh/v1',
    kind: 'LynqForm',
    metadata: { name: 'web', namespace },
    spec: {
      hubId: 'customers',
      ...order,
      configMaps: [{ id: 'settings', nameTemplate: '{{ .uid }}', spec: configMap }],
    },
  };
}

describe('activities/admission', () => {
  afterAll(() => closeRenderThreads());

  function judge(
    text: string,
    objects: readonly JsonObject[] = [hub, node],
    order: JsonObject = {},
    fromApiServer = true,
    cluster = createFakeCluster(),
  ) {
    for (const object of objects) cluster.seed(object);
    const nodes = { ofHub: () => (objects.includes(node) ? [nodeDigest(node)] : []) };
    const object = form(text, order);
    return judgeAdmission(
      { cluster, nodes, clock: { now: () => new Date('2026-11-22T12:00:00Z') } },
      { kind: 'LynqForm', namespace, object, old: undefined, fromApiServer },
    );
  }

  it.each(['uid', 'activate', 'hubId', 'templateRef', 'hostOrUrl', 'host', 'namespace'])(
    'lets a form use .%s, which every row has, and finds nothing wrong with it in a row',
    async (variable) => {
      expect(await judge(`{{ .${variable} }}`)).toEqual({ warnings: [] });
    },
  );

  it('refuses a variable that the hub does not declare, and says what it declares', async () => {
    const { problem } = await judge('{{ .tier }}');
    expect(problem).toContain("invalid data.text in resource 'settings'");
    expect(problem).toContain(
      'variable tier; it declares activate, host, hostOrUrl, hubId, namespace, templateRef, uid',
    );
  });

  it('checks no names of variables without the hub, and says so', async () => {
    expect(await judge('{{ .tier }}', [])).toEqual({
      warnings: ["LynqHub 'customers' not found in namespace 'lynq': names of variables are not checked"],
    });
  });

  it('warns of forms in dependsOn that the hub does not have', async () => {
    const other: JsonObject = { ...form(''), metadata: { name: 'data', namespace } };
    const dependsOn = [{ form: 'data' }, { form: 'nope' }];

    expect(await judge('{{ .uid }}', [hub, node, other], { dependsOn })).toEqual({
      warnings: ["dependsOn names form 'nope', which the hub does not have: new rows wait until it does"],
    });
  });

  it('warns the API server of what fails with the values of a row that is there', async () => {
    const { problem, warnings } = await judge('{{ index (splitList "-" .uid) 3 }}');

    expect(problem).toBeUndefined();
    expect(warnings).toEqual([
      expect.stringMatching(/^row 'acme': template validation failed: invalid data\.text in resource 'settings'/),
    ]);
  });

  it.each(['{{ index (splitList "-" .uid) 3 }}', '{{ if hasPrefix "ac" .uid }}{{ fail "yes" }}{{ end }}'])(
    'tells anybody else nothing that depends on a row, and reads none: %s',
    async (question) => {
      const cluster = createFakeCluster();

      expect(await judge(question, [hub, node], {}, false, cluster)).toEqual({ warnings: [] });
      expect(cluster.calls.filter(({ ref }) => ref.kind === 'LynqNode')).toEqual([]);
    },
  );

  it('refuses what no row can mend, whoever asks', async () => {
    expect((await judge('{{ .tier }}', [hub, node], {}, false)).problem).toContain('variable tier');
    expect((await judge('{{ trunc .uid }}', [hub, node], {}, false)).problem).toContain('data.text');
  });
});
