import { describe, expect, it } from 'vitest';
import { plainInstall, readManifests } from '../../support/install/account.ts';

describe('tools/manifests', () => {
  it('refuses no pod of a row in the namespace of the plain manifests: the standard there warns and is audited', () => {
    const [namespace] = readManifests(plainInstall()).filter(({ kind }) => kind === 'Namespace');
    expect(namespace?.metadata).toEqual({
      name: 'lynq-system',
      labels: {
        'pod-security.kubernetes.io/audit': 'restricted',
        'pod-security.kubernetes.io/warn': 'restricted',
      },
    });
  });
});
