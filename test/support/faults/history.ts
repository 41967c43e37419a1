import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, request } from 'undici';
import type { Cluster, KubeObject, WatchEvent } from '../e2e/cluster.ts';

/** Everything that happened to some kinds, in the order in which the API server's store has it. */
export interface History {
  /** Sorted by resourceVersion, which all kinds of one store share; a state that was only listed counts as one that came about then. */
  events(): readonly WatchEvent[];
  /** The newest version that is known; waits until all kinds have been seen that far. */
  stop(): Promise<readonly WatchEvent[]>;
}

interface Followed {
  readonly path: string;
  version: string;
}

/**
 * Follows kinds by list and watch, from then on where the last event left off, whatever happens to the API server in between: its store keeps what it
 * had, so that nothing is missed.
 */
export async function openHistory(
  cluster: Cluster,
  kubeconfigPath: string,
  paths: readonly string[],
): Promise<History> {
  const { server, agent, headers } = connect(kubeconfigPath);
  const abort = new AbortController();
  const events: WatchEvent[] = [];
  const seen = new Set<string>();
  const take = (event: WatchEvent): void => {
    const { uid, resourceVersion } = event.object.metadata;
    const key = `${event.type === 'DELETED' ? 'gone' : 'there'} ${uid} ${resourceVersion}`;
    if (!seen.has(key)) events.push(event);
    seen.add(key);
  };
  const follow = async (followed: Followed): Promise<void> => {
    while (!abort.signal.aborted) {
      try {
        await watchOnce({ server, agent, headers, signal: abort.signal }, followed, take);
      } catch {
        await sleep(200);
      }
    }
  };
  const all = await Promise.all(
    paths.map(async (path) => {
      const list = (await cluster.call('GET', path)) as { items: KubeObject[]; metadata: { resourceVersion: string } };
      for (const object of list.items) take({ type: 'ADDED', object });
      return { path, version: list.metadata.resourceVersion };
    }),
  );
  const loops = all.map(follow);
  const sorted = (): readonly WatchEvent[] =>
    events.toSorted((a, b) =>
      Number(BigInt(a.object.metadata.resourceVersion) - BigInt(b.object.metadata.resourceVersion)),
    );
  return {
    events: sorted,
    stop: async () => {
      await sleep(1_000);
      abort.abort();
      await Promise.all(loops);
      await agent.destroy();
      return sorted();
    },
  };
}

interface Way {
  readonly server: string;
  readonly agent: Agent;
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

async function watchOnce(
  { server, agent, headers, signal }: Way,
  followed: Followed,
  take: (event: WatchEvent) => void,
): Promise<void> {
  const query = `watch=true&allowWatchBookmarks=true&resourceVersion=${followed.version}`;
  const { statusCode, body } = await request(`${server}${followed.path}?${query}`, {
    dispatcher: agent,
    headers,
    signal,
  });
  if (statusCode !== 200) throw new Error(`watch answered ${statusCode}`);
  let rest = '';
  for await (const chunk of body.setEncoding('utf8')) {
    const lines = `${rest}${String(chunk)}`.split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const event = JSON.parse(line) as WatchEvent;
      // A history with a hole would prove nothing.
      if (event.type === 'ERROR') throw new Error(`watch of ${followed.path}: ${line}`);
      followed.version = event.object.metadata.resourceVersion;
      if (event.type !== 'BOOKMARK') take(event);
    }
  }
}

function connect(kubeconfigPath: string): Pick<Way, 'server' | 'agent' | 'headers'> {
  const config = JSON.parse(readFileSync(kubeconfigPath, 'utf8')) as {
    clusters: readonly [{ cluster: { server: string; 'certificate-authority-data': string } }];
    users: readonly [{ user: { token: string } }];
  };
  const { server, 'certificate-authority-data': ca } = config.clusters[0].cluster;
  return {
    server,
    agent: new Agent({ connect: { ca: Buffer.from(ca, 'base64').toString('utf8') }, bodyTimeout: 0 }),
    headers: { authorization: `Bearer ${config.users[0].user.token}`, 'user-agent': 'e2e-tests' },
  };
}
