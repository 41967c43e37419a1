/** Where a rendering thread starts. The TypeScript of this project is loaded as it is, as in the main thread (tools/run.mjs). */
import { register } from 'tsx/esm/api';

register();
await import('./thread.ts');
