import { describe, expect, it } from 'vitest';
import { type JsonObject, textAt } from '../../../../domain/api/json.ts';
import { type DigestChange, DigestStore, isNewer } from '../../../../worker/watch/digest-store.ts';

interface Seen {
  readonly resourceVersion: string;
  readonly value: string;
}

function object(name: string, resourceVersion: string, value = ''): JsonObject {
  return { metadata: { name, resourceVersion }, value };
}

function open() {
  const changes: DigestChange<Seen>[] = [];
  const store = new DigestStore<Seen>({
    keyOf: (item) => textAt(item, 'metadata', 'name') ?? '',
    digest: (item) => ({
      resourceVersion: textAt(item, 'metadata', 'resourceVersion') ?? '',
      value: textAt(item, 'value') ?? '',
    }),
    onChange: (change) => changes.push(change),
  });
  return { store, changes };
}

describe('worker/watch/digest-store', () => {
  it.each([
    ['9', '10', false],
    ['10', '9', true],
    ['11', '10', true],
    ['10', '10', false],
  ])('compares resource versions as numbers: %s newer than %s is %s', (candidate, known, newer) => {
    expect(isNewer(candidate, known)).toBe(newer);
  });

  it('never goes back to an older version of an object', () => {
    const { store } = open();

    store.observe(object('a', '12', 'new'));
    store.onEvent({ kind: 'set', object: object('a', '11', 'old') });

    expect(store.get('a')?.value).toBe('new');
  });

  it('does not bring back an object that was removed, until a newer one is seen', () => {
    const { store } = open();
    store.onEvent({ kind: 'set', object: object('a', '5') });
    store.onEvent({ kind: 'removed', object: object('a', '8') });

    store.observe(object('a', '6'));
    expect(store.get('a')).toBeUndefined();

    store.observe(object('a', '9'));
    expect(store.get('a')).toBeDefined();
  });

  it('keeps after a relist what the list showed or a write answered meanwhile, and nothing else', () => {
    const { store, changes } = open();
    for (const name of ['kept', 'gone']) store.onEvent({ kind: 'set', object: object(name, '1') });

    store.onEvent({ kind: 'restarted' });
    store.onEvent({ kind: 'set', object: object('kept', '1') });
    store.observe(object('written', '7'));
    store.onEvent({ kind: 'synced' });

    expect([...store.entries()].map(([key]) => key)).toEqual(['kept', 'written']);
    expect(changes.at(-1)).toMatchObject({ key: 'gone', after: undefined });
  });

  it('is synced when the first complete list has been seen', async () => {
    const { store } = open();
    let synced = false;
    void store.synced.then(() => {
      synced = true;
    });

    await Promise.resolve();
    expect(synced).toBe(false);
    store.onEvent({ kind: 'synced' });
    await Promise.resolve();
    await Promise.resolve();
    expect(synced).toBe(true);
  });
});
