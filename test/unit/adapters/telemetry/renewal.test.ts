import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { X509Certificate } from 'node:crypto';
import { connect } from 'node:tls';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import {
  openMeters,
  openTelemetry,
  type Telemetry,
  type TelemetryOptions,
} from '../../../../adapters/telemetry/index.ts';
import { identitySource, selfSigned } from '../../../../worker/telemetry/certificate.ts';

describe('adapters/telemetry/renewal', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lynqflow-renewal-'));
  const files = { path: folder, name: 'tls.crt', key: 'tls.key' };
  const lines: { readonly message: string; readonly fields: Readonly<Record<string, unknown>> }[] = [];
  let telemetry: Telemetry | undefined;
  afterEach(() => telemetry?.close());
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  function write({ cert, key }: { readonly cert: string; readonly key: string }): string {
    writeFileSync(join(folder, 'tls.crt'), cert);
    writeFileSync(join(folder, 'tls.key'), key);
    return new X509Certificate(cert).fingerprint256;
  }

  /** The certificate that a new caller is shown. */
  const shown = () =>
    new Promise<string>((resolve, reject) => {
      const port = lines.find(({ message }) => message === 'listening')?.fields['port'];
      const socket = connect({ host: '127.0.0.1', port: Number(port), rejectUnauthorized: false }, () => {
        resolve(socket.getPeerCertificate().fingerprint256);
        socket.destroy();
      });
      socket.on('error', reject);
    });

  async function serve(identity: TelemetryOptions['identity']): Promise<void> {
    const log = (message: string, fields: Readonly<Record<string, unknown>> = {}) =>
      void lines.push({ message, fields });
    telemetry = openTelemetry(openMeters(), {
      metrics: { kind: 'at', host: '127.0.0.1', port: 0 },
      probes: { kind: 'off' },
      identity,
      ask: async () => ({}),
      families: async () => [],
      hubExists: () => true,
      alive: [],
      ready: [],
      logger: { info: log, warn: log, error: log },
      renewalMilliseconds: 20,
    });
    await telemetry.start();
  }

  it('shows the certificate that its files have now, and keeps the one it has while they cannot be used', async () => {
    const first = write(selfSigned(new Date()));
    await serve(identitySource(files));
    expect(await shown()).toBe(first);

    writeFileSync(join(folder, 'tls.key'), selfSigned(new Date()).key);
    await vi.waitFor(() => expect(lines.at(-1)?.message).toBe('the certificate of the metrics could not be renewed'));
    const said = lines.length;
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(await shown()).toBe(first);
    expect(lines.length, 'it is said once').toBe(said);

    const second = write(selfSigned(new Date()));
    await vi.waitFor(async () => expect(await shown()).toBe(second));
    expect(lines.at(-1)?.message).toBe('the certificate of the metrics was renewed');
  });

  it('keeps the certificate that it has made itself', async () => {
    lines.length = 0;
    await serve(identitySource(undefined));
    const own = await shown();
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(await shown()).toBe(own);
  });
});
