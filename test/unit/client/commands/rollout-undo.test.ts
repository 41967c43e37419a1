import { describe, expect, it } from 'vitest';
import { at } from '../../../../domain/api/json.ts';
import { createFakeCluster } from '../../../support/fake-cluster.ts';
import { run } from '../run.ts';

const apiVersion = 'operator.lynq.sh/v1';
const namespace = 'lynq-system';
const ref = { apiVersion, kind: 'LynqForm', namespace, name: 'web' };

/** A form with two kept revisions, which is written between what the command reads and what it writes, so many times. */
function busyForm(times: number, body: (written: number) => object) {
  const cluster = createFakeCluster();
  cluster.addKind({ apiVersion, kind: 'LynqForm' });
  const metadata = { name: 'web', namespace };
  const status = { rollout: { phase: 'InProgress', revision: 'web-b', previousRevision: 'web-a' } };
  cluster.seed({ apiVersion, kind: 'LynqForm', metadata, spec: { hubId: 'b', rollout: { maxSkew: 2 } }, status });
  for (const [index, name] of ['web-a', 'web-b'].entries())
    cluster.seed({
      apiVersion: 'apps/v1',
      kind: 'ControllerRevision',
      metadata: { name, namespace, labels: { 'lynq.sh/form': 'web' } },
      revision: index + 1,
      data: { hubId: name.at(-1) ?? '' },
    });
  let written = 0;
  cluster.intercept(({ verb }) => {
    if (verb !== 'list' || written >= times) return undefined;
    written += 1;
    const change = body(written);
    void cluster.patch(ref, 'merge', change as never, {
      manager: 'worker',
      ...('status' in change ? { subresource: 'status' } : {}),
    });
    return undefined;
  });
  return cluster;
}

describe('client/commands/rollout-undo', () => {
  it('restores the content although the status of the form is written all the time', async () => {
    const cluster = busyForm(5, (count) => ({ status: { rollout: { updatedNodes: count } } }));

    const { exitCode, out } = await run('rollout undo web', { cluster });

    expect(out).toBe('lynqform.operator.lynq.sh/web rolled back to web-a\n');
    expect(exitCode).toBe(0);
    expect(at(await cluster.get(ref), 'spec')).toEqual({
      hubId: 'a',
      rollout: { maxSkew: 2, progressDeadlineSeconds: 600 },
    });
  });

  it('takes nothing back that somebody has applied meanwhile', async () => {
    const cluster = busyForm(1, () => ({ spec: { hubId: 'newer' } }));

    const { exitCode, err } = await run('rollout undo web', { cluster });

    expect(exitCode).toBe(1);
    expect(err).toContain('changed meanwhile');
    expect(at(await cluster.get(ref), 'spec', 'hubId')).toBe('newer');
  });
});
