import { formDefaults, hubDefaults, type PatchStep } from '../../domain/admission.ts';
import { at, isJsonObject, type Json, type JsonObject, textAt } from '../../domain/api/json.ts';
import { resourceLists } from '../../domain/api/resource.ts';
import type { AdmissionRequest, AdmissionVerdict } from '../../activities/admission.ts';

/** AdmissionReview (admission.k8s.io/v1) on the wire: paths as the Go operator's, question and answer. */

export type Judge = (request: AdmissionRequest) => Promise<AdmissionVerdict>;

type Answer = (request: AdmissionRequest, judge: Judge) => Promise<JsonObject>;

const validate: Answer = async (request, judge) => {
  const { problem, warnings } = await judge(request);
  return {
    allowed: problem === undefined,
    ...(problem === undefined ? {} : { status: { code: 403, reason: 'Forbidden', message: problem } }),
    ...(warnings.length === 0 ? {} : { warnings }),
  };
};

const setDefaults =
  (defaults: (object: JsonObject) => readonly PatchStep[]): Answer =>
  async ({ object }) => {
    const steps = defaults(object);
    if (steps.length === 0) return { allowed: true };
    const patch = Buffer.from(JSON.stringify(steps)).toString('base64');
    return { allowed: true, patchType: 'JSONPatch', patch };
  };

const routes: Readonly<Record<string, { readonly kind: AdmissionRequest['kind']; readonly answer: Answer }>> = {
  '/mutate-operator-lynq-sh-v1-lynqhub': { kind: 'LynqHub', answer: setDefaults(hubDefaults) },
  '/mutate-operator-lynq-sh-v1-lynqform': {
    kind: 'LynqForm',
    answer: setDefaults((object) => formDefaults(object, resourceLists)),
  },
  '/validate-operator-lynq-sh-v1-lynqhub': { kind: 'LynqHub', answer: validate },
  '/validate-operator-lynq-sh-v1-lynqform': { kind: 'LynqForm', answer: validate },
};

export type Reviewed =
  | { readonly code: 200; readonly body: JsonObject }
  | { readonly code: 400 | 404; readonly why: string };

/** Answers one request; `fromApiServer` is what its connection proved. @throws what the judge throws, so that the failurePolicy of the webhook decides. */
export async function review(
  { path, text, fromApiServer }: { readonly path: string; readonly text: string; readonly fromApiServer: boolean },
  judge: Judge,
): Promise<Reviewed> {
  const route = Object.hasOwn(routes, path) ? routes[path] : undefined;
  if (route === undefined) return { code: 404, why: 'there is no such webhook' };
  const request = at(parse(text), 'request');
  const uid = textAt(request, 'uid');
  if (!isJsonObject(request) || uid === undefined) return { code: 400, why: 'this is no AdmissionReview' };
  const object = request['object'];
  const old = request['oldObject'];
  // A delete has no object, and is always allowed.
  const answer = isJsonObject(object)
    ? await route.answer(
        {
          kind: route.kind,
          namespace: textAt(request, 'namespace') ?? '',
          object,
          old: isJsonObject(old) ? old : undefined,
          fromApiServer,
        },
        judge,
      )
    : { allowed: true };
  const response = { uid, ...answer };
  return { code: 200, body: { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response } };
}

function parse(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}
