import { textAt } from '../../domain/api/json.ts';
import { LynqFailure } from '../../domain/failures.ts';
import { annotations, managers } from '../../domain/keys.ts';
import { addOverrides, describeRefusal, readOverrides, writeOverrides } from '../../domain/overrides.ts';
import { rowVariables } from '../../domain/rows.ts';
import type { OverridesOutcome, OverridesRequest } from '../contract.ts';
import type { Deps } from '../deps.ts';
import { readSecretValues } from '../secret-values.ts';
import { isReleased, nodeRef, type ReadNode, readNode } from './gather.ts';

/** Records overrides on the LynqNode, from where every later pass reads them (decisions.md section 6). */
export async function recordOverrides(deps: Deps, request: OverridesRequest): Promise<OverridesOutcome> {
  const read = await readNode(deps, request);
  const title = `LynqNode ${request.namespace}/${request.node}`;
  if (read === undefined || read.node.metadata.deletionTimestamp !== undefined) {
    throw new LynqFailure('ScaleRefused', `${title} does not exist or is being removed`, { node: request.node });
  }
  if (isReleased(read))
    throw new LynqFailure('ScaleRefused', `${title} is released to another operator`, { node: request.node });
  const found = read.node.metadata.annotations ?? {};
  const row = rowVariables(found, read.identity.uid, read.identity.hub, read.identity.form);
  const current = request.clear ? new Map<string, never>() : readOverrides(found[annotations.overrides]);
  const values = await readSecretValues(deps, read.identity, found[annotations.secretValues]);
  const secrets = new Set(values.kind === 'values' ? values.secrets.keys() : []);
  const result = addOverrides(row, current, request.overrides, secrets);
  if (!result.ok)
    throw new LynqFailure('ScaleRefused', `${title}: ${result.refusals.map(describeRefusal).join('; ')}`, {
      node: request.node,
    });

  const text = writeOverrides(result.overrides);
  if (text !== found[annotations.overrides]) await writeAnnotation(deps, request, { read, text });
  return { overridden: [...result.overrides.keys()].toSorted() };
}

async function writeAnnotation(
  deps: Deps,
  request: OverridesRequest,
  write: { readonly read: ReadNode; readonly text: string | undefined },
): Promise<void> {
  const { identity, object } = write.read;
  const resourceVersion = textAt(object, 'metadata', 'resourceVersion') ?? '';
  const found = { [annotations.overrides]: write.text ?? null };
  const body = { metadata: { uid: identity.nodeUid, resourceVersion, annotations: found } };
  const result = await deps.cluster.patch(nodeRef(request), 'merge', body, { manager: managers.apply });
  if (result.kind === 'ok') {
    deps.nodes.observe(result.object);
    return;
  }
  throw new LynqFailure(
    'ClusterStale',
    `overrides of LynqNode ${request.namespace}/${request.node} could not be written yet`,
    { node: request.node },
  );
}
