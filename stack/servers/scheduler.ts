import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { call } from '../http.ts';
import type { KubernetesRelease } from '../kubernetes-release.ts';
import { controlPlaneKubeconfig } from './apiserver.ts';
import { loopback, nothing, notYet, ready, type ServerDefinition } from './definition.ts';

/** Later ones tell apart that it runs and that it has seen what there is. */
const readinessPaths: Readonly<Record<KubernetesRelease, string>> = { '1.35': '/readyz', '1.30': '/healthz' };

export const scheduler: ServerDefinition = {
  needs: ['apiserver'],
  ports: ['scheduler'],
  address: (ports) => `https://${loopback}:${ports.scheduler}`,
  prepare: async ({ paths }) => {
    mkdirSync(join(paths.pki, 'scheduler'), { recursive: true });
  },
  command: ({ tools, paths, ports, env }) => ({
    file: tools.kubeScheduler,
    cwd: paths.root,
    env,
    args: [
      `--kubeconfig=${controlPlaneKubeconfig(paths, 'scheduler')}`,
      `--bind-address=${loopback}`,
      `--secure-port=${ports.scheduler}`,
      `--cert-dir=${join(paths.pki, 'scheduler')}`,
      '--leader-elect=false',
      '--kube-api-qps=5000',
      '--kube-api-burst=10000',
      '--profiling=false',
    ],
  }),
  probe: async ({ ports, kubernetes }) => {
    const path = readinessPaths[kubernetes];
    const answer = await call({ url: `https://${loopback}:${ports.scheduler}${path}` });
    return answer.status === 200 ? ready : notYet(`${path} says ${answer.status}`);
  },
  settle: nothing,
  readyWithinMs: 60_000,
  stopWithinMs: 10_000,
};
