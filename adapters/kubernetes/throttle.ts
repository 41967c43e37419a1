import type { Timing } from './timing.ts';

/**
 * Keeps the requests about a resource back for as long as the API server asked one of them to wait (429): sent before, they would only be
 * refused too, and lengthen what they wait for.
 */
export interface Throttle {
  /** Resolves when a request to this path may be sent. */
  pass(path: string, signal: AbortSignal | undefined): Promise<void>;
  hold(path: string, milliseconds: number): void;
}

/** Requests that waited together are let go over this time, in milliseconds. */
const spread = 200;

export function createThrottle(timing: Timing): Throttle {
  const until = new Map<string, number>();
  return {
    async pass(path, signal) {
      const flow = flowOf(path);
      for (;;) {
        const wait = (until.get(flow) ?? 0) - timing.now();
        if (wait <= 0) return void until.delete(flow);
        await timing.sleep(wait + timing.random() * spread, signal);
      }
    },
    hold(path, milliseconds) {
      const flow = flowOf(path);
      until.set(flow, Math.max(until.get(flow) ?? 0, timing.now() + milliseconds));
    },
  };
}

/** Group, version and resource of a path, whatever the namespace and the name. */
function flowOf(path: string): string {
  const parts = (path.split('?')[0] ?? '').split('/').filter((part) => part !== '');
  const root = parts.splice(0, parts[0] === 'api' ? 2 : 3).join('/');
  const resource = parts[0] === 'namespaces' && parts.length > 2 ? parts[2] : parts[0];
  return `${root}/${resource ?? ''}`;
}
