import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DefaultLogger } from '@temporalio/worker';
import { afterAll, describe, expect, it } from 'vitest';
import { workflowBundle } from '../../../worker/workflow-bundle.ts';

describe('worker/workflow-bundle', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lynqflow-bundles-'));
  const logger = new DefaultLogger('ERROR');
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('makes the code of one set of sources once, and takes the kept file from then on', async () => {
    const made = await workflowBundle({ folder, logger });
    const [file = ''] = readdirSync(folder);
    const written = statSync(join(folder, file)).mtimeMs;

    expect(await workflowBundle({ folder, logger })).toEqual(made);
    expect(made).toEqual({ codePath: join(folder, file) });
    expect(readdirSync(folder)).toEqual([file]);
    expect(statSync(join(folder, file)).mtimeMs).toBe(written);
  });

  it('never takes the code of other sources', async () => {
    const interceptors = join(folder, 'interceptors.ts');
    writeFileSync(interceptors, 'export const interceptors = () => ({ inbound: [], outbound: [] });');
    const first = await workflowBundle({ folder, logger, interceptors: [interceptors] });
    writeFileSync(interceptors, 'export const interceptors = () => ({});');

    expect(await workflowBundle({ folder, logger, interceptors: [interceptors] })).not.toEqual(first);
  });

  it('works without a kept file where nothing can be written', async () => {
    const file = join(folder, 'in-the-way');
    writeFileSync(file, '');

    expect(await workflowBundle({ folder: join(file, 'below'), logger })).toHaveProperty('code');
  });
});
