import { describe, expect, it } from 'vitest';
import { run } from '../run.ts';
import { goodHub, withLine } from './forms.ts';

const lines = (out: string): readonly string[] =>
  out.split('\n').filter((line) => line.includes(': error: ') || line.includes(': warning: '));

async function lint(hub: string): Promise<readonly string[]> {
  return lines((await run('lint --offline -f hub.yaml', { files: { 'hub.yaml': hub } })).out);
}

const withTls = (tls: string, host = 'db') =>
  withLine(goodHub, 14, '      table: tenants', `      tls: ${tls}`).replace('host: db', `host: ${host}`);

describe('client/lint/hub', () => {
  it.each([
    [
      'a certificate without its key',
      withTls('{certRef: {name: a, key: b}}'),
      'hub.yaml:15:13: error: tls.certRef and tls.keyRef belong together: set both or none',
    ],
    [
      'an address without a name to verify',
      withTls('{}', '10.0.0.1'),
      'hub.yaml:15:7: error: tls.serverName is needed, since 10.0.0.1 is an address: set it to a name in the certificate of the server',
    ],
    [
      'an interval beyond all bounds',
      withLine(goodHub, 8, '    syncInterval: 99999999999999h'),
      'hub.yaml:8:5: error: spec.source.syncInterval is longer than 87600h',
    ],
    [
      'a variable without a name',
      withLine(goodHub, 20, '    "": plan'),
      'hub.yaml:20:5: error: extraValueMappings has a variable without a name',
    ],
  ])('refuses %s', async (_story, hub, problem) => {
    expect(await lint(hub)).toEqual([problem]);
  });

  it.each([
    withTls('{}'),
    withTls('{serverName: db.example.com}', '10.0.0.1'),
    withTls('{certRef: {name: a, key: b}, keyRef: {name: a, key: c}}'),
    withLine(goodHub, 8, '    syncInterval: 8760h'),
  ])('has nothing against a hub that the worker takes', async (hub) => {
    expect(await lint(hub)).toEqual([]);
  });
});
