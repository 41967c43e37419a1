#!/usr/bin/env node
/** The pre-delete hook of the Helm chart: ends with 1 while LynqNodes or LynqHubs need a worker. */
const { checkUninstall } = await import(new URL('../dist/worker/uninstall-check.js', import.meta.url).href);
process.exitCode = await checkUninstall(process.env);
