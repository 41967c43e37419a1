import { describe, expect, test } from 'vitest';
import { judgeClaim } from '../../../domain/cluster-claim.ts';

describe('domain/cluster-claim', () => {
  test.each([
    ['its own mark', { bearer: 'here', takenOver: undefined }, 'own'],
    ['no mark yet', { bearer: undefined, takenOver: undefined }, 'take'],
    ['the mark of another cluster', { bearer: 'there', takenOver: undefined }, 'refuse'],
    ['the mark of the cluster that it takes the place of', { bearer: 'there', takenOver: 'there' }, 'take'],
    ['the mark of a third cluster', { bearer: 'elsewhere', takenOver: 'there' }, 'refuse'],
    ['its own mark, with the name of a place taken before', { bearer: 'here', takenOver: 'there' }, 'own'],
    ['no mark, with the name of a place to take', { bearer: undefined, takenOver: 'there' }, 'take'],
  ])('a worker that finds %s', (_, facts, claim) => {
    expect(judgeClaim({ cluster: 'here', ...facts })).toBe(claim);
  });
});
