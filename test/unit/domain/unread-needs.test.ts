import { describe, expect, it } from 'vitest';
import type { InventoryEntry } from '../../../domain/api/node.ts';
import { removalKey } from '../../../domain/removal-plan.ts';
import { behindUnread } from '../../../domain/unread-needs.ts';

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
});
