import { describe } from 'vitest';
import { createFakeCluster } from '../support/fake-cluster.ts';
import { clusterContract } from './cluster.contract.ts';

describe('test/support/fake-cluster', () => {
  clusterContract(async () => {
    const cluster = createFakeCluster();
    return { cluster, reflector: cluster.reflector, close: () => Promise.resolve() };
  });
});
