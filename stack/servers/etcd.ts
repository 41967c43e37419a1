import { mkdirSync } from 'node:fs';
import { call } from '../http.ts';
import { loopback, nothing, notYet, ready, type ServerDefinition } from './definition.ts';

/** The store of the API server. It never waits for the disk: a crash of the machine may lose it, a kill does not. */
export const etcd: ServerDefinition = {
  needs: [],
  ports: ['etcd', 'etcdPeer'],
  address: (ports) => `${loopback}:${ports.etcd}`,
  prepare: async ({ paths }) => {
    mkdirSync(paths.etcd, { recursive: true, mode: 0o700 });
  },
  command: ({ tools, paths, ports, env }) => {
    const client = `http://${loopback}:${ports.etcd}`;
    const peer = `http://${loopback}:${ports.etcdPeer}`;
    return {
      file: tools.etcd,
      cwd: paths.root,
      env,
      args: [
        '--name=lynq',
        `--data-dir=${paths.etcd}`,
        `--listen-client-urls=${client}`,
        `--advertise-client-urls=${client}`,
        `--listen-peer-urls=${peer}`,
        `--initial-advertise-peer-urls=${peer}`,
        `--initial-cluster=lynq=${peer}`,
        '--unsafe-no-fsync',
        '--quota-backend-bytes=8589934592',
        '--log-level=warn',
      ],
    };
  },
  probe: async ({ ports }) => {
    const answer = await call({ url: `http://${loopback}:${ports.etcd}/health` });
    return answer.status === 200 && answer.text.includes('"true"') ? ready : notYet(`/health says ${answer.text}`);
  },
  settle: nothing,
  readyWithinMs: 60_000,
  stopWithinMs: 10_000,
};
