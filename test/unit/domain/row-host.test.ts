import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toHost } from '../../../domain/row-host.ts';
import { textOf } from '../template/functions/support.ts';

/** `.host` of a row and `toHost` of a template are two readers of net/url, one without and one with bytes that are no characters. */
const byTemplate = (text: string): string => textOf('{{ toHost .text }}', { text });

/** The texts that recorded calls of `toHost` and `urlParse` have been given. */
function recordedUrls(): readonly string[] {
  const file = readFileSync(new URL('../../golden/functions/url.json', import.meta.url), 'utf8');
  const { vectors } = JSON.parse(file) as { readonly vectors: readonly { readonly template: string }[] };
  const calls = vectors.flatMap(({ template }) => [...template.matchAll(/(?:toHost|urlParse) ("(?:[^"\\]|\\.)*")/g)]);
  const bytes = /(?:\\x[0-9a-f]{2})+/g;
  const characters = (escaped: string): string =>
    JSON.stringify(Buffer.from(escaped.replaceAll('\\x', ''), 'hex').toString('utf8')).slice(1, -1);
  return calls.map(([, literal = '""']) => JSON.parse(literal.replace(bytes, characters)) as string);
}

describe('domain/row-host', () => {
  // Recorded from net/url of Go 1.26 in a module of Go 1.24, as the peer is: `urlstrictcolons` is 0 there.
  it.each([
    ['http://a.b:80:90', 'a.b:80'],
    ['https://a:1:2', 'a:1'],
    ['HTTP://a:1:2/', 'a:1'],
    ['http://a.b:80:', 'a.b:80'],
    ['http://::1/', ':'],
    ['http://a:b:c/', 'http'],
    ['postgres://a:1,b:2/db', 'a:1,b'],
    ['//a:1:2', 'a:1'],
    ['http://[1::2::3]/', 'http'],
    ['http://[::12345]:80/', 'http'],
    ['http://[1:2:3:4:5:6:7:8:9]/', 'http'],
    ['http://[::1%25]/', 'http'],
    ['http://[::ffff:1.2.3.4]:80/', '::ffff:1.2.3.4'],
    ['http://[fe80::1%25en0]/', 'fe80::1%en0'],
    ['//[1::2::3]:80', '//[1'],
  ])('takes the host of %j as %j, in a row and in a template', (text, host) => {
    expect([toHost(text), byTemplate(text)]).toEqual([host, host]);
  });

  it('agrees with toHost of templates on every recorded URL', () => {
    const urls = recordedUrls();
    expect(urls.length).toBeGreaterThan(200);
    expect(urls.map((url) => [url, toHost(url)])).toEqual(urls.map((url) => [url, byTemplate(url)]));
  });

  it('agrees with toHost of templates on URLs of any make', () => {
    const parts = [
      ['http:', 'https:', 'HTTP:', 'postgres:', 'a+b:', '1x:', 'mailto:', ''],
      ['//', '/', '', '///'],
      ['', 'u@', 'u:p@', 'a%40b@', '%zz@', 'é@', 'a@b@'],
      ['a.b', '1.2.3.4', '::1', 'a:b', 'a,b', 'é.x', 'a%41', 'a%C3%A9', '', '日本', 'a b', 'a<b>', 'a]', 'a[1]', 'a^b'],
      [
        '[::1]',
        '[fe80::1%25en0]',
        '[::1',
        '[]',
        '[1.2.3.4]',
        '[::ffff:1.2.3.4]',
        '[1::2::3]',
        '[::%25%20x]',
        '[::1%en0]',
      ],
      ['', ':80', ':', ':x', ':80:90', ':80:', ':-1', 'x'],
      ['', '/', '/%zz', '/a b', '/a:b', '/\u0001', '/@x'],
      ['', '?q', '?%zz', '#f', '#%zz', '?a#b', '?\u0001', '#\u0001', '?x@y', '#x@y'],
    ].map((texts) => fc.constantFrom(...texts));
    const [scheme, slashes, user, name, address, ...rest] = parts as [fc.Arbitrary<string>, ...fc.Arbitrary<string>[]];
    const host = fc.oneof(name ?? fc.constant(''), address ?? fc.constant(''));
    const url = fc.tuple(scheme, slashes ?? host, user ?? host, host, ...rest).map((texts) => texts.join(''));
    fc.assert(
      fc.property(url, (text) => {
        expect(toHost(text)).toBe(byTemplate(text));
      }),
      { numRuns: 2_000 },
    );
  });
});
