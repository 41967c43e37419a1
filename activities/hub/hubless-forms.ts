import { LynqForm } from '../../domain/api/form.ts';
import { textAt } from '../../domain/api/json.ts';
import { apiVersion } from '../../domain/keys.ts';
import { rolloutGate } from '../../domain/rollout/settings.ts';
import type { Deps } from '../deps.ts';
import { reportForms } from './report-forms.ts';
import { hubRef } from './read-hub.ts';

export interface FormRef {
  readonly namespace: string;
  readonly form: string;
}

/**
 * Says on a form that the hub it names does not exist: no sync would ever look at it. Absence is proven by a GET; the status of a form whose hub
 * is there after all is left to that hub's sync.
 */
export async function reportHubless(deps: Deps, { namespace, form: name }: FormRef): Promise<'hubless' | 'other'> {
  const object = await deps.cluster.get({ apiVersion, kind: 'LynqForm', namespace, name });
  if (object === undefined || textAt(object, 'metadata', 'deletionTimestamp') !== undefined) return 'other';
  const hub = textAt(object, 'spec', 'hubId') ?? '';
  if ((await deps.cluster.get(hubRef({ namespace, hub }))) !== undefined) return 'other';
  const { data } = LynqForm.safeParse(object);
  const generation = Number(data?.metadata.generation ?? 0);
  const problem = { kind: 'hub', hub, namespace } as const;
  const form = { name, object, generation, status: data?.status, problems: [problem], missing: [], isRefused: false };
  const gate = rolloutGate(data?.spec.rollout);
  await reportForms(deps, [{ ...form, gate, revision: undefined }], deps.nodes.ofHub(namespace, hub));
  return 'hubless';
}
