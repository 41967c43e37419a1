import { join } from 'node:path';
import type { Session } from '../demo/session.ts';
import { customer, hubName, namespace, type Stage } from '../demo/stage.ts';
import { insertRow, prepare } from '../demo/story.ts';
import type { Browser } from './browser.ts';

async function shootAll({ endpoints, printer }: Session, browser: Browser, folder: string): Promise<void> {
  const root = `${endpoints.temporalUi}/namespaces/${endpoints.temporalNamespace}`;
  const query = encodeURIComponent(`LynqHub="${hubName}" AND ExecutionStatus="Running"`);
  const node = `node/${namespace}/${customer}-data-tier`;
  const shoot = async (url: string, text: string, name: string): Promise<string> => {
    const file = join(folder, `${name}.png`);
    const ended = await browser.shoot(url, text, file);
    printer.line(file);
    return ended;
  };
  await shoot(`${root}/workflows?query=${query}`, node, 'temporal-runs');
  const wave = `apply: StatefulSet ${customer}-postgres`;
  const run = await shoot(`${root}/workflows/${encodeURIComponent(node)}`, wave, 'temporal-run');
  await shoot(run.replace(/[^/]*$/, 'user-metadata'), `StatefulSet ${customer}-postgres`, 'temporal-details');
}

/** The demo's first customer as the Temporal UI shows it. */
export async function temporalPictures(stage: Stage, browser: Browser, folder: string): Promise<void> {
  for (const step of [prepare, insertRow]) await step(stage);
  await shootAll(stage, browser, folder);
}
