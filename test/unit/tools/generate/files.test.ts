import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { differences, writeFiles } from '../../../../tools/generate/files.ts';

describe('tools/generate/files', () => {
  let root = '';
  const files = [
    { path: 'out/a.yaml', text: 'a: 1\n' },
    { path: 'out/b.yaml', text: 'b: 1\n' },
  ];

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'lynq-generate-'));
  });
  afterEach(() => {
    rmSync(root, { recursive: true });
  });

  it('names every file that is missing from an empty checkout', () => {
    expect(differences(root, files, ['out'])).toEqual([
      { path: 'out/a.yaml', kind: 'missing' },
      { path: 'out/b.yaml', kind: 'missing' },
    ]);
  });

  it('finds no difference after writing', () => {
    writeFiles(root, files);

    expect(differences(root, files, ['out'])).toEqual([]);
    expect(readFileSync(join(root, 'out/a.yaml'), 'utf8')).toBe('a: 1\n');
  });

  it('names the file that was changed by hand', () => {
    writeFiles(root, files);
    writeFileSync(join(root, 'out/b.yaml'), 'b: 2\n');

    expect(differences(root, files, ['out'])).toEqual([{ path: 'out/b.yaml', kind: 'changed' }]);
  });

  it('names a file of its folder that nothing generates any more, and leaves it', () => {
    mkdirSync(join(root, 'out'));
    writeFileSync(join(root, 'out/old.yaml'), '');
    writeFiles(root, files);

    expect(differences(root, files, ['out'])).toEqual([{ path: 'out/old.yaml', kind: 'stray' }]);
  });
});
