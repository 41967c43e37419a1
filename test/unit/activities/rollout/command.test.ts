import { describe, expect, it } from 'vitest';
import { carryOutAnnotation, commandRollout } from '../../../../activities/rollout/command.ts';
import { LynqForm } from '../../../../domain/api/form.ts';
import { at, type JsonObject } from '../../../../domain/api/json.ts';
import { createFakeCluster } from '../../../support/fake-cluster.ts';
import { startProcess } from '../../../support/node-deps.ts';

const apiVersion = 'operator.lynq.sh/v1';
const namespace = 'tenants';
const ref = { apiVersion, kind: 'LynqForm', namespace, name: 'web' };
const undo = { namespace, hub: 'customers', form: 'web', verb: 'undo' } as const;

/** A form with two kept revisions, which is written between what a command reads and what it writes, so many times. */
async function busyForm(times: number, body: (written: number) => JsonObject) {
  const cluster = createFakeCluster();
  cluster.addKind({ apiVersion, kind: 'LynqForm' });
  const status = { rollout: { phase: 'InProgress', revision: 'web-b', previousRevision: 'web-a' } };
  const spec = { hubId: 'customers', rollout: { maxSkew: 2 } };
  cluster.seed({ apiVersion, kind: 'LynqForm', metadata: { name: 'web', namespace }, spec, status });
  for (const [index, name] of ['web-a', 'web-b'].entries()) {
    const metadata = { name, namespace, labels: { 'lynq.sh/form': 'web' } };
    const data = { hubId: 'customers', note: name };
    cluster.seed({ apiVersion: 'apps/v1', kind: 'ControllerRevision', metadata, revision: index + 1, data });
  }
  const { deps } = await startProcess(cluster);
  let written = 0;
  cluster.intercept(({ verb, ref: { kind } }) => {
    if (verb !== 'list' || kind !== 'ControllerRevision' || written >= times) return undefined;
    written += 1;
    const change = body(written);
    const place = 'status' in change ? { subresource: 'status' as const } : {};
    void cluster.patch(ref, 'merge', change, { manager: 'somebody', ...place });
    return undefined;
  });
  return { cluster, deps };
}

describe('activities/rollout/command', () => {
  it('carries a command out although the status of the form is written all the time', async () => {
    const { cluster, deps } = await busyForm(5, (count) => ({ status: { rollout: { updatedNodes: count } } }));

    expect(await commandRollout(deps, undo)).toEqual({ kind: 'done', message: 'restored web-a' });

    expect(at(await cluster.get(ref), 'spec', 'note')).toBe('web-a');
  });

  it('leaves what somebody has applied meanwhile to the next try, which knows of it', async () => {
    const { cluster, deps } = await busyForm(1, () => ({ spec: { hubId: 'newer' } }));

    await expect(commandRollout(deps, undo)).rejects.toThrow('changed meanwhile');

    expect(at(await cluster.get(ref), 'spec', 'hubId')).toBe('newer');
  });

  describe('of annotation lynq.sh/rollout', () => {
    const told = async (cluster: Awaited<ReturnType<typeof busyForm>>['cluster']) => {
      const object = (await cluster.get(ref)) ?? {};
      return { form: LynqForm.parse(object), object };
    };
    const annotate = (text: string) => ({ metadata: { annotations: { 'lynq.sh/rollout': text } } });

    it('is done once: the annotation is taken off', async () => {
      const { cluster, deps } = await busyForm(0, () => ({}));
      await cluster.patch(ref, 'merge', annotate('pause'), { manager: 'a person' });

      await carryOutAnnotation(deps, undo, await told(cluster));

      expect(at(await cluster.get(ref), 'metadata', 'annotations', 'lynq.sh/rollout')).toBeUndefined();
      expect(at(await cluster.get(ref), 'spec', 'rollout', 'paused')).toBe(true);
    });

    it('leaves another command that was written while the first was carried out', async () => {
      const { cluster, deps } = await busyForm(1, () => annotate('pause'));
      await cluster.patch(ref, 'merge', annotate('abort'), { manager: 'a person' });

      await carryOutAnnotation(deps, undo, await told(cluster));

      expect(at(await cluster.get(ref), 'status', 'rollout', 'aborted')).toBe(true);
      expect(at(await cluster.get(ref), 'metadata', 'annotations', 'lynq.sh/rollout')).toBe('pause');
    });
  });

  it('says of a form that is gone that it does not exist', async () => {
    const { deps } = await busyForm(0, () => ({}));

    const gone = { ...undo, form: 'gone' };

    expect(await commandRollout(deps, gone)).toEqual({
      kind: 'refused',
      message: 'LynqForm tenants/gone does not exist',
    });
  });
});
