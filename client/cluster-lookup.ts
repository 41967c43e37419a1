import { LynqHubSpec } from '../domain/api/hub.ts';
import { at, isJsonObject, textAt } from '../domain/api/json.ts';
import { orderedForm } from '../domain/admission.ts';
import type { Cluster } from '../domain/ports.ts';
import type { Context } from './context.ts';
import { withDeadline } from './deadline.ts';
import { kinds, refOf } from './kinds.ts';
import type { FormsAnswer, FormsLookup } from './lint/form-order.ts';
import type { HubAnswer, HubLookup } from './lint/variables.ts';

/** Looks up what forms need to know of others. A cluster that cannot be asked is an answer, not an error: linting works without one. */
export interface Lookup {
  readonly findHub: HubLookup;
  readonly findForms: FormsLookup;
}

export function clusterLookup(context: Context): Lookup {
  const answers = new Map<string, Promise<HubAnswer>>();
  const forms = new Map<string, Promise<FormsAnswer>>();
  return {
    findHub: (namespace, name) => {
      const key = `${namespace}/${name}`;
      const answer = answers.get(key) ?? askForHub(context, namespace, name);
      answers.set(key, answer);
      return answer;
    },
    findForms: (namespace) => {
      const answer = forms.get(namespace) ?? askForForms(context, namespace);
      forms.set(namespace, answer);
      return answer;
    },
  };
}

/** The files can be judged without the cluster: nobody should wait long for it. */
const lookupMilliseconds = 5_000;

async function impatient(context: Context): Promise<Cluster> {
  return withDeadline(await context.services.cluster(), lookupMilliseconds, 'of the context');
}

const unknown = (error: unknown) => ({
  kind: 'unknown' as const,
  why: error instanceof Error ? error.message : 'the cluster did not answer',
});

async function askForHub(context: Context, namespace: string, name: string): Promise<HubAnswer> {
  try {
    const hub = await (await impatient(context)).get(refOf(kinds.hub, namespace, name));
    if (hub === undefined) return { kind: 'absent' };
    const spec = LynqHubSpec.safeParse(hub['spec']);
    return spec.success
      ? { kind: 'found', spec: spec.data }
      : { kind: 'unknown', why: 'the one in the cluster is not valid' };
  } catch (error) {
    return unknown(error);
  }
}

/** Forms that go are part of no cycle, as the webhook sees it. */
async function askForForms(context: Context, namespace: string): Promise<FormsAnswer> {
  try {
    const listed = await (await impatient(context)).list(kinds.form, { namespace });
    const living = listed.filter((form) => textAt(form, 'metadata', 'deletionTimestamp') === undefined);
    const forms = living.map((form) => {
      const spec = at(form, 'spec');
      const hub = textAt(form, 'spec', 'hubId') ?? '';
      return { ...orderedForm(form), hub, ...(isJsonObject(spec) ? { spec } : {}) };
    });
    return { kind: 'found', forms };
  } catch (error) {
    return unknown(error);
  }
}

/** For `--offline`. */
export const noLookup: Lookup = {
  findHub: () => Promise.resolve({ kind: 'unknown', why: 'no cluster was asked' }),
  findForms: () => Promise.resolve({ kind: 'unknown', why: 'no cluster was asked' }),
};
