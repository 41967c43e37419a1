import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { missingShells } from '../../../../tools/test/shells.ts';

describe('tools/test/shells', () => {
  let folder: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'lynqflow-shells-'));
    writeFileSync(join(folder, 'zsh'), '#!/bin/sh\n');
    chmodSync(join(folder, 'zsh'), 0o755);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('knows which shells are not on the path', () => {
    expect(missingShells({ path: folder })).toEqual(['fish']);
    expect(missingShells({ path: undefined })).toEqual(['fish', 'zsh']);
  });
});
