import type { LynqForm } from '../domain/api/form.ts';
import type { JsonObject } from '../domain/api/json.ts';
import { type KeptRevision, keptRevisions, revisionKind, revisionSelector } from '../domain/rollout/revisions.ts';
import type { Context } from './context.ts';
import { kinds, refOf, requireObject } from './kinds.ts';

/** A form as the command found it. */
export interface FoundForm {
  readonly form: LynqForm;
  readonly object: JsonObject;
}

/** @throws CommandError when there is no such form. */
export async function findForm(context: Context, name: string): Promise<FoundForm> {
  const cluster = await context.services.cluster();
  const object = await requireObject(cluster, kinds.form, await context.namespace(), name);
  const schemas = await import('../domain/api/form.ts');
  return { form: schemas.LynqForm.parse(object), object };
}

/** A paused node stays in flight, while the others come and go: the first of them are those that have been there longest. */
const mostLooks = 20;

/** The nodes that have been in flight longest, as they are. */
export async function nodesInFlight(context: Context, { status }: LynqForm): Promise<readonly JsonObject[]> {
  const [cluster, namespace] = [await context.services.cluster(), await context.namespace()];
  const names = (status?.rollout?.inFlight ?? []).slice(0, mostLooks).map(({ node }) => node);
  const found = await Promise.all(names.map((name) => cluster.get(refOf(kinds.node, namespace, name))));
  return found.filter((node) => node !== undefined);
}

/** The kept revisions of a form, newest first. */
export async function findRevisions(context: Context, name: string): Promise<readonly KeptRevision[]> {
  const cluster = await context.services.cluster();
  const where = { namespace: await context.namespace(), labelSelector: revisionSelector(name) };
  return keptRevisions(await cluster.list(revisionKind, where));
}
