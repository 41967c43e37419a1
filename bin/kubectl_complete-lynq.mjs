#!/usr/bin/env node
/** Asked by kubectl 1.26 and newer for what could follow in `kubectl lynq ...`. */
import { loadCli } from './load.mjs';

const { main } = await loadCli();
await main({ name: 'kubectl lynq', before: ['__complete', '--'] });
