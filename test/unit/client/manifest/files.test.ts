import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { processHost } from '../../../../client/host.ts';
import { loadManifests } from '../../../../client/manifest/files.ts';

describe('client/manifest/files', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lynq-files-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, 'old.yaml'));
  for (const path of ['a.yaml', 'old.yaml/b.yaml']) {
    writeFileSync(join(folder, path), 'apiVersion: v1\nkind: Namespace\nmetadata: {name: x}\n');
  }

  it.each([
    [false, ['a.yaml']],
    [true, ['a.yaml', 'old.yaml/b.yaml']],
  ])('takes a folder named as a file for a folder; deeper folders too: %s', async (recursive, names) => {
    const { files } = await loadManifests([folder], recursive, processHost().files);
    expect(files).toEqual(names.map((name) => join(folder, name)));
  });
});
