import { createPrivateKey, generateKeyPairSync, randomBytes, X509Certificate } from 'node:crypto';
import { createCertificate, issuerOf } from '../../template/functions/crypto/certificate.ts';
import { parseIp } from '../../template/functions/crypto/ip.ts';

/** A certificate for a webhook, with the authority that signed it, all PEM. The key of the authority is thrown away: a renewal makes a new one. */
export interface WebhookCertificate {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

const day = 86_400_000;
const validDays = 365;
/** A third of its time is left when it is renewed: long enough for any pause of a worker. */
const renewBefore = (validDays / 3) * day;
/** Clocks differ. */
const earlier = day;

const newKey = () => generateKeyPairSync('ec', { namedCurve: 'P-256' });
const pemOf = ({ privateKey }: ReturnType<typeof newKey>): string =>
  privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();

/** `names` are DNS names, `addresses` IP addresses in text. */
export function makeCertificate(names: readonly string[], addresses: readonly string[], now: Date): WebhookCertificate {
  const times = { notBefore: now.getTime() - earlier, notAfter: now.getTime() + validDays * day };
  const authority = newKey();
  const commonName = `lynqflow-webhook-ca-${randomBytes(4).toString('hex')}`;
  const ca = createCertificate(
    { commonName, ips: [], dnsNames: [], ...times, serial: serial(), isCa: true },
    authority.privateKey,
    undefined,
  );
  const own = newKey();
  const cert = createCertificate(
    {
      commonName: names[0] ?? 'webhook',
      ips: addresses.map(parseIp),
      dnsNames: names,
      ...times,
      serial: serial(),
      isCa: false,
    },
    own.privateKey,
    issuerOf(ca, createPrivateKey(pemOf(authority))),
  );
  return { ca, cert, key: pemOf(own) };
}

/** 127 random bits: a serial number is positive. */
function serial(): Buffer {
  const bytes = randomBytes(16);
  bytes.writeUInt8(bytes.readUInt8(0) & 0x7f, 0);
  return bytes;
}

/** Whether a certificate that is kept can go on being used: whole, for these names, and with enough time left. */
export function isUsable(kept: WebhookCertificate, hosts: readonly string[], now: Date): boolean {
  try {
    const certificate = new X509Certificate(kept.cert);
    const matches = hosts.every((host) => certificate.checkHost(host) ?? certificate.checkIP(host));
    const signed = certificate.verify(new X509Certificate(kept.ca).publicKey);
    const own = certificate.checkPrivateKey(createPrivateKey(kept.key));
    return matches && signed && own && now.getTime() < new Date(certificate.validTo).getTime() - renewBefore;
  } catch {
    return false;
  }
}
