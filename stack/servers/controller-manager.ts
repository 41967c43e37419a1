import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { call } from '../http.ts';
import { apiserverFiles, controlPlaneKubeconfig } from './apiserver.ts';
import { defaultServiceAccountExists } from './cluster-objects.ts';
import { loopback, nothing, notYet, type ServerContext, type ServerDefinition } from './definition.ts';

function args({ paths, ports }: ServerContext): readonly string[] {
  const files = apiserverFiles(paths);
  return [
    `--kubeconfig=${controlPlaneKubeconfig(paths, 'controllerManager')}`,
    `--bind-address=${loopback}`,
    `--secure-port=${ports.controllerManager}`,
    `--cert-dir=${join(paths.pki, 'controller-manager')}`,
    `--service-account-private-key-file=${files.key}`,
    `--root-ca-file=${files.ca}`,
    '--use-service-account-credentials=true',
    '--leader-elect=false',
    // The machines are simulated: nobody renews their leases, so nobody may declare them lost.
    '--controllers=*,-node-lifecycle-controller,-taint-eviction-controller',
    '--enable-hostpath-provisioner=true',
    `--flex-volume-plugin-dir=${join(paths.root, 'flex-volumes')}`,
    '--kube-api-qps=5000',
    '--kube-api-burst=10000',
    '--concurrent-deployment-syncs=20',
    '--concurrent-replicaset-syncs=20',
    '--concurrent-statefulset-syncs=20',
    '--concurrent-job-syncs=20',
    '--concurrent-namespace-syncs=20',
    '--concurrent-gc-syncs=30',
    '--profiling=false',
  ];
}

export const controllerManager: ServerDefinition = {
  needs: ['apiserver'],
  ports: ['controllerManager'],
  address: (ports) => `https://${loopback}:${ports.controllerManager}`,
  prepare: async ({ paths }) => {
    mkdirSync(join(paths.pki, 'controller-manager'), { recursive: true });
    mkdirSync(join(paths.root, 'flex-volumes'), { recursive: true });
  },
  command: (context) => ({
    file: context.tools.kubeControllerManager,
    cwd: context.paths.root,
    env: context.env,
    args: args(context),
  }),
  probe: async (context) => {
    const answer = await call({ url: `https://${loopback}:${context.ports.controllerManager}/healthz` });
    if (answer.status !== 200) return notYet(`/healthz says ${answer.status}`);
    return defaultServiceAccountExists(context);
  },
  settle: nothing,
  readyWithinMs: 60_000,
  stopWithinMs: 10_000,
};
