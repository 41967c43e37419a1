import { describe, expect, it } from 'vitest';
import { surplusRevisions } from '../../../../domain/rollout/revisions.ts';

const kept = Array.from({ length: 15 }, (_, index) => ({ name: `web-${15 - index}` }));
const names = (referenced: readonly string[]) => surplusRevisions(kept, new Set(referenced)).map(({ name }) => name);

describe('domain/rollout/revisions', () => {
  it('keeps the newest ten that nothing refers to', () => {
    expect(names([])).toEqual(['web-5', 'web-4', 'web-3', 'web-2', 'web-1']);
  });

  it('keeps what is referred to besides, however old', () => {
    expect(names(['web-15', 'web-14', 'web-1'])).toEqual(['web-3', 'web-2']);
  });

  it('takes nothing of ten', () => {
    expect(surplusRevisions(kept.slice(0, 10), new Set())).toEqual([]);
  });
});
