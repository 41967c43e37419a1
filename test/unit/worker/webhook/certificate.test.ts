import { X509Certificate } from 'node:crypto';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { Agent, request } from 'undici';
import { describe, expect, it } from 'vitest';
import { isUsable, makeCertificate } from '../../../../worker/webhook/certificate.ts';

const names = ['lynqflow-webhook.lynq-system.svc', 'lynqflow-webhook.lynq-system.svc.cluster.local'];
const hosts = [...names, '127.0.0.1'];
const day = 86_400_000;
const now = new Date('2026-03-01T00:00:00Z');

describe('worker/webhook/certificate', () => {
  it('makes a certificate that a client which trusts only its authority accepts', async () => {
    const { ca, cert, key } = makeCertificate(names, ['127.0.0.1'], new Date());
    const server = createServer({ cert, key }, (_, response) => response.end('well met')).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const dispatcher = new Agent({ connect: { ca } });
    try {
      const { port } = server.address() as AddressInfo;
      const answer = await request(`https://127.0.0.1:${port}/`, { dispatcher });
      expect(await answer.body.text()).toBe('well met');
      const stranger = new Agent({ connect: { ca: makeCertificate(names, ['127.0.0.1'], new Date()).ca } });
      await expect(request(`https://127.0.0.1:${port}/`, { dispatcher: stranger })).rejects.toThrow();
      await stranger.close();
    } finally {
      await dispatcher.close();
      server.close();
    }
  });

  it('names the Service and no other host, and is no authority itself', () => {
    const certificate = new X509Certificate(makeCertificate(names, [], now).cert);
    expect(names.map((name) => certificate.checkHost(name))).toEqual(names);
    expect(certificate.checkHost('lynqflow-webhook.other.svc')).toBeUndefined();
    expect(certificate.ca).toBe(false);
  });

  it('is used until a third of its year is left', () => {
    const kept = makeCertificate(names, ['127.0.0.1'], now);
    const after = (days: number) => new Date(now.getTime() + days * day);
    expect(isUsable(kept, hosts, now)).toBe(true);
    expect(isUsable(kept, hosts, after(240))).toBe(true);
    expect(isUsable(kept, hosts, after(245))).toBe(false);
  });

  it('is not used for another name, with the key of another, under another authority, or when it cannot be read', () => {
    const kept = makeCertificate(names, ['127.0.0.1'], now);
    const other = makeCertificate(names, ['127.0.0.1'], now);
    expect(isUsable(kept, [...hosts, 'another.svc'], now)).toBe(false);
    expect(isUsable({ ...kept, key: other.key }, hosts, now)).toBe(false);
    expect(isUsable({ ...kept, ca: other.ca }, hosts, now)).toBe(false);
    expect(isUsable({ ca: '', cert: '', key: '' }, hosts, now)).toBe(false);
  });
});
