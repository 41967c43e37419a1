import { LynqHubSpec } from '../domain/api/hub.ts';
import type { Context } from './context.ts';
import { withDeadline } from './deadline.ts';
import { kinds, refOf } from './kinds.ts';
import type { HubAnswer, HubLookup } from './lint/variables.ts';

/** Looks a form's hub up in the cluster. A cluster that cannot be asked is an answer, not an error: linting works without one. */
export function clusterHubLookup(context: Context): HubLookup {
  const answers = new Map<string, Promise<HubAnswer>>();
  return (namespace, name) => {
    const key = `${namespace}/${name}`;
    const answer = answers.get(key) ?? askCluster(context, namespace, name);
    answers.set(key, answer);
    return answer;
  };
}

/** The files can be judged without the hub: nobody should wait long for it. */
const lookupMilliseconds = 5_000;

async function askCluster(context: Context, namespace: string, name: string): Promise<HubAnswer> {
  try {
    const cluster = withDeadline(await context.services.cluster(), lookupMilliseconds, 'of the context');
    const hub = await cluster.get(refOf(kinds.hub, namespace, name));
    if (hub === undefined) return { kind: 'absent' };
    const spec = LynqHubSpec.safeParse(hub['spec']);
    return spec.success
      ? { kind: 'found', spec: spec.data }
      : { kind: 'unknown', why: 'the one in the cluster is not valid' };
  } catch (error) {
    return { kind: 'unknown', why: error instanceof Error ? error.message : 'the cluster did not answer' };
  }
}

/** For `--offline`. */
export const noLookup: HubLookup = () => Promise.resolve({ kind: 'unknown', why: 'no cluster was asked' });
