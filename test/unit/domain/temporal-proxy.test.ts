import { mapProxyName } from '@grpc/grpc-js/build/src/http_proxy.js';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { proxyWords, temporalProxy } from '../../../domain/temporal-proxy.ts';

type Environment = Readonly<Record<string, string>>;

/** What the other connection of the worker makes of it. */
function ofGrpc(address: string, env: Environment) {
  for (const name of ['grpc_proxy', 'https_proxy', 'http_proxy', 'no_grpc_proxy', 'no_proxy'])
    vi.stubEnv(name, env[name]);
  const { target, extraOptions } = mapProxyName({ scheme: 'dns', path: address }, {});
  if (extraOptions['grpc.http_connect_target'] === undefined) return undefined;
  return { address: target.path, login: extraOptions['grpc.http_connect_creds'] };
}

describe('domain/temporal-proxy', () => {
  afterEach(() => vi.unstubAllEnvs());

  const cloud = 'acme.tmprl.cloud:7233';
  const proxy = 'http://proxy.example.com:3128';
  const cases: readonly (readonly [string, Environment, string | undefined])[] = [
    [cloud, {}, undefined],
    [cloud, { https_proxy: proxy }, 'proxy.example.com:3128'],
    [cloud, { https_proxy: '' }, undefined],
    [cloud, { HTTPS_PROXY: proxy }, undefined],
    [cloud, { http_proxy: proxy }, 'proxy.example.com:3128'],
    [cloud, { grpc_proxy: 'http://grpc:1', https_proxy: proxy }, 'grpc:1'],
    [cloud, { https_proxy: 'http://Proxy.example.com' }, 'proxy.example.com:80'],
    [cloud, { https_proxy: 'http://proxy.example.com:80/' }, 'proxy.example.com:80'],
    [cloud, { https_proxy: 'http://[fd00::1]:3128' }, '[fd00::1]:3128'],
    [cloud, { https_proxy: 'https://proxy.example.com:3128' }, undefined],
    [cloud, { https_proxy: 'proxy.example.com:3128' }, undefined],
    [cloud, { https_proxy: 'http://user:pa%40ss@proxy.example.com:3128' }, 'proxy.example.com:3128'],
    [cloud, { https_proxy: proxy, no_proxy: 'localhost,.tmprl.cloud' }, undefined],
    [cloud, { https_proxy: proxy, no_proxy: 'localhost, .tmprl.cloud' }, 'proxy.example.com:3128'],
    [cloud, { https_proxy: proxy, no_proxy: '.svc', no_grpc_proxy: 'tmprl.cloud' }, undefined],
    [cloud, { https_proxy: proxy, no_proxy: 'tmprl.cloud', no_grpc_proxy: '.svc' }, 'proxy.example.com:3128'],
    ['10.1.2.3:7233', { https_proxy: proxy, no_proxy: '10.0.0.0/8' }, undefined],
    ['11.1.2.3:7233', { https_proxy: proxy, no_proxy: '10.0.0.0/8' }, 'proxy.example.com:3128'],
    ['10.1.2.3:7233', { https_proxy: proxy, no_proxy: '10.1.2.3' }, undefined],
    ['[fd00::7]:7233', { https_proxy: proxy, no_proxy: 'fd00::7' }, undefined],
    ['frontend.temporal.svc:7233', { http_proxy: proxy, no_proxy: '.svc' }, undefined],
  ];

  it.each(cases)('takes for %s with %j the proxy %s, as grpc-js does', (address, env, expected) => {
    expect(temporalProxy(address, env)?.address).toBe(expected);
    expect(ofGrpc(address, env)?.address).toBe(expected);
  });

  it('has the login of the proxy, as grpc-js does, and tells it to nobody', () => {
    const env = { https_proxy: 'http://user:pa%40ss@proxy.example.com:3128' };
    const found = temporalProxy(cloud, env);
    expect(found?.login).toEqual({ username: 'user', password: 'pa@ss' });
    expect(ofGrpc(cloud, env)?.login).toBe('user:pa@ss');
    expect(found && proxyWords(found)).toBe('through the proxy proxy.example.com:3128 (https_proxy)');
    expect(temporalProxy(cloud, { https_proxy: 'http://user@proxy:1' })?.login).toEqual({
      username: 'user',
      password: '',
    });
  });
});
