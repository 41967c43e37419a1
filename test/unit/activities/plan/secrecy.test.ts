import { describe, expect, it } from 'vitest';
import { syncHub } from '../../../../activities/hub/sync.ts';
import { isJsonObject, type JsonObject, textAt } from '../../../../domain/api/json.ts';
import { startProcess } from '../../../support/node-deps.ts';
import { openPlanWorld, type PlanWorld } from '../../../support/plan-world.ts';
import { lynq } from '../../client/planned-form.ts';
import { now } from '../../client/run.ts';

const namespace = 'lynq-system';
const apiVersion = 'operator.lynq.sh/v1';
const attempt = { signal: new AbortController().signal };

const formWith = (text: string): string => `apiVersion: operator.lynq.sh/v1
kind: LynqForm
metadata: {name: web, namespace: lynq-system}
spec:
  hubId: shop
  configMaps:
    - id: config
      nameTemplate: "{{ .uid }}-config"
      spec: {apiVersion: v1, kind: ConfigMap, data: {t: '${text}'}}
`;

/** A node with a ConfigMap, as a worker has left them when the row's token was this one. */
async function living(world: PlanWorld, { text, token, made }: { text: string; token: string; made: string }) {
  const { cluster, ports } = world;
  world.setRows([['acme', '1', 'basic', token]]);
  await lynq(world, 'apply -f web.yaml', { 'web.yaml': formWith(text) });
  const worker = await startProcess(cluster, ports.clock, ports.rows);
  await syncHub(worker.deps, { namespace, hub: 'shop' }, attempt);
  worker.die();
  const [node] = cluster.objects('LynqNode');
  const uid = textAt(node, 'metadata', 'uid') ?? '';
  const owner = { apiVersion, kind: 'LynqNode', name: 'acme-web', uid, controller: true, blockOwnerDeletion: true };
  const ref = { apiVersion: 'v1', kind: 'ConfigMap', namespace, name: 'acme-config' };
  const labels = { 'lynq.sh/node': 'acme-web', 'lynq.sh/node-namespace': namespace };
  cluster.seed({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: ref.name, namespace, labels, ownerReferences: [owner] },
    data: { t: made },
  });
  const madeUid = textAt(await cluster.get(ref), 'metadata', 'uid') ?? '';
  const record = { id: 'config', ...ref, uid: madeUid, policy: 'Delete', dependIds: [], once: false };
  const status: JsonObject = { inventory: [record] };
  if (isJsonObject(node)) cluster.seed({ ...node, status });
}

describe('activities/plan/secrecy', () => {
  const old = 'old-hush&1';
  const cases = [
    ['rotated', 'token={{ .token | default "none" }}', `token=${old}`, 'new-hush', undefined],
    ['NULL', 'token={{ .token | default "none" }}', `token=${old}`, null, undefined],
    ['encoded', 'u={{ .token | urlquery }}', 'u=old-hush%261', 'new-hush&2', undefined],
    ['encoded, and the form does without it now', '{{ .token | b64enc }}', 'b2xkLWh1c2gmMQ==', old, 'plain'],
  ] as const;

  it.each(cases)('shows no secret where it is %s, old or new', async (_what, text, made, token, edited) => {
    const world = openPlanWorld(now);
    await living(world, { text, made, token: old });
    world.setRows([['acme', '1', 'gold', token]]);
    const files = { 'web.yaml': formWith(edited ?? text) };

    const told = await lynq(world, 'plan -f web.yaml', files);
    const asJson = await lynq(world, 'plan -f web.yaml -o json', files);

    expect(told.err).not.toContain('Error');
    expect(told.out).toContain('.data.t: "***" → "***"');
    for (const shown of [told.out, asJson.out])
      for (const part of ['hush', 'b2xk', '=none', '%26', 'plain']) expect(shown).not.toContain(part);
  });

  it('renders what a template has made of a secret masked', async () => {
    const world = openPlanWorld(now);
    world.setRows([['acme', '1', 'basic', 'a&b c']]);
    const files = { 'web.yaml': formWith('u={{ .token | urlquery }} b={{ .token | b64enc }}') };

    const { out } = await lynq(world, 'render --hub shop --uid acme -f web.yaml', files);

    expect(out).toContain('***');
    for (const part of ['a%26b', Buffer.from('a&b c').toString('base64')]) expect(out).not.toContain(part);
  });
});
