import { defineCommand } from '../command.ts';
import type { Context } from '../context.ts';
import { CommandError, usageError } from '../errors.ts';
import { exitCodes } from '../exit-codes.ts';
import type { Manifest } from '../manifest/reader.ts';
import { sortProblems } from '../manifest/source.ts';
import { countProblems, formatProblems } from '../output/problems.ts';
import type { FormRequest } from '../render/render-form.ts';
import { hasErrors, lintFiles, loadFiles, optionalFiles } from './manifest-files.ts';
import { parseAssignments } from './node-scale.ts';

export const render = defineCommand({
  name: 'render',
  summary: 'Show the objects a form makes for a row',
  description:
    'With --hub and --uid: for the row as the table has it now, from the forms of the hub or, with -f, from files as if they were applied. ' +
    'Without: the forms of the files for a row given on the command line, without cluster or database. Names of --row are columns of the ' +
    'hub, or template variables; without a hub they are variables. Values of Secrets are masked. Random values are stand-ins: the real ' +
    'ones follow from a key that stays in the cluster.',
  args: [],
  flags: {
    filename: optionalFiles,
    hub: { kind: 'text', value: 'HUB', completes: 'hubs', summary: 'hub whose table has the row' },
    uid: { kind: 'text', value: 'UID', completes: 'uids', summary: 'uid of the row in the table' },
    form: { kind: 'list', value: 'FORM', completes: 'forms', summary: 'with --uid: only this form; may be repeated' },
    row: {
      kind: 'list',
      value: 'NAME=VALUE',
      several: true,
      completes: 'columns',
      summary: 'columns and their texts; may be repeated',
    },
    'hub-file': { kind: 'text', value: 'FILE', completes: 'files', summary: 'file of the hub, if -f has none' },
    'show-secrets': { kind: 'boolean', summary: 'print the values of Secrets and of secret columns' },
  },
  examples: [
    {
      command: 'lynq render -f api-tier.yaml --hub-file hub.yaml --row node_id=acme-corp api_replicas=2',
      summary: 'a form for a row of the table',
    },
    { command: 'lynq render --hub multi-tier-nodes --uid acme-corp', summary: 'what a row has by now' },
    {
      command: 'lynq render -f api-tier.yaml --row uid=acme-corp --row apiReplicas=2 --row enableAnalytics=1',
      summary: 'without a hub',
    },
  ],
  async run({ flags }, context) {
    if (flags.uid !== undefined || flags.hub !== undefined) {
      const { renderRealRow } = await import('../render/real-row.ts');
      return renderRealRow(context, flags);
    }
    if (flags.filename.length === 0)
      throw usageError('nothing to render', 'name files with -f, or a row with --hub and --uid');
    if (flags.row.length === 0) throw usageError('no row', 'give its values: --row NAME=VALUE');
    const paths = [...flags.filename, ...(flags['hub-file'] === undefined ? [] : [flags['hub-file']])];
    const loaded = await loadFiles(context, { filename: paths, recursive: false });
    const [{ noLookup }, { isForm }, { LynqHubSpec }] = await Promise.all([
      import('../cluster-lookup.ts'),
      import('../lint/index.ts'),
      import('../../domain/api/hub.ts'),
    ]);
    const problems = sortProblems([...loaded.problems, ...(await lintFiles(context, loaded, noLookup))]);
    refuse(
      context,
      problems.filter(({ severity }) => severity === 'error'),
    );
    const forms = loaded.manifests.filter(isForm);
    if (forms.length === 0)
      throw new CommandError('the files hold no LynqForm', { fix: 'check the paths given to -f' });
    const given = parseAssignments(flags.row, 'row');
    const namespace = await context.namespace();
    for (const manifest of forms) {
      const hub = hubOf(manifest, loaded.manifests, namespace);
      const spec = hub === undefined ? undefined : LynqHubSpec.parse(hub.object['spec']);
      await renderOne(context, {
        manifest,
        hub: spec,
        given,
        namespace,
        now: context.clock.now(),
        showSecrets: flags['show-secrets'],
      });
    }
    return exitCodes.ok;
  },
});

function refuse(context: Context, problems: ReturnType<typeof sortProblems>): void {
  context.err.write(formatProblems(problems));
  if (hasErrors(problems)) throw new CommandError(`nothing was rendered: ${countProblems(problems)}`);
}

function hubOf(form: Manifest, manifests: readonly Manifest[], namespace: string): Manifest | undefined {
  const spec = form.object['spec'];
  const hubId = typeof spec === 'object' && spec !== null && 'hubId' in spec ? spec['hubId'] : undefined;
  return manifests.find(
    (manifest) =>
      manifest.kind === 'LynqHub' &&
      manifest.name === hubId &&
      (manifest.namespace ?? namespace) === (form.namespace ?? namespace),
  );
}

async function renderOne(context: Context, request: FormRequest): Promise<void> {
  const [{ renderOffline }, { inReadingOrder, maskSecret, withBigints }, { stringify }] = await Promise.all([
    import('../render/render-form.ts'),
    import('../render/print.ts'),
    import('yaml'),
  ]);
  const result = renderOffline(request);
  if (!result.ok) return refuse(context, result.problems);
  const form = request.manifest.name;
  if (result.row.empty.length > 0) {
    context.err.write(`${form}: not given, so empty as NULL is: ${result.row.empty.join(', ')}\n`);
  }
  if (result.random) context.err.write(`${form}: random values are stand-ins for those of the cluster\n`);
  for (const { id, object } of result.resources) {
    const shown = withBigints(inReadingOrder(request.showSecrets ? object : maskSecret(object)));
    const text = stringify(shown, { version: '1.1', indentSeq: false, lineWidth: 0, aliasDuplicateObjects: false });
    context.out.write(`---\n# ${form}: ${id}\n${text}`);
  }
}
