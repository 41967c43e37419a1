import { createPrivateKey, X509Certificate } from 'node:crypto';
import { compareSync } from 'bcryptjs';
import { describe, expect, it } from 'vitest';
import { fieldLimits, renderScalar } from '../../../../template/index.ts';
import { objectOf, render, resource } from '../forms.ts';

const now = new Date('2026-11-22T10:00:00Z');
const limits = { ...fieldLimits, costlyTimeMs: 60_000 };

function text(template: string, variables: Readonly<Record<string, string>> = {}, uid = 'uid'): string {
  const result = renderScalar(template, variables, { now, limits, uid });
  if (!result.ok) throw new Error(result.problem.message);
  return result.text;
}

const key = '(genPrivateKey "ecdsa")';

describe('template/functions/crypto', () => {
  it('hashes passwords with bcrypt as Go does, the same on every render and another for another row', () => {
    const hash = text('{{ bcrypt "secret" }}');
    expect(hash).toMatch(/^\$2a\$10\$.{53}$/);
    expect(compareSync('secret', hash)).toBe(true);
    expect(text('{{ bcrypt "secret" }}')).toBe(hash);
    expect(text('{{ bcrypt "secret" }}', {}, 'other')).not.toBe(hash);
    expect(text('{{ htpasswd "me" "secret" }}')).toMatch(/^me:\$2a\$10\$/);
  });

  it('decrypts what it encrypts, with another vector for another text', () => {
    expect(text('{{ encryptAES "key" "žluť" | decryptAES "key" }}')).toBe('žluť');
    const [first, second] = ['a', 'b'].map((plain) => text('{{ encryptAES "key" .plain }}', { plain }).slice(0, 20));
    expect(first).not.toBe(second);
    expect(text('{{ encryptAES "key" "a" }}').slice(0, 20)).toBe(first);
  });

  it.each([
    ['ecdsa', 'ec', 'EC PRIVATE KEY'],
    ['ed25519', 'ed25519', 'PRIVATE KEY'],
    ['rsa', 'rsa', 'RSA PRIVATE KEY'],
  ])('makes %s keys that OpenSSL reads', (kind, type, header) => {
    const pem = text(`{{ genPrivateKey "${kind}" }}`);
    expect(pem.startsWith(`-----BEGIN ${header}-----\n`)).toBe(true);
    expect(createPrivateKey(pem).asymmetricKeyType).toBe(type);
  });

  it('derives elliptic keys from the randomness of the field', () => {
    for (const kind of ['ecdsa', 'ed25519']) {
      const template = `{{ genPrivateKey "${kind}" }}`;
      expect(text(template)).toBe(text(template));
      expect(text(template)).not.toBe(text(template, {}, 'other'));
    }
  });

  it('makes an authority and a certificate that it signs', () => {
    const template =
      '{{ $ca := genCA "my ca" 365 }}{{ $c := genSignedCert "leaf" (list "10.0.0.1" "::1") (list "a.example" "b") 10 $ca }}' +
      '{{ $ca.Cert }}@{{ $c.Cert }}@{{ $c.Key }}';
    const [ca, leaf, leafKey] = text(template).split('@').map(String);
    const authority = new X509Certificate(ca ?? '');
    const certificate = new X509Certificate(leaf ?? '');
    expect(authority.ca).toBe(true);
    expect(authority.subject).toBe('CN=my ca');
    expect(authority.verify(authority.publicKey)).toBe(true);
    expect(certificate.ca).toBe(false);
    expect(certificate.checkIssued(authority)).toBe(true);
    expect(certificate.verify(authority.publicKey)).toBe(true);
    expect(certificate.checkPrivateKey(createPrivateKey(leafKey ?? ''))).toBe(true);
    expect(certificate.subjectAltName).toBe('DNS:a.example, DNS:b, IP Address:10.0.0.1, IP Address:0:0:0:0:0:0:0:1');
    expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2']);
    expect(new Date(certificate.validFrom)).toEqual(now);
    expect(new Date(certificate.validTo).getTime() - now.getTime()).toBe(10 * 86_400_000);
  });

  it.each(['ecdsa', 'ed25519'])('signs with a given %s key', (kind) => {
    const pem = text(`{{ (genSelfSignedCertWithKey "me" nil nil 1 (genPrivateKey "${kind}")).Cert }}`);
    const certificate = new X509Certificate(pem);
    expect(certificate.verify(certificate.publicKey)).toBe(true);
  });

  it('refuses an authority whose key is another one, and keys that are none', () => {
    for (const call of [
      `genSignedCert "x" nil nil 1 (buildCustomCert (b64enc (genCAWithKey "a" 1 ${key}).Cert) (b64enc ${key}))`,
      'genCAWithKey "a" 1 "x"',
      'genSelfSignedCert "a" (list "1.2.3") nil 1',
      `genSelfSignedCertWithKey "a" nil (list "ž") 1 ${key}`,
    ]) {
      expect(renderScalar(`{{ ${call} }}`, {}, { limits })).toMatchObject({ ok: false, problem: { class: 'exec' } });
    }
  });

  it('keeps the first key and certificate of a field, and nothing that follows depends on it', () => {
    const field = `{{ $c := genCAWithKey "a" 1 ${key} }}{{ $c.Cert }} {{ randAlpha 8 }}`;
    const first = render([resource({ field })], {}, { now });
    if (!first.ok) throw new Error('does not render');
    expect([...first.fresh.keys()].map((name) => name.split('.')[0])).toEqual(['genPrivateKey', 'genCAWithKey']);
    const later = render([resource({ field })], {}, { now: new Date('2027-01-01'), kept: first.fresh });
    expect(later.ok && later.fresh.size).toBe(0);
    expect(objectOf(later)['field']).toBe(objectOf(first)['field']);
  });
});
