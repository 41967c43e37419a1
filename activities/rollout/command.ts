import { LynqForm } from '../../domain/api/form.ts';
import type { JsonObject } from '../../domain/api/json.ts';
import { annotations, managers } from '../../domain/keys.ts';
import type { WriteResult } from '../../domain/ports.ts';
import {
  readRolloutCommand,
  type RolloutCommand,
  rolloutEffect,
  type RolloutWrite,
  rolloutWrites,
} from '../../domain/rollout/commands.ts';
import { LynqFailure } from '../../domain/failures.ts';
import { usedUp } from '../../domain/used-up.ts';
import type { FormRef, RolloutCommandOutcome, RolloutCommandRequest } from '../contract.ts';
import type { Deps } from '../deps.ts';
import { listRevisions } from '../forms.ts';
import { recordRefused } from '../record-refused.ts';
import { formRef } from './gather.ts';

/** Carries out what annotation `lynq.sh/rollout` says and takes it off, so that it is done once. Another command written meanwhile stays, for the next look. */
export async function carryOutAnnotation(deps: Deps, request: FormRef, { form, object }: ReadForm): Promise<void> {
  const text = form.metadata.annotations?.[annotations.rollout] ?? '';
  const command = readRolloutCommand(text);
  const outcome =
    command === undefined
      ? { kind: 'refused' as const, message: 'the annotation is not pause, resume, abort, undo or undo:<revision>' }
      : await carryOut(deps, request, { form, object }, command);
  const about = { namespace: request.namespace, form: request.form };
  deps.logger.info('rollout command', { ...about, outcome: outcome.kind, detail: outcome.message });
  const steps = usedUp(form.metadata.uid, annotations.rollout, text);
  const result = await deps.cluster.patch(formRef(request), 'json', steps, { manager: managers.apply });
  if (result.kind !== 'refused' || result.reason === 'Invalid') return;
  const what = `annotation ${annotations.rollout} of LynqForm ${request.namespace}/${request.form}, which was carried out,`;
  throw recordRefused(what, result, { form: request.form });
}

/** Carries out a command that came as a message. */
export async function commandRollout(deps: Deps, request: RolloutCommandRequest): Promise<RolloutCommandOutcome> {
  const read = await readForm(deps, request);
  if (read === undefined)
    return { kind: 'refused', message: `LynqForm ${request.namespace}/${request.form} does not exist` };
  const { verb, revision } = request;
  return carryOut(deps, request, read, { verb, revision });
}

async function readForm({ cluster }: Deps, request: FormRef): Promise<ReadForm | undefined> {
  const object = await cluster.get(formRef(request));
  const parsed = object === undefined ? undefined : LynqForm.safeParse(object);
  return object === undefined || parsed?.success !== true ? undefined : { form: parsed.data, object };
}

/** A rollout that is under way, and counts of its nodes, are written all the time: a command is decided again, this often. */
const mostAttempts = 20;

/** @throws ClusterStale when somebody has edited the form meanwhile, or it changes all the time. */
async function carryOut(
  deps: Deps,
  request: FormRef,
  read: ReadForm,
  command: RolloutCommand,
): Promise<RolloutCommandOutcome> {
  const { generation } = read.form.metadata;
  let present: ReadForm | undefined = read;
  for (let attempt = 1; attempt <= mostAttempts; attempt += 1) {
    if (present?.form.metadata.generation !== generation || present === undefined) break;
    const outcome = await carryOutOnce(deps, request, present, command);
    if (outcome !== 'stale') return outcome;
    present = await readForm(deps, request);
  }
  throw new LynqFailure('ClusterStale', `LynqForm ${request.namespace}/${request.form} changed meanwhile`, {
    form: request.form,
  });
}

interface ReadForm {
  readonly form: LynqForm;
  readonly object: JsonObject;
}

async function carryOutOnce(
  deps: Deps,
  request: FormRef,
  read: ReadForm,
  command: RolloutCommand,
): Promise<RolloutCommandOutcome | 'stale'> {
  const revisions = await listRevisions(deps.cluster, { namespace: request.namespace, name: request.form });
  const effect = rolloutEffect({ form: read.form, revisions }, command);
  if (effect.kind === 'none' || effect.kind === 'refused') return effect;
  for (const write of rolloutWrites(read, effect, deps.clock.now())) {
    const result = await send(deps, request, write);
    if (result.kind === 'ok') continue;
    if (result.kind === 'refused') return { kind: 'refused', message: result.message };
    return 'stale';
  }
  return { kind: 'done', message: effect.kind === 'restore' ? `restored ${effect.revision}` : command.verb };
}

function send({ cluster }: Deps, request: FormRef, write: RolloutWrite): Promise<WriteResult> {
  const ref = formRef(request);
  if (write.kind === 'replace') return cluster.replace(ref, write.body, { manager: managers.apply });
  const subresource = write.subresource === undefined ? {} : { subresource: write.subresource };
  return cluster.patch(ref, 'merge', write.body, { manager: managers.apply, ...subresource });
}
