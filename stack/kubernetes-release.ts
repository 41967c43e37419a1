import { z } from 'zod';
import type { Environment } from './environment.ts';
import { StackError } from './errors.ts';

/** The releases of Kubernetes that the stack has a control plane of: the one we develop on first, then the oldest that the product runs on. */
export const kubernetesReleases = ['1.35', '1.30'] as const;

export const KubernetesRelease = z.enum(kubernetesReleases);
export type KubernetesRelease = z.infer<typeof KubernetesRelease>;

export const defaultKubernetes: KubernetesRelease = '1.35';

/** What `LYNQ_STACK_KUBERNETES` asks for; undefined when it asks for nothing. */
export function askedKubernetes(environment: Environment): KubernetesRelease | undefined {
  const asked = environment['LYNQ_STACK_KUBERNETES'];
  if (asked === undefined || asked === '') return undefined;
  const release = KubernetesRelease.safeParse(asked);
  if (!release.success) throw new StackError({ kind: 'unknown-kubernetes', asked, known: kubernetesReleases });
  return release.data;
}

/** What is asked for, else that of the last start in this folder. What one release stored in etcd an older one may not be able to read. */
export function kubernetesToUse(
  kept: { readonly kubernetes: KubernetesRelease } | undefined,
  asked: KubernetesRelease | undefined,
): KubernetesRelease {
  if (kept !== undefined && asked !== undefined && kept.kubernetes !== asked) {
    throw new StackError({ kind: 'other-kubernetes', has: kept.kubernetes, asked });
  }
  return asked ?? kept?.kubernetes ?? defaultKubernetes;
}
