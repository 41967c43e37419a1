import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ensureHelm, progressLine } from '../../stack/index.ts';
import { writeFiles } from '../generate/files.ts';
import { installFile } from '../generate/install.ts';
import { plainManifests } from './render.ts';

/** `npm run manifests`: writes deploy/worker.yaml from the chart, with helm itself; builds helm the first time. Then deploy/install.yaml is made of it. */
const helm = await ensureHelm({
  environment: process.env,
  onProgress: (progress) => process.stderr.write(`${progressLine(progress)}\n`),
});
const root = fileURLToPath(new URL('../..', import.meta.url));
const file = fileURLToPath(new URL('../../deploy/worker.yaml', import.meta.url));
writeFileSync(file, plainManifests(helm));
process.stdout.write(`${file}\n`);
writeFiles(root, [installFile(root)]);
