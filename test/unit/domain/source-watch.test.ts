import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { judgeSource, type SourceRead, type SourceState } from '../../../domain/source-watch.ts';

/** Verdicts of one read after the other; each read is written `source:what it lacks`. */
function verdicts(...reads: readonly string[]): readonly string[] {
  let state: SourceState | undefined;
  return reads.map((text) => {
    const [identity = '', lacks = ''] = text.split(':');
    const verdict = judgeSource(state, { identity, lacks });
    state = verdict.state;
    return verdict.kind;
  });
}

describe('domain/source-watch', () => {
  it('believes the first source that a hub shows, and that one as long as it answers', () => {
    expect(verdicts('a:1', 'a:1', 'a:2')).toEqual(['known', 'known', 'known']);
  });

  it('believes another one at the second further read that is equal', () => {
    expect(verdicts('a:1', 'b:1', 'b:1', 'b:1', 'b:1')).toEqual(['known', 'changed', 'changed', 'known', 'known']);
  });

  it('counts again from a read that differs', () => {
    expect(verdicts('a:1', 'b:1', 'b:1', 'b:2', 'b:2', 'b:2')).toEqual([
      'known',
      'changed',
      'changed',
      'changed',
      'changed',
      'known',
    ]);
  });

  it('counts again for a third source that lacks the same rows', () => {
    expect(verdicts('a:1', 'b:1', 'b:1', 'c:1', 'c:1', 'c:1').slice(1)).toEqual([
      'changed',
      'changed',
      'changed',
      'changed',
      'known',
    ]);
  });

  it('is at ease at once when the known one answers again, and starts anew after that', () => {
    expect(verdicts('a:1', 'b:1', 'b:1', 'a:1', 'b:1', 'b:1', 'b:1')).toEqual([
      'known',
      'changed',
      'changed',
      'known',
      'changed',
      'changed',
      'known',
    ]);
  });

  it('never believes a source that has not given three equal reads running', () => {
    const reads = fc.array(fc.constantFrom('a:1', 'a:2', 'b:1', 'b:2', 'c:1'), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(reads, (texts) => {
        let state: SourceState | undefined;
        let believed = '';
        for (const [index, text] of texts.entries()) {
          const [identity = '', lacks = ''] = text.split(':');
          const read: SourceRead = { identity, lacks };
          const verdict = judgeSource(state, read);
          state = verdict.state;
          if (verdict.kind === 'known' && identity !== believed && believed !== '')
            expect(texts.slice(index - 2, index + 1)).toEqual([text, text, text]);
          if (verdict.kind === 'known') believed = identity;
        }
      }),
    );
  });
});
