import { defineCommand } from '../command.ts';
import { exitCodes } from '../exit-codes.ts';
import { sortProblems } from '../manifest/source.ts';
import { countProblems, counted, formatProblems } from '../output/problems.ts';
import { fileFlags, hasErrors, lintFiles, loadFiles, proseOrJson } from './manifest-files.ts';

export const lint = defineCommand({
  name: 'lint',
  summary: 'Check manifests without applying them',
  description:
    'Reports every problem with file, line and column: YAML, schema, ids and dependencies, templates against the variables of the hub. ' +
    'The hub, and forms that others name in dependsOn, come from the same files, else from the cluster, if one can be reached.',
  args: [],
  flags: {
    ...fileFlags,
    offline: { kind: 'boolean', summary: 'never ask a cluster' },
    output: proseOrJson,
  },
  examples: [
    { command: 'lynq lint -f forms/', summary: 'all manifests of a folder' },
    { command: 'lynq lint -f hub.yaml -f api-tier.yaml --offline', summary: 'a form with its hub, without a cluster' },
  ],
  async run({ flags }, context) {
    const loaded = await loadFiles(context, flags);
    const { clusterLookup, noLookup } = await import('../cluster-lookup.ts');
    const lookup = flags.offline ? noLookup : clusterLookup(context);
    const problems = sortProblems([...loaded.problems, ...(await lintFiles(context, loaded, lookup))]);
    if (flags.output === 'json') context.out.write(`${JSON.stringify(problems, undefined, 2)}\n`);
    else {
      const where = counted(loaded.files.length, 'file');
      context.out.write(formatProblems(problems));
      context.err.write(`${where}: ${countProblems(problems) || 'no problems'}\n`);
    }
    return hasErrors(problems) ? exitCodes.failed : exitCodes.ok;
  },
});
