import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import type { Drawing } from './drawing.ts';

const require = createRequire(import.meta.url);

const style = `
  body { margin: 0; padding: 14px; background: #f4f5f5; font: 13px "Liberation Sans", Arial, sans-serif; color: #24292e; }
  header { margin: 0 4px 12px; } h1 { font-size: 20px; margin: 0 0 4px; } header p { margin: 2px 0; color: #57606a; }
  header .variable { display: inline-block; margin: 4px 8px 0 0; padding: 3px 8px; background: #fff; border: 1px solid #d0d7de; border-radius: 3px; }
  .grid { position: relative; }
  .panel { position: absolute; box-sizing: border-box; background: #fff; border: 1px solid #dfe2e5; border-radius: 3px; padding: 6px 10px; overflow: hidden; }
  .panel h2 { font-size: 13px; margin: 0; font-weight: bold; } .panel .description { color: #57606a; font-size: 11px; }
  .nothing { color: #8b949e; text-align: center; margin-top: 40px; font-size: 15px; }
  .stat { text-align: center; margin-top: 8px; } .stat b { display: block; font-size: 44px; line-height: 52px; } .stat span { color: #57606a; }
  .legend { position: absolute; left: 10px; right: 10px; bottom: 5px; font-size: 11px; line-height: 15px; max-height: 45px; overflow: hidden; }
  .legend span { margin-right: 10px; white-space: nowrap; } .legend i { display: inline-block; width: 12px; height: 3px; margin: 0 4px 3px 0; }
  table { border-collapse: collapse; width: 100%; margin-top: 6px; } th { text-align: left; color: #1f60c4; } th, td { padding: 4px 8px; border-bottom: 1px solid #eaecef; font-size: 12px; }
  .u-legend { display: none; }
`;

/**
 * uPlot draws the charts: it is small, has no dependencies, and takes times and values as Prometheus gives them.
 *
 * A page of its own, without a request to anybody, that draws the dashboard; `data-drawn` of its body says when it is done.
 */
export async function pageOf(drawing: Drawing): Promise<string> {
  const entry = fileURLToPath(new URL('page/page.ts', import.meta.url));
  const { outputFiles } = await build({ entryPoints: [entry], bundle: true, write: false, format: 'iife' });
  const [script] = outputFiles.map(({ text }) => text);
  const chartStyle = readFileSync(require.resolve('uplot/dist/uPlot.min.css'), 'utf8');
  // No text of the data can end the script it stands in.
  const data = JSON.stringify(drawing).replaceAll('<', '\\u003c');
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${drawing.title}</title>
<style>${chartStyle}${style}</style></head><body>
<script type="application/json" id="drawing">${data}</script><script>${script ?? ''}</script></body></html>`;
}
