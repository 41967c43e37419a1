import { X509Certificate } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { apiGroup } from '../../domain/keys.ts';
import { choosePorts, isPortFree, randomStart } from '../../stack/ports.ts';
import { ClusterAnswer, lynqPath } from '../support/e2e/cluster.ts';
import { eventually, type Look, notYet, there } from '../support/e2e/eventually.ts';
import { hubObject } from '../support/e2e/manifests.ts';
import { openWorld, type World } from '../support/e2e/world.ts';
import { applyManifests, type Manifest, type Rule } from '../support/install/account.ts';

/**
 * The admission webhook of the worker, asked by the real API server. Its configurations are those of the chart, but for the address: here the API
 * server calls a port of this machine instead of a Service.
 */
const name = 'webhook-test';
const group = 'admissionregistration.k8s.io';

function configuration(kind: 'Mutating' | 'Validating', port: number): Manifest {
  const verb = kind === 'Mutating' ? 'mutate' : 'validate';
  const webhooks = ['lynqhub', 'lynqform'].map((resource) => ({
    name: `${verb[0]}${resource}.kb.io`,
    admissionReviewVersions: ['v1'],
    sideEffects: 'None',
    failurePolicy: 'Fail',
    clientConfig: { url: `https://127.0.0.1:${port}/${verb}-operator-lynq-sh-v1-${resource}` },
    // The other tests of this stack go on without it.
    namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': `e2e-${name}` } },
    rules: [
      { apiGroups: [apiGroup], apiVersions: ['v1'], operations: ['CREATE', 'UPDATE'], resources: [`${resource}s`] },
    ],
  }));
  return { apiVersion: `${group}/v1`, kind: `${kind}WebhookConfiguration`, metadata: { name }, webhooks };
}

/** What the chart adds to the role of the worker with `webhook.enabled`. */
const rules: readonly Rule[] = [
  {
    apiGroups: [group],
    resources: ['mutatingwebhookconfigurations', 'validatingwebhookconfigurations'],
    resourceNames: [name],
    verbs: ['get', 'patch'],
  },
];

