import type { Cluster } from '../domain/ports.ts';
import { CommandError } from './errors.ts';
import { exitCodes } from './exit-codes.ts';

/** Runs a call to a server; its signal, and the promise, end when the time of `--timeout` is over. */
export type Limited = <T>(call: (signal: AbortSignal) => Promise<T>, given?: AbortSignal) => Promise<T>;

export function limitedTo(milliseconds: number, server: string): Limited {
  return async (call, given) => {
    const timeout = AbortSignal.timeout(milliseconds);
    const signal = given === undefined ? timeout : AbortSignal.any([timeout, given]);
    try {
      return await Promise.race([call(signal), expired(signal)]);
    } catch (error) {
      if (!timeout.aborted) throw error;
      throw new CommandError(`the API server ${server} did not answer within ${milliseconds / 1000} s`, {
        exitCode: exitCodes.unreachable,
        fix: 'check that it is running and reachable (--context, --kubeconfig), or wait longer with --timeout',
      });
    }
  };
}

/** Puts the limit of `--timeout` on every call to the cluster, however often the adapter would try again. */
export function withDeadline(cluster: Cluster, milliseconds: number, server: string): Cluster {
  const limited = limitedTo(milliseconds, server);
  return {
    kindInfo: (kind) => limited(() => cluster.kindInfo(kind)),
    servedAs: (kind) => limited(() => cluster.servedAs(kind)),
    listableKinds: () => limited(() => cluster.listableKinds()),
    get: (ref, given) => limited((signal) => cluster.get(ref, signal), given),
    list: (kind, options) => limited((signal) => cluster.list(kind, { ...options, signal })),
    apply: (ref, body, options) => limited((signal) => cluster.apply(ref, body, { ...options, signal })),
    create: (ref, body, options) => limited((signal) => cluster.create(ref, body, { ...options, signal })),
    replace: (ref, body, options) => limited((signal) => cluster.replace(ref, body, { ...options, signal })),
    patch: (ref, type, body, options) => limited((signal) => cluster.patch(ref, type, body, { ...options, signal })),
    delete: (ref, uid, options) => limited((signal) => cluster.delete(ref, uid, { ...options, signal })),
  };
}

function expired(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}
