import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formCycles, type LeavingNode, type OrderedForm, removalBlockers } from '../../../domain/form-order.ts';
import { acyclicEntries } from '../../support/builders/arbitraries.ts';

const form = (name: string, ...dependsOn: string[]): OrderedForm => ({ name, dependsOn });
const leaving = (of: string, ...dependsOn: string[]): LeavingNode => {
  return { name: `acme-${of}`, form: of, deleting: true, dependsOn };
};

const within = (namespace: string, node: LeavingNode): LeavingNode => {
  return { ...node, children: new Map([['an object', { namespace }]]) };
};

describe('domain/form-order', () => {
  describe('cycles', () => {
    it('are on every form that waits for itself, with its own chain, and on no other', () => {
      const cycles = formCycles([form('a', 'b'), form('b', 'c'), form('c', 'a'), form('d', 'a'), form('e', 'missing')]);

      expect(Object.fromEntries(cycles)).toEqual({
        a: ['a', 'b', 'c', 'a'],
        b: ['b', 'c', 'a', 'b'],
        c: ['c', 'a', 'b', 'c'],
      });
    });

    it('are of one form that names itself', () => {
      expect([...formCycles([form('a', 'a')])]).toEqual([['a', ['a', 'a']]]);
    });

    it('are not in forms that can be put in an order', () => {
      fc.assert(
        fc.property(acyclicEntries(), (entries) => {
          expect(formCycles(entries.map(({ id, dependIds }) => form(id, ...dependIds))).size).toBe(0);
        }),
      );
    });
  });

  describe('removal', () => {
    it('waits for nodes that depend on it and are being deleted themselves', () => {
      const others = [leaving('web', 'data'), { ...leaving('api', 'data'), deleting: false }, leaving('other')];

      expect(removalBlockers(leaving('data'), others)).toEqual(['acme-web']);
      expect(removalBlockers(leaving('web', 'data'), [leaving('data')])).toEqual([]);
    });

    it('does not wait for a node that waits for it in turn, however long the way', () => {
      const nodes = [leaving('a', 'c'), leaving('b', 'a'), leaving('c', 'b')];

      for (const self of nodes)
        expect(
          removalBlockers(
            self,
            nodes.filter((node) => node !== self),
          ),
        ).toEqual([]);
    });

    it('does not wait for a node of which only Namespaces are left, in which it has objects itself', () => {
      const web = { ...leaving('web', 'data'), heldUp: ['of-acme'] };
      const data = within('of-acme', leaving('data'));

      expect(removalBlockers(data, [web])).toEqual([]);
      expect(removalBlockers(data, [{ ...web, heldUp: ['other'] }])).toEqual(['acme-web']);
      expect(removalBlockers(data, [web, leaving('api', 'data')])).toEqual(['acme-api']);
    });

    it('does not wait for one that waits for a node which waits for it; that one waits on', () => {
      const web = { ...leaving('web', 'api'), heldUp: ['of-acme'] };
      const [api, data] = [leaving('api', 'data'), within('of-acme', leaving('data'))];

      expect(removalBlockers(api, [web, data])).toEqual([]);
      expect(removalBlockers(data, [web, api])).toEqual(['acme-api']);
    });

    it('of any set of nodes can begin somewhere and ends, also where some have objects in the Namespace of one', () => {
      const ids = fc.constantFrom('a', 'b', 'c', 'd');
      const nodes = fc.uniqueArray(fc.tuple(ids, fc.array(ids, { maxLength: 3 }), fc.boolean()), {
        selector: ([id]) => id,
      });
      fc.assert(
        fc.property(nodes, (drawn) => {
          let left = drawn.map(([id, dependsOn, isInside]) =>
            isInside ? within('of-a', leaving(id, ...dependsOn)) : leaving(id, ...dependsOn),
          );
          while (left.length > 0) {
            const present = left;
            const begun = present.filter(
              (self) =>
                removalBlockers(
                  self,
                  present.filter((node) => node !== self),
                ).length === 0,
            );
            const isHeldUp = ({ form: of }: LeavingNode): boolean =>
              of === 'a' && present.some((other) => other.form !== 'a' && other.children !== undefined);
            const free = begun.filter((node) => !isHeldUp(node));
            const news = begun.filter((node) => isHeldUp(node) && node.heldUp === undefined);
            expect([...free, ...news]).not.toEqual([]);
            left = present
              .filter((node) => !free.includes(node))
              .map((node) => (news.includes(node) ? { ...node, heldUp: ['of-a'] } : node));
          }
        }),
      );
    });
  });
});
