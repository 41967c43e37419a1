import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ToolError } from '../demo/failure.ts';
import { leaveAndReturn } from '../demo/removal.ts';
import type { Stage } from '../demo/stage.ts';
import { actAtOnce, insertRow, prepare, updateColumn } from '../demo/story.ts';
import { readDashboard } from '../monitoring/dashboard.ts';
import { drawingOf } from '../monitoring/drawing.ts';
import { askDashboard, type DashboardAnswer, emptyPanels } from '../monitoring/panels.ts';
import { pageOf } from '../monitoring/picture.ts';
import { type Prometheus, startPrometheus } from '../monitoring/prometheus.ts';
import type { Browser } from './browser.ts';
import { afterTrouble, amiss, emptyWhenWell, type Wanted } from './expected.ts';
import { makeTrouble } from './trouble.ts';

/** Where the metrics of the worker are; it is asked for any free port. */
export const metricsSettings = { LYNQ_METRICS_BIND_ADDRESS: '127.0.0.1:0', LYNQ_METRICS_SECURE: 'false' } as const;

function metricsPort(log: string): number {
  const lines = readFileSync(log, 'utf8').split('\n');
  const line = lines.findLast((text) => text.includes('"listening"') && text.includes('"metrics"'));
  const { port } = JSON.parse(line ?? '{}') as { readonly port?: number };
  if (port !== undefined) return port;
  throw new ToolError('the worker does not say where its metrics are', { fix: `look into ${log}` });
}

const said = (range: { readonly from: number; readonly to: number }): string =>
  `deploy/monitoring/dashboard.json on the metrics of the worker of npm run demo, ${Math.round((range.to - range.from) / 60)} minutes up to ` +
  `${new Date(range.to * 1000).toISOString().slice(0, 19)}Z. Asked of Prometheus, drawn by tools/monitoring with uPlot; this is not Grafana.`;

/** Points of a chart: about one for each of its pixels in Grafana, and not more than there are scrapes. */
const pointsOfChart = 400;

export interface DashboardPictures {
  readonly browser: Browser;
  readonly folder: string;
  /** Seconds between the acts of the story. */
  readonly pause: number;
}

const settledWithinMs = 60_000;

/** Asks until all is as wanted: rates and recorded series need some scrapes. @throws with what is not. */
async function ask(prometheus: Prometheus, from: number, wanted: Wanted): Promise<DashboardAnswer> {
  const end = Date.now() + settledWithinMs;
  for (;;) {
    const to = Math.floor(Date.now() / 1000);
    const step = Math.max(1, Math.ceil((to - from) / pointsOfChart));
    // The last point is that of the end.
    const answer = await askDashboard(prometheus, readDashboard(), {
      from: to - Math.floor((to - from) / step) * step,
      to,
      step,
    });
    const details = amiss(answer, wanted);
    if (details.length === 0) return answer;
    if (Date.now() > end) {
      const fix =
        'look at its query in deploy/monitoring/dashboard.json, and at what tools/screenshots/expected.ts says';
      throw new ToolError('the dashboard does not show what it should', { details, fix });
    }
    await sleep(1_000);
  }
}

/** The dashboard over the demo's story, when all is well and with some trouble: checked panel by panel, and drawn. */
export async function dashboardPicture(stage: Stage, { browser, folder, pause }: DashboardPictures): Promise<void> {
  const { printer } = stage;
  const prometheus = await startPrometheus({ port: metricsPort(stage.worker.logFile) });
  const from = Math.floor(Date.now() / 1000) - 3;
  const draw = async (answer: DashboardAnswer, name: string): Promise<void> => {
    const file = join(folder, `${name}.png`);
    await browser.draw(await pageOf(drawingOf(answer, said(answer.range))), file);
    const { length } = answer.panels;
    printer.line(`${file}: ${length} panels, empty: ${emptyPanels(answer).join(', ') || 'none'}`);
  };
  try {
    for (const step of [prepare, insertRow, updateColumn, actAtOnce, leaveAndReturn]) await step(stage);
    const well = await ask(prometheus, from, { empty: Object.keys(emptyWhenWell), last: {} });
    printer.line(`${well.panels.length} panels are asked; those that are empty are those that should be`);
    await makeTrouble(stage, pause);
    await draw(await ask(prometheus, from, { empty: [], last: afterTrouble }), 'dashboard');
  } finally {
    await prometheus.stop();
  }
}
