import { appendFileSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { chartFingerprint } from '../../../../tools/generate/chart-fingerprint.ts';
import { staleManifests } from '../../../../tools/generate/install.ts';

const checkout = fileURLToPath(new URL('../../../..', import.meta.url));

describe('tools/generate/chart-fingerprint', () => {
  let root: string;
  const inChart = (name: string): string => join(root, 'deploy/chart/lynqflow', name);
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'lynqflow-fingerprint-'));
    for (const path of ['deploy/chart', 'deploy/worker.yaml'])
      cpSync(join(checkout, path), join(root, path), { recursive: true });
    const worker = readFileSync(join(root, 'deploy/worker.yaml'), 'utf8');
    writeFileSync(join(root, 'deploy/worker.yaml'), `${chartFingerprint(root)}\n${worker}`);
  });
  afterEach(() => rmSync(root, { recursive: true }));

  it('takes manifests of this chart for what they are', () => {
    expect(staleManifests(root)).toEqual([]);
  });

  it.each([
    ['a template', 'templates/deployment.yaml', '# more\n'],
    ['a new template', 'templates/more.yaml', 'kind: ConfigMap\n'],
    ['a default value', 'values.yaml', 'further: value\n'],
    ['the version', 'Chart.yaml', 'further: value\n'],
  ])('names manifests that were made before %s was edited', (_, name, text) => {
    appendFileSync(inChart(name), text);

    expect(staleManifests(root)).toEqual([{ path: 'deploy/worker.yaml', kind: 'stale' }]);
  });

  it('does not mind a comment beside a value, the notes, nor what is only copied into the chart', () => {
    appendFileSync(inChart('values.yaml'), '# a comment\n');
    appendFileSync(inChart('templates/NOTES.txt'), 'more\n');
    writeFileSync(inChart('files/crds/other.yaml'), '');

    expect(staleManifests(root)).toEqual([]);
  });
});
