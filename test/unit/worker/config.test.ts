import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readConfig } from '../../../worker/config.ts';

describe('worker/config', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lynqflow-config-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  it('takes what an installation of the Go operator has when no policy is given', () => {
    const { scopePolicy } = readConfig({});

    expect(scopePolicy).toMatchObject({ crossNamespace: true, clusterKinds: ['Namespace'], denyKinds: [] });
    expect(scopePolicy.namespaces).toMatchObject({ allow: ['*'], deny: ['kube-*'] });
  });

  it('reads the policy from the variable itself or from the file it names', () => {
    const file = join(folder, 'policy.yaml');
    writeFileSync(file, 'crossNamespace: false\nnamespaces:\n  allow: [node-*]\n');

    expect(readConfig({ LYNQ_SCOPE_POLICY: '{"crossNamespace":false}' }).scopePolicy.crossNamespace).toBe(false);
    expect(readConfig({ LYNQ_SCOPE_POLICY: file }).scopePolicy).toMatchObject({
      crossNamespace: false,
      namespaces: { allow: ['node-*'], deny: ['kube-*'] },
    });
  });

  it.each([
    ['{"crossNamespaces":false}', /LYNQ_SCOPE_POLICY.*crossNamespaces/],
    ['/does/not/exist', /LYNQ_SCOPE_POLICY/],
    ['{"namespaces":{"allow":"x"}}', /LYNQ_SCOPE_POLICY\.namespaces\.allow/],
  ])('refuses the policy %s and says where', (text, message) => {
    expect(() => readConfig({ LYNQ_SCOPE_POLICY: text })).toThrow(message);
  });
});
