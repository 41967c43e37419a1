import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { billOfMaterials } from '../../../../tools/build/bill.ts';

const root = fileURLToPath(new URL('../../../..', import.meta.url));
const Bill = z.object({
  metadata: z.object({ component: z.object({ name: z.string(), version: z.string() }) }),
  components: z.array(z.object({ name: z.string(), version: z.string() })),
});

describe('tools/build/bill', () => {
  it('names what runs, with its version, and no tool for development', () => {
    const { metadata, components } = Bill.parse(JSON.parse(billOfMaterials(root).text));
    const names = components.map(({ name }) => name);

    expect(metadata.component).toEqual({ name: 'lynqflow', version: '0.1.0' });
    expect(names).toEqual(expect.arrayContaining(['@temporalio/worker', 'mysql2', 'zod']));
    for (const name of ['vitest', 'typescript', '@temporalio/testing']) expect(names).not.toContain(name);
  });

  it('is in the package', () => {
    const { files } = z
      .object({ files: z.array(z.string()) })
      .parse(JSON.parse(readFileSync(new URL('../../../../package.json', import.meta.url), 'utf8')));

    expect(files).toContain('dist/sbom.cdx.json');
  });
});
