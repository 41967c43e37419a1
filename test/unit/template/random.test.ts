import { describe, expect, it } from 'vitest';
import { compileForm, renderForm, type RenderContext, renderScalar } from '../../../template/index.ts';
import { fieldLimits } from '../../../template/limits.ts';
import { entropyOf } from '../../../template/random/entropy.ts';
import { contextOf, objectOf, render, resource } from './forms.ts';

const place = { hub: 'h', uid: 'u', form: 'f', resource: 'r', path: 'p' };
const key = new Uint8Array(32).fill(1);

function password(change: Partial<RenderContext> = {}, field = 'a', id = 'r'): unknown {
  return objectOf(render([resource({ [field]: '{{ randAlphaNum 20 }}' }, { id })], {}, change))[field];
}

describe('template/random', () => {
  it('gives the same text for the same hub key, hub, uid, form, resource and field', () => {
    expect(password()).toBe(password());
    expect(password()).toMatch(/^[0-9A-Za-z]{20}$/);
  });

  it('gives another text when any of them differs', () => {
    const texts = [
      password(),
      password({ uid: 'other' }),
      password({ hub: 'other' }),
      password({ form: 'other' }),
      password({ hubKey: new Uint8Array(32) }),
      password({}, 'b'),
      password({}, 'a', 'other'),
    ];
    expect(new Set(texts).size).toBe(texts.length);
  });

  it('gives the calls of one field different texts', () => {
    const result = renderScalar('{{ randAlpha 20 }} {{ randAlpha 20 }}', {});
    const [first, second] = result.ok ? result.text.split(' ') : [];
    expect(first).not.toBe(second);
  });

  it('does not change with the time or with what else the row holds', () => {
    expect(password({ now: new Date(5) })).toBe(password({ now: new Date(6) }));
  });

  it('shares a generated text between the fields and forms of a row, and with no other row', () => {
    const resources = [
      {
        resource: resource({
          a: '{{ generate "db" 32 }}',
          b: 'x{{ generate "db" 32 }}',
          c: '{{ generate "other" 32 }}',
        }),
        list: 'l',
        index: 0,
      },
    ];
    const compiled = compileForm({ form: 'f1', contentHash: 'generate', resources, declared: new Set(['uid']) });
    if (!compiled.ok) throw new Error('does not compile');
    const one = objectOf(renderForm(compiled.form, contextOf({}, { form: 'f1' })));
    const two = objectOf(renderForm(compiled.form, contextOf({}, { form: 'f2' })));
    expect(`${JSON.stringify(one['b'])}`).toBe(JSON.stringify(one['a']).replace('"', '"x'));
    expect(two['a']).toBe(one['a']);
    expect(one['c']).not.toBe(one['a']);
    expect(objectOf(renderForm(compiled.form, contextOf({ uid: 'other' })))['a']).not.toBe(one['a']);
  });

  it.each([
    ['randAlphaNum', /^[0-9A-Za-z]$/, 62],
    ['randAlpha', /^[A-Za-z]$/, 52],
    ['randNumeric', /^[0-9]$/, 10],
    ['randAscii', /^[ -~]$/, 95],
  ])('%s draws every character of its alphabet equally often', (name, alphabet, size) => {
    // About the draws, not about the time they take on a busy machine.
    const result = renderScalar(`{{ ${name} 40000 }}`, {}, { limits: { ...fieldLimits, timeMs: 10_000 } });
    const counts = new Map<string, number>();
    for (const character of result.ok ? result.text : '') counts.set(character, (counts.get(character) ?? 0) + 1);
    expect([...counts.keys()].every((character) => alphabet.test(character))).toBe(true);
    expect(counts.size).toBe(size);
    const expected = 40_000 / size;
    const chiSquare = [...counts.values()].reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
    // Five standard deviations above the mean of the distribution.
    expect(chiSquare).toBeLessThan(size - 1 + 5 * Math.sqrt(2 * (size - 1)));
  });

  it('draws numbers inside their bounds, and refuses empty ones', () => {
    const stream = entropyOf(key, place).next();
    const drawn = Array.from({ length: 2_000 }, () => stream.below(7));
    expect(new Set(drawn)).toEqual(new Set([0, 1, 2, 3, 4, 5, 6]));
    expect(renderScalar('{{ randInt 5 6 }}', {})).toEqual({ ok: true, text: '5' });
    expect(renderScalar('{{ randInt 5 5 }}', {})).toMatchObject({ ok: false, problem: { class: 'exec' } });
  });

  it('reads the same bytes however they are cut', () => {
    const whole = entropyOf(key, place).next().bytes(1_000);
    const stream = entropyOf(key, place).next();
    const cut = Buffer.concat([stream.bytes(1), stream.bytes(254), stream.bytes(3), stream.bytes(742)]);
    expect(cut.equals(whole)).toBe(true);
  });

  it('makes identifiers of version 4, bytes in base64, and permutations', () => {
    const uuid = renderScalar('{{ uuidv4 }}', {});
    expect(uuid.ok && uuid.text).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    const bytes = renderScalar('{{ randBytes 16 }}', {});
    expect(Buffer.from(bytes.ok ? bytes.text : '', 'base64')).toHaveLength(16);
    const shuffled = renderScalar('{{ shuffle "abcdefgh" }}', {});
    expect(shuffled.ok && Array.from(shuffled.text).sort().join('')).toBe('abcdefgh');
  });

  it('keeps the first result of a function that asks for it, under a name that tells nothing', () => {
    const entropy = entropyOf(key, place);
    expect(entropy.label(['genCA', '1', 'secret'])).toBe(entropyOf(key, place).label(['genCA', '1', 'secret']));
    expect(entropy.label(['genCA', '1', 'secret'])).toMatch(/^[0-9a-f]{40}$/);
    expect(entropy.label(['genCA', '1', 'other'])).not.toBe(entropy.label(['genCA', '1', 'secret']));
  });
});
