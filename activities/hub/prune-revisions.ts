import { LynqForm } from '../../domain/api/form.ts';
import { type JsonObject, textAt } from '../../domain/api/json.ts';
import { apiVersion } from '../../domain/keys.ts';
import type { HubRef } from '../contract.ts';
import type { Deps } from '../deps.ts';
import { formRef } from '../rollout/gather.ts';
import type { JudgedForm } from './read-forms.ts';
import { nodesOf } from './report-forms.ts';

type PruneDeps = Pick<Deps, 'cluster' | 'nodes' | 'forms'>;

/** Revisions of a form that its status refers to: where its rollout leads, and where `undo` and new tenants go back to. */
function namedBy(status: LynqForm['status']): readonly string[] {
  const { revision, previousRevision } = status?.rollout ?? {};
  return [revision, previousRevision].filter((name) => name !== undefined);
}

/**
 * Deletes revisions of forms that nothing refers to, all but the newest ten (decisions.md section 1). That there may be some is known without a
 * request; which of them go is decided from the form and a complete list of LynqNodes, read now.
 */
export async function pruneRevisions(deps: PruneDeps, request: HubRef, forms: readonly JudgedForm[]): Promise<void> {
  const nodes = deps.nodes.ofHub(request.namespace, request.hub);
  const crowded = forms.filter((form) => {
    const inUse = [
      form.revision?.name,
      ...namedBy(form.status),
      ...nodesOf(form, nodes).map(({ revision }) => revision),
    ];
    const referenced = new Set(inUse.filter((name) => name !== undefined));
    return deps.forms.surplus(textAt(form.object, 'metadata', 'uid') ?? '', referenced).length > 0;
  });
  if (crowded.length === 0) return;
  const living = await deps.cluster.list({ apiVersion, kind: 'LynqNode' }, { namespace: request.namespace });
  for (const form of crowded) await pruneForm(deps, request, form, living);
}

async function pruneForm(
  deps: PruneDeps,
  request: HubRef,
  { name, revision }: JudgedForm,
  nodes: readonly JsonObject[],
): Promise<void> {
  const { data } = LynqForm.safeParse(await deps.cluster.get(formRef({ namespace: request.namespace, form: name })));
  if (data === undefined || data.metadata.deletionTimestamp !== undefined) return;
  const mine = nodes.filter((node) => textAt(node, 'spec', 'templateRef') === name);
  const inUse = [revision?.name, ...namedBy(data.status), ...mine.map((node) => textAt(node, 'spec', 'formRevision'))];
  const form = { namespace: request.namespace, name, uid: data.metadata.uid };
  await deps.forms.prune(form, new Set(inUse.filter((used) => used !== undefined)));
}
