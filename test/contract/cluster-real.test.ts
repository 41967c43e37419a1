import { describe } from 'vitest';
import { openCluster } from '../../adapters/kubernetes/index.ts';
import { clusterContract } from './cluster.contract.ts';

const kubeconfig = process.env['KUBECONFIG_TEST'];
const logger = { info: () => undefined, warn: () => undefined, error: () => undefined };

describe.skipIf(kubeconfig === undefined)('adapters/kubernetes', () => {
  clusterContract(() => openCluster({ kubeconfig: kubeconfig ?? '', logger }));
});
