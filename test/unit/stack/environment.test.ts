import { describe, expect, it } from 'vitest';
import { installerEnvironment, serverEnvironment } from '../../../stack/environment.ts';
import { cacheRoot, dataPaths } from '../../../stack/paths.ts';

describe('stack/environment', () => {
  const given = {
    PATH: '/bin',
    KUBECONFIG: '/k',
    TEMPORAL_ADDRESS: 'x:1',
    ETCD_NAME: 'n',
    HTTPS_PROXY: 'p',
    GOOS: 'js',
  };

  it('hands servers an allow-list without the user’s own systems', () => {
    expect(serverEnvironment(given)).toEqual({ PATH: '/bin' });
  });

  it('hands installers the proxies but nothing that leads to a cluster or another platform', () => {
    expect(installerEnvironment(given)).toEqual({ PATH: '/bin', HTTPS_PROXY: 'p' });
  });
});

describe('stack/paths', () => {
  it('keeps binaries in the cache of the user, or where LYNQFLOW_CACHE says', () => {
    expect(cacheRoot({}, '/home/u')).toBe('/home/u/.cache/lynqflow');
    expect(cacheRoot({ XDG_CACHE_HOME: '/x' }, '/home/u')).toBe('/x/lynqflow');
    expect(cacheRoot({ XDG_CACHE_HOME: 'relative' }, '/home/u')).toBe('/home/u/.cache/lynqflow');
    expect(cacheRoot({ XDG_CACHE_HOME: '/x', LYNQFLOW_CACHE: '/own' }, '/home/u')).toBe('/own/lynqflow');
  });

  it('keeps everything of a stack in its data folder', () => {
    const { root, ...parts } = dataPaths('/data');
    for (const part of Object.values(parts)) expect(part.startsWith(`${root}/`)).toBe(true);
  });
});
