import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../../domain/api/json.ts';
import { openPlainTables } from '../../../../adapters/kubernetes/plain-tables.ts';
import { testAuthority } from '../../../support/certificates.ts';

const kind = { apiVersion: 'operator.lynq.sh/v1', kind: 'LynqNode' };
const table = { kind: 'Table', columnDefinitions: [{ name: 'Name' }], rows: [{ cells: ['acme'] }] };

describe('adapters/kubernetes/plain-tables', () => {
  const authority = testAuthority('plain');
  const folder = mkdtempSync(join(tmpdir(), 'lynq-plain-'));
  const seen: string[] = [];
  let server: Server;
  let address = '';
  beforeAll(async () => {
    server = createServer(authority.issue(['localhost']), (request, response) => {
      seen.push(`${request.url} ${request.headers.authorization ?? ''} ${request.headers.accept ?? ''}`);
      const denied = request.url?.includes('/namespaces/denied/') === true;
      response.writeHead(denied ? 403 : 200).end(JSON.stringify(table));
    });
    await new Promise<void>((resolve) => server.listen(0, resolve));
    address = `https://localhost:${(server.address() as AddressInfo).port}/gate`;
    writeFileSync(join(folder, 'ca.pem'), authority.cert);
    writeFileSync(join(folder, 'token'), 'from-file\n');
  });
  afterAll(() => {
    server.close();
    rmSync(folder, { recursive: true });
  });

  function open(cluster: JsonObject, user: JsonObject, context?: string) {
    const file = join(folder, 'config');
    const config = {
      'current-context': 'here',
      contexts: [{ name: 'here', context: { cluster: 'c', user: 'u' } }],
      clusters: [{ name: 'c', cluster: { server: address, 'certificate-authority': 'ca.pem', ...cluster } }],
      users: [{ name: 'u', user }],
    };
    writeFileSync(file, JSON.stringify(config));
    return openPlainTables(file, context);
  }

  it.each([
    [{ token: 'a' }, 'Bearer a'],
    [{ tokenFile: 'token' }, 'Bearer from-file'],
  ])('reads a table with one request, from a server that the kubeconfig vouches for: %j', async (user, credentials) => {
    seen.length = 0;
    const tables = await open({}, user);
    expect(await tables?.read(kind, { namespace: 'lynq' })).toEqual({
      columns: ['Name'],
      rows: [{ cells: ['acme'], namespace: undefined }],
    });
    expect(seen).toEqual([
      `/gate/apis/operator.lynq.sh/v1/namespaces/lynq/lynqnodes?includeObject=None ${credentials} application/json;as=Table;v=v1;g=meta.k8s.io`,
    ]);
  });

  it('believes no server that the kubeconfig does not vouch for, and takes no refusal for a table', async () => {
    const stranger = Buffer.from(testAuthority('stranger').cert).toString('base64');
    const tables = await open({ 'certificate-authority-data': stranger }, { token: 'a' });
    await expect(tables?.read(kind, { namespace: 'lynq' })).rejects.toThrow();
    const denied = await open({}, { token: 'a' });
    await expect(denied?.read(kind, { namespace: 'denied' })).rejects.toThrow('403');
  });

  it.each<[string, JsonObject, JsonObject, string?]>([
    ['a command for tokens', {}, { exec: { command: 'x' } }],
    ['an auth provider', {}, { 'auth-provider': { name: 'oidc' } }],
    ['a password', {}, { username: 'a', password: 'b' }],
    ['impersonation', {}, { token: 'a', as: 'b' }],
    ['a proxy', { 'proxy-url': 'http://proxy' }, { token: 'a' }],
    ['plain HTTP', { server: 'http://localhost' }, { token: 'a' }],
    ['a file that is not there', {}, { tokenFile: 'nowhere' }],
    ['a context that is not there', {}, { token: 'a' }, 'nowhere'],
  ])('leaves to the library: %s', async (_what, cluster, user, context) => {
    expect(await open(cluster, user, context)).toBeUndefined();
  });
});
