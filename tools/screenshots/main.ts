import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { openDatabase } from '../demo/database.ts';
import { failureText, ToolError } from '../demo/failure.ts';
import { makePrinter } from '../demo/printer.ts';
import { withSession } from '../demo/session.ts';
import type { Stage } from '../demo/stage.ts';
import { type Browser, openBrowser } from './browser.ts';
import { dashboardPicture, metricsSettings } from './dashboard.ts';
import { temporalPictures } from './temporal.ts';

/** `npm run screenshots`: pictures of the demo for README and docs, each kind on a stack of its own. Needs a Chromium, which it installs. */
const usage = `Usage: npm run screenshots [-- OPTION ...] [temporal] [dashboard]

  temporal     the demo's first customer in the Temporal UI
  dashboard    the dashboard of deploy/monitoring on the metrics of the demo's worker; fails where a panel has no numbers but should
  --pause S    seconds between the acts that the dashboard shows (default: 20)
  --out DIR    where the pictures go (default: docs/images)
`;

interface Shooting {
  readonly browser: Browser;
  readonly folder: string;
  readonly pause: number;
}

const kinds = {
  temporal: (stage: Stage, { browser, folder }: Shooting) => temporalPictures(stage, browser, folder),
  dashboard: (stage: Stage, shooting: Shooting) => dashboardPicture(stage, shooting),
} as const;
type Kind = keyof typeof kinds;

const isKind = (name: string): name is Kind => name in kinds;

async function shoot(kind: Kind, shooting: Shooting): Promise<void> {
  const printer = makePrinter({ screen: process.stdout, colour: false, now: () => performance.now() });
  const dataDir = mkdtempSync(join(tmpdir(), 'lynqflow-screenshots-'));
  const { signal } = new AbortController();
  const common = { dataDir, keep: false, environment: process.env, printer, signal };
  await withSession(
    { ...common, workerSettings: metricsSettings },
    async (session) => {
      const worker = await session.startWorker();
      const database = await openDatabase(session.endpoints.mysqlUrl);
      try {
        await kinds[kind]({ ...session, database, worker }, shooting);
      } finally {
        await database.close();
      }
    },
    (failed) => (failed ? 'data' : 'nothing'),
  );
}

function parse(args: readonly string[]): { kinds: readonly Kind[]; folder: string; pause: number } {
  const options = { pause: { type: 'string', default: '20' }, out: { type: 'string' } } as const;
  const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
  const pause = Number(values.pause);
  const wanted = positionals.filter(isKind);
  if (wanted.length < positionals.length || !(pause >= 0))
    throw new ToolError('that is not understood', { fix: usage });
  const folder =
    values.out === undefined
      ? fileURLToPath(new URL('../../docs/images/', import.meta.url))
      : resolve(process.env['INIT_CWD'] ?? process.cwd(), values.out);
  return { kinds: wanted.length > 0 ? wanted : ['temporal', 'dashboard'], folder, pause };
}

async function main(): Promise<number> {
  try {
    const { kinds: wanted, folder, pause } = parse(process.argv.slice(2));
    const browser = await openBrowser(process.env);
    try {
      for (const kind of wanted) await shoot(kind, { browser, folder, pause });
    } finally {
      await browser.close();
    }
    return 0;
  } catch (error) {
    process.stderr.write(failureText(error));
    return 1;
  }
}

process.exit(await main());
