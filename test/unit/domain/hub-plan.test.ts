import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type HubFacts,
  type HubPlan,
  type KnownNode,
  leavingRows,
  planHub,
  type PlannedForm,
} from '../../../domain/hub-plan.ts';
import { dnsLabel } from '../../support/builders/arbitraries.ts';

const web: PlannedForm = { name: 'web', revision: 'web-1' };
const data: PlannedForm = { name: 'data', revision: 'data-1' };

function aNode(rowUid: string, form: PlannedForm, change: Partial<KnownNode> = {}): KnownNode {
  const name = `${rowUid}-${form.name}`;
  return {
    name,
    nodeUid: `${name}-uid`,
    rowUid,
    form: form.name,
    revision: form.revision,
    dataHash: `${rowUid}-values`,
    deleting: false,
    ...change,
  };
}

const active = (...uids: string[]): ReadonlyMap<string, string> => new Map(uids.map((uid) => [uid, `${uid}-values`]));

function facts(change: Partial<HubFacts> = {}): HubFacts {
  return {
    rows: active('acme'),
    frozen: new Set(),
    forms: [web],
    brokenForms: new Set(),
    goneForms: new Set(),
    movedForms: new Set(),
    nodes: [],
    ...change,
  };
}

/** A plan at one glance. */
function names(plan: HubPlan): Readonly<Record<string, readonly string[]>> {
  return {
    create: plan.create.map(({ name }) => name),
    update: plan.update.map(({ node, why }) => `${node.name} (${why})`),
    remove: plan.remove.map(({ node, why }) => `${node.name} (${why})`),
    collisions: plan.collisions.map(({ name, uid, holder }) => `${name}: ${uid} against ${holder}`),
  };
}

const nothing = { create: [], update: [], remove: [], collisions: [] };

/** The nodes after a plan was carried out to its end. */
function carriedOut({ nodes, rows }: HubFacts, plan: HubPlan): readonly KnownNode[] {
  const removed = new Set(plan.remove.map(({ node }) => node.name));
  const updated = new Map(
    plan.update.map(({ node, form }) => [
      node.name,
      { ...node, revision: form.revision, dataHash: rows.get(node.rowUid) ?? '' },
    ]),
  );
  const born = plan.create.map(({ uid, form }) => aNode(uid, form, { dataHash: rows.get(uid) ?? '' }));
  return [...nodes.filter(({ name }) => !removed.has(name)).map((node) => updated.get(node.name) ?? node), ...born];
}

const word = fc.constantFrom('a', 'b', 'c', 'a-b', 'b-c', 'a.b', 'd');
/** Hubs whose names may collide, with rows, forms and nodes of every state. */
const anyHub: fc.Arbitrary<HubFacts> = fc
  .record({
    rows: fc.uniqueArray(word, { maxLength: 5 }),
    frozen: fc.uniqueArray(fc.oneof(word, dnsLabel), { maxLength: 3 }),
    forms: fc.uniqueArray(word, { maxLength: 4 }),
    usable: fc.array(fc.constantFrom('usable', 'broken', 'gone', 'unknown'), { minLength: 4, maxLength: 4 }),
    nodes: fc.uniqueArray(
      fc.record({
        rowUid: word,
        form: word,
        revision: fc.constantFrom('1', '2'),
        current: fc.boolean(),
        deleting: fc.constantFrom(false, false, false, true),
      }),
      { selector: ({ rowUid, form }) => `${rowUid}-${form}`, maxLength: 8 },
    ),
  })
  .map(({ rows, frozen, forms, usable, nodes }) => {
    const being = (state: string) => forms.filter((_, index) => usable[index] === state);
    const all = nodes.map(({ rowUid, form, revision, current, deleting }) =>
      aNode(
        rowUid,
        { name: form, revision: `${form}-${revision}` },
        { deleting, ...(current ? {} : { dataHash: 'former-values' }) },
      ),
    );
    return facts({
      rows: active(...rows.filter((uid) => !frozen.includes(uid))),
      frozen: new Set(frozen),
      forms: being('usable').map((name) => ({ name, revision: `${name}-1` })),
      brokenForms: new Set(being('broken')),
      goneForms: new Set(being('gone')),
      nodes: all,
    });
  });

