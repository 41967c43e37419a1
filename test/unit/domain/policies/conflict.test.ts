import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../../domain/api/json.ts';
import { judgeConflict } from '../../../../domain/policies/conflict.ts';

const replicas = { 'f:spec': { 'f:replicas': {} } };
const image = { 'f:spec': { 'f:image': {} } };

function live(...managedFields: readonly JsonObject[]): JsonObject {
  return { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web', managedFields } };
}

const kubectlEdit = { manager: 'kubectl-edit', operation: 'Update', fieldsV1: replicas };
const otherApply = { manager: 'argocd', operation: 'Apply', fieldsV1: replicas };
const autoscaler = {
  manager: 'kube-controller-manager',
  operation: 'Update',
  subresource: 'scale',
  fieldsV1: replicas,
};
const field = (manager: string) => ({ manager, field: '.spec.replicas' });

describe('domain/policies/conflict', () => {
  it('takes fields of a plain Update back under Stuck: they are drift', () => {
    expect(judgeConflict('Stuck', live(kubectlEdit), [field('kubectl-edit')])).toEqual({ kind: 'takeBack' });
  });

  it('leaves fields of another Apply manager to it under Stuck, and names it', () => {
    expect(judgeConflict('Stuck', live(otherApply), [field('argocd')])).toEqual({
      kind: 'conflicted',
      owner: 'field manager argocd (.spec.replicas)',
    });
  });

  it('leaves fields of a subresource, such as those of an autoscaler, under Stuck', () => {
    expect(judgeConflict('Stuck', live(autoscaler), [field('kube-controller-manager')])).toMatchObject({
      kind: 'conflicted',
    });
  });

  it('is a conflict as soon as one field is one', () => {
    const fields = [{ manager: 'kubectl-edit', field: '.spec.paused' }, field('argocd')];

    expect(judgeConflict('Stuck', live(kubectlEdit, otherApply), fields)).toMatchObject({ kind: 'conflicted' });
  });

  it('takes everything under Force', () => {
    expect(judgeConflict('Force', live(autoscaler, otherApply), [field('argocd')])).toEqual({ kind: 'takeBack' });
  });

  it('does not take our own manager of ignored fields for someone else', () => {
    const ignored = { manager: 'lynq-operator-ignored', operation: 'Apply', fieldsV1: replicas };

    expect(judgeConflict('Stuck', live(ignored), [field('lynq-operator-ignored')])).toEqual({ kind: 'takeBack' });
  });

  it('does not fight a manager it cannot find under Stuck', () => {
    expect(judgeConflict('Stuck', live(), [field('ghost')])).toMatchObject({ kind: 'conflicted' });
  });

  it('judges the field that is in conflict, not what else its manager holds', () => {
    const both = live(
      { manager: 'kubectl', operation: 'Apply', fieldsV1: image },
      { manager: 'kubectl', operation: 'Update', fieldsV1: replicas },
    );

    expect(judgeConflict('Stuck', both, [field('kubectl')])).toEqual({ kind: 'takeBack' });
  });
});
