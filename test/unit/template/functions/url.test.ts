import { describe, expect, it } from 'vitest';
import { textOf } from './support.ts';

describe('template/functions/url', () => {
  it('takes a URL apart and puts it together again', () => {
    const url = 'https://user:p%40ss@example.com:8443/a%20b?x=1#top';
    expect(textOf('{{ urlParse .url | urlJoin }}', { url })).toBe(url);
    expect(
      textOf('{{ $u := urlParse .url }}{{ $u.hostname }} {{ $u.host }} {{ $u.path }} {{ $u.userinfo }}', { url }),
    ).toBe('example.com example.com:8443 /a b user:p%40ss');
  });

  it('keeps bytes that are no characters', () => {
    expect(textOf('{{ (urlParse "http://h/%ff").path | printf "%x" }}')).toBe('2fff');
  });

  it('refuses what net/url refuses, without quoting it', () => {
    for (const url of [
      'http://[::1',
      'http://a b/s3cr3t',
      ':s3cr3t',
      'http://h:port/s3cr3t',
      's3:cr3t/%zz#%zz',
      'a\nb',
    ]) {
      const shown = textOf('{{ urlParse .url }}', { url });
      expect(shown).toMatch(/^exec: urlParse: /);
      expect(shown).not.toContain('s3cr3t');
    }
  });

  it('wants texts in the map of urlJoin and names the part that is none', () => {
    expect(textOf('{{ urlJoin (dict "host" 1) }}')).toBe(
      'exec: urlJoin: unable to parse host key, must be of type string, but int found',
    );
  });

  it('finds the host of URLs, of names with ports, and of nothing', () => {
    const host = (text: string): string => textOf('{{ toHost .text }}', { text });
    expect(host('https://u:p@shop.example.com:8443/a')).toBe('shop.example.com');
    expect(host('http://[::1]:80/')).toBe('::1');
    expect(host('db.internal:5432')).toBe('db.internal');
    expect(host('example.com/p')).toBe('example.com/p');
    expect(host('http://:/')).toBe('');
  });
});
