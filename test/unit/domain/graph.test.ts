import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { buildGraph, formGraph, type Graph, type GraphEntry, type GraphProblem } from '../../../domain/graph.ts';
import { acyclicEntries } from '../../support/builders/arbitraries.ts';
import { graphOf } from '../../support/builders/node-pass.ts';
import { workClock } from '../../../template/index.ts';

const entry = (id: string, ...dependIds: string[]): GraphEntry => ({ id, dependIds });

function problemsOf(entries: readonly GraphEntry[]): readonly GraphProblem[] {
  const result = buildGraph(entries);
  return result.ok ? [] : result.problems;
}

function chain(length: number): readonly GraphEntry[] {
  return Array.from({ length }, (_, index) => entry(`id${index}`, ...(index === length - 1 ? [] : [`id${index + 1}`])));
}

/** By removing entries without open dependencies until none is left, in the words of parity 3.9. */
function isSound(entries: readonly GraphEntry[]): boolean {
  const ids = new Set(entries.map(({ id }) => id));
  if (ids.has('') || ids.size < entries.length) return false;
  if (entries.some(({ dependIds }) => dependIds.some((id) => !ids.has(id)))) return false;
  let open = entries;
  for (;;) {
    const left = new Set(open.map(({ id }) => id));
    const next = open.filter(({ dependIds }) => dependIds.some((id) => left.has(id)));
    if (next.length === open.length) return open.length === 0;
    open = next;
  }
}

