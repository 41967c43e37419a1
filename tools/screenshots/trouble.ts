import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { listAt, textAt } from '../../domain/api/json.ts';
import { apiVersion } from '../../domain/keys.ts';
import { kubectl, lynq } from '../demo/commands.ts';
import { customer, hubName, namespace, nodeKind, sql, type Stage, waitFor } from '../demo/stage.ts';

/** What the demo has not, and a fleet has: more customers, an object that somebody else owns, and a form that is rolled out step by step. */
const others = ['globex', 'initech', 'umbrella', 'hooli'] as const;

export const fleet: readonly string[] = [customer, ...others];

/** Whose object of form `settings` is somebody else's. */
export const takenFrom: readonly string[] = [customer, 'globex'];

/** Waits until the nodes of a form, one for each customer, have a condition. */
async function untilNodes(stage: Stage, form: string, type: string, count: number): Promise<void> {
  await waitFor(stage, `${count} LynqNodes of ${form} are ${type}`, async () => {
    const nodes = await stage.opened.cluster.list(nodeKind, { namespace });
    const there = nodes.filter(
      (node) =>
        textAt(node, 'spec', 'templateRef') === form &&
        listAt(node, 'status', 'conditions').some(
          (condition) => textAt(condition, 'type') === type && textAt(condition, 'status') === 'True',
        ),
    );
    return there.length >= count
      ? { kind: 'there', value: undefined }
      : { kind: 'notYet', detail: `${there.length} are` };
  });
}

async function applyForm(stage: Stage, name: string, spec: object): Promise<void> {
  const file = join(stage.folder.root, `${name}.yaml`);
  const form = { apiVersion, kind: 'LynqForm', metadata: { name, namespace }, spec: { hubId: hubName, ...spec } };
  // JSON is YAML.
  writeFileSync(file, JSON.stringify(form, undefined, 2));
  await lynq(stage, ['apply', '-f', file]);
}

const settings = {
  configMaps: [{ id: 'map', nameTemplate: '{{ .uid }}-settings', spec: { apiVersion: 'v1', kind: 'ConfigMap' } }],
};

/** Pods that take a moment to be ready, the first customer's before the others'. */
function banner(version: string): object {
  const labels = { app: '{{ .uid }}-banner' };
  const containers = [{ name: 'web', image: `registry.example.com/banner:${version}` }];
  const spec = {
    replicas: 1,
    selector: { matchLabels: labels },
    template: { metadata: { labels }, spec: { containers } },
  };
  return {
    rollout: { maxSkew: 1, waves: [{ name: 'canary', uids: [customer], soakSeconds: 5 }] },
    deployments: [
      { id: 'web', nameTemplate: '{{ .uid }}-banner', spec: { apiVersion: 'apps/v1', kind: 'Deployment', spec } },
    ],
  };
}

async function untilRolledOut(stage: Stage, name: string, edited: string): Promise<void> {
  await waitFor(stage, `the rollout of ${name} is complete`, async () => {
    const form = await stage.opened.cluster.get({ apiVersion, kind: 'LynqForm', namespace, name });
    const phase = textAt(form, 'status', 'rollout', 'phase') ?? 'none';
    const revision = textAt(form, 'status', 'rollout', 'revision') ?? 'none';
    return phase === 'Complete' && revision !== edited
      ? { kind: 'there', value: undefined }
      : { kind: 'notYet', detail: phase };
  });
}

async function revisionOf(stage: Stage, name: string): Promise<string> {
  const form = await stage.opened.cluster.get({ apiVersion, kind: 'LynqForm', namespace, name });
  return textAt(form, 'status', 'rollout', 'revision') ?? 'none';
}

/** `pause` seconds between the acts, so that a chart of minutes shows them apart. */
export async function makeTrouble(stage: Stage, pause: number): Promise<void> {
  const { printer, signal } = stage;
  const rest = (): Promise<void> => sleep(pause * 1_000, undefined, { signal });
  printer.heading('More customers');
  for (const uid of others) {
    await sql(stage, `INSERT INTO nodes (node_id) VALUES ('${uid}')`);
    await rest();
  }
  await untilNodes(stage, 'web-tier', 'Ready', fleet.length);
  printer.heading('An object that somebody else owns');
  for (const uid of takenFrom) {
    await kubectl(stage, ['create', 'configmap', `${uid}-settings`, '-n', namespace, '--from-literal=mine=yes']);
  }
  await applyForm(stage, 'settings', settings);
  await untilNodes(stage, 'settings', 'Degraded', takenFrom.length);
  await rest();
  printer.heading('A form that is rolled out, one node at a time');
  await applyForm(stage, 'banner', banner('1'));
  await untilNodes(stage, 'banner', 'Ready', fleet.length);
  await untilRolledOut(stage, 'banner', 'none');
  await rest();
  const first = await revisionOf(stage, 'banner');
  await applyForm(stage, 'banner', banner('2'));
  await untilRolledOut(stage, 'banner', first);
  await rest();
}
