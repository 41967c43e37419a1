import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { progressLine, startMysql } from '../../stack/index.ts';

/** A MySQL, not MariaDB, for the tests of the row source that take any server of that family. */
export async function setup(): Promise<() => Promise<void>> {
  const dataDir = mkdtempSync(join(tmpdir(), 'lynqflow-mysql-'));
  const server = await startMysql({
    dataDir,
    onProgress: (progress) => process.stderr.write(`${progressLine(progress)}\n`),
  });
  process.stderr.write(`MySQL ${server.version}\n`);
  process.env['LYNQ_MYSQL_URL_TEST'] = server.url;
  return async () => {
    await server.stop();
    rmSync(dataDir, { recursive: true, force: true });
  };
}
