import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openConnection } from '../../../../adapters/kubernetes/connection.ts';
import { openCluster } from '../../../../adapters/kubernetes/index.ts';
import { configMap, coreDocument, fakeTiming, localServer, recordingLogger, type LocalServer } from './support.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kubeconfig-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function kubeconfig(name: string, server: string, user: object, context: object = {}): Promise<string> {
  const file = join(folder, name);
  const content = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: `c-${name}`, cluster: { server, 'insecure-skip-tls-verify': true } }],
    users: [{ name: `u-${name}`, user }],
    contexts: [{ name, context: { cluster: `c-${name}`, user: `u-${name}`, ...context } }],
    'current-context': name,
  };
  await writeFile(file, JSON.stringify(content));
  return file;
}

async function withServer(run: (server: LocalServer, seen: IncomingMessage[]) => Promise<void>): Promise<void> {
  const seen: IncomingMessage[] = [];
  const server = await localServer((request, response) => {
    seen.push(request);
    const answer = request.url === '/api/v1' ? coreDocument : { body: configMap('web') };
    response.writeHead(request.headers.authorization === 'Bearer bad' ? 401 : 200);
    response.end(JSON.stringify((answer as { body: unknown }).body));
  });
  try {
    await run(server, seen);
  } finally {
    await server.close();
  }
}

const ref = { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'ns', name: 'web' };
const logger = recordingLogger();

