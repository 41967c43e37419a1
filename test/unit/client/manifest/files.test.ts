import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { processHost } from '../../../../client/host.ts';
import { loadManifests } from '../../../../client/manifest/files.ts';
import { run } from '../run.ts';

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
    const { files } = await loadManifests([folder], { recursive, files: processHost().files, command: 'lynq lint' });
    expect(files).toEqual(names.map((name) => join(folder, name)));
  });

  it('says where a file stops being UTF-8', async () => {
    const bytes = Buffer.concat([Buffer.from('a: "\ufffd ü"\nb: x'), Buffer.from([0xff, 0xfe]), Buffer.from('\n')]);

    const { out, exitCode } = await run('lint --offline -f a.yaml', { files: { 'a.yaml': bytes } });

    expect(out).toContain('a.yaml:2:5: error: not UTF-8 text\n    save it as UTF-8\n');
    expect(exitCode).toBe(1);
  });

  it.each([
    ['apply', 'apply'],
    ['lint', 'lint'],
    ['plan', 'plan'],
    ['render --row a=b', 'render'],
  ])('tells %s how to read an address, with the command itself', async (line, name) => {
    const { err, exitCode } = await run(`${line} -f https://example.com/a.yaml`, { programName: 'kubectl lynq' });

    expect(err).toBe(
      'Error: https://example.com/a.yaml: addresses are not read\n' +
        `  curl -fsSL https://example.com/a.yaml | kubectl lynq ${name} -f -\n`,
    );
    expect(exitCode).toBe(name === 'plan' ? 2 : 1);
  });
});
