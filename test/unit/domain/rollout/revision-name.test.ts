import { describe, expect, it } from 'vitest';
import { formOfRevision, revisionOf } from '../../../../domain/rollout/revision-name.ts';

describe('domain/rollout/revision-name', () => {
  it('names a revision by what its nodes are made from: the rollout block is no part of it', () => {
    const name = revisionOf('web', { hubId: 'shop', rollout: { maxSkew: 2 } });

    expect(name).toMatch(/^web-[0-9a-f]{10}$/);
    expect(revisionOf('web', { hubId: 'shop' })).toBe(name);
    expect(revisionOf('web', { hubId: 'other' })).not.toBe(name);
    expect(formOfRevision(name)).toBe('web');
  });
});
