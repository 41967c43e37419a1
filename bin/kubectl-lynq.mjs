#!/usr/bin/env node
/** Found by kubectl as the plugin behind `kubectl lynq`. */
import { loadCli } from './load.mjs';

const { main } = await loadCli();
await main({ name: 'kubectl lynq' });
