#!/usr/bin/env node
import { loadCli } from './load.mjs';

const { main } = await loadCli();
await main();
