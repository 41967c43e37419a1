import { describe, expect, it } from 'vitest';
import { type JsonObject, textAt } from '../../../../domain/api/json.ts';
import { type DigestChange, DigestStore } from '../../../../worker/watch/digest-store.ts';

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
    store.onEvent({ kind: 'synced', version: '5' });

    expect([...store.entries()].map(([key]) => key)).toEqual(['kept', 'written']);
    expect(changes.at(-1)).toMatchObject({ key: 'gone', after: undefined });
  });

  it('keeps what was written after the list was read, though its pages do not have it', () => {
    const { store, changes } = open();
    store.observe(object('young', '7'));

    store.onEvent({ kind: 'restarted' });
    store.onEvent({ kind: 'synced', version: '6' });
    expect([...store.entries()].map(([key]) => key)).toEqual(['young']);

    store.onEvent({ kind: 'restarted' });
    store.onEvent({ kind: 'synced', version: '7' });
    expect(changes.at(-1)).toMatchObject({ key: 'young', after: undefined });
  });

  it('has tried when the first list could not be read, and is not synced by that', async () => {
    const { store } = open();
    const reached: string[] = [];
    void store.tried.then(() => reached.push('tried'));
    void store.synced.then(() => reached.push('synced'));

    store.onEvent({ kind: 'unlisted' });
    await new Promise((resolve) => setImmediate(resolve));
    expect(reached).toEqual(['tried']);
  });

  it('is synced when the first complete list has been seen', async () => {
    const { store } = open();
    let synced = false;
    void store.synced.then(() => {
      synced = true;
    });

    await Promise.resolve();
    expect(synced).toBe(false);
    store.onEvent({ kind: 'synced', version: '1' });
    await Promise.resolve();
    await Promise.resolve();
    expect(synced).toBe(true);
  });
});
