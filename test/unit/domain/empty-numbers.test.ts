import { describe, expect, it } from 'vitest';
import { numberReaders, openEmptyNumbers } from '../../../domain/empty-numbers.ts';

const readers = numberReaders([
  { name: 'web', numbers: ['size', 'port'] },
  { name: 'jobs', numbers: ['size'] },
  { name: 'plain', numbers: [] },
]);

describe('domain/empty-numbers', () => {
  it('names each variable that a form takes for a number, with the rows that have none and the forms', () => {
    const empty = openEmptyNumbers(readers);
    empty.add({ uid: 'acme', extra: { size: '', port: '80' } });
    empty.add({ uid: 'beta', extra: { size: '', port: '' } });
    empty.add({ uid: 'gamma', extra: { size: '0', port: '80', other: '' } });

    expect(empty.warnings()).toEqual([
      'variable size is NULL or empty on 2 active rows, the first is acme, and the number 0 in form web, jobs',
      'variable port is NULL or empty on 1 active rows, the first is beta, and the number 0 in form web',
    ]);
  });

  it('says nothing of a variable that the hub does not map, or keeps as a secret', () => {
    const empty = openEmptyNumbers(readers);
    empty.add({ uid: 'acme', extra: {} });
    expect(empty.warnings()).toEqual([]);
  });
});
