import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../domain/api/json.ts';
import { inputHash } from '../../../domain/node-digest.ts';
import { heirOf, holderOf, spacesGivenUp } from '../../../domain/shared-namespace.ts';

type Sibling = Parameters<typeof holderOf>[1][number];

const key = '/Namespace//of-acme';
const sibling = (form: string, change: Partial<Sibling> = {}): Sibling => ({
  namespace: 'tenants',
  name: `acme-${form}`,
  nodeUid: `uid-${form}`,
  hub: 'customers',
  form,
  rowUid: 'acme',
  deleting: false,
  paused: false,
  observedInput: 'same',
  inputHash: 'same',
  children: new Map(),
  ...change,
});
const having = (uid?: string) => ({ children: new Map([[key, { uid }]]) });
const space = (metadata: JsonObject = {}, byUs = true): JsonObject => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: {
    name: 'of-acme',
    uid: 'u1',
    managedFields: byUs ? [{ manager: 'lynq-operator', operation: 'Apply' }] : [],
    ...metadata,
  },
});
const labelled = (form: string): JsonObject => ({
  labels: { 'lynq.sh/node': `acme-${form}`, 'lynq.sh/node-namespace': 'tenants' },
});
const by = (form: string) => `LynqNode tenants/acme-${form}`;

describe('domain/shared-namespace', () => {
  it('the node that the labels name and that has it on record keeps it, also before it knows the uid', () => {
    for (const uid of ['u1', undefined])
      expect(holderOf(space(labelled('web')), [sibling('web', having(uid))])).toEqual({ kind: 'held', by: by('web') });
  });

  it('labels alone, which anyone can write, make nobody its keeper', () => {
    expect(holderOf(space(labelled('web')), [sibling('web')])).toBeUndefined();
    expect(holderOf(space(labelled('web'), false), [sibling('web', having())])).toBeUndefined();
    expect(holderOf(space(labelled('web')), [])).toBeUndefined();
  });

  it('without labels the record tells, and no record of another object', () => {
    expect(holderOf(space(), [sibling('web', having('u1'))])).toEqual({ kind: 'held', by: by('web') });
    expect(holderOf(space(), [sibling('web', having('u0'))])).toBeUndefined();
    expect(holderOf(space(), [sibling('web', having())])).toBeUndefined();
  });

  it('is claimed by the node that its marks name while that one has not said what it has', () => {
    const unsettled = sibling('web', { observedInput: undefined });
    const orphan = {
      labels: { 'lynq.sh/orphaned': 'true' },
      annotations: { 'lynq.sh/orphaned-from': 'customers/web/acme', 'lynq.sh/orphaned-namespace': 'tenants' },
    };
    for (const marks of [labelled('web'), orphan])
      expect(holderOf(space(marks), [unsettled])).toEqual({ kind: 'claimed', by: by('web') });
    expect(holderOf(space(orphan), [sibling('web')])).toBeUndefined();
  });

  it('an object with a controller is nobody of the row', () => {
    const owned = { ownerReferences: [{ kind: 'Project', name: 'p', uid: 'p1', controller: true }] };
    expect(holderOf(space({ ...labelled('web'), ...owned }), [sibling('web', having('u1'))])).toBeUndefined();
  });

  it('whoever of a row asks, the node that the labels name keeps it, and is never told that another one does', () => {
    const forms = ['web', 'api', 'jobs'];
    const record = fc.constantFrom('none' as const, 'intent' as const, 'u1' as const);
    const labelOf = fc.constantFrom(...forms);
    fc.assert(
      fc.property(labelOf, fc.tuple(record, record, record), (label, records) => {
        const nodes = forms.map((form, index) => {
          const has = records[index];
          return sibling(form, has === 'none' ? {} : having(has === 'u1' ? 'u1' : undefined));
        });
        const holders = nodes.map((node) =>
          holderOf(
            space(labelled(label)),
            nodes.filter(({ name }) => name !== node.name),
          ),
        );
        const tracker = forms.indexOf(label);
        expect(holders[tracker]).toBeUndefined();
        const isKept = records[tracker] !== 'none';
        for (const [index, holder] of holders.entries())
          if (index !== tracker) expect(holder).toEqual(isKept ? { kind: 'held', by: by(label) } : undefined);
      }),
    );
  });

  const lynqNode = (status: JsonObject, change: JsonObject = {}): JsonObject => {
    const bare: JsonObject = { metadata: { name: 'acme-api', ...change }, spec: { formRevision: 'api-1' } };
    return { ...bare, status: { observedInput: inputHash(bare), ...status } };
  };
  const named = (state: string) => ({ resources: [{ id: 'ns', kind: 'Namespace', name: 'of-acme', state }] });
  const recorded = { inventory: [{ id: 'ns', apiVersion: 'v1', kind: 'Namespace', name: 'of-acme' }] };

  it.each([
    ['that names it and has it on record', lynqNode({ ...named('Ready'), ...recorded }), 'takes'],
    ['that is in conflict over it', lynqNode(named('Conflicted')), 'takes'],
    ['that has it on record alone, since it has turned away', lynqNode(recorded), 'none'],
    ['that names it and has not looked yet', lynqNode(named('Skipped')), 'none'],
    ['whose form has changed since', lynqNode({ ...named('Ready'), ...recorded, observedInput: 'older' }), 'unsettled'],
    [
      'that is being deleted',
      lynqNode({ ...named('Ready'), ...recorded }, { deletionTimestamp: '2026-11-20T12:00:00Z' }),
      'none',
    ],
    [
      'that is left to the other operator',
      lynqNode({ ...named('Ready'), ...recorded }, { annotations: { 'lynq.sh/released': 'now' } }),
      'none',
    ],
  ])('a node %s is an heir or not', (_text, node, expected) => {
    expect(heirOf(node, 'of-acme')).toBe(expected);
  });

  it('what a node had and has no more is given up, an intention is not', () => {
    const other = '/ConfigMap/of-acme/x';
    const before = {
      children: new Map([
        [key, { uid: 'u1' }],
        [other, { uid: 'u2' }],
      ]),
    } as never;
    expect(spacesGivenUp(before, { children: new Map([[key, { uid: undefined }]]) } as never)).toEqual([key]);
    expect(spacesGivenUp(before, undefined)).toEqual([key]);
    expect(spacesGivenUp(before, before)).toEqual([]);
    expect(spacesGivenUp({ children: new Map([[key, { uid: undefined }]]) } as never, undefined)).toEqual([]);
  });
});
