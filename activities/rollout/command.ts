import { LynqForm } from '../../domain/api/form.ts';
import type { JsonObject } from '../../domain/api/json.ts';
import { annotations, managers } from '../../domain/keys.ts';
import type { WriteResult } from '../../domain/ports.ts';
import {
  readRolloutCommand,
  restoredSpec,
  type RolloutCommand,
  type RolloutEffect,
  rolloutEffect,
} from '../../domain/rollout/commands.ts';
import { LynqFailure } from '../../domain/failures.ts';
import type { FormRef, RolloutCommandOutcome, RolloutCommandRequest } from '../contract.ts';
import type { Deps } from '../deps.ts';
import { listRevisions } from '../forms.ts';
import { formRef } from './gather.ts';

/** Carries out what annotation `lynq.sh/rollout` says and takes it off, so that it is done once. */
export async function carryOutAnnotation(deps: Deps, request: FormRef, { form, object }: ReadForm): Promise<void> {
  const text = form.metadata.annotations?.[annotations.rollout] ?? '';
  const command = readRolloutCommand(text);
  const outcome =
    command === undefined
      ? { kind: 'refused' as const, message: 'the annotation is not pause, resume, abort, undo or undo:<revision>' }
      : await carryOut(deps, request, { form, object }, command);
  deps.logger.info('rollout command', { form: request.form, outcome: outcome.kind, detail: outcome.message });
  const body = { metadata: { uid: form.metadata.uid, annotations: { [annotations.rollout]: null } } };
  await deps.cluster.patch(formRef(request), 'merge', body, { manager: managers.apply });
}

/** Carries out a command that came as a message. */
export async function commandRollout(deps: Deps, request: RolloutCommandRequest): Promise<RolloutCommandOutcome> {
  const object = await deps.cluster.get(formRef(request));
  const parsed = object === undefined ? undefined : LynqForm.safeParse(object);
  if (object === undefined || parsed?.success !== true)
    return { kind: 'refused', message: `LynqForm ${request.namespace}/${request.form} does not exist` };
  const { verb, revision } = request;
  return carryOut(deps, request, { form: parsed.data, object }, { verb, revision });
}

interface ReadForm {
  readonly form: LynqForm;
  readonly object: JsonObject;
}

async function carryOut(
  deps: Deps,
  request: FormRef,
  read: ReadForm,
  command: RolloutCommand,
): Promise<RolloutCommandOutcome> {
  const revisions = await listRevisions(deps.cluster, { namespace: request.namespace, name: request.form });
  const effect = rolloutEffect({ form: read.form, revisions }, command);
  if (effect.kind === 'none' || effect.kind === 'refused') return effect;
  for (const write of await writesOf(deps, request, read, effect)) {
    if (write.kind === 'ok') continue;
    if (write.kind === 'refused') return { kind: 'refused', message: write.message };
    throw new LynqFailure('ClusterStale', `LynqForm ${request.namespace}/${request.form} changed meanwhile`, {
      form: request.form,
    });
  }
  return { kind: 'done', message: effect.kind === 'restore' ? `restored ${effect.revision}` : command.verb };
}

async function writesOf(
  deps: Deps,
  request: FormRef,
  { form, object }: ReadForm,
  effect: Extract<RolloutEffect, { kind: 'patch' | 'restore' }>,
): Promise<readonly WriteResult[]> {
  const ref = formRef(request);
  const { uid } = form.metadata;
  if (effect.kind === 'restore') {
    const body = { ...object, spec: restoredSpec(effect.content, form.spec.rollout) };
    return [await deps.cluster.replace(ref, body, { manager: managers.apply })];
  }
  const options = { manager: managers.apply };
  const writes: WriteResult[] = [];
  if (effect.status !== undefined) {
    const body = { metadata: { uid }, status: effect.status };
    writes.push(await deps.cluster.patch(ref, 'merge', body, { ...options, subresource: 'status' }));
  }
  if (effect.spec !== undefined)
    writes.push(await deps.cluster.patch(ref, 'merge', { metadata: { uid }, spec: effect.spec }, options));
  return writes;
}
