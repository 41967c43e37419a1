/** What a process says about where it listens and how it is, shared by who decides it and who serves it. */

/** Where to listen; without a host on every address of the machine. */
export type BindAddress =
  | { readonly kind: 'off' }
  | { readonly kind: 'at'; readonly host?: string; readonly port: number };

/** One thing that has to be well; gives what is wrong, or undefined. */
export interface Check {
  readonly name: string;
  readonly problem: () => Promise<string | undefined> | string | undefined;
}

/** The path and the query of what a request asks for, which may be anything: `//`, `*` and `http://[` are no URLs, and `new URL` throws at them. */
export function splitTarget(target: string | undefined): { readonly path: string; readonly query: string } {
  const [path = '', ...query] = (target ?? '').split('?');
  return { path, query: query.join('?') };
}

/** Of a request to any HTTP server of ours, as options of Node's: whoever is slow is let go within seconds, for Node looks every second. */
export const requestLimits = {
  headersTimeout: 5_000,
  requestTimeout: 10_000,
  keepAliveTimeout: 5_000,
  connectionsCheckingInterval: 1_000,
} as const;

/** Of a handshake of TLS. */
export const handshakeLimits = { handshakeTimeout: 5_000 } as const;

/**
 * Of the connections of a server: beyond so many the one goes that is idle for the longest time (crowd.ts). `timeout` is for those on which nothing
 * moves, such as one that does not read its answer.
 */
export const connectionLimits = { maxConnections: 1_000, timeout: 30_000 } as const;
