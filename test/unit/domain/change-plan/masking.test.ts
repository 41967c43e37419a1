import { describe, expect, it } from 'vitest';
import {
  allDerived,
  derivedOf,
  maskedFields,
  maskedObject,
  nothingDerived,
} from '../../../../domain/change-plan/masking.ts';

const map = { apiVersion: 'v1', kind: 'ConfigMap' };
const secret = { apiVersion: 'v1', kind: 'Secret' };
const base64 = (text: string): string => Buffer.from(text).toString('base64');

describe('domain/change-plan/masking', () => {
  it('shows of a Secret only which keys change, and hides texts that contain a secret anywhere else', () => {
    const changes = [
      { path: '.data.password', before: 'b2xk', after: 'bmV3' },
      { path: '.data.added', before: undefined, after: 'bmV3' },
      { path: '.metadata.labels.team', before: 'a', after: 'b' },
    ];
    expect(maskedFields(secret, changes, { secrets: [], derived: nothingDerived })).toEqual([
      { path: '.data.password', before: '***', after: '***' },
      { path: '.data.added', before: undefined, after: '***' },
      { path: '.metadata.labels.team', before: 'a', after: 'b' },
    ]);
    const url = { path: '.data.url', before: 'http://old', after: 'http://u:hush"hush@db' };
    const hiding = (secrets: readonly string[]) => ({ secrets, derived: nothingDerived });
    expect(maskedFields(map, [url], hiding(['hush"hush', '']))).toEqual([
      { path: '.data.url', before: '***', after: '***' },
    ]);
    expect(maskedFields(map, [url], hiding(['other']))).toEqual([url]);
  });

  it('hides the secret key of an element wherever it stands in a path, and takes a long path at once', () => {
    const shown = (path: string): string | undefined =>
      maskedFields(map, [{ path, before: 1, after: 2 }], { secrets: ['hush'], derived: nothingDerived })[0]?.path;

    expect(shown('.spec.env[name=hush].value')).toBe('.spec.env[name=***].value');
    expect(shown('.spec.env[name=a[name=hush].value[name=b')).toBe('.spec.env[name=***].value[name=b');
    const long = `.spec.env${'[name='.repeat(50_000)}`;
    expect(shown(long)).toBe(long);
  });

  it('hides both sides of a field that differs when it is rendered with stand-ins', () => {
    const derived = derivedOf(
      { ...map, data: { t: 'token=none', b: base64('new'), plan: 'gold' } },
      { ...map, data: { t: 'token=***', b: base64('***'), plan: 'gold' } },
    );
    const changes = [
      { path: '.data.b', before: base64('old'), after: base64('new') },
      { path: '.data.plan', before: 'basic', after: 'gold' },
      { path: '.data.t', before: 'token=old', after: 'token=none' },
      { path: '.data.tee', before: 'a', after: 'b' },
    ];

    expect(maskedFields(map, changes, { secrets: ['new'], derived })).toEqual([
      { path: '.data.b', before: '***', after: '***' },
      { path: '.data.plan', before: 'basic', after: 'gold' },
      { path: '.data.t', before: '***', after: '***' },
      { path: '.data.tee', before: 'a', after: 'b' },
    ]);
  });

  it('hides what is told by another path than that of the rendered list, keys of its elements included', () => {
    const env = (value: string) => ({ ...map, spec: { env: [{ name: base64(value), value: base64(value) }] } });
    const derived = derivedOf(env('new'), env('***'));
    const changes = [
      { path: '.spec.env[3]', before: undefined, after: { value: base64('new') } },
      { path: `.spec.env[name=${base64('new')}].other`, before: 'a', after: 'b' },
    ];

    expect(maskedFields(map, changes, { secrets: ['new'], derived })).toEqual([
      { path: '.spec.env[3]', before: undefined, after: '***' },
      { path: '.spec.env[name=***].other', before: 'a', after: 'b' },
    ]);
  });

  it('hides everything but metadata of what cannot be rendered with stand-ins', () => {
    const changes = [
      { path: '.data.plan', before: 'basic', after: 'gold' },
      { path: '.metadata.labels.team', before: 'a', after: 'b' },
    ];
    expect(maskedFields(map, changes, { secrets: [], derived: allDerived })).toEqual([
      { path: '.data.plan', before: '***', after: '***' },
      { path: '.metadata.labels.team', before: 'a', after: 'b' },
    ]);
  });

  it('shows an object without what differs from the one with stand-ins', () => {
    const metadata = { name: 'acme' };
    const made = {
      ...map,
      metadata,
      data: { a: 'u=a%26b', b: 'gold', n: 5, list: ['x', 'y'], big: { $int64: '9007199254740993' } },
    };
    const standIn = { ...map, metadata, data: { a: 'u=***', b: 'gold', n: 0, list: ['x'], big: { $int64: '0' } } };
    const hidden = { secrets: ['a&b', ''] };

    expect(maskedObject(made, { ...hidden, standIn })).toEqual({
      ...map,
      metadata,
      data: { a: '***', b: 'gold', n: '***', list: ['***', '***'], big: '***' },
    });
    expect(maskedObject({ ...map, metadata, data: { a: 'x', b: 'a&b' } }, { ...hidden, standIn: undefined })).toEqual({
      ...map,
      metadata,
      data: { a: '***', b: '***' },
    });
    expect(maskedObject({ ...secret, data: { a: 'x' } }, { ...hidden, standIn: undefined })).toEqual({
      ...secret,
      data: { a: '***' },
    });
  });
});
