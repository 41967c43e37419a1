import { describe, expect, it } from 'vitest';
import { exitCodes } from '../../../client/exit-codes.ts';
import { openEngine, trusting } from '../../../client/temporal-engine.ts';

describe('client/temporal-engine', () => {
  describe('a server that is believed whatever its certificate', () => {
    const asked = { TEMPORAL_TLS_DISABLE_HOST_VERIFICATION: 'true' };
    const channelArgs = {
      'grpc.ssl_target_name_override': 'temporal.test',
      'grpc.default_authority': 'temporal.test',
    };

    it('is asked for by its name, as without that', () => {
      const made = trusting({ address: 'a:1', tls: { serverNameOverride: 'temporal.test' } }, asked);

      expect(made).toMatchObject({ address: 'a:1', channelArgs });
      expect(made).toHaveProperty('credentials');
      expect(made).not.toHaveProperty('tls');
    });

    it('has no other name where none is given', () => {
      for (const tls of [true, {}]) {
        const made = trusting({ tls }, asked);

        expect(made).toHaveProperty('credentials');
        expect(made).not.toHaveProperty('channelArgs');
      }
    });

    it('is spoken to in the clear where that is said', () => {
      for (const options of [{ tls: false }, { address: 'a:1' }]) expect(trusting(options, asked)).toBe(options);
    });

    it('gets no API key', () => {
      for (const options of [{}, { tls: true }, { tls: {} }])
        expect(() => trusting({ apiKey: 'key', ...options }, asked)).toThrow('an API key is sent to no server');
    });

    it('is there only where it is asked for', () => {
      const options = { apiKey: 'key', tls: { serverNameOverride: 'temporal.test' } };

      expect(trusting(options, {})).toBe(options);
      expect(trusting(options, { TEMPORAL_TLS_DISABLE_HOST_VERIFICATION: 'false' })).toBe(options);
    });
  });

  const open = (address: string) => openEngine({ address, temporalTls: {}, timeoutMilliseconds: 200 }, {}, []);

  it.each(['http://host:7233', 'https://localhost', ':::', 'localhost:abc', 'host/x', 'a b:7233', ''])(
    'says how an address is written that is none: %s',
    async (address) => {
      await expect(open(address)).rejects.toMatchObject({
        name: 'CommandError',
        message: `"${address}" is no address of Temporal`,
        fix: 'write HOST or HOST:PORT, without https://, in --address, TEMPORAL_ADDRESS or the profile',
        exitCode: exitCodes.usage,
      });
    },
  );

  it.each(['127.0.0.1:1', '[::1]:1'])('tries to reach an address: %s', async (address) => {
    await expect(open(address)).rejects.toMatchObject({
      message: `Temporal at ${address} cannot be reached`,
      exitCode: exitCodes.unreachable,
    });
  });

  it('says of what answers and is no Temporal that it is none', async () => {
    const { createServer } = await import('node:http2');
    const proxy = createServer((_request, response) => response.writeHead(404).end());
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    const bound = proxy.address();
    const address = `127.0.0.1:${typeof bound === 'object' ? (bound?.port ?? 0) : 0}`;
    const options = { address, temporalTls: {}, timeoutMilliseconds: 5_000 };
    try {
      const engine = await openEngine(options, {}, []);
      await expect(engine.nodeRuns('tenants', 'acme-web', 1)).rejects.toMatchObject({
        name: 'CommandError',
        message: `what answers at ${address} is no Temporal server`,
        exitCode: exitCodes.unreachable,
      });
      await engine.close();
    } finally {
      proxy.close();
    }
  });
});
