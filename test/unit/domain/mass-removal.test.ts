import { describe, expect, it } from 'vitest';
import { manyAreLeaving, type MassNode, removalOrder } from '../../../domain/mass-removal.ts';

const node = (rowUid: string, form: string, ...dependsOn: readonly string[]): MassNode => ({
  name: `${rowUid}-${form}`,
  rowUid,
  form,
  dependsOn,
});
const names = (...nodes: readonly MassNode[]) => removalOrder(nodes).map(({ name }) => name);

describe('domain/mass-removal', () => {
  it('keeps the nodes of a row together, those first that others of the row wait for', () => {
    const sorted = names(node('b', 'data'), node('a', 'data'), node('b', 'app', 'data'), node('a', 'app', 'data'));

    expect(sorted).toEqual(['a-app', 'a-data', 'b-app', 'b-data']);
  });

  it('goes down a chain of forms, whatever its names', () => {
    expect(names(node('a', 'a1'), node('a', 'a2', 'a1'), node('a', 'a3', 'a2'))).toEqual(['a-a3', 'a-a2', 'a-a1']);
  });

  it('gives every node once where forms wait for each other', () => {
    expect(names(node('a', 'one', 'two'), node('a', 'two', 'one'))).toEqual(['a-one', 'a-two']);
  });

  it('has no order for a form that is not among them', () => {
    expect(names(node('a', 'app', 'data'))).toEqual(['a-app']);
  });

  it.each([
    [16, false],
    [17, true],
  ])('calls %i nodes that are still to go many: %s', (count, many) => {
    const nodes = Array.from({ length: 100 }, (_, at) => ({ deleting: at < count }));
    expect(manyAreLeaving(nodes)).toBe(many);
  });
});
