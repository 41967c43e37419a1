import { describe, expect, it, vi } from 'vitest';
import { advanceRollout } from '../../../../activities/rollout/advance.ts';
import { at, type JsonObject, textAt } from '../../../../domain/api/json.ts';
import { apiVersion, formOf, hubOf, type HubWorld, namespace, openHubWorld } from '../../../support/hub-world.ts';

const ref = (kind: string, name: string) => ({ apiVersion, kind, namespace, name });
const nothingGoes: JsonObject = { deletionGuard: { enabled: true, maxRows: 0, maxPercent: 0, allowEmpty: false } };

const limited = (hub: string, plan: string): JsonObject => {
  const spec = { apiVersion: 'v1', kind: 'ConfigMap', data: { plan } };
  const configMaps = [{ id: 'cfg', nameTemplate: '{{ .uid }}-web', spec }];
  const rollout = { maxSkew: 1, progressDeadlineSeconds: 600 };
  return { ...formOf('web', hub), spec: { hubId: hub, rollout, configMaps } };
};

/** `kubectl replace --force` of a form of hub one with other content and hub two, while the guard of hub one keeps its node. */
async function moved(): Promise<HubWorld> {
  const world = await openHubWorld([hubOf('one', nothingGoes), hubOf('two'), limited('one', '{{ .plan }}')]);
  await world.sync('one');
  const form = await world.cluster.get(ref('LynqForm', 'web'));
  await world.cluster.delete(ref('LynqForm', 'web'), textAt(form, 'metadata', 'uid') ?? '');
  world.cluster.seed(limited('two', 'other {{ .plan }}'));
  await world.sync('one');
  await world.sync('two');
  return world;
}

const revisionIn = (world: HubWorld) => textAt(world.node('acme-web'), 'spec', 'formRevision');
const rolloutIn = async (world: HubWorld) =>
  at(await world.cluster.get(ref('LynqForm', 'web')), 'status', 'rollout') as JsonObject | undefined;
/** The run that was begun when the form was hub one's. */
const run = { namespace, hub: 'one', form: 'web' };

describe('activities/rollout/advance', () => {
  it('leaves the nodes of the hub that a form was moved from as they are, and puts none of them on record', async () => {
    const world = await moved();
    const before = revisionIn(world);
    expect(textAt(world.node('acme-web'), 'metadata', 'labels', 'lynq.sh/hub')).toBe('one');

    const outcome = await advanceRollout(world.deps, run, { signal: AbortSignal.timeout(5_000) });

    expect(outcome).toMatchObject({ kind: 'ended', progress: { total: 0 } });
    expect(revisionIn(world)).toBe(before);
    expect(await rolloutIn(world)).toMatchObject({ phase: 'Idle', inFlight: [] });
  });

  it('goes on with the nodes of the hub that the form names now, in the run that it has', async () => {
    const world = await moved();
    const one = await world.cluster.get(ref('LynqHub', 'one'));
    const orphaned = { metadata: { ownerReferences: [] } };
    await world.cluster.patch(ref('LynqNode', 'acme-web'), 'merge', orphaned, { manager: 'gc' });
    await world.cluster.patch(ref('LynqHub', 'one'), 'merge', { metadata: { finalizers: [] } }, { manager: 'kubectl' });
    await world.cluster.delete(ref('LynqHub', 'one'), textAt(one, 'metadata', 'uid') ?? '');
    expect(await world.sync('two')).toMatchObject({ counts: { updated: 1 }, rollouts: [{ hub: 'two', form: 'web' }] });
    const before = revisionIn(world);

    const stop = new AbortController();
    const going = advanceRollout(world.deps, run, { signal: stop.signal }).catch(() => undefined);
    await vi.waitFor(() => expect(revisionIn(world)).not.toBe(before));
    stop.abort();
    await going;

    expect(await rolloutIn(world)).toMatchObject({ phase: 'InProgress', inFlight: [{ node: 'acme-web' }] });
  });
});
