import { describe, expect, it } from 'vitest';
import { exitCodes } from '../../../client/exit-codes.ts';
import { openEngine } from '../../../client/temporal-engine.ts';

describe('client/temporal-engine', () => {
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
});