describe('domain/graph', () => {
  describe('order', () => {
    it('puts every id after all ids it depends on', () => {
      fc.assert(
        fc.property(acyclicEntries(), (entries) => {
          const { order } = graphOf(entries);

          const place = new Map(order.map((id, index) => [id, index]));
          for (const { id, dependIds } of entries)
            for (const dependId of dependIds) expect(place.get(dependId)).toBeLessThan(place.get(id) ?? -1);
        }),
      );
    });

    it('names every id exactly once', () => {
      fc.assert(
        fc.property(acyclicEntries(), (entries) => {
          expect(graphOf(entries).order.toSorted()).toEqual(entries.map(({ id }) => id).toSorted());
        }),
      );
    });

    it('keeps entries without dependencies in the order they were given in', () => {
      fc.assert(
        fc.property(acyclicEntries(), (entries) => {
          const free = entries.filter(({ dependIds }) => dependIds.length === 0).map(({ id }) => id);

          expect(graphOf(entries).order.filter((id) => free.includes(id))).toEqual(free);
        }),
      );
    });

    it('keeps entries with the same dependencies in the order they were given in', () => {
      expect(graphOf([entry('z', 'base'), entry('a', 'base'), entry('base'), entry('m', 'base')]).order).toEqual([
        'base',
        'z',
        'a',
        'm',
      ]);
    });

    it('is the same for the same entries', () => {
      fc.assert(
        fc.property(acyclicEntries(), (entries) => {
          expect(graphOf(entries).order).toEqual(graphOf(structuredClone(entries)).order);
        }),
      );
    });

    it('is empty without entries', () => {
      expect(graphOf([])).toMatchObject({ order: [], levels: 0 });
    });

    it('takes a dependency that is named twice as one', () => {
      const graph: Graph = graphOf([entry('a'), entry('b', 'a', 'a')]);

      expect(graph.dependencies.get('b')).toEqual(['a']);
      expect(graph.dependents.get('a')).toEqual(['b']);
    });

    it('tells dependents as the reverse of dependencies', () => {
      fc.assert(
        fc.property(acyclicEntries(), (entries) => {
          const { dependencies, dependents } = graphOf(entries);

          const forward = [...dependencies].flatMap(([id, all]) => all.map((other) => `${id}>${other}`));
          const backward = [...dependents].flatMap(([id, all]) => all.map((other) => `${other}>${id}`));
          expect(backward.toSorted()).toEqual(forward.toSorted());
        }),
      );
    });

    it('counts the entries of the longest chain as levels', () => {
      expect(graphOf([entry('a'), entry('b', 'a'), entry('c', 'b', 'a'), entry('d')]).levels).toBe(3);
    });

    it('takes names that objects have by nature as ordinary ids', () => {
      expect(graphOf([entry('__proto__', 'constructor'), entry('constructor')]).order).toEqual([
        'constructor',
        '__proto__',
      ]);
    });
  });

  describe('of a form', () => {
    const formProblems = (entries: readonly GraphEntry[]): readonly GraphProblem[] => {
      const result = formGraph(entries);
      return result.ok ? [] : result.problems;
    };
    const wide = (length: number) => Array.from({ length }, (_, index) => entry(`id${index}`));

    it('has at most 500 entries', () => {
      expect(formGraph(wide(500))).toMatchObject({ ok: true });
      expect(formProblems(wide(501))).toEqual([
        { kind: 'tooMany', message: 'TooManyResources: 501 resources in one form, at most 500' },
      ]);
    });

    it('has no chain of more than 200, and names the first entry that is one too many', () => {
      expect(formGraph([...chain(200), ...wide(0)])).toMatchObject({ ok: true });
      const [problem, ...others] = formProblems([entry('alone'), ...chain(202)]);
      expect(others).toEqual([]);
      expect(problem).toMatchObject({ kind: 'tooLong', id: 'id1' });
      expect(problem?.message).toContain('ChainTooLong: 202 resources');
    });

    it('is told of its size and of what is wrong besides', () => {
      const kinds = formProblems([...wide(501), entry('last', 'nowhere')]).map(({ kind }) => kind);
      expect(kinds).toEqual(['tooMany', 'unknown']);
    });

    it('is the graph of its entries otherwise', () => {
      fc.assert(
        fc.property(acyclicEntries(), (entries) => {
          expect(formGraph(entries)).toEqual(buildGraph(entries));
        }),
      );
    });
  });

  describe('size', () => {
    it('orders a chain of 2,000 entries within two seconds', () => {
      const clock = workClock();

      const { order, levels } = graphOf(chain(2000));

      expect(clock()).toBeLessThan(2000);
      expect(order.slice(0, 2)).toEqual(['id1999', 'id1998']);
      expect(levels).toBe(2000);
    });

    it('names a cycle of 2,000 entries without running out of stack', () => {
      const entries = chain(2000).map((item) => (item.id === 'id1999' ? entry('id1999', 'id0') : item));

      const [problem] = problemsOf(entries);

      expect(problem).toMatchObject({ kind: 'cycle' });
      expect(problem?.kind === 'cycle' ? problem.chain.length : 0).toBe(2001);
    });

    it('orders 20,000 entries without an edge', () => {
      const entries = Array.from({ length: 20_000 }, (_, index) => entry(`id${index}`));

      expect(graphOf(entries).order).toHaveLength(20_000);
    });
  });

  describe('cycles', () => {
    it('names the whole chain, from an id back to itself', () => {
      const [problem] = problemsOf([entry('a', 'b'), entry('b', 'c'), entry('c', 'a')]);

      expect(problem).toEqual({
        kind: 'cycle',
        chain: ['a', 'b', 'c', 'a'],
        message: 'circular dependency detected: a -> b -> c -> a',
      });
    });

    it('names an entry that depends on itself', () => {
      expect(problemsOf([entry('a', 'a')])).toMatchObject([{ kind: 'cycle', chain: ['a', 'a'] }]);
    });

    it('leaves entries that only lead to the cycle out of the chain', () => {
      const problems = problemsOf([entry('front', 'a'), entry('a', 'b'), entry('b', 'a'), entry('free')]);

      expect(problems).toMatchObject([{ kind: 'cycle', chain: ['a', 'b', 'a'] }]);
    });

    it('only names edges that exist, whatever else hangs on the cycle', () => {
      fc.assert(
        fc.property(acyclicEntries(8), fc.integer({ min: 1, max: 5 }), (entries, length) => {
          const ring = Array.from({ length }, (_, index) =>
            entry(`ring${index}`, `ring${(index + 1) % length}`, ...entries.slice(0, index).map(({ id }) => id)),
          );
          const all = [...entries, ...ring];

          const [problem] = problemsOf(all);

          const names = problem?.kind === 'cycle' ? problem.chain : [];
          expect(names.length).toBeGreaterThan(1);
          expect(names[0]).toBe(names.at(-1));
          for (const [index, id] of names.slice(0, -1).entries())
            expect(all.find((item) => item.id === id)?.dependIds).toContain(names[index + 1]);
        }),
      );
    });
  });

  describe('cycles beside other problems', () => {
    it('names every cycle of its own', () => {
      const problems = problemsOf([
        entry('a', 'b'),
        entry('b', 'a'),
        entry('c', 'd'),
        entry('d', 'c'),
        entry('e', 'a'),
      ]);

      expect(problems.map(({ message }) => message)).toEqual([
        'circular dependency detected: a -> b -> a',
        'circular dependency detected: c -> d -> c',
      ]);
    });

    it('names two cycles that share an entry', () => {
      const problems = problemsOf([entry('a', 'b', 'c'), entry('b', 'a'), entry('c', 'a')]);

      expect(problems).toMatchObject([{ chain: ['a', 'b', 'a'] }, { chain: ['a', 'c', 'a'] }]);
    });

    it('goes on past an unknown and a repeated id', () => {
      const problems = problemsOf([entry('a', 'b', 'zz'), entry('b'), entry('b', 'a')]);

      expect(problems).toMatchObject([
        { kind: 'duplicate', id: 'b', place: 2 },
        { kind: 'unknown', id: 'a', dependId: 'zz', place: 0 },
        { kind: 'cycle', chain: ['a', 'b', 'a'] },
      ]);
    });

    it('leaves no cycle when an edge of each one that is named is taken away', () => {
      const ids = fc.constantFrom('a', 'b', 'c', 'd');
      const edges = fc.uniqueArray(fc.tuple(ids, ids), { maxLength: 8, selector: (edge) => edge.join() });
      fc.assert(
        fc.property(edges, (all) => {
          const build = (left: readonly (readonly [string, string])[]) =>
            problemsOf(
              ['a', 'b', 'c', 'd'].map((id) => entry(id, ...left.flatMap(([from, to]) => (from === id ? [to] : [])))),
            );
          const closing = build(all).flatMap((problem) =>
            problem.kind === 'cycle' ? [problem.chain.slice(-2).join()] : [],
          );

          expect(build(all.filter((edge) => !closing.includes(edge.join())))).toEqual([]);
        }),
      );
    });

    it('names no more than twenty, however many there are', () => {
      const ids = Array.from({ length: 100 }, (_, index) => `id${index}`);

      expect(problemsOf(ids.map((id) => entry(id, ...ids)))).toHaveLength(20);
    });
  });

  describe('names', () => {
    it('reports every unknown dependency and every duplicate at once', () => {
      const problems = problemsOf([entry('a', 'x', 'y'), entry('a'), entry('b', 'z'), entry('c'), entry('c')]);

      expect(problems.map(({ message }) => message)).toEqual([
        'duplicate resource ID: a',
        'duplicate resource ID: c',
        "resource 'a' depends on non-existent resource 'x'",
        "resource 'a' depends on non-existent resource 'y'",
        "resource 'b' depends on non-existent resource 'z'",
      ]);
    });

    it('refuses an empty id', () => {
      expect(problemsOf([entry('')])).toMatchObject([{ kind: 'empty' }]);
    });

    it('refuses exactly what has an empty, repeated or unknown id, or a cycle', () => {
      const ids = fc.constantFrom('a', 'b', 'c', 'd', '');
      const anyEntries = fc.array(fc.record({ id: ids, dependIds: fc.array(ids, { maxLength: 2 }) }), { maxLength: 5 });
      fc.assert(
        fc.property(anyEntries, (entries) => {
          expect(buildGraph(entries).ok).toBe(isSound(entries));
        }),
      );
    });
  });
});