describe('install/webhook', () => {
  const stack = inject('stack');
  const secretPath = `/api/v1/namespaces/default/secrets/${name}-webhook-certificate`;
  const configPath = (kind: string) => `/apis/${group}/v1/${kind}webhookconfigurations/${name}`;
  let world: World;

  const hub = (hubName: string, change: Readonly<Record<string, unknown>> = {}) => {
    const object = hubObject({
      name: hubName,
      namespace: world.namespace,
      database: world.database,
      table: 'things',
      extra: { plan: 'plan' },
      syncInterval: '2s',
    }) as { spec: object };
    return { ...object, spec: { ...object.spec, ...change } };
  };
  const form = (formName: string, spec: Readonly<Record<string, unknown>>) => ({
    apiVersion: `${apiGroup}/v1`,
    kind: 'LynqForm',
    metadata: { name: formName, namespace: world.namespace },
    spec: { hubId: 'things', ...spec },
  });
  const entry = (id: string, change: Readonly<Record<string, unknown>> = {}) => ({
    id,
    nameTemplate: '{{ .uid }}-x',
    spec: { apiVersion: 'v1', kind: 'ConfigMap', data: {} },
    ...change,
  });
  const createForm = (formName: string, spec: Readonly<Record<string, unknown>>) =>
    world.cluster.create(lynqPath(world.namespace, 'lynqforms'), form(formName, spec));
  async function refusal(write: Promise<unknown>): Promise<string> {
    const answer = await write.then(
      () => 'it was taken',
      (error: unknown) => error,
    );
    if (!(answer instanceof ClusterAnswer)) return String(answer);
    const { message } = JSON.parse(answer.message.slice(answer.message.indexOf('{'))) as { message: string };
    // What the definition of the kind can say is said before any webhook is asked, in the same words; 1.30 has the type before them.
    const place =
      /^(?:admission webhook "\w+\.kb\.io" denied the request: |Lynq\w+\.\S+ "\w+" is invalid: \S+: Invalid value: (?:"(?:object)?": )?)/;
    return message.replace(place, '');
  }

  /** Whether a form is refused that only the webhook can refuse; where it is taken it is taken away again. */
  async function isJudged(formName: string): Promise<Look<true>> {
    const said = await refusal(createForm(formName, { configMaps: [entry('a', { nameTemplate: '{{ .uid' })] }));
    if (said === 'it was taken') await world.cluster.remove(lynqPath(world.namespace, 'lynqforms', formName));
    return said.startsWith('template validation failed: ') ? there(true) : notYet(said);
  }

  beforeAll(async () => {
    const { apiserver: port } = await choosePorts({}, isPortFree, randomStart(Math.random()));
    const metadata = { name: 'webhook-test-worker' };
    const rbac = 'rbac.authorization.k8s.io';
    const roleRef = { apiGroup: rbac, kind: 'ClusterRole', name: metadata.name };
    const subjects = [{ kind: 'ServiceAccount', name: 'lynqflow', namespace: 'default' }];
    applyManifests(stack, [
      configuration('Mutating', port),
      configuration('Validating', port),
      { apiVersion: `${rbac}/v1`, kind: 'ClusterRole', metadata, rules },
      { apiVersion: `${rbac}/v1`, kind: 'ClusterRoleBinding', metadata, roleRef, subjects },
    ]);
    world = await openWorld(stack, {
      name,
      schema: `CREATE TABLE things (id VARCHAR(100), active BOOLEAN DEFAULT TRUE, plan TEXT);
        INSERT INTO things (id, plan) VALUES ('acme', 'gold')`,
      settings: { LYNQ_WEBHOOK_BIND_ADDRESS: `127.0.0.1:${port}`, LYNQ_WEBHOOK_NAME: name },
    });
    await eventually('the API server trusts the webhook', async () => {
      const { webhooks } = (await world.cluster.get(configPath('validating'))) as unknown as {
        webhooks: readonly { clientConfig: { caBundle?: string } }[];
      };
      const ready = webhooks.every(({ clientConfig }) => clientConfig.caBundle !== undefined);
      return ready && world.worker.output().includes('webhook ready') ? there(true) : notYet('not yet');
    });
  });
  afterAll(async () => {
    for (const kind of ['mutating', 'validating']) await world?.cluster.remove(configPath(kind));
    await world?.close();
  });

  test('a hub without its source, with an empty column or with one that is deprecated is told so in the words of the Go operator', async () => {
    const path = lynqPath(world.namespace, 'lynqhubs');
    const create = (object: unknown) => refusal(world.cluster.create(path, object));
    const valueMappings = { uid: 'id', activate: 'active' };
    expect(await create(hub('bad', { valueMappings: { ...valueMappings, uid: '' } }))).toBe(
      'valueMappings.uid is required',
    );
    expect(await create(hub('bad', { valueMappings: { ...valueMappings, activate: '' } }))).toBe(
      'valueMappings.activate is required',
    );
    expect(await create(hub('bad', { source: { type: 'mysql', syncInterval: '1m' } }))).toBe(
      'mysql configuration is required when source type is mysql',
    );
    await world.cluster.create(path, hub('things'));
    const ended = await world.kubectl([
      '-n',
      world.namespace,
      'patch',
      'lynqhub',
      'things',
      '--type=merge',
      '-p',
      '{"spec":{"valueMappings":{"hostOrUrl":"plan"}}}',
    ]);
    expect(ended.stderr).toContain('Warning: valueMappings.hostOrUrl is deprecated since v1.1.11');
    await world.cluster.merge(`${path}/things`, { spec: { valueMappings: { hostOrUrl: null } } });
  });

  test.each([
    ['no hub', { hubId: '' }, 'hubId is required'],
    [
      'ids twice',
      { configMaps: [entry('a'), entry('b')], secrets: [entry('b'), entry('a')] },
      'duplicate resource IDs found: [b a]',
    ],
    ['no id', { configMaps: [entry('')] }, 'resource must have a non-empty ID'],
    [
      'an unknown dependency',
      { configMaps: [entry('a', { dependIds: ['b'] })] },
      "dependency validation failed: resource 'a' depends on non-existent resource 'b'",
    ],
    [
      'a cycle',
      { configMaps: [entry('a', { dependIds: ['b'] }), entry('b', { dependIds: ['a'] })] },
      'dependency validation failed: circular dependency detected: a -> b -> a',
    ],
    [
      'a name that is no template',
      { configMaps: [entry('a', { nameTemplate: '{{ .uid' })] },
      "template validation failed: invalid NameTemplate in resource 'a': ",
    ],
    [
      'a label with a variable the hub does not declare',
      { configMaps: [entry('a', { labelsTemplate: { tier: '{{ .tier }}' } })] },
      "template validation failed: invalid LabelsTemplate[tier] in resource 'a': the hub does not declare the variable tier",
    ],
    [
      'such a variable in the object',
      { configMaps: [entry('a', { spec: { apiVersion: 'v1', kind: 'ConfigMap', data: { x: '{{ .plam }}' } } })] },
      "invalid data.x in resource 'a': the hub does not declare the variable plam",
    ],
    [
      'a path that is none',
      { configMaps: [entry('a', { ignoreFields: ['$.spec['] })] },
      "ignoreFields validation failed: invalid ignoreFields in resource 'a': invalid JSONPath ",
    ],
    [
      'an expression that is none',
      { configMaps: [entry('a', { readyWhen: 'object.(' })] },
      "invalid readyWhen in resource 'a'",
    ],
  ])('a form with %s is refused', async (_what, spec, message) => {
    expect(await refusal(createForm('bad', spec))).toContain(message);
    expect(await world.cluster.find(lynqPath(world.namespace, 'lynqforms', 'bad'))).toBeUndefined();
  });

  test('a form with the variables of its hub is taken, and becomes objects', async () => {
    await createForm('good', {
      configMaps: [entry('a', { nameTemplate: '{{ .uid }}-{{ .plan }}', labelsTemplate: { plan: '{{ .plan }}' } })],
    });
    await world.ready(['acme-good']);
  });

  test('forms that would wait for each other are refused, whichever comes last', async () => {
    await createForm('first', {
      dependsOn: [{ form: 'second' }],
      configMaps: [entry('a', { nameTemplate: '{{ .uid }}-1' })],
    });
    expect(await refusal(createForm('second', { dependsOn: [{ form: 'first' }] }))).toBe(
      'dependsOn forms a cycle: second -> first -> second',
    );
    await world.cluster.remove(lynqPath(world.namespace, 'lynqforms', 'first'));
  });

  test('nothing is said of the values of a row, for this API server cannot prove who it is', async () => {
    await createForm('failing', {
      configMaps: [entry('a', { nameTemplate: '{{ .uid }}-{{ index (splitList "," .plan) 3 }}' })],
    });
    const change = ['--type=merge', '-p', '{"spec":{"rollout":{"maxSkew":3}}}'];
    const ended = await world.kubectl(['-n', world.namespace, 'patch', 'lynqform', 'failing', ...change]);
    expect(ended).toMatchObject({ code: 0 });
    expect(ended.stderr).not.toContain('acme');
    await world.cluster.remove(lynqPath(world.namespace, 'lynqforms', 'failing'));
  });

  test('a form that was taken before the webhook can still be labelled and deleted, but not be made worse', async () => {
    const { webhooks } = (await world.cluster.get(configPath('validating'))) as unknown as {
      webhooks: readonly object[];
    };
    await world.cluster.remove(configPath('validating'));
    const path = lynqPath(world.namespace, 'lynqforms', 'old');
    // The API server forgets a webhook within moments.
    await eventually('it is taken', async () => {
      const said = await refusal(createForm('old', { configMaps: [entry('a', { nameTemplate: '{{ .uid' })] }));
      return said === 'it was taken' ? there(true) : notYet(said);
    });
    const metadata = { name };
    applyManifests(stack, [{ apiVersion: `${group}/v1`, kind: 'ValidatingWebhookConfiguration', metadata, webhooks }]);
    await eventually('the webhook is asked again', () => isJudged('other'));
    await world.cluster.merge(path, { metadata: { labels: { seen: 'yes' } } });
    expect(await refusal(world.cluster.merge(path, { spec: { rollout: { maxSkew: 1 } } }))).toContain(
      'invalid NameTemplate',
    );
    await world.cluster.remove(path);
  });

  test('a lost certificate is made anew, and the API server is told of the new authority beside the old one', async () => {
    const before = (await world.cluster.get(secretPath)) as unknown as { data: Record<string, string> };
    const certificates = (data: Record<string, string>) =>
      Buffer.from(data['ca.crt'] ?? '', 'base64')
        .toString()
        .split(/(?<=-----END CERTIFICATE-----\n)/)
        .filter((text) => text.includes('BEGIN'))
        .map((text) => new X509Certificate(text).fingerprint256);
    await world.cluster.merge(secretPath, { data: { 'tls.crt': '' } });
    await world.worker.stop();
    await world.worker.start();
    const after = await eventually('there is a certificate again', async () => {
      const { data } = (await world.cluster.get(secretPath)) as unknown as { data: Record<string, string> };
      return data['tls.crt'] ? there(data) : notYet('none');
    });
    expect(certificates(after)).toHaveLength(2);
    expect(certificates(after)[1]).toBe(certificates(before.data)[0]);
    await eventually('forms are judged again', () => isJudged('bad'));
  });
});
