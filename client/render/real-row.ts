import type { RowRequest } from '../../domain/change-plan/types.ts';
import { checkedManifests } from '../commands/manifest-files.ts';
import type { Context } from '../context.ts';
import { usageError } from '../errors.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { plannable, tryManifests } from '../plan/manifests.ts';
import { inReadingOrder, withBigints } from './print.ts';

export interface RealRowFlags {
  readonly hub: string | undefined;
  readonly uid: string | undefined;
  readonly form: readonly string[];
  readonly filename: readonly string[];
  readonly row: readonly string[];
  readonly 'show-secrets': boolean;
}

/** Renders a row as the table has it now, with the forms of the cluster or as files would have them. Ends with 1 when an entry cannot be made. */
export async function renderRealRow(context: Context, flags: RealRowFlags): Promise<ExitCode> {
  const { hub, uid } = flags;
  if (hub === undefined || uid === undefined) throw usageError('--hub and --uid name a row together', 'give both');
  if (flags.row.length > 0) throw usageError('--row and --uid are two different rows', 'give one of them');
  const request = { hub, uid, namespace: await context.namespace(), showSecrets: flags['show-secrets'] };
  const planner = await context.services.planner();
  const rendered = await planner.render({ ...request, ...(await formsOf(context, flags)) });
  const { stringify } = await import('yaml');
  let exitCode: ExitCode = exitCodes.ok;
  for (const { form, node, entries } of rendered) {
    for (const entry of entries) {
      if ('problem' in entry) {
        context.err.write(`${node}: ${entry.id}: ${entry.problem}\n`);
        exitCode = exitCodes.failed;
        continue;
      }
      const shown = withBigints(inReadingOrder(entry.object));
      const text = stringify(shown, { version: '1.1', indentSeq: false, lineWidth: 0, aliasDuplicateObjects: false });
      context.out.write(`---\n# ${form}: ${entry.id}\n${text}`);
    }
  }
  return exitCode;
}

async function formsOf(context: Context, flags: RealRowFlags): Promise<Pick<RowRequest, 'objects' | 'forms'>> {
  const named = flags.form.length === 0 ? ('all' as const) : new Set(flags.form);
  if (flags.filename.length === 0) return { objects: [], forms: named };
  const checked = { lint: true, offline: false, refusal: 'nothing was rendered' };
  const manifests = await checkedManifests(context, { filename: flags.filename, recursive: false }, checked);
  const tried = await tryManifests(context, plannable(manifests).ours);
  const forms = new Set(tried.filter(({ ref }) => ref.kind === 'LynqForm').map(({ ref }) => ref.name));
  return { objects: tried.map(({ after }) => after), forms: forms.size === 0 ? named : forms };
}
