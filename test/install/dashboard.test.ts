import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { readDashboard } from '../../tools/monitoring/dashboard.ts';
import { run } from '../support/e2e/programs.ts';

/** `npm run screenshots -- dashboard`: the demo, a Prometheus that scrapes its worker, and a browser that draws what it says. */
describe('install/dashboard', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lynqflow-dashboard-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  test('every panel has numbers on the metrics of the demo, but those that are listed, and can be drawn', async () => {
    const args = ['tools/run.mjs', 'tools/screenshots/main.ts', 'dashboard', '--pause', '0', '--out', folder];
    const ended = await run(process.execPath, args, process.env);
    expect(ended, ended.stdout + ended.stderr).toMatchObject({ code: 0, stderr: '' });

    const { length } = readDashboard().panels;
    expect(ended.stdout).toContain(`${length} panels are asked; those that are empty are those that should be`);
    expect(ended.stdout).toContain(`dashboard.png: ${length} panels, empty: none`);
    const picture = readFileSync(join(folder, 'dashboard.png'));
    const [width, height] = [picture.readUInt32BE(16), picture.readUInt32BE(20)];
    expect(picture.subarray(1, 4).toString()).toBe('PNG');
    expect([width, height > 1_000, picture.length > 50_000]).toEqual([1440, true, true]);
  }, 600_000);
});
