import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hashText, nodeName } from '../../../domain/identity.ts';
import { leavingRows, planHub } from '../../../domain/hub-plan.ts';
import type { SourceRow } from '../../../domain/ports.ts';
import { type NodeState, rowTotals } from '../../../domain/row-totals.ts';
import { openRowClassifier } from '../../../domain/rows.ts';

const counts = { seen: 1, active: 1, inactive: 0, repeated: 0, frozen: 0 };
const node = (form: string, change: Partial<NodeState> = {}): NodeState => ({
  rowUid: 'acme',
  form,
  deleting: false,
  ready: true,
  failed: false,
  ...change,
});
const totalsOf = (forms: readonly string[], nodes: readonly NodeState[]) =>
  rowTotals({ counts, active: ['acme'], plan: { collisions: [] }, forms, nodes, held: 0, refused: new Set() });

const anyUid = fc.constantFrom('', 'a', 'A', 'a-b', 'b', 'c', 'x'.repeat(64), ' a', 'c-d');
const anyRow = fc.record({
  uid: anyUid,
  activate: fc.constantFrom('1', '0', 'true', ''),
  hostOrUrl: fc.constantFrom('', 'h'),
  extra: fc.constant({}),
});
const anyNode = fc.record({
  rowUid: fc.constantFrom('a', 'a-b', 'b', 'gone'),
  form: fc.constantFrom('b-c', 'c', 'f'),
  deleting: fc.boolean(),
  ready: fc.boolean(),
  failed: fc.boolean(),
});

/** What a sync makes of a table and of the nodes that are there. */
function synced(rows: readonly SourceRow[], some: readonly NodeState[], forms: readonly string[]) {
  const classifier = openRowClassifier((text) => hashText(text, 32));
  for (const each of rows) classifier.add(each);
  const classified = classifier.finish();
  const nodes = some.map((each, index) => ({
    ...each,
    name: nodeName(each.rowUid, each.form),
    nodeUid: `uid-${index}`,
    revision: 'r',
    dataHash: 'h',
  }));
  const plan = planHub({
    rows: new Map([...classified.active].map(([key, { hash }]) => [key, hash])),
    frozen: new Set(nodes.map(({ rowUid }) => rowUid).filter((key) => classified.isFrozen(key))),
    forms: forms.map((name) => ({ name, revision: 'r' })),
    brokenForms: new Set(),
    goneForms: new Set(),
    movedForms: new Set(),
    nodes,
  });
  return { classified, nodes, plan };
}

describe('domain/row-totals', () => {
  it.each([
    ['provisioned', [node('a'), node('b')]],
    ['waiting', [node('a')]],
    ['waiting', [node('a'), node('b', { ready: false })]],
    ['waiting', [node('a'), node('b', { deleting: true })]],
    ['waiting', []],
    ['failed', [node('a'), node('b', { ready: false, failed: true })]],
  ] as const)('calls a row %s when its nodes are %j', (place, nodes) => {
    const expected = { provisioned: 0, waiting: 0, failed: 0, [place]: 1 };

    expect(totalsOf(['a', 'b'], nodes)).toMatchObject(expected);
  });

  it('lets a row wait while no form names the hub', () => {
    expect(totalsOf([], [])).toMatchObject({ provisioned: 0, waiting: 1 });
  });

  it('counts a row whose node name is taken as frozen, once', () => {
    const collision = { uid: 'acme', form: 'a', name: 'acme-a', holder: 'other' };
    const totals = rowTotals({
      counts,
      active: ['acme'],
      plan: { collisions: [collision, { ...collision, form: 'b' }] },
      forms: ['a', 'b'],
      nodes: [],
      held: 0,
      refused: new Set(),
    });

    expect(totals).toMatchObject({ active: 0, frozen: 1, waiting: 0 });
  });

  it('accounts for every row that was seen, whatever the rows and nodes are', () => {
    const forms = fc.subarray(['b-c', 'c', 'f']);
    fc.assert(
      fc.property(
        fc.array(anyRow, { maxLength: 12 }),
        fc.array(anyNode, { maxLength: 8 }),
        forms,
        fc.subarray(['a', 'b']),
        (rows, some, names, refused) => {
          const { classified, nodes, plan } = synced(rows, some, names);
          const held = leavingRows(plan).length;

          const totals = rowTotals({
            counts: classified.rows,
            active: classified.active.keys(),
            plan,
            forms: names,
            nodes,
            held,
            refused: new Set(refused),
          });

          expect(totals.seen).toBe(rows.length);
          expect(totals.seen).toBe(totals.active + totals.inactive + totals.repeated + totals.frozen);
          expect(totals.active).toBe(totals.provisioned + totals.waiting + totals.failed);
          expect(totals.seen - totals.inactive - totals.repeated + held).toBe(
            totals.provisioned + totals.waiting + totals.failed + totals.frozen + totals.held,
          );
        },
      ),
      { numRuns: 500 },
    );
  });

  it('counts a held row once, as held, and every row that has a node as active, frozen or held', () => {
    const forms = ['b-c', 'c', 'f'];
    const gone = node('f', { rowUid: 'gone' });
    fc.assert(
      fc.property(fc.array(anyRow, { maxLength: 12 }), fc.array(anyNode, { maxLength: 8 }), (rows, some) => {
        const { classified, nodes, plan } = synced(rows, [gone, ...some], forms);
        const held = leavingRows(plan).length;

        const totals = rowTotals({
          counts: classified.rows,
          active: classified.active.keys(),
          plan,
          forms,
          nodes,
          held,
          refused: new Set(),
        });

        const living = new Set(nodes.filter(({ deleting }) => !deleting).map(({ rowUid }) => rowUid));
        const active = new Set<string>(classified.active.keys());
        const kept = [...living].filter((uid) => !active.has(uid) && !classified.isFrozen(uid));
        expect(kept).toContain('gone');
        expect(totals.held).toBe(kept.length);
        expect(totals.seen).toBe(totals.active + totals.inactive + totals.repeated + totals.frozen);
        const collided = new Set(plan.collisions.map(({ uid }) => uid)).size;
        expect(totals.provisioned + totals.waiting + totals.failed + collided).toBe(classified.active.size);
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    ['gone', []],
    ['inactive', [{ uid: 'acme', activate: '0', hostOrUrl: 'h', extra: {} }]],
  ] as const)('counts a row that is %s and held apart from those that were seen', (_why, rows) => {
    const { classified, nodes, plan } = synced(rows, [node('f')], ['f']);

    const totals = rowTotals({
      counts: classified.rows,
      active: classified.active.keys(),
      plan,
      forms: ['f'],
      nodes,
      held: leavingRows(plan).length,
      refused: new Set(),
    });

    const nowhere = { active: 0, repeated: 0, frozen: 0, provisioned: 0, waiting: 0, failed: 0 };
    expect(totals).toEqual({ ...nowhere, seen: rows.length, inactive: rows.length, held: 1 });
  });
});
