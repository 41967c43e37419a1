import { describe, expect, it } from 'vitest';
import { goldenEngine } from '../support/cli/golden-engine.ts';
import { goldenCluster, renamedCluster, troubledCluster } from '../support/cli/golden-world.ts';
import { run } from '../unit/client/run.ts';

/** What people see, whole: texts of test/golden/cli, compared byte for byte. `npx vitest run -u` writes them anew; read the diff. */
const golden = (name: string): string => `./cli/${name}.txt`;

describe('what lynq prints', () => {
  it.each([
    ['help-get-nodes', 'get nodes --help'],
    ['completion-bash', 'completion bash'],
    ['completion-zsh', 'completion zsh'],
    ['completion-fish', 'completion fish'],
    ['get-hubs', 'get hubs'],
    ['get-hubs-wide', 'get hubs -A -o wide'],
    ['get-forms', 'get forms'],
    ['get-forms-wide', 'get forms -o wide'],
    ['get-nodes', 'get nodes'],
    ['get-nodes-wide', 'get nodes -o wide'],
    ['describe-hub', 'describe hub multi-tier-nodes'],
    ['describe-form', 'describe form api-tier'],
    ['describe-node', 'describe node globex-api-tier'],
    ['status', 'status multi-tier-nodes'],
    ['tree', 'tree globex'],
    ['explain', 'explain globex-api-tier'],
    ['explain-entry', 'explain globex-api-tier config'],
    ['explain-ready', 'explain globex-data-tier'],
    ['history', 'history globex-api-tier'],
  ])('is %s', async (name, line) => {
    const { out } = await run(line, { cluster: goldenCluster(), engine: goldenEngine() });

    await expect(out).toMatchFileSnapshot(golden(name));
  });

  it.each(['waiting', 'gated', 'failed', 'conflicted', 'deleting'])('is explain-%s', async (uid) => {
    const { out } = await run(`explain ${uid}-api-tier`, { cluster: troubledCluster(), engine: goldenEngine() });

    await expect(out).toMatchFileSnapshot(golden(`explain-${uid}`));
  });

  it.each([
    ['tree-renamed', 'tree acme'],
    ['explain-renamed', 'explain acme-api-tier'],
  ])('is %s, of entries that take the place of objects that are still there', async (name, line) => {
    const { out } = await run(line, { cluster: renamedCluster(), engine: goldenEngine() });

    await expect(out).toMatchFileSnapshot(golden(name));
  });
});
