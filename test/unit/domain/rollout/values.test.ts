import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { annotations } from '../../../../domain/keys.ts';
import { isTooLarge } from '../../../../domain/row-size.ts';
import { encodeExtra } from '../../../../domain/rows.ts';
import { readPendingValues, writePendingValues } from '../../../../domain/rollout/values.ts';

const valuesOf = (variables: Readonly<Record<string, string>>) => ({
  [annotations.hostOrUrl]: 'https://acme.example.com',
  [annotations.activate]: '1',
  [annotations.extra]: encodeExtra(variables),
});

describe('domain/rollout/values', () => {
  it('gives back what was written, letter by letter, whatever the texts are', () => {
    const texts = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({
        unit: fc.constantFrom(
          '"',
          '\\',
          '\n',
          '\r',
          '\t',
          '<',
          '&',
          'ä',
          '\u2028',
          '\ud83d\ude00',
          '\ud800',
          '\u0000',
          '{',
          ']',
        ),
      }),
    );
    fc.assert(
      fc.property(fc.dictionary(fc.oneof(fc.string(), fc.constant('__proto__')), texts), (variables) => {
        const values = valuesOf(variables);
        expect(readPendingValues(writePendingValues(values))).toEqual(values);
      }),
      { numRuns: 50 },
    );
  });

  it('has room for a value of 100 KB twice, also where a third of it are quotes and line ends', () => {
    for (const line of ['{"a":1,\n', 'plain text', '""\n\n']) {
      const values = valuesOf({ big: line.repeat(Math.floor((100 * 1024) / line.length)) });
      const pending = writePendingValues(values);
      expect([line, isTooLarge([...Object.values(values), pending])]).toEqual([line, line === '""\n\n']);
      expect(pending.length).toBeLessThan(100 * 1024 + 200);
    }
  });

  it('reads what an earlier version has left as JSON', () => {
    const values = valuesOf({ plan: 'gold "x"' });
    expect(readPendingValues(JSON.stringify(values))).toEqual(values);
  });

  it('takes nothing from a text that is not its own', () => {
    const written = writePendingValues(valuesOf({ plan: 'gold' }));
    for (const text of ['', '[]', 'null', '{', `${written}more`, written.slice(0, -1), written.replace('4]', '-4]')])
      expect([text, readPendingValues(text)]).toEqual([text, undefined]);
    expect(readPendingValues('{"lynq.sh/activate":"1","lynq.sh/node":"x","lynq.sh/hostOrUrl":3}')).toEqual({
      'lynq.sh/activate': '1',
    });
    expect(readPendingValues(undefined)).toBeUndefined();
  });
});