/** Hubs in which several rows want the same names: `a` with form `b-c` and `a-b` with form `c`. */
const contestedHub: fc.Arbitrary<HubFacts> = fc
  .record({
    rows: fc.shuffledSubarray(['a', 'a-b', 'a-b-c', 'x'], { minLength: 2 }),
    forms: fc.shuffledSubarray(['d', 'c-d', 'b-c-d', 'b-d'], { minLength: 2 }),
    holders: fc.uniqueArray(fc.constantFrom('a', 'a-b', 'x'), { maxLength: 1 }),
  })
  .map(({ rows, forms, holders }) =>
    facts({
      rows: active(...rows),
      forms: forms.map((name) => ({ name, revision: `${name}-1` })),
      nodes: holders.map((uid) => aNode(uid, { name: 'd', revision: 'd-1' })),
    }),
  );

const shuffled = (hub: HubFacts): HubFacts => ({
  rows: new Map([...hub.rows].toReversed()),
  frozen: new Set([...hub.frozen].toReversed()),
  forms: hub.forms.toReversed(),
  brokenForms: new Set([...hub.brokenForms].toReversed()),
  goneForms: new Set([...hub.goneForms].toReversed()),
  movedForms: new Set([...hub.movedForms].toReversed()),
  nodes: hub.nodes.toReversed(),
});

