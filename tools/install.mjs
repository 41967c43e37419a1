/** What every program of a checkout needs before anything else: a Node that is new enough, and the npm packages of the lock file. */
import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const oldestNode = [20, 19];

function fail(message) {
  process.stderr.write(`Error: ${message}\n`);
  process.exit(1);
}

function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > oldestNode[0] || (major === oldestNode[0] && minor >= oldestNode[1])) return;
  fail(`Node ${process.versions.node} is too old; install Node ${oldestNode.join('.')} or newer`);
}

/** npm writes the second file last, so it tells whether the last installation was completed and for which lock file. */
function isInstalled() {
  const installed = resolve(root, 'node_modules/.package-lock.json');
  return existsSync(installed) && statSync(installed).mtimeMs >= statSync(resolve(root, 'package-lock.json')).mtimeMs;
}

/**
 * `npm install --no-save` keeps to the versions and checksums of the lock file, as `npm ci` does, but does not insist on builds for other platforms,
 * which a mirror need not have.
 */
function install() {
  process.stderr.write('Installing npm packages (first start, or the lock file changed) ...\n');
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  const result = spawnSync(npm, ['install', '--no-save', '--no-fund', '--no-audit', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  });
  if (result.error) fail(`npm cannot be started: ${result.error.message}; install npm 10 or newer`);
  if (result.status !== 0)
    fail('npm install failed; its output is above. Check the network and the npm configuration, then start again');
}

/** Checks Node and installs the npm packages when they are missing or older than the lock file. Ends the process with a message when it cannot. */
export function ensureInstalled() {
  checkNode();
  if (!isInstalled()) install();
}
