import { describe, expect, it } from 'vitest';
import { isNewer } from '../../../domain/resource-version.ts';

describe('domain/resource-version', () => {
  it.each([
    ['9', '10', false],
    ['10', '9', true],
    ['11', '10', true],
    ['10', '10', false],
  ])('compares resource versions as numbers: %s newer than %s is %s', (candidate, known, newer) => {
    expect(isNewer(candidate, known)).toBe(newer);
  });
});