describe('domain/hub-plan', () => {
  describe('planHub', () => {
    it('removes the nodes of a form that names another hub now, and the deletion guard counts their rows', () => {
      const nodes = [aNode('acme', data), aNode('acme', web), aNode('beta', data)];
      const plan = planHub(facts({ rows: active('acme', 'beta'), movedForms: new Set(['data']), nodes }));

      expect(names(plan).remove).toEqual(['acme-data (moved)', 'beta-data (moved)']);
      expect(leavingRows(plan)).toEqual(['acme', 'beta']);
    });

    it('keeps the nodes of a form that neither exists nor is proven gone', () => {
      expect(names(planHub(facts({ nodes: [aNode('acme', data)] }))).remove).toEqual([]);
    });

    it('creates a node for every active row and usable form', () => {
      const plan = planHub(facts({ rows: active('acme', 'beta'), forms: [web, data] }));

      expect(names(plan)).toEqual({ ...nothing, create: ['acme-data', 'acme-web', 'beta-data', 'beta-web'] });
      expect(plan.desired).toBe(4);
      expect(plan.create[1]).toEqual({ name: 'acme-web', uid: 'acme', form: web });
    });

    it('leaves a node alone that is as it should be', () => {
      expect(names(planHub(facts({ nodes: [aNode('acme', web)] })))).toEqual(nothing);
    });

    it.each<[string, Partial<KnownNode>]>([
      ['values', { dataHash: 'former' }],
      ['form', { revision: 'web-0' }],
      ['both', { dataHash: 'former', revision: 'web-0' }],
      ['form', { revision: undefined }],
    ])('updates a node because of %s', (why, change) => {
      const plan = planHub(facts({ nodes: [aNode('acme', web, change)] }));

      expect(names(plan)).toEqual({ ...nothing, update: [`acme-web (${why})`] });
      expect(plan.update[0]?.form).toEqual(web);
    });

    it('puts a node back that was edited by hand, together with whatever else differs', () => {
      const edited = aNode('acme', web, { edited: true });
      expect(names(planHub(facts({ nodes: [edited] }))).update).toEqual(['acme-web (edited)']);
      expect(names(planHub(facts({ nodes: [{ ...edited, revision: 'web-0' }] }))).update).toEqual(['acme-web (form)']);
      expect(names(planHub(facts({ nodes: [{ ...edited, deleting: true }] })))).toEqual(nothing);
      const frozen = { rows: new Map(), frozen: new Set(['acme']) };
      expect(names(planHub(facts({ ...frozen, nodes: [edited] })))).toEqual(nothing);
    });

    it('removes the nodes of a row that is gone or inactive', () => {
      const nodes = [aNode('acme', web), aNode('beta', web), aNode('beta', data)];

      expect(names(planHub(facts({ forms: [web, data], nodes: [...nodes, aNode('acme', data)] })))).toEqual({
        ...nothing,
        remove: ['beta-data (row)', 'beta-web (row)'],
      });
    });

    it('neither updates nor removes a node that is being deleted', () => {
      const nodes = [
        aNode('acme', web, { deleting: true, dataHash: 'former' }),
        aNode('beta', web, { deleting: true }),
      ];

      expect(names(planHub(facts({ nodes })))).toEqual(nothing);
    });

    describe('frozen rows', () => {
      it('keep their nodes as they are, out of date or not', () => {
        const nodes = [aNode('acme', web), aNode('odd', web, { dataHash: 'former', revision: 'web-0' })];

        expect(names(planHub(facts({ frozen: new Set(['odd']), nodes })))).toEqual(nothing);
      });

      it('lose the nodes of a form that is gone, which says nothing of the row', () => {
        const nodes = [aNode('odd', web), aNode('odd', data)];
        const plan = planHub(facts({ frozen: new Set(['odd']), rows: active(), goneForms: new Set(['data']), nodes }));

        expect(names(plan)).toEqual({ ...nothing, remove: ['odd-data (form)'] });
        expect(leavingRows(plan)).toEqual([]);
      });

      it('are never created or changed, and lose no node but those of forms that are gone, in any hub', () => {
        fc.assert(
          fc.property(anyHub, (hub) => {
            const plan = planHub(hub);
            const touched = [
              ...plan.create.map(({ uid }) => uid),
              ...plan.update.map(({ node }) => node.rowUid),
              ...plan.remove.flatMap(({ node, why }) => (why === 'form' ? [] : [node.rowUid])),
            ];

            for (const uid of touched) expect(hub.frozen).not.toContain(uid);
            for (const uid of leavingRows(plan)) expect(hub.frozen).not.toContain(uid);
          }),
        );
      });
    });

    describe('forms', () => {
      it('keep their nodes while they are broken', () => {
        const plan = planHub(
          facts({ forms: [], brokenForms: new Set(['web']), nodes: [aNode('acme', web, { revision: 'web-0' })] }),
        );

        expect(names(plan)).toEqual(nothing);
        expect(plan.desired).toBe(0);
      });

      it('lose their nodes when it is proven that they do not exist any more', () => {
        expect(names(planHub(facts({ forms: [], goneForms: new Set(['web']), nodes: [aNode('acme', web)] })))).toEqual({
          ...nothing,
          remove: ['acme-web (form)'],
        });
      });

      it('lose their nodes for being gone and not for the row, where that is gone as well: no guard counts them', () => {
        const nodes = [aNode('gone', data), aNode('gone', web), aNode('left', data)];
        const plan = planHub(facts({ goneForms: new Set(['data']), nodes }));

        expect(names(plan).remove).toEqual(['gone-data (form)', 'gone-web (row)', 'left-data (form)']);
        expect(leavingRows(plan)).toEqual(['gone']);
      });

      it('never have a node left once they are gone, in any hub', () => {
        fc.assert(
          fc.property(anyHub, (hub) => {
            const plan = planHub(hub);
            const going = plan.remove.filter(({ why }) => why === 'form').map(({ node }) => node);

            expect(going).toEqual(
              hub.nodes
                .filter(({ form, deleting }) => hub.goneForms.has(form) && !deleting)
                .toSorted((left, right) => (left.name < right.name ? -1 : 1)),
            );
          }),
        );
      });

      it('keep their nodes while nothing is proven of them', () => {
        expect(names(planHub(facts({ forms: [], nodes: [aNode('acme', web)] })))).toEqual(nothing);
      });

      it('are not what the deletion guard counts', () => {
        const nodes = [aNode('acme', data), aNode('gone', web)];
        const plan = planHub(
          facts({ forms: [web], goneForms: new Set(['data']), nodes: [...nodes, aNode('acme', web)] }),
        );

        expect(plan.remove).toHaveLength(2);
        expect(leavingRows(plan)).toEqual(['gone']);
      });
    });

    describe('names that two pairs share', () => {
      const pair = {
        rows: active('a', 'a-b'),
        forms: [
          { name: 'b-c', revision: '1' },
          { name: 'c', revision: '1' },
        ],
      };
      const first = aNode('a', { name: 'b-c', revision: '1' });
      const second = aNode('a-b', { name: 'c', revision: '1' });

      it('are given to one of them, and the other is reported', () => {
        const plan = planHub(facts(pair));

        expect(names(plan)).toMatchObject({ collisions: ['a-b-c: a-b against a'] });
        expect(plan.create.filter(({ name }) => name === 'a-b-c')).toHaveLength(1);
      });

      it('stay with the node that has one', () => {
        expect(names(planHub(facts({ ...pair, nodes: [first] })))).toMatchObject({
          collisions: ['a-b-c: a-b against a'],
        });
        expect(names(planHub(facts({ ...pair, nodes: [second] })))).toMatchObject({
          collisions: ['a-b-c: a against a-b'],
        });
      });

      it('never lead to a change of the node that has one', () => {
        for (const holder of [first, second]) {
          const plan = planHub(facts({ ...pair, nodes: [holder] }));

          expect([...plan.update, ...plan.remove].map(({ node }) => node.name)).not.toContain('a-b-c');
          expect(plan.create.map(({ name }) => name)).not.toContain('a-b-c');
        }
      });

      it('freeze the row that does not get one: its other nodes are neither created nor changed', () => {
        const forms = [...pair.forms, web];
        const holder = { ...facts({ ...pair, forms }), nodes: [first] };
        const outdated = aNode('a-b', web, { dataHash: 'former' });

        expect(planHub(holder).create.map(({ uid }) => uid)).not.toContain('a-b');
        expect(planHub({ ...holder, nodes: [first, outdated] }).update).toEqual([]);
        expect(planHub({ ...holder, nodes: [first, outdated] }).remove).toEqual([]);
      });

      it('lose against a node of another hub, and name it', () => {
        const elsewhere = { hub: 'other', rowUid: 'a', form: 'b-c' };
        const heldElsewhere = (name: string) => (name === 'a-b-c' ? elsewhere : undefined);
        const plan = planHub(facts({ ...pair, rows: active('a-b', 'x'), heldElsewhere }));

        expect(plan.collisions).toEqual([{ uid: 'a-b', form: 'c', name: 'a-b-c', holder: 'a', holderHub: 'other' }]);
        expect(plan.create.map(({ uid }) => uid)).not.toContain('a-b');
        expect(plan.create.map(({ uid }) => uid)).toContain('x');
      });

      it('that the same row and form have under another hub are waited for, and freeze nothing else of the row', () => {
        const heldElsewhere = (name: string) =>
          name === 'acme-moved' ? { hub: 'former', rowUid: 'acme', form: 'moved' } : undefined;
        const forms = [web, { name: 'moved', revision: '1' }];
        const nodes = [aNode('acme', web, { dataHash: 'former' })];
        const plan = planHub(facts({ rows: active('acme', 'other'), forms, nodes, heldElsewhere }));

        expect(names(plan)).toEqual({
          create: ['other-moved', 'other-web'],
          update: ['acme-web (values)'],
          remove: [],
          collisions: [],
        });
        expect(plan.successions).toEqual([{ name: 'acme-moved', form: 'moved', from: 'former' }]);
      });

      it('that they have under a hub which does not exist any more are taken over, with whatever else differs', () => {
        const former = { hub: 'former', rowUid: 'acme', form: web.name };
        const orphan = aNode('acme', web, { edited: true });
        const plan = (change: Partial<KnownNode>) =>
          planHub(facts({ heldElsewhere: () => former, orphans: new Map([['acme-web', { ...orphan, ...change }]]) }));

        expect(plan({}).update).toEqual([{ node: orphan, form: web, why: 'edited', from: 'former' }]);
        expect(plan({ revision: 'web-0' }).update).toMatchObject([{ why: 'form', from: 'former' }]);
        expect(plan({}).successions).toEqual([]);
      });

      it('are not taken over for another row or form, nor while the row is frozen', () => {
        const orphans = new Map([['acme-web', aNode('acme', web, { edited: true })]]);
        const heldAs = (change: object) => () => ({ hub: 'former', rowUid: 'acme', form: web.name, ...change });
        for (const change of [{ rowUid: 'other' }, { form: 'other' }])
          expect(planHub(facts({ heldElsewhere: heldAs(change), orphans })).update).toEqual([]);
        const frozen = { rows: active(), frozen: new Set(['acme']) };
        expect(planHub(facts({ ...frozen, heldElsewhere: heldAs({}), orphans })).update).toEqual([]);
      });

      it('that a node of no hub has freeze the row, whatever its row is', () => {
        const heldElsewhere = () => ({ hub: '', rowUid: 'acme', form: web.name });
        const plan = planHub(facts({ rows: active('acme'), forms: [web], heldElsewhere }));

        expect(plan.collisions).toMatchObject([{ uid: 'acme', holderHub: '' }]);
        expect(plan.successions).toEqual([]);
      });

      it('are made only once the former holder is gone', () => {
        const leaving = { ...pair, rows: active('a-b'), nodes: [first] };

        expect(names(planHub(facts(leaving)))).toMatchObject({ remove: ['a-b-c (row)'] });
        expect(planHub(facts(leaving)).create.map(({ name }) => name)).not.toContain('a-b-c');
        expect(
          planHub(facts({ ...leaving, nodes: [{ ...first, deleting: true }] })).create.map(({ name }) => name),
        ).not.toContain('a-b-c');
        expect(planHub(facts({ ...leaving, nodes: [] })).create.map(({ name }) => name)).toContain('a-b-c');
      });
    });

    it.each([
      ['any hub', anyHub],
      ['a hub whose rows want the same names', contestedHub],
    ])('does not depend on the order of its inputs (%s)', (_hub, arbitrary) => {
      fc.assert(
        fc.property(arbitrary, (hub) => {
          expect(planHub(shuffled(hub))).toEqual(planHub(hub));
        }),
      );
    });

    it('gives each name that several rows want to one of them', () => {
      fc.assert(
        fc.property(contestedHub, (hub) => {
          const plan = planHub(hub);
          const taken = [...hub.nodes.map(({ name }) => name), ...plan.create.map(({ name }) => name)];

          expect(new Set(taken).size).toBe(taken.length);
          for (const { uid } of plan.collisions) expect(plan.create.map((birth) => birth.uid)).not.toContain(uid);
        }),
      );
    });

    it('has nothing to do once it was carried out', () => {
      fc.assert(
        fc.property(anyHub, (hub) => {
          const once = planHub(hub);
          fc.pre(once.collisions.length === 0);

          const { collisions: _, ...again } = names(planHub({ ...hub, nodes: carriedOut(hub, once) }));

          expect(again).toEqual({ create: [], update: [], remove: [] });
        }),
      );
    });

    it('comes to rest after two rounds where names collide', () => {
      fc.assert(
        fc.property(anyHub, (hub) => {
          const first = carriedOut(hub, planHub(hub));
          const second = carriedOut({ ...hub, nodes: first }, planHub({ ...hub, nodes: first }));

          expect(names(planHub({ ...hub, nodes: second }))).toMatchObject({ create: [], update: [], remove: [] });
        }),
      );
    });

    it('never has more than one of node, birth and collision for a row and a form', () => {
      fc.assert(
        fc.property(anyHub, (hub) => {
          const plan = planHub(hub);
          const kept = hub.nodes.filter(
            ({ rowUid, form }) => hub.rows.has(rowUid) && hub.forms.some(({ name }) => name === form),
          );

          expect(plan.desired).toBe(hub.rows.size * hub.forms.length);
          expect(new Set(plan.create.map(({ name }) => name)).size).toBe(plan.create.length);
          expect(kept.length + plan.create.length + plan.collisions.length).toBeLessThanOrEqual(plan.desired);
        }),
      );
    });

    it('never creates a node over one that exists', () => {
      fc.assert(
        fc.property(anyHub, (hub) => {
          const existing = hub.nodes.map(({ name }) => name);

          for (const { name } of planHub(hub).create) expect(existing).not.toContain(name);
        }),
      );
    });

    it('lists births, updates and removals by name', () => {
      const forms = [
        { name: 'z', revision: '2' },
        { name: 'c', revision: '2' },
      ];
      const nodes = ['a', 'a-b'].flatMap((uid) => forms.map((form) => aNode(uid, form, { revision: '1' })));
      const sorted = ['a-b-c', 'a-b-z', 'a-c', 'a-z'];
      const hub = facts({ rows: active('a', 'a-b'), forms });

      expect(planHub(hub).create.map(({ name }) => name)).toEqual(sorted);
      expect(planHub({ ...hub, nodes }).update.map(({ node }) => node.name)).toEqual(sorted);
      expect(planHub({ ...hub, rows: new Map(), nodes }).remove.map(({ node }) => node.name)).toEqual(sorted);
    });
  });

  describe('leavingRows', () => {
    it('counts a row once, however many nodes it has', () => {
      const plan = planHub(facts({ forms: [web, data], nodes: [aNode('z', web), aNode('z', data), aNode('b', web)] }));

      expect(leavingRows(plan)).toEqual(['b', 'z']);
    });
  });
});
