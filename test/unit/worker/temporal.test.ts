import { describe, expect, it } from 'vitest';
import { connectionsBy, warnOfBlindTrust } from '../../../worker/temporal.ts';

/** What is warned of with these variables. */
function warnings(env: Readonly<Record<string, string | undefined>>): readonly string[] {
  const said: string[] = [];
  const never = (): never => expect.unreachable();
  warnOfBlindTrust(env, { info: never, error: never, warn: (message) => said.push(message) });
  return said;
}

describe('worker/temporal', () => {
  it.each(['1', 'true', 'TRUE'])(
    'starts where any server is to be believed, and says that it verifies it: %s',
    (value) => {
      expect(warnings({ TEMPORAL_TLS_DISABLE_HOST_VERIFICATION: value })).toEqual([
        'TEMPORAL_TLS_DISABLE_HOST_VERIFICATION has no effect on a worker: the certificate of Temporal is verified',
      ]);
    },
  );

  it.each([undefined, '', '0', 'false'])('says nothing where that is not asked for: %s', (value) => {
    expect(warnings({ TEMPORAL_TLS_DISABLE_HOST_VERIFICATION: value })).toEqual([]);
  });

  it('sends both connections through the proxy, the native one by its own option', () => {
    expect(connectionsBy({ address: 'proxy:3128', variable: 'https_proxy' })).toEqual({
      connection: {},
      native: { proxy: { type: 'http-connect', targetHost: 'proxy:3128' } },
    });
    const login = { username: 'user', password: 'word' };
    expect(connectionsBy({ address: 'proxy:3128', variable: 'https_proxy', login }).native).toEqual({
      proxy: { type: 'http-connect', targetHost: 'proxy:3128', basicAuth: login },
    });
  });

  it('keeps both connections from a proxy where there is none for Temporal', () => {
    expect(connectionsBy(undefined)).toEqual({
      connection: { channelArgs: { 'grpc.enable_http_proxy': 0 } },
      native: {},
    });
  });
});
