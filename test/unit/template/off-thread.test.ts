import { afterAll, describe, expect, it } from 'vitest';
import { closeRenderThreads, renderForm, renderFormOffThread } from '../../../template/index.ts';
import { RenderPool } from '../../../template/off-thread/pool.ts';
import { compile, contextOf, objectOf, resource } from './forms.ts';

function compiled(spec: Parameters<typeof resource>[0]) {
  const result = compile([resource(spec)]);
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  return result.form;
}

describe('template/off-thread', () => {
  afterAll(closeRenderThreads);

  it('renders a form without costly functions at once, and marks only the others', () => {
    expect(compiled({ a: '{{ .a }}' }).costly).toBeUndefined();
    expect(compiled({ a: '{{ genCA "x" 1 | toString }}' }).costly).toBeDefined();
  });

  it('gives what renderForm gives', async () => {
    const form = compiled({
      a: '{{ htpasswd "u" .a }}',
      n: '{{ int "9007199254740993" }}',
      big: '{{ randAlphaNum 8 }}',
      __proto__x: 1,
    });
    const context = contextOf({ a: 'é😀' });
    expect(await renderFormOffThread(form, context)).toEqual(renderForm(form, context));
  });

  it('hands over what has to be kept, and takes what is kept', async () => {
    const form = compiled({ key: '{{ genPrivateKey "ed25519" }}' });
    const first = await renderFormOffThread(form, contextOf({}));
    if (!first.ok) throw new Error(JSON.stringify(first.problems));
    expect(first.fresh.size).toBe(1);
    const second = await renderFormOffThread(form, contextOf({}, { kept: first.fresh }));
    expect(objectOf(second)).toEqual(objectOf(first));
  });

  it('makes a long key without blocking the event loop and within its budget', async () => {
    const form = compiled({ key: '{{ genPrivateKey "rsa" }}' });
    let longest = 0;
    let last = performance.now();
    const ticks = setInterval(() => {
      longest = Math.max(longest, performance.now() - last);
      last = performance.now();
    }, 5);
    const result = await renderFormOffThread(form, contextOf({}));
    clearInterval(ticks);
    expect(objectOf(result)['key']).toMatch(/^-----BEGIN RSA PRIVATE KEY-----/);
    expect(longest).toBeLessThan(500);
  }, 60_000);

  it('ends a thread that takes too long, and goes on with another', async () => {
    const pool = new RenderPool(300);
    const slow = compiled({ key: '{{ range until 2000 }}{{ bcrypt "x" }}{{ end }}' });
    const result = await renderFormOffThread(slow, contextOf({}), pool);
    expect(result).toMatchObject({ ok: false, problems: [{ resourceId: 'r', class: 'limit' }] });
    await pool.close();
  }, 60_000);
});
