import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { call } from '../http.ts';
import { loopback, nothing, notYet, ready, type ServerContext, type ServerDefinition } from './definition.ts';

/**
 * `key=value` settings of the development server that this product counts on. One partition per task queue: with more, a task that was queued while
 * no worker ran for five minutes lies in a partition that is no longer loaded, and waits until a poll happens to go there (measured: 111 s).
 */
export const temporalDynamicConfig = [
  'system.enableActivityEagerExecution=true',
  'matching.numTaskqueueReadPartitions=1',
  'matching.numTaskqueueWritePartitions=1',
] as const;

/** Search attributes registered at start, each a Keyword. */
export const temporalSearchAttributes = ['LynqHub', 'LynqForm', 'LynqUid', 'LynqPhase', 'LynqNode'] as const;

export const temporalNamespace = 'default';

/** With its default settings the file store is several times slower; a kill of the server still loses nothing. */
function storeArgs({ paths, temporalStore }: ServerContext): readonly string[] {
  if (temporalStore === 'memory') return [];
  return [
    `--db-filename=${join(paths.temporal, 'temporal.db')}`,
    '--sqlite-pragma=journal_mode=wal',
    '--sqlite-pragma=synchronous=0',
  ];
}

export const temporal: ServerDefinition = {
  needs: [],
  ports: ['temporal', 'temporalUi'],
  address: (ports) => `${loopback}:${ports.temporal}, UI http://${loopback}:${ports.temporalUi}`,
  prepare: async ({ paths }) => {
    mkdirSync(paths.temporal, { recursive: true });
  },
  command: (context) => ({
    file: context.tools.temporal,
    cwd: context.paths.root,
    env: context.env,
    args: [
      'server',
      'start-dev',
      '--disable-config-file',
      '--disable-config-env',
      '--color=never',
      '--log-level=warn',
      `--ip=${loopback}`,
      `--port=${context.ports.temporal}`,
      `--ui-ip=${loopback}`,
      `--ui-port=${context.ports.temporalUi}`,
      ...storeArgs(context),
      ...temporalDynamicConfig.map((setting) => `--dynamic-config-value=${setting}`),
      ...temporalSearchAttributes.map((name) => `--search-attribute=${name}=Keyword`),
    ],
  }),
  probe: async ({ ports }) => {
    const url = `http://${loopback}:${ports.temporalUi}/api/v1/namespaces/${temporalNamespace}/search-attributes`;
    const { status, text } = await call({ url });
    const missing = temporalSearchAttributes.filter((name) => !text.includes(`"${name}"`));
    if (status !== 200) return notYet(`the namespace ${temporalNamespace} was answered ${status}`);
    return missing.length === 0 ? ready : notYet(`search attributes are missing: ${missing.join(', ')}`);
  },
  settle: nothing,
  readyWithinMs: 60_000,
  stopWithinMs: 15_000,
};
