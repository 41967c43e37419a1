import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { annotations as keys } from '../../../domain/keys.ts';
import type { SourceRow } from '../../../domain/ports.ts';
import {
  annotationsDigest,
  compareUtf8,
  encodeExtra,
  isActive,
  openRowClassifier,
  rowAnnotations,
  rowVariables,
} from '../../../domain/rows.ts';
import { toHost } from '../../../domain/row-host.ts';

const hash = (text: string): string => createHash('sha256').update(text).digest('hex');

function aRow(uid: string, change: Partial<SourceRow> = {}): SourceRow {
  return { uid, activate: '1', hostOrUrl: '', extra: { plan: 'pro' }, ...change };
}

function classify(rows: readonly SourceRow[]) {
  const classifier = openRowClassifier(hash);
  for (const row of rows) classifier.add(row);
  return classifier.finish();
}

/** The parts of a result that can be compared with toEqual. */
function summary(rows: readonly SourceRow[]) {
  const { active, isFrozen: _isFrozen, ...rest } = classify(rows);
  return { ...rest, active: [...active].toSorted(([a], [b]) => compareUtf8(a, b)) };
}

describe('domain/rows', () => {
  it.each([
    ['x'.repeat(240 * 1024 - 20), []],
    ['x'.repeat(240 * 1024), ['TooLarge']],
    ['ž'.repeat(120 * 1024), ['TooLarge']],
    ['日'.repeat(80 * 1024), ['TooLarge']],
    ['😀'.repeat(60 * 1024), ['TooLarge']],
    ['ž'.repeat(119 * 1024), []],
  ])('freezes a row whose values no object can hold, and only it (%#)', (value, reasons) => {
    const classifier = openRowClassifier((text) => createHash('sha256').update(text).digest('hex'));
    classifier.add({ uid: 'large', activate: '1', hostOrUrl: '', extra: { value } });
    classifier.add({ uid: 'small', activate: '1', hostOrUrl: '', extra: { value: 'x' } });

    const { frozen, active } = classifier.finish();

    expect(frozen.map(({ reason }) => reason)).toEqual(reasons);
    expect([...active.keys()]).toContain('small');
  });

  it('freezes a row whose secret values no Secret can hold', () => {
    const classifier = openRowClassifier((text) => createHash('sha256').update(text).digest('hex'));
    const row = (uid: string) => ({ uid, activate: '1', hostOrUrl: '', extra: {} });
    const half = 'ž'.repeat(256 * 1024);
    expect(classifier.add(row('most'), {}, [half, half]).isUsable).toBe(true);
    expect(classifier.add(row('more'), {}, [half, half, 'x']).isUsable).toBe(false);

    expect(classifier.finish().frozen).toMatchObject([{ uid: 'more', reason: 'TooLarge' }]);
  });

  it('says of a row as it comes whether its uid can be acted on, as far as is known', () => {
    const classifier = openRowClassifier((text) => createHash('sha256').update(text).digest('hex'));
    const isUsable = (uid: string, value = 'x'): boolean =>
      classifier.add({ uid, activate: '1', hostOrUrl: '', extra: { value } }).isUsable;
    expect([isUsable('acme'), isUsable(''), isUsable('Not_one'), isUsable('big', 'x'.repeat(240 * 1024))]).toEqual([
      true,
      false,
      false,
      false,
    ]);
    expect([isUsable('acme'), isUsable('acme', 'other'), isUsable('acme')]).toEqual([true, false, false]);
  });

  describe('isActive', () => {
    it.each(['1', 'true', 'TRUE', 'True', 'yes', 'YES', 'Yes'])('takes %j as active', (text) => {
      expect(isActive(text)).toBe(true);
    });

    it.each(['', '0', 'on', 'y', 't', 'active', ' 1', '1 ', 'tRUE', 'yEs', '2', '\u0001', '1.0', 'toString'])(
      'takes %j as inactive',
      (text) => {
        expect(isActive(text)).toBe(false);
      },
    );
  });

  describe('encodeExtra', () => {
    // Recorded from encoding/json of Go 1.26.
    it.each([
      [{}, '{}'],
      [{ b: '2', a: '1', A: '0', _: 'u' }, '{"A":"0","_":"u","a":"1","b":"2"}'],
      [{ html: '<b>&amp;</b>', q: '"\\/\'' }, '{"html":"\\u003cb\\u003e\\u0026amp;\\u003c/b\\u003e","q":"\\"\\\\/\'"}'],
      [{ ctl: '\u0000\u0001\b\f\n\r\t\u001f\u007f' }, '{"ctl":"\\u0000\\u0001\\b\\f\\n\\r\\t\\u001f\u007f"}'],
      [{ sep: 'a\u2028b\u2029c' }, '{"sep":"a\\u2028b\\u2029c"}'],
      [{ uni: 'žluť 日本 😀 \ufffd' }, '{"uni":"žluť 日本 😀 \ufffd"}'],
      [
        { '\u{1f600}': 'astral', '\uffff': 'bmp last', '\ue000': 'pua', z: '' },
        '{"z":"","\ue000":"pua","\uffff":"bmp last","\u{1f600}":"astral"}',
      ],
      [{ 'a<b': 'k&' }, '{"a\\u003cb":"k\\u0026"}'],
      [{ '10': 'x', '9': 'y', '': 'empty' }, '{"":"empty","10":"x","9":"y"}'],
    ])('prints %j as Go does', (extra, printed) => {
      expect(encodeExtra(extra)).toBe(printed);
    });

    it('keeps a text that only looks like an escape', () => {
      expect(encodeExtra({ a: '\\ud83d \\u003c \\' })).toBe('{"a":"\\\\ud83d \\\\u003c \\\\"}');
    });

    it('prints a lone surrogate as the replacement character', () => {
      expect(encodeExtra({ a: 'x\ud83dy' })).toBe('{"a":"x\\ufffdy"}');
    });

    it('treats __proto__ as a name like any other', () => {
      const extra: Record<string, string> = Object.create(null);
      extra['__proto__'] = 'p';
      extra['constructor'] = 'c';

      expect(encodeExtra(extra)).toBe('{"__proto__":"p","constructor":"c"}');
    });

    it('reads back as the same texts and has no character that Go escapes', () => {
      fc.assert(
        fc.property(fc.dictionary(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' })), (extra) => {
          const printed = encodeExtra(extra);

          expect(JSON.parse(printed)).toEqual(extra);
          expect(printed).not.toMatch(/[<>&\u2028\u2029]/);
        }),
      );
    });
  });

  it('compareUtf8 orders as the bytes of UTF-8', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (left, right) => {
        expect(Math.sign(compareUtf8(left, right))).toBe(Buffer.compare(Buffer.from(left), Buffer.from(right)));
      }),
    );
  });

  describe('rowAnnotations', () => {
    it('holds the data of the row and the name of the hub', () => {
      expect(rowAnnotations(aRow('acme', { activate: 'yes', hostOrUrl: 'https://a.example' }), 'hub')).toEqual({
        'lynq.sh/hostOrUrl': 'https://a.example',
        'lynq.sh/activate': 'yes',
        'lynq.sh/extra': '{"plan":"pro"}',
        'lynq.sh/hubId': 'hub',
      });
    });

    it('gives the digest that the classifier keeps, whatever other annotations a node has', () => {
      const row = aRow('acme', { extra: { a: '1', b: '<' } });
      const node = { ...rowAnnotations(row, 'hub'), 'lynq.sh/template-generation': '7', other: 'x' };

      expect(classify([row]).active.get('acme' as never)).toEqual(annotationsDigest(node, hash));
    });

    it.each([keys.hostOrUrl, keys.activate, keys.extra])('gives another digest when %s differs', (key) => {
      const found = rowAnnotations(aRow('acme'), 'hub');

      expect(annotationsDigest({ ...found, [key]: 'other' }, hash)).not.toEqual(annotationsDigest(found, hash));
    });
  });

  describe('rowVariables', () => {
    const found = {
      [keys.activate]: '1',
      [keys.hostOrUrl]: 'https://a.example:8443/x',
      [keys.extra]: '{"plan":"pro"}',
    };

    it('has the variables of the node pass', () => {
      expect(Object.fromEntries(rowVariables(found, 'acme', 'hub', 'web'))).toEqual({
        uid: 'acme',
        activate: '1',
        hostOrUrl: 'https://a.example:8443/x',
        host: 'a.example',
        plan: 'pro',
        hubId: 'hub',
        templateRef: 'web',
      });
    });

    it('falls back to "true" and the uid, and leaves an empty hub out', () => {
      expect(Object.fromEntries(rowVariables({ [keys.hostOrUrl]: '' }, 'acme', '', 'web'))).toEqual({
        uid: 'acme',
        activate: 'true',
        hostOrUrl: 'acme',
        host: 'acme',
        templateRef: 'web',
      });
    });

    it('lays extra variables over the row and hubId and templateRef over them', () => {
      const extra = '{"uid":"U","host":"H","hubId":"no","templateRef":"no"}';

      const variables = rowVariables({ ...found, [keys.extra]: extra }, 'acme', 'hub', 'web');

      expect(variables.get('uid')).toBe('U');
      expect(variables.get('host')).toBe('H');
      expect(variables.get('hubId')).toBe('hub');
      expect(variables.get('templateRef')).toBe('web');
    });

    it('keeps __proto__ a variable and reads null as empty text', () => {
      const variables = rowVariables({ [keys.extra]: '{"__proto__":"p","n":null}' }, 'acme', 'hub', 'web');

      expect(variables.get('__proto__')).toBe('p');
      expect(variables.get('n')).toBe('');
    });

    it.each(['{', '[]', '"x"', 'null', '{"a":1}', '{"a":{}}'])('fails when the extra annotation is %s', (extra) => {
      expect(() => rowVariables({ [keys.extra]: extra }, 'acme', 'hub', 'web')).toThrow(
        expect.objectContaining({ type: 'Internal' }),
      );
    });
  });

  describe('toHost', () => {
    // Recorded from net/url of Go 1.26 inside the peer's function.
    it.each([
      ['', ''],
      ['example.com', 'example.com'],
      ['example.com/p', 'example.com/p'],
      ['example.com:8080/p', 'example.com'],
      ['https://User:pw@shop.example.com:8443/a/b?q=1#f', 'shop.example.com'],
      ['https://[2001:db8::1]:443/x', '2001:db8::1'],
      ['[2001:db8::1]:443', '[2001'],
      ['//host:80', 'host'],
      ['///host', '///host'],
      ['http:///path', 'http'],
      ['http://:80/x', ''],
      ['http://h:abc', 'http'],
      ['http://h:', 'h'],
      ['http://a b', 'http'],
      ['http://h/%zz', 'http'],
      ['http://h/#%zz', 'http'],
      ['http://h?%zz', 'h'],
      ['10.0.0.1:80', '10.0.0.1'],
      [':8080', ''],
      ['mailto:a@b.c', 'mailto'],
      ['http://ex%C3%A9.com/', 'exé.com'],
      ['http://%41.com', 'http'],
      ['http://user@:pw@h', 'h'],
      ['http://us er@h', 'http'],
      ['HTTP://Up.Case:1', 'Up.Case'],
      ['1a://h', '1a'],
      ['http://h\n', 'http'],
      ['http://[::1', 'http'],
      ['http://[fe80::1%25en0]:8080/', 'fe80::1%en0'],
      ['http://[abc]/', 'http'],
      ['http://::1/', ':'],
      ['http://a:b:c/', 'http'],
      ['http://h<>"x/', 'h<>"x'],
      ['/a/b:c', '/a/b'],
      ['http://a%25b/', 'a%b'],
      ['//@h', 'h'],
    ])('takes the host of %j as %j', (text, host) => {
      expect(toHost(text)).toBe(host);
    });

    it('answers a megabyte at once', () => {
      const longest = `http://${':1'.repeat(500_000)}x`;

      expect(toHost(longest)).toBe('http');
    });

    it.each([
      ['colons in brackets', `http://[${':'.repeat(200_000)}%]`, 'http'],
      ['digits and colons in brackets', `http://[${'1:'.repeat(100_000)}`, 'http'],
      ['users', `http://${'a@'.repeat(100_000)}/`, 'http'],
      ['brackets', `http://[:%25${']'.repeat(200_000)}x`, 'http'],
    ])('answers at once for %s', (_name, text, host) => {
      expect(toHost(text)).toBe(host);
    });
  });

  describe('openRowClassifier', () => {
    const uids = fc.constantFrom(
      'acme',
      'Acme',
      ' acme',
      'beta',
      'BETA',
      'gamma',
      '',
      'x_y',
      '-',
      'caf\u00e9',
      'cafe\u0301',
    );
    const rows = fc.array(
      fc.record({
        uid: uids,
        activate: fc.constantFrom('1', '1', 'true', '0', ''),
        hostOrUrl: fc.constantFrom('', 'h'),
        extra: fc.constantFrom({}, { plan: 'pro' }, { plan: 'basic' }),
      }),
    );

    it('separates active, inactive and frozen rows', () => {
      const rows = [
        aRow('acme'),
        aRow('beta', { activate: '0' }),
        aRow(''),
        aRow('Bad_Uid'),
        aRow('', { activate: '' }),
        aRow('also bad', { activate: 'no' }),
      ];

      const result = classify(rows);

      expect([...result.active.keys()]).toEqual(['acme']);
      expect(result.rows).toEqual({ seen: 6, active: 1, inactive: 3, frozen: 2, repeated: 0 });
      expect(result.frozen.map(({ uid, reason, rows: count }) => [uid, reason, count])).toEqual([
        ['', 'NullUid', 1],
        ['Bad_Uid', 'InvalidUid', 1],
      ]);
    });

    it.each(['acme.example.com', '1.2.3.4', 'a-b.c', 'a', '007', 'x.'.repeat(31) + 'x'])(
      'takes the uid %s, which can be a label value and the beginning of a name',
      (uid) => {
        const result = classify([aRow(uid)]);

        expect([...result.active.keys()]).toEqual([uid]);
        expect(result.frozen).toEqual([]);
      },
    );

    it.each([
      'a..b',
      '.a',
      'a.',
      '.',
      '..',
      'a-.b',
      'a.-b',
      'A.b',
      'a.b_c',
      'a.b/c',
      'a.b\n',
      'x.'.repeat(32),
      'x.'.repeat(32) + 'x',
    ])('freezes the uid %j, which Kubernetes takes as one of them at most', (uid) => {
      expect(classify([aRow(uid)]).frozen).toMatchObject([{ uid, reason: 'InvalidUid', rows: 1 }]);
    });

    it('calls two spellings of a uid with dots a collision', () => {
      expect(classify([aRow('acme.com'), aRow('Acme.COM')]).frozen.map(({ reason }) => reason)).toEqual([
        'CollidingUid',
        'CollidingUid',
      ]);
    });

    it('takes equal rows of one uid once and warns', () => {
      const result = classify([aRow('acme'), aRow('acme'), aRow('acme')]);

      expect(result.active.size).toBe(1);
      expect(result.rows).toMatchObject({ seen: 3, active: 1, repeated: 2, frozen: 0 });
      expect(result.warnings).toEqual(['1 uids are on more than one row with equal values, each counts once: acme']);
    });

    it('freezes a uid whose rows differ, and no other uid', () => {
      const result = classify([aRow('acme'), aRow('beta'), aRow('acme', { extra: { plan: 'basic' } })]);

      expect(result.frozen).toEqual([
        { uid: 'acme', reason: 'DuplicateUid', rows: 2, message: expect.stringContaining('differ') },
      ]);
      expect([...result.active.keys()]).toEqual(['beta']);
      expect(result.isFrozen('acme')).toBe(true);
      expect(result.isFrozen('beta')).toBe(false);
    });

    it('freezes a row whose values do not fit into annotations, counted in bytes as the API server does', () => {
      const row = (uid: string, text: string) => aRow(uid, { extra: { motto: text } });
      const result = classify([
        row('fits', 'x'.repeat(240_000)),
        row('long', 'x'.repeat(250_000)),
        row('wide', 'ä'.repeat(125_000)),
      ]);

      expect(result.frozen.map(({ uid, reason }) => [uid, reason])).toEqual([
        ['long', 'TooLarge'],
        ['wide', 'TooLarge'],
      ]);
      expect([...result.active.keys()]).toEqual(['fits']);
      expect(classify([aRow('off', { activate: '0', extra: { motto: 'x'.repeat(300_000) } })]).frozen).toEqual([]);
    });

    const history = [
      aRow('acme', { activate: '0', extra: { plan: 'old' } }),
      aRow('acme', { activate: '', extra: { plan: 'x'.repeat(300_000) } }),
    ];
    it.each([
      ['after', [aRow('acme'), ...history]],
      ['before', [...history, aRow('acme')]],
    ])('acts on the one active row of a uid, whatever inactive rows of it stand %s it', (_, rows) => {
      const result = classify(rows);

      expect([...result.active]).toEqual([...classify([aRow('acme')]).active]);
      expect(result.rows).toEqual({ seen: 3, active: 1, inactive: 2, repeated: 0, frozen: 0 });
      expect([result.frozen, result.warnings]).toEqual([[], []]);
      expect(result.isFrozen('acme')).toBe(false);
    });

    it.each([
      ['DuplicateUid', aRow('acme', { extra: { plan: 'basic' } }), aRow('acme')],
      ['DuplicateUid', aRow('acme', { activate: 'true' }), aRow('acme')],
      ['TooLarge', aRow('acme', { extra: { plan: 'x'.repeat(300_000) } }), aRow('acme', { activate: '0' })],
      ['InvalidUid', aRow('A_b'), aRow('A_b', { activate: '0' })],
    ])('freezes for active rows as if no inactive row of the uid were there: %s', (reason, ...rows) => {
      const frozenOf = (all: readonly SourceRow[]) => classify(all).frozen;
      const inactive = rows.map((row) => ({ ...row, activate: 'off' }));

      expect(frozenOf([...inactive, ...rows])).toMatchObject([{ reason }]);
      expect(frozenOf([...inactive, ...rows])).toEqual(frozenOf(rows));
      expect(frozenOf(inactive)).toEqual([]);
    });

    it('says of a row that its uid can be acted on when only inactive rows differ from it', () => {
      const classifier = openRowClassifier(hash);
      const usable = [...history, aRow('acme'), ...history].map((row) => classifier.add(row).isUsable);

      expect(usable.slice(2)).toEqual([true, true, true]);
    });

    it('gives the same for the active rows with and without the inactive ones', () => {
      fc.assert(
        fc.property(rows, (list) => {
          const { rows: counts, ...all } = summary(list);
          const { rows: activeCounts, ...active } = summary(list.filter(({ activate }) => isActive(activate)));

          expect(all).toEqual(active);
          expect({ ...counts, seen: counts.seen - counts.inactive, inactive: 0 }).toEqual(activeCounts);
        }),
      );
    });

    it('ignores that inactive rows of one uid differ', () => {
      const rows = [aRow('acme', { activate: '0' }), aRow('acme', { activate: 'off' })];

      expect(classify(rows).rows).toMatchObject({ inactive: 2, frozen: 0 });
    });

    it.each([['Acme'], ['acme '], [' ACME\t'], ['acme\u00a0']])(
      'freezes both spellings when %j stands beside acme',
      (other) => {
        const result = classify([aRow('acme'), aRow(other)]);

        expect(result.frozen.map(({ uid, reason }) => [uid, reason])).toEqual(
          [
            ['acme', 'CollidingUid'],
            [other, 'CollidingUid'],
          ].toSorted(([a = ''], [b = '']) => compareUtf8(a, b)),
        );
        expect(result.active.size).toBe(0);
      },
    );

    it('calls two Unicode forms of one text a collision', () => {
      expect(classify([aRow('caf\u00e9'), aRow('cafe\u0301')]).frozen.map(({ reason }) => reason)).toEqual([
        'CollidingUid',
        'CollidingUid',
      ]);
    });

    it('does not freeze an active uid for an inactive spelling of it', () => {
      expect(classify([aRow('acme'), aRow('Acme', { activate: '0' })]).rows).toMatchObject({ active: 1, frozen: 0 });
    });

    it('protects the nodes of a uid that is now spelled differently', () => {
      expect(classify([aRow('Acme')]).isFrozen('acme')).toBe(true);
    });

    it('keeps a megabyte of uid as a short text that nobody else gets', () => {
      const result = classify([aRow(`${'x'.repeat(1_000_000)}a`), aRow(`${'x'.repeat(1_000_000)}b`)]);

      expect(result.frozen.map(({ reason }) => reason)).toEqual(['InvalidUid', 'InvalidUid']);
      expect(result.frozen.every(({ uid }) => uid.length < 120)).toBe(true);
      expect(result.isFrozen('')).toBe(false);
    });

    it.each(['__proto__', 'constructor', 'toString'])('treats the uid %s as data', (uid) => {
      expect(classify([aRow(uid)]).rows).toMatchObject({ seen: 1 });
      expect(Object.getOwnPropertyNames(Object.prototype)).toHaveLength(12);
    });

    it('gives the same result in any order of the rows', () => {
      fc.assert(
        fc.property(
          rows.chain((list) =>
            fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length, maxLength: list.length })),
          ),
          ([list, shuffled]) => {
            expect(summary(shuffled)).toEqual(summary(list));
          },
        ),
      );
    });

    it('accounts for every row exactly once', () => {
      fc.assert(
        fc.property(rows, (list) => {
          const { rows: counts, active, frozen, isFrozen } = classify(list);

          expect(counts.active + counts.inactive + counts.frozen + counts.repeated).toBe(list.length);
          expect(counts.seen).toBe(list.length);
          expect(frozen.reduce((sum, each) => sum + each.rows, 0)).toBe(counts.frozen);
          for (const uid of active.keys()) expect(isFrozen(uid)).toBe(false);
        }),
      );
    });

    it('lets no row change what becomes of a uid that it cannot be taken for', () => {
      fc.assert(
        fc.property(rows, (list) => {
          const without = list.filter(({ uid }) => uid !== 'gamma');
          const other = (all: readonly SourceRow[]) => summary(all).frozen.filter(({ uid }) => uid !== 'gamma');

          expect(other(list)).toEqual(other(without));
        }),
      );
    });
  });
});
