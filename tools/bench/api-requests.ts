import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Session } from '../demo/session.ts';

const execute = promisify(execFile);

/** Requests the API server has carried out since it started, of all clients, by `GET lynqnodes` and the like. Watches are not counted. */
export type RequestCounts = ReadonlyMap<string, number>;

const wanted = /^apiserver_request_total\{(.*)\} (\S+)$/;

function labelOf(labels: string, name: string): string {
  return new RegExp(`(?:^|,)${name}="([^"]*)"`).exec(labels)?.[1] ?? '';
}

/** Sums by verb, resource and subresource. */
export function parseRequestCounts(metrics: string): RequestCounts {
  const counts = new Map<string, number>();
  for (const line of metrics.split('\n')) {
    const [, labels, value] = wanted.exec(line) ?? [];
    if (labels === undefined) continue;
    const verb = labelOf(labels, 'verb');
    if (verb === 'WATCH' || verb === 'CONNECT') continue;
    const parts = [labelOf(labels, 'resource'), labelOf(labels, 'subresource')].filter((part) => part !== '');
    const key = `${verb} ${parts.join('/')}`;
    counts.set(key, (counts.get(key) ?? 0) + Number(value));
  }
  return counts;
}

export async function requestCounts(session: Session): Promise<RequestCounts> {
  const raw = await execute(session.endpoints.kubectl, ['get', '--raw', '/metrics'], {
    env: session.environment,
    maxBuffer: 64 * 2 ** 20,
  });
  return parseRequestCounts(raw.stdout);
}

/** What lay between two moments. */
export function requestsBetween(before: RequestCounts, after: RequestCounts): RequestCounts {
  return new Map([...after].map(([key, count]) => [key, count - (before.get(key) ?? 0)]));
}
