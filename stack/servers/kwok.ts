import { join } from 'node:path';
import { writeWhole } from '../files.ts';
import { call } from '../http.ts';
import type { DataPaths } from '../paths.ts';
import { controlPlaneKubeconfig } from './apiserver.ts';
import { nodesAreReady } from './cluster-objects.ts';
import { loopback, nothing, notYet, type ServerDefinition } from './definition.ts';
import { podStages } from './pod-stages.ts';

const configuration = {
  apiVersion: 'config.kwok.x-k8s.io/v1alpha1',
  kind: 'KwokConfiguration',
  options: {
    manageAllNodes: true,
    nodeLeaseDurationSeconds: 0,
    cidr: '10.128.0.1/9',
    podPlayStageParallelism: 16,
    podsOnNodeSyncParallelism: 4,
  },
};

/** Documents of YAML, each in its JSON form. */
const configText = [configuration, ...podStages].map((document) => JSON.stringify(document, null, 2)).join('\n---\n');

function configFile(paths: DataPaths): string {
  return join(paths.config, 'kwok.yaml');
}

/**
 * Plays the machines: every pod on them becomes Running and Ready at once, unless its image cannot be pulled (pod-stages.ts); pods of Jobs succeed,
 * deleted pods go away.
 * No container runs. Its configuration is a file of ours, so one in the user's home has no say.
 */
export const kwok: ServerDefinition = {
  needs: ['apiserver'],
  ports: ['kwok'],
  address: (ports) => `http://${loopback}:${ports.kwok}`,
  prepare: async ({ paths }) => writeWhole(configFile(paths), configText),
  command: ({ tools, paths, ports, env }) => ({
    file: tools.kwok,
    cwd: paths.root,
    env,
    args: [
      `--config=${configFile(paths)}`,
      `--kubeconfig=${controlPlaneKubeconfig(paths, 'kwok')}`,
      // Its ordinary log has a line for every pod.
      '--v=WARN',
      `--server-address=${loopback}:${ports.kwok}`,
    ],
  }),
  probe: async (context) => {
    const answer = await call({ url: `http://${loopback}:${context.ports.kwok}/healthz` });
    return answer.status === 200 ? nodesAreReady(context) : notYet(`/healthz says ${answer.status}`);
  },
  settle: nothing,
  readyWithinMs: 60_000,
  stopWithinMs: 10_000,
};
