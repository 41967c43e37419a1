import { describe, expect, it } from 'vitest';
import type { InventoryEntry } from '../../../domain/api/node.ts';
import { removalKey } from '../../../domain/removal-plan.ts';
import { behindUnread, type PresentRecord, presentPolicies, withNeedsRead } from '../../../domain/unread-needs.ts';

const entry = (id: string, kind: string, more: Partial<InventoryEntry> = {}): InventoryEntry => ({
  id,
  apiVersion: kind === 'StatefulSet' ? 'apps/v1' : 'v1',
  kind,
  namespace: 'space',
  name: id,
  policy: 'Delete',
  dependIds: [],
  ...more,
});
const database = entry('db', 'StatefulSet');
const told = (record: readonly InventoryEntry[], ...unread: readonly InventoryEntry[]) =>
  behindUnread(record, new Set(unread.map(removalKey))).map(
    ({ id, policy, dependIds = [] }) => `${id} ${policy} ${dependIds.join('+')}`,
  );

describe('domain/unread-needs', () => {
  it('lets what a pod can name in the namespace go only after the object that cannot be read', () => {
    const others = [
      entry('password', 'Secret'),
      entry('elsewhere', 'Secret', { namespace: 'other' }),
      entry('front', 'Service'),
    ];
    expect(told([database, ...others], database)).toEqual([
      'db Delete password',
      'password Delete ',
      'elsewhere Delete ',
      'front Delete ',
    ]);
  });

  it('retains what goes before it in any case', () => {
    const record = [database, entry('made', 'Service', { dependIds: ['db'] }), entry('password', 'Secret')];
    const dependent = entry('issued', 'Secret', { dependIds: ['made'] });
    expect(told([...record, dependent], database)).toEqual([
      'db Delete password',
      'made Delete db',
      'password Delete ',
      'issued Retain made',
    ]);
  });

  it('holds nothing up for what has no pods, nor where everything could be read', () => {
    const claim = entry('data', 'PersistentVolumeClaim');
    const record = [database, claim, entry('password', 'Secret')];
    expect(behindUnread(record, new Set([removalKey(claim)]))).toEqual(record);
    expect(behindUnread(record, new Set())).toEqual(record);
  });

  it('goes on as if it had been read in the first place once it can be, and leaves the rest to those that still cannot', () => {
    const other = entry('other', 'StatefulSet');
    const record = [database, other, entry('password', 'Secret', { dependIds: ['keys'] }), entry('keys', 'ConfigMap')];
    const none = new Map([database, other].map(({ id }) => [id, []]));
    const present: PresentRecord = { record, needs: none, unread: new Set([database, other].map(removalKey)) };
    const policies = (of: PresentRecord) =>
      presentPolicies(of).map(({ id, policy, dependIds = [] }) => `${id} ${policy} ${dependIds.join('+')}`);
    expect(policies(present)).toEqual([
      'db Retain password+keys',
      'other Retain password+keys',
      'password Delete keys',
      'keys Delete ',
    ]);
    const read = withNeedsRead(present, database, [{ kind: 'Secret', name: 'password' }]);
    expect(policies(read)).toEqual([
      'db Retain ',
      'other Retain password+keys',
      'password Retain keys',
      'keys Retain ',
    ]);
    expect(presentPolicies(withNeedsRead(read, other, []))).toEqual(presentPolicies({ ...read, unread: new Set() }));
  });
});
