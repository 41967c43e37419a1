import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { childPath, conditionOf, type Json, lynqPath } from '../support/e2e/cluster.ts';
import { everythingStored, whereIs } from '../support/e2e/engine.ts';
import { eventually, notYet, there } from '../support/e2e/eventually.ts';
import { openWorld, replaced, seedForms, setSecret, type World } from '../support/e2e/world.ts';

const schema = `CREATE TABLE nodes (
  node_id VARCHAR(63) PRIMARY KEY, is_active BOOLEAN DEFAULT TRUE,
  web_replicas INT DEFAULT 1, api_replicas INT DEFAULT 1, worker_replicas INT DEFAULT 1,
  db_cpu_request VARCHAR(10) DEFAULT '123m', db_memory_request VARCHAR(10) DEFAULT '1Gi', db_storage_size VARCHAR(10) DEFAULT '20Gi',
  enable_analytics BOOLEAN DEFAULT FALSE, enable_notifications BOOLEAN DEFAULT TRUE,
  motto VARCHAR(200), alias VARCHAR(200)
);`;

describe('e2e/secrecy', () => {
  const uid = 'discreet';
  // Words of no other test: events of the whole cluster are looked through.
  const password = 'birdsong-Pa55word-"of\\the/database+';
  const changedPassword = 'birdsong-second-Pa55word';
  const alias = 'Kanarienvogel is no name';
  const motto = 'Birdsong Motto "of the row", not a label/value äöü';
  const laterMotto = 'Birdsong motto after the update';
  let world: World;

  /** A form whose Deployment the API server refuses, quoting the value it dislikes. */
  const refusedForm = () =>
    `apiVersion: operator.lynq.sh/v1
kind: LynqForm
metadata: { name: refused, namespace: ${world.namespace} }
spec:
  hubId: multi-tier-nodes
  configMaps:
    - id: refused
      nameTemplate: "{{ .uid }}-refused"
      spec:
        apiVersion: v1
        kind: ConfigMap
        metadata: { labels: { motto: "{{ .motto }}" } }
`;
  const wordForm = () =>
    refusedForm()
      .replaceAll('refused', 'word')
      .replace('metadata: { labels: { motto: "{{ .motto }}" } }', 'data: { motto: "{{ .motto }}" }');
  /** A form that fails on a value of the row while it is rendered. */
  const unrenderableForm = () =>
    wordForm().replaceAll('word', 'unrenderable').replace('{{ .motto }}', '{{ index .motto 5000 }}');
  /** Forms that make a name of a row's text, which is no name; a slash would even lead to another path of the API server. */
  const misnamedForms = {
    misnamed: () => wordForm().replaceAll('word', 'misnamed').replace('{{ .uid }}-misnamed', '{{ .alias }}'),
    pathlike: () => wordForm().replaceAll('word', 'pathlike').replace('{{ .uid }}-pathlike', '{{ .alias }}/x'),
  } as const;
  /** Applies a form past lint and waits until it is said that its node failed. */
  async function failureIsSaid(name: string, text: string): Promise<void> {
    expect(await world.lynq(['apply', '--skip-lint', '-f', '-'], text)).toMatchObject({ code: 0 });
    await eventually(
      'it is said',
      async () => {
        const node = await world.node(`${uid}-${name}`);
        const events = (await world.cluster.list(`/api/v1/namespaces/${world.namespace}/events`)) as readonly Json[];
        const warnings = events.filter(({ type, message }) => type === 'Warning' && (message as string).includes(name));
        const failed = conditionOf(node, 'Ready')?.status === 'False' && node?.status.failedResources > 0;
        return failed || warnings.length > 0 ? there(node) : notYet([node?.metadata.name, node?.status, warnings]);
      },
      { withinMs: 30_000 },
    );
  }

  beforeAll(async () => {
    world = await openWorld(inject('stack'), { name: 'secrecy', password, schema });
    await world.database.sql('INSERT INTO nodes (node_id, motto, alias) VALUES (?, ?, ?)', [uid, motto, alias]);
    const hub = replaced(world.hubText('3s'), {
      'extraValueMappings:': 'extraValueMappings:\n    motto: motto\n    alias: alias',
    });
    await world.applyAll(hub, ...seedForms.map((form) => world.formText(form)), wordForm());
    await world.ready([...seedForms, 'word'].map((form) => `${uid}-${form}`));
  });
  afterAll(() => world?.close());

  test('row values reach Kubernetes as they are', async () => {
    const map = await world.cluster.get(childPath('ConfigMap', world.namespace, `${uid}-word`));
    expect(map.data).toEqual({ motto });
  });

  test('a refused object says object and field, never the value', async () => {
    await world.apply(refusedForm());
    const node = await eventually('the refusal is in the status', async () => {
      const found = await world.node(`${uid}-refused`);
      const failed = (found?.status?.failedResources ?? 0) > 0;
      return found !== undefined && failed ? there(found) : notYet(found?.status ?? 'absent');
    });
    expect(conditionOf(node, 'Ready')?.status).toBe('False');
    const status = JSON.stringify(node.status);
    expect(status).toContain('metadata.labels');
    expect(status).not.toContain('Birdsong');
  });

  test('a template that cannot be rendered for a row is a failure of its node', async () => {
    await failureIsSaid('unrenderable', unrenderableForm());
  });

  test('changes, overrides and a wrong password go through without leaving a trace either', async () => {
    await world.database.sql('UPDATE nodes SET motto = ? WHERE node_id = ?', [laterMotto, uid]);
    await eventually('the new motto', async () => {
      const map = await world.cluster.get(childPath('ConfigMap', world.namespace, `${uid}-word`));
      return map.data?.['motto'] === laterMotto ? there(map) : notYet(map.data);
    });
    expect(await world.lynq(['scale', uid, 'api-tier', '--set', 'apiReplicas=2'])).toMatchObject({ code: 0 });
    await world.database.setPassword(changedPassword);
    const failed = await eventually('the hub says that the password is wrong', async () => {
      const condition = conditionOf(await world.hub(), 'Ready');
      return condition?.status === 'False' ? there(condition) : notYet(condition ?? 'none');
    });
    expect(failed.message).toMatch(/denied|password|credentials/i);
    await setSecret(world.cluster, world.namespace, 'mysql-credentials', { password: changedPassword });
    await eventually('the hub reads again', async () => {
      const condition = conditionOf(await world.hub(), 'Ready');
      return condition?.status === 'True' ? there(condition) : notYet(condition ?? 'none');
    });
  });

  test('no secret and no row value is stored anywhere in Temporal', async () => {
    const secret = await world.cluster.get(childPath('Secret', `node-${uid}`, `${uid}-db-credentials`));
    const generated = Buffer.from(secret.data?.['password'] ?? '', 'base64').toString();
    const stored = await everythingStored(world.engine);
    expect(whereIs(`node/${world.namespace}/${uid}-api-tier`, stored)).toBeDefined();
    for (const canary of [password, changedPassword, motto, laterMotto, 'Birdsong', 'birdsong-', generated]) {
      expect(whereIs(canary, stored), canary).toBeUndefined();
    }
  });

  test("nor is one in the worker's log, an event or a status", async () => {
    const secret = await world.cluster.get(childPath('Secret', `node-${uid}`, `${uid}-db-credentials`));
    const generated = Buffer.from(secret.data?.['password'] ?? '', 'base64').toString();
    const events = await world.cluster.list('/api/v1/events');
    const objects = [
      ...(await world.nodes()),
      ...(await world.cluster.list(lynqPath(world.namespace, 'lynqhubs'))),
      ...(await world.cluster.list(lynqPath(world.namespace, 'lynqforms'))),
    ];
    const said = Buffer.from(
      [
        world.worker.output(),
        ...events.map((event) => JSON.stringify(event)),
        ...objects.map(({ status }) => JSON.stringify(status)),
      ].join('\n'),
    );
    for (const canary of [password, changedPassword, motto, laterMotto, 'Birdsong', 'birdsong-', generated]) {
      expect(whereIs(canary, said), canary).toBeUndefined();
    }
    const whole = Buffer.from(objects.map((object) => JSON.stringify(object)).join('\n'));
    for (const canary of [password, changedPassword, generated]) expect(whereIs(canary, whole), canary).toBeUndefined();
  });

  test.each(['misnamed', 'pathlike'] as const)(
    'a name that a row makes impossible (form %s) is a failure of its node',
    async (name) => {
      await failureIsSaid(name, misnamedForms[name]());
    },
  );

  test('the row value that made the impossible names is not stored in Temporal', async () => {
    expect(whereIs(alias, await everythingStored(world.engine))).toBeUndefined();
  });

  test("nor is it in the worker's log or an event", async () => {
    const events = await world.cluster.list('/api/v1/events');
    const said = [world.worker.output(), ...events.map((event) => JSON.stringify(event))];
    expect(whereIs(alias, Buffer.from(said.join('\n')))).toBeUndefined();
  });
});
