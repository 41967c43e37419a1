import { describe, expect, it } from 'vitest';
import { isSameTls, tlsAccess, TlsError, tlsProblem, verifiedTls } from '../../../../adapters/sql/tls.ts';

const ref = { name: 'secret', key: 'key' };

describe('adapters/sql/tls', () => {
  it('is off without a block, whatever Secrets there are', () => {
    expect(tlsAccess({ host: 'db' }, { ca: 'x' })).toBeUndefined();
  });

  it('verifies the host, or the name that the block gives', () => {
    expect(tlsAccess({ host: 'db', tls: {} }, undefined)).toEqual({ serverName: 'db' });
    expect(tlsAccess({ host: '10.0.0.1', tls: { serverName: 'db' } }, { ca: 'x' })).toEqual({
      serverName: 'db',
      ca: 'x',
    });
  });

  it.each([
    { host: '10.0.0.1', tls: {} },
    { host: '::1', tls: {} },
    { host: 'db', tls: { serverName: '10.0.0.1' } },
    { host: 'db', tls: { serverName: '' } },
    { host: 'db', tls: { certRef: ref } },
    { host: 'db', tls: { keyRef: ref } },
  ])('is an error of the hub with %j', (source) => {
    expect(() => tlsAccess(source, {})).toThrow(expect.objectContaining({ type: 'HubInvalid' }));
  });

  it('always refuses what is not verified, and anything older than TLS 1.2', () => {
    expect(verifiedTls({ serverName: 'db' })).toEqual({ minVersion: 'TLSv1.2', rejectUnauthorized: true });
    expect(verifiedTls({ serverName: 'db', ca: 'a', cert: 'c', key: 'k' })).toMatchObject({
      ca: 'a',
      cert: 'c',
      key: 'k',
      rejectUnauthorized: true,
    });
  });

  it('is another access when any part of it changes', () => {
    const tls = { serverName: 'db', ca: 'a', cert: 'c', key: 'k' };

    expect(isSameTls(tls, { ...tls })).toBe(true);
    expect(isSameTls(undefined, undefined)).toBe(true);
    expect(isSameTls(tls, undefined)).toBe(false);
    for (const name of ['serverName', 'ca', 'cert', 'key']) expect(isSameTls(tls, { ...tls, [name]: 'x' })).toBe(false);
  });

  it('says what is wrong with a certificate, by code alone', () => {
    const problem = (code: unknown): string => tlsProblem(new TlsError({ code, message: 'canary' }));

    expect(problem('CERT_HAS_EXPIRED')).toContain('has expired');
    expect(problem('ERR_SSL_WRONG_VERSION_NUMBER')).toBe('the TLS handshake failed');
    expect(problem(undefined)).toBe('the TLS handshake failed');
    expect(problem('UNABLE_TO_VERIFY_LEAF_SIGNATURE')).toContain('tls.caRef');
  });
});
