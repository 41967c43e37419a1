import { describe, expect, it } from 'vitest';
import { type Generated, grown, kindsIn, kindsText, nothingGenerated } from '../../../domain/generated.ts';
import type { KindRef } from '../../../domain/ports.ts';

const secret: KindRef = { apiVersion: 'v1', kind: 'Secret' };
const deployment: KindRef = { apiVersion: 'apps/v1', kind: 'Deployment' };
const key = (value = 'first'): ReadonlyMap<string, string> => new Map([['key', value]]);
const none: ReadonlyMap<string, string> = new Map();

describe('domain/generated', () => {
  it('kinds are one text, each once, whatever order they come in', () => {
    const text = 'apps/v1/Deployment, v1/Secret';
    expect(kindsText([secret, deployment, secret])).toBe(text);
    expect(kindsIn(text)).toEqual([deployment, secret]);
  });

  it.each([undefined, '', 'Secret', 'v1/Secret,apps/v1/Deployment', 'a/b/c/d', 'v1/Secret, '])(
    'nothing is concluded from %j',
    (text) => expect(kindsIn(text)).toBeUndefined(),
  );

  it('the first results are kept with the kinds of what is rendered with them', () => {
    const next = grown(nothingGenerated, { fresh: key(), kinds: [secret] });
    expect(next).toEqual({ results: key(), kinds: [secret] });
  });

  it('there is nothing to keep without results, whatever kinds there are', () => {
    expect(grown(nothingGenerated, { fresh: none, kinds: [secret] })).toBeUndefined();
  });

  it('a kind that an edit of the form brings is added, one that it takes away stays', () => {
    const before: Generated = { results: key(), kinds: [secret] };
    expect(grown(before, { fresh: none, kinds: [deployment] })).toEqual({
      results: key(),
      kinds: [deployment, secret],
    });
    expect(grown({ ...before, kinds: [deployment, secret] }, { fresh: none, kinds: [secret] })).toBeUndefined();
  });

  it('a result that is kept stays as it is', () => {
    const next = grown(
      { results: key(), kinds: [secret] },
      { fresh: new Map([...key('second'), ['b', '2']]), kinds: [] },
    );
    expect(next?.results).toEqual(new Map([...key(), ['b', '2']]));
  });

  it('a Secret of an earlier version gets results but no kinds: those from before are not known', () => {
    const before: Generated = { results: key(), kinds: undefined };
    expect(grown(before, { fresh: none, kinds: [secret] })).toBeUndefined();
    expect(grown(before, { fresh: new Map([['b', '2']]), kinds: [secret] })?.kinds).toBeUndefined();
  });
});
