import { describe, expect, it } from 'vitest';
import { run } from '../unit/client/run.ts';

/** What people see, whole: texts of test/golden/cli, compared byte for byte. `npx vitest run -u` writes them anew; read the diff. */
const golden = (name: string): string => `./cli/${name}.txt`;

describe('what lynq prints', () => {
  it.each([
    ['help-get-nodes', 'get nodes --help'],
    ['completion-bash', 'completion bash'],
    ['completion-zsh', 'completion zsh'],
    ['completion-fish', 'completion fish'],
  ])('is %s', async (name, line) => {
    const { out } = await run(line);

    await expect(out).toMatchFileSnapshot(golden(name));
  });
});