describe('adapters/kubernetes/connection', () => {
  it('tells server, context and namespace without a request', async () => {
    const plain = await kubeconfig('plain', 'https://k8s.test:6443', {});
    const spaced = await kubeconfig('spaced', 'https://gate.test/clusters/one/', {}, { namespace: 'acme' });
    expect(await openConnection({ kubeconfig: plain }, fakeTiming())).toMatchObject({
      server: 'https://k8s.test:6443',
      origin: 'https://k8s.test:6443',
      prefix: '',
      context: 'plain',
      namespace: 'default',
    });
    expect(await openConnection({ kubeconfig: spaced }, fakeTiming())).toMatchObject({
      server: 'https://gate.test/clusters/one',
      prefix: '/clusters/one',
      namespace: 'acme',
    });
  });

  it('merges several files, the first one that names something wins', async () => {
    const one = await kubeconfig('one', 'https://one.test', {});
    const two = await kubeconfig('two', 'https://two.test', {});
    const both = `${one}:${two}:${one}`;
    expect(await openConnection({ kubeconfig: both }, fakeTiming())).toMatchObject({ context: 'one' });
    expect(await openConnection({ kubeconfig: both, context: 'two' }, fakeTiming())).toMatchObject({
      server: 'https://two.test',
    });
  });

  it.each([
    [{}, 'asked for'],
    [{ kubeconfig: '/nonexistent/config' }, 'ENOENT'],
    [{ inCluster: true }, 'does not run in a pod'],
  ])('does not open %j', async (options, told) => {
    await expect(openCluster({ ...options, logger })).rejects.toMatchObject({
      type: 'ClusterUnreachable',
      message: expect.stringContaining(told) as string,
    });
  });

  it('does not open a context that is not there or a file that is none, and quotes nothing', async () => {
    const file = await kubeconfig('whole', 'https://k8s.test', { token: 'TopSecret' });
    const broken = join(folder, 'broken');
    await writeFile(broken, 'users: [ {token: TopSecret');
    const failures = await Promise.all(
      [{ kubeconfig: file, context: 'other' }, { kubeconfig: broken }].map((options) =>
        openConnection(options, fakeTiming()).catch((error: unknown) => error),
      ),
    );
    expect(failures).toMatchObject([
      { type: 'ClusterUnreachable', detail: { context: 'other' } },
      { type: 'ClusterUnreachable' },
    ]);
    expect(failures.map(String).join()).not.toContain('TopSecret');
  });

  it('refuses plain HTTP that is not asked for', async () => {
    const file = join(folder, 'http');
    await writeFile(
      file,
      JSON.stringify({
        clusters: [{ name: 'c', cluster: { server: 'http://x.test' } }],
        users: [{ name: 'u', user: {} }],
        contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
        'current-context': 'x',
      }),
    );
    const connection = await openConnection({ kubeconfig: file }, fakeTiming());
    await expect(connection.session()).rejects.toMatchObject({
      message: expect.stringContaining('plain HTTP') as string,
    });
  });

  it('sends the credentials of a token, of a password, and of a command', async () => {
    await withServer(async (server, seen) => {
      const command = join(folder, 'login.sh');
      const credential = {
        apiVersion: 'client.authentication.k8s.io/v1',
        kind: 'ExecCredential',
        status: { token: 'exec' },
      };
      await writeFile(command, `#!/bin/sh\necho '${JSON.stringify(credential)}'\n`);
      await chmod(command, 0o755);
      const exec = { exec: { apiVersion: credential.apiVersion, command, interactiveMode: 'Never' } };
      for (const [name, user] of Object.entries({
        token: { token: 'tok\n' },
        basic: { username: 'u', password: 'p:w' },
        exec,
      })) {
        const opened = await openCluster({ kubeconfig: await kubeconfig(name, server.origin, user), logger });
        expect(await opened.cluster.get(ref)).toMatchObject({ metadata: { name: 'web' } });
        expect(opened.requests.snapshot()).toEqual([
          { verb: 'discover', code: '200', count: 1 },
          { verb: 'get', code: '200', count: 1 },
        ]);
        await opened.close();
      }
      const sent = seen.filter(({ url }) => url !== '/api/v1').map(({ headers }) => headers.authorization);
      expect(sent).toEqual(['Bearer tok', `Basic ${Buffer.from('u:p:w').toString('base64')}`, 'Bearer exec']);
      expect(seen[0]?.headers['user-agent']).toBe('lynqflow');
    });
  });

  it('reads a token file again when its token is refused', async () => {
    await withServer(async (server) => {
      const tokenFile = join(folder, 'token');
      await writeFile(tokenFile, 'bad');
      const opened = await openCluster({
        kubeconfig: await kubeconfig('rotate', server.origin, { tokenFile: 'token' }),
        logger,
      });
      await expect(opened.cluster.get(ref)).rejects.toMatchObject({ type: 'ClusterForbidden' });
      await writeFile(tokenFile, 'good\n');
      expect(await opened.cluster.get(ref)).toBeDefined();
      await opened.close();
    });
  });

  it('says which user a command fails for, without what the command said', async () => {
    const exec = { exec: { apiVersion: 'v1', command: 'sh', args: ['-c', 'echo TopSecret >&2; exit 3'] } };
    const file = await kubeconfig('failing', 'https://k8s.test', exec);
    const opened = await openCluster({ kubeconfig: file, logger });
    const failure = await opened.cluster.get(ref).catch((error: unknown) => error);
    expect(failure).toMatchObject({ type: 'ClusterUnreachable', detail: { user: 'u-failing' } });
    expect(String(failure)).not.toContain('TopSecret');
    await opened.close();
  });

  it('keeps credentials for seconds and its connections for as long as the identity is the same', async () => {
    const timing = fakeTiming();
    const connection = await openConnection(
      { kubeconfig: await kubeconfig('same', 'https://k8s.test', { token: 't' }) },
      timing,
    );
    const first = await connection.session();
    expect(connection.session()).toBe(connection.session());
    timing.advance(6_000);
    const second = await connection.session();
    expect(second).not.toBe(first);
    expect(second.requests).toBe(first.requests);
    connection.renew();
    expect((await connection.session()).requests).toBe(first.requests);
    await connection.close();
  });

  it('goes on with its connections after deletes, which have a body', async () => {
    await withServer(async (server, seen) => {
      const opened = await openCluster({ kubeconfig: await kubeconfig('kept', server.origin, {}), logger });
      for (let deletes = 0; deletes < 8; deletes += 1) await opened.cluster.delete(ref, 'u1');
      const deletes = seen.filter(({ method }) => method === 'DELETE');
      expect(deletes).toHaveLength(8);
      // A second one is opened while the first is not quite free again.
      expect(new Set(deletes.map(({ socket }) => socket)).size).toBeLessThanOrEqual(2);
      await opened.close();
    });
  });

  it('opens new connections when the certificate of the user changes', async () => {
    const timing = fakeTiming();
    const data = (text: string) => ({ 'client-certificate-data': Buffer.from(text).toString('base64') });
    const file = await kubeconfig('cert', 'https://k8s.test', data('one'));
    const connection = await openConnection({ kubeconfig: file }, timing);
    const first = await connection.session();
    await kubeconfig('cert', 'https://k8s.test', data('two'));
    connection.renew();
    const second = await connection.session();
    expect(second.requests).not.toBe(first.requests);
    expect(second.streams).not.toBe(first.streams);
    await connection.close();
  });
});
