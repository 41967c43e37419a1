import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { processHost } from '../../../client/host.ts';

describe('client/host', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lynq-host-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  it('says which file or folder cannot be read, and why', async () => {
    const { files } = processHost();
    await expect(files.read(folder)).rejects.toMatchObject({
      name: 'CommandError',
      message: `${folder} cannot be read: it is a folder`,
    });
    const absent = join(folder, 'absent.yaml');
    await expect(files.read(absent)).rejects.toMatchObject({ message: `${absent} cannot be read: it does not exist` });
    await expect(files.list(absent)).rejects.toMatchObject({ message: `${absent} cannot be read: it does not exist` });
  });
});
