import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeWhole } from '../files.ts';
import { call } from '../http.ts';
import { kubeconfigText } from '../kubeconfig.ts';
import type { DataPaths } from '../paths.ts';
import type { StackSecrets } from '../secrets.ts';
import { auditPolicy, controlPlaneUsers } from './audit-policy.ts';
import { createClusterObjects } from './cluster-objects.ts';
import { loopback, notYet, ready, type ServerContext, type ServerDefinition } from './definition.ts';

/** The user of the stack's kubeconfig, a member of system:masters. */
export const adminUser = 'lynq-stack-admin';

/** Files the API server and its clients read. */
export function apiserverFiles(paths: DataPaths): Readonly<Record<'tokens' | 'policy' | 'key' | 'ca', string>> {
  return {
    tokens: join(paths.config, 'tokens.csv'),
    policy: join(paths.config, 'audit-policy.json'),
    key: join(paths.pki, 'service-account.key'),
    ca: join(paths.pki, 'apiserver.crt'),
  };
}

/** The kubeconfig of one member of the control plane. */
export function controlPlaneKubeconfig(paths: DataPaths, member: keyof typeof controlPlaneUsers): string {
  return join(paths.config, `${member}.kubeconfig`);
}

/** Lines `token,user,uid,"groups"`. */
export function tokenFileText(secrets: StackSecrets): string {
  const rows = [
    `${secrets.adminToken},${adminUser},${adminUser},"system:masters"`,
    `${secrets.controllerManagerToken},${controlPlaneUsers.controllerManager},${controlPlaneUsers.controllerManager}`,
    `${secrets.schedulerToken},${controlPlaneUsers.scheduler},${controlPlaneUsers.scheduler}`,
    `${secrets.kwokToken},${controlPlaneUsers.kwok},${controlPlaneUsers.kwok},"system:masters"`,
  ];
  return `${rows.join('\n')}\n`;
}

function args({ paths, ports, admissionPlugins }: ServerContext): readonly string[] {
  const files = apiserverFiles(paths);
  return [
    `--etcd-servers=http://${loopback}:${ports.etcd}`,
    `--bind-address=${loopback}`,
    `--advertise-address=${loopback}`,
    `--secure-port=${ports.apiserver}`,
    `--cert-dir=${paths.pki}`,
    // A loopback address may not be an endpoint of the "kubernetes" Service; nothing inside the pods is real anyway.
    '--endpoint-reconciler-type=none',
    '--service-cluster-ip-range=10.96.0.0/16',
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-key-file=${files.key}`,
    `--service-account-signing-key-file=${files.key}`,
    `--token-auth-file=${files.tokens}`,
    '--authorization-mode=RBAC',
    '--allow-privileged=true',
    // Its taint would be taken off again by the node lifecycle controller, which does not run here.
    '--disable-admission-plugins=TaintNodesByCondition',
    ...(admissionPlugins.length === 0 ? [] : [`--enable-admission-plugins=${admissionPlugins.join(',')}`]),
    `--audit-policy-file=${files.policy}`,
    `--audit-log-path=${paths.auditLog}`,
    '--audit-log-maxsize=2000',
    '--audit-log-maxbackup=1',
    '--max-requests-inflight=3000',
    '--max-mutating-requests-inflight=1500',
    '--profiling=false',
  ];
}

async function prepare({ paths, secrets }: ServerContext): Promise<void> {
  const files = apiserverFiles(paths);
  mkdirSync(paths.pki, { recursive: true, mode: 0o700 });
  writeWhole(files.tokens, tokenFileText(secrets));
  writeWhole(files.policy, JSON.stringify(auditPolicy, null, 2));
  writeWhole(files.key, secrets.serviceAccountKey);
}

/** The certificate authority is made by the API server at its first start, so kubeconfigs can only be written after it. */
function writeKubeconfigs({ paths, ports, secrets }: ServerContext): void {
  const server = `https://${loopback}:${ports.apiserver}`;
  const ca = readFileSync(apiserverFiles(paths).ca, 'utf8');
  const write = (file: string, user: string, token: string): void =>
    writeWhole(file, kubeconfigText({ server, ca, user, token }));
  write(paths.kubeconfig, adminUser, secrets.adminToken);
  write(
    controlPlaneKubeconfig(paths, 'controllerManager'),
    controlPlaneUsers.controllerManager,
    secrets.controllerManagerToken,
  );
  write(controlPlaneKubeconfig(paths, 'scheduler'), controlPlaneUsers.scheduler, secrets.schedulerToken);
  write(controlPlaneKubeconfig(paths, 'kwok'), controlPlaneUsers.kwok, secrets.kwokToken);
}

export const apiserver: ServerDefinition = {
  needs: ['etcd'],
  ports: ['apiserver'],
  address: (ports) => `https://${loopback}:${ports.apiserver}`,
  prepare,
  command: (context) => ({
    file: context.tools.kubeApiserver,
    cwd: context.paths.root,
    env: context.env,
    args: args(context),
  }),
  probe: async ({ paths, ports, secrets }) => {
    const ca = readFileSync(apiserverFiles(paths).ca, 'utf8');
    const answer = await call({ url: `https://${loopback}:${ports.apiserver}/readyz`, token: secrets.adminToken, ca });
    return answer.status === 200 ? ready : notYet(`/readyz says ${answer.status} ${failedChecks(answer.text)}`);
  },
  settle: async (context) => {
    writeKubeconfigs(context);
    await createClusterObjects(context);
  },
  readyWithinMs: 120_000,
  stopWithinMs: 5_000,
};

function failedChecks(text: string): string {
  return text
    .split('\n')
    .filter((line) => line.startsWith('[-]'))
    .join(' ');
}
