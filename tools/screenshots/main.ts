import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openDatabase } from '../demo/database.ts';
import { failureText } from '../demo/failure.ts';
import { makePrinter } from '../demo/printer.ts';
import { type Session, withSession } from '../demo/session.ts';
import { customer, hubName, namespace, type Stage } from '../demo/stage.ts';
import { insertRow, prepare } from '../demo/story.ts';
import { type Browser, openBrowser } from './browser.ts';

/** `npm run screenshots`: the demo's first customer as the Temporal UI shows it, for README and docs. Needs a Chromium. */
const images = fileURLToPath(new URL('../../docs/images/', import.meta.url));

async function shootAll({ endpoints, printer }: Session, browser: Browser): Promise<void> {
  const root = `${endpoints.temporalUi}/namespaces/${endpoints.temporalNamespace}`;
  const query = encodeURIComponent(`LynqHub="${hubName}" AND ExecutionStatus="Running"`);
  const node = `node/${namespace}/${customer}-data-tier`;
  const shoot = async (url: string, text: string, name: string): Promise<string> => {
    const ended = await browser.shoot(url, text, join(images, `${name}.png`));
    printer.line(`docs/images/${name}.png`);
    return ended;
  };
  await shoot(`${root}/workflows?query=${query}`, node, 'temporal-runs');
  const wave = `apply: StatefulSet ${customer}-postgres`;
  const run = await shoot(`${root}/workflows/${encodeURIComponent(node)}`, wave, 'temporal-run');
  await shoot(run.replace(/[^/]*$/, 'user-metadata'), `StatefulSet ${customer}-postgres`, 'temporal-details');
}

async function play(session: Session): Promise<void> {
  const browser = await openBrowser(process.env);
  const worker = await session.startWorker();
  const database = await openDatabase(session.endpoints.mysqlUrl);
  try {
    const stage: Stage = { ...session, database, worker };
    for (const step of [prepare, insertRow]) await step(stage);
    await shootAll(session, browser);
  } finally {
    await database.close();
    await browser.close();
  }
}

async function main(): Promise<number> {
  const printer = makePrinter({ screen: process.stdout, colour: false, now: () => performance.now() });
  const dataDir = mkdtempSync(join(tmpdir(), 'lynqflow-screenshots-'));
  const signal = new AbortController().signal;
  try {
    await withSession({ dataDir, keep: false, environment: process.env, printer, signal }, play, (failed) =>
      failed ? 'data' : 'nothing',
    );
    return 0;
  } catch (error) {
    process.stderr.write(failureText(error));
    return 1;
  }
}

process.exit(await main());
