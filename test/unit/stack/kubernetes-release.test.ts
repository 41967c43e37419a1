import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { startStack } from '../../../stack/index.ts';
import { askedKubernetes, kubernetesToUse } from '../../../stack/kubernetes-release.ts';
import { writeState } from '../../../stack/state.ts';
import { ports, tools } from './support.ts';

describe('stack/kubernetes-release', () => {
  it('takes the release that LYNQ_STACK_KUBERNETES names', () => {
    expect(askedKubernetes({ LYNQ_STACK_KUBERNETES: '1.30' })).toBe('1.30');
    expect(askedKubernetes({ LYNQ_STACK_KUBERNETES: '1.35' })).toBe('1.35');
    expect(askedKubernetes({ LYNQ_STACK_KUBERNETES: '' })).toBeUndefined();
    expect(askedKubernetes({})).toBeUndefined();
  });

  it.each(['1.29', '1.30.14', 'v1.30', '1.3', 'oldest', ' 1.30', 'toString'])(
    'refuses %j and says which there are',
    (asked) => {
      expect(() => askedKubernetes({ LYNQ_STACK_KUBERNETES: asked })).toThrow(
        `LYNQ_STACK_KUBERNETES is ${asked}, and there is no such control plane. Set it to 1.35 or 1.30, or not at all.`,
      );
    },
  );

  it('goes on with the release of the last start where none is asked for', () => {
    expect(kubernetesToUse(undefined, undefined)).toBe('1.35');
    expect(kubernetesToUse(undefined, '1.30')).toBe('1.30');
    expect(kubernetesToUse({ kubernetes: '1.30' }, undefined)).toBe('1.30');
    expect(kubernetesToUse({ kubernetes: '1.30' }, '1.30')).toBe('1.30');
  });

  it('starts no release on the data of another, and builds nothing before it says so', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'lynq-stack-test-'));
    const kept = {
      temporalStore: 'memory',
      admissionPlugins: [],
      kubernetes: '1.35',
      ports,
      tools,
      servers: {},
    } as const;
    writeState(join(dataDir, 'stack.json'), { version: 1, ...kept });
    const environment = { LYNQ_STACK_KUBERNETES: '1.30', LYNQFLOW_CACHE: join(dataDir, 'cache') };
    const onProgress = (): never => expect.fail('something was installed or started');
    await expect(startStack({ dataDir, environment, onProgress })).rejects.toThrow(
      'The data in this folder is of Kubernetes 1.35, and LYNQ_STACK_KUBERNETES asks for 1.30.',
    );
  });
});
