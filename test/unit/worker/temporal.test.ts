import { describe, expect, it } from 'vitest';
import { connectionsBy } from '../../../worker/temporal.ts';

describe('worker/temporal', () => {
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
