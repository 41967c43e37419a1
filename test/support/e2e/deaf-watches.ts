import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Agent, request } from 'undici';

/**
 * A way to the API server on which watches can be made deaf: they stay open and get their bookmarks, but no event any more, as over a connection that
 * is half dead. Everything else passes as it is.
 */
export interface DeafWatches {
  /** Path of a kubeconfig for a client that is to go this way. */
  readonly kubeconfig: string;
  /** From now on these plural names hear nothing; `all` for every watch. */
  deafen(resources: readonly string[] | 'all'): void;
  /** Events held back so far. */
  held(): number;
  close(): Promise<void>;
}

interface Kubeconfig {
  readonly clusters: readonly { readonly cluster: { readonly server: string; 'certificate-authority-data': string } }[];
}

export async function openDeafWatches(kubeconfigPath: string, folder: string): Promise<DeafWatches> {
  const config = JSON.parse(readFileSync(kubeconfigPath, 'utf8')) as Kubeconfig;
  const { server, 'certificate-authority-data': ca } = config.clusters[0]!.cluster;
  const agent = new Agent({ connect: { ca: Buffer.from(ca, 'base64').toString('utf8') }, bodyTimeout: 0 });
  let deaf: readonly string[] | 'all' = [];
  let held = 0;
  const isHeld = (path: string, line: string): boolean => {
    const resource = new URL(path, server).pathname.split('/').at(-1) ?? '';
    if (deaf !== 'all' && !deaf.includes(resource)) return false;
    const type = (JSON.parse(line) as { readonly type: string }).type;
    if (type === 'BOOKMARK' || type === 'ERROR') return false;
    held += 1;
    return true;
  };

  async function carry(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const path = incoming.url ?? '/';
    const { host: _, connection: _c, 'transfer-encoding': _t, ...headers } = incoming.headers;
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const gone = new AbortController();
    outgoing.on('close', () => gone.abort());
    const answer = await request(`${server}${path}`, {
      method: (incoming.method ?? 'GET') as 'GET',
      dispatcher: agent,
      headers: headers as Record<string, string>,
      signal: gone.signal,
      ...(chunks.length === 0 ? {} : { body: Buffer.concat(chunks) }),
    });
    const { 'transfer-encoding': _e, connection: _n, ...answered } = answer.headers;
    outgoing.writeHead(answer.statusCode, answered as Record<string, string>);
    outgoing.flushHeaders();
    if (!path.includes('watch=true')) {
      for await (const chunk of answer.body) outgoing.write(chunk);
      outgoing.end();
      return;
    }
    let rest = '';
    for await (const chunk of answer.body.setEncoding('utf8')) {
      const lines = `${rest}${String(chunk)}`.split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) if (line !== '' && !isHeld(path, line)) outgoing.write(`${line}\n`);
    }
    outgoing.end();
  }

  const proxy = createServer((incoming, outgoing) => {
    carry(incoming, outgoing).catch(() => outgoing.destroy());
  });
  await new Promise<void>((resolve) => {
    proxy.listen(0, '127.0.0.1', resolve);
  });
  const { port } = proxy.address() as AddressInfo;
  const kubeconfig = join(folder, 'deaf.kubeconfig');
  const cluster = { server: `http://127.0.0.1:${port}`, 'insecure-skip-tls-verify': true };
  writeFileSync(
    kubeconfig,
    JSON.stringify({ ...config, clusters: config.clusters.map((each) => ({ ...each, cluster })) }),
  );
  return {
    kubeconfig,
    deafen: (resources) => {
      deaf = resources;
    },
    held: () => held,
    close: async () => {
      proxy.closeAllConnections();
      await new Promise((resolve) => {
        proxy.close(resolve);
      });
      await agent.destroy();
    },
  };
}
