import { statSync } from 'node:fs';
import { DefaultLogger } from '@temporalio/worker';
import { keptBundles, workflowBundle } from './workflow-bundle.ts';

/**
 * `npm run build:workflows`: makes the workflow code that a worker would otherwise make at its first start, e.g. while a package or an image is built.
 */
const bundle = await workflowBundle({ folder: keptBundles, logger: new DefaultLogger('ERROR') });
if (!('codePath' in bundle)) throw new Error(`${keptBundles} cannot be written to`);
process.stdout.write(`${bundle.codePath}: ${statSync(bundle.codePath).size} bytes\n`);
